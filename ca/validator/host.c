#include "ca/validator/host.h"

#include <string.h>

static void queries_stop(struct tb_host *h)
{
    tb_dns_query_abandon(h->v6.query);
    tb_dns_query_abandon(h->v4.query);
    h->v6.query = h->v4.query = NULL;
}

static void family_consider(struct tb_host_family *f, const struct tb_address *a, const struct tb_zone *zone)
{
    const char *why;

    if (tb_address_check(a, zone, &why) < 0) {
        if (f->why == NULL) {
            f->denied = *a;
            f->why = why;
        }
        return;
    }
    if (!f->usable)
        f->addr = *a;
    f->usable = true;
}

static void family_answered(struct tb_host *h, struct tb_host_family *f, const struct tb_dns_result *res)
{
    struct tb_address a;

    f->query = NULL;
    h->pending--;
    if (res->err != 0)
        h->err = res->err;
    else
        h->dnssec = tb_dnssec_weaker(h->dnssec, res->dnssec);
    for (size_t i = 0; i < res->num && i < TB_HOST_ADDRESSES_MAX && res->err == 0; i++) {
        if (tb_address_from_rdata(res->rdata[i], &a) < 0 || a.v4 != (f == &h->v4))
            h->err = TB_E_FORMAT;
        else
            family_consider(f, &a, h->zone);
    }
    /* One failed lookup decides: which addresses a name has is then not known. */
    if (h->err != 0)
        queries_stop(h);
    if (h->err == 0 && h->pending > 0)
        return;
    h->trying_v6 = h->v6.usable;
    h->done(h->arg);
}

static void aaaa_answered(void *arg, const struct tb_dns_result *res)
{
    struct tb_host *h = arg;

    family_answered(h, &h->v6, res);
}

static void a_answered(void *arg, const struct tb_dns_result *res)
{
    struct tb_host *h = arg;

    family_answered(h, &h->v4, res);
}

int tb_host_resolve(struct tb_host *h, struct tb_resolver *r, const char *name, const struct tb_zone *zone,
                    tb_host_done_fn *done, void *arg)
{
    int err;

    *h = (struct tb_host){.zone = zone, .dnssec = TB_DNSSEC_SECURE, .pending = 2, .done = done, .arg = arg};
    if ((err = tb_resolver_query(r, name, TB_DNS_TYPE_AAAA, aaaa_answered, h, &h->v6.query)) < 0 ||
        (err = tb_resolver_query(r, name, TB_DNS_TYPE_A, a_answered, h, &h->v4.query)) < 0)
        queries_stop(h);
    return err;
}

int tb_host_of_address(struct tb_host *h, const char *text, const struct tb_zone *zone)
{
    struct tb_address a;

    *h = (struct tb_host){.zone = zone};
    if (tb_address_from_text(text, &a) < 0)
        return TB_E_FORMAT;
    h->trying_v6 = !a.v4;
    family_consider(a.v4 ? &h->v4 : &h->v6, &a, zone);
    return 0;
}

void tb_host_cancel(struct tb_host *h)
{
    queries_stop(h);
}

bool tb_host_usable(const struct tb_host *h)
{
    return h->err == 0 && (h->v6.usable || h->v4.usable);
}

const struct tb_address *tb_host_addr(const struct tb_host *h)
{
    return h->trying_v6 ? &h->v6.addr : &h->v4.addr;
}

uint32_t tb_host_connect_ms(const struct tb_host *h, uint32_t left_ms)
{
    return h->trying_v6 && h->v4.usable ? left_ms / 3 : left_ms;
}

bool tb_host_fall_back(struct tb_host *h)
{
    if (!h->trying_v6 || !h->v4.usable)
        return false;
    h->trying_v6 = false;
    return true;
}

int tb_host_problem(const struct tb_host *h, const char *name, struct tb_problem *pb)
{
    const struct tb_host_family *f = h->v6.why != NULL ? &h->v6 : &h->v4;
    char text[TB_ADDRESS_TEXT_MAX];

    if (h->err != 0)
        return tb_problem_set(pb, h->err, TB_P_DNS, "address lookup of %s failed: %s", name, tb_dns_err_text(h->err));
    if (f->why == NULL)
        return tb_problem_set(pb, TB_E_NOTFOUND, TB_P_DNS, "%s has neither A nor AAAA records", name);
    tb_address_text(text, &f->denied);
    return tb_problem_set(pb, TB_E_DENIED, TB_P_CONNECTION, "%s has the address %s, which this CA does not contact: %s",
                          name, text, f->why);
}
