#include "ca/validator/http01.h"

#include <string.h>

#include "ca/validator/challenge.h"
#include "lib/base/hash.h"

static void hop_fetch(struct tb_challenge *c);

/* Names are the applicant's until a redirect: after it, names and addresses are the host's words and stay out. */
static const char *hop_host(const struct tb_challenge *c)
{
    return c->http01.hop == 0 ? c->ident->value : "the host that a redirect leads to";
}

static const struct tb_zone *hop_zone(const struct tb_challenge *c)
{
    bool by_address = c->ident->type == TB_IDENT_IP && c->http01.hop == 0;

    return tb_config_zone(c->env->cfg, by_address ? "" : c->http01.target.host);
}

static void no_address_problem(struct tb_challenge *c)
{
    const struct tb_host *host = &c->http01.host;
    const char *why = host->v6.why != NULL ? host->v6.why : host->v4.why;

    /* The address that a redirect leads to is the host's word, too. */
    if (host->err == 0 && why != NULL && c->http01.hop > 0)
        (void)tb_problem_set(&c->problem, TB_E_DENIED, TB_P_CONNECTION,
                             "redirect %u from %s leads to an address that this CA does not contact: %s", c->http01.hop,
                             c->ident->value, why);
    else
        (void)tb_host_problem(host, hop_host(c), &c->problem);
}

static void hop_resolved(void *arg)
{
    struct tb_challenge *c = arg;
    struct tb_host *host = &c->http01.host;

    if (tb_host_usable(host)) {
        c->dnssec = tb_dnssec_weaker(c->dnssec, host->dnssec);
        hop_fetch(c);
        return;
    }
    no_address_problem(c);
    tb_challenge_finish(c);
}

static int hop_resolve(struct tb_challenge *c)
{
    struct tb_http01 *h = &c->http01;
    int r = tb_host_resolve(&h->host, c->env->resolver, h->target.host, hop_zone(c), hop_resolved, c);

    if (r < 0)
        return tb_problem_set(&c->problem, r, TB_P_DNS, "address lookup of %s could not be started: %s", hop_host(c),
                              tb_err_text(r));
    return 0;
}

static struct tb_span trim_end(struct tb_span s)
{
    while (s.len > 0 && memchr(" \t\r\n", s.p[s.len - 1], 4) != NULL)
        s.len--;
    return s;
}

static void body_check(struct tb_challenge *c, struct tb_span body)
{
    if (!tb_span_eq_str(trim_end(body), c->key_authorization))
        (void)tb_problem_set(&c->problem, TB_E_DENIED, TB_P_INCORRECT_RESPONSE,
                             "the body served for %s is not this challenge's key authorization (RFC 8555 section 8.3)",
                             c->ident->value);
    c->peer = *tb_host_addr(&c->http01.host);
    c->has_peer = true;
    tb_challenge_finish(c);
}

static int seen_add(struct tb_http01 *h)
{
    char url[TB_FETCH_URL_MAX + 1];
    int r;

    if ((r = tb_http_target_url(&h->target, url, sizeof(url))) < 0)
        return r;
    tb_sha256(h->seen[h->hop], tb_span_str(url));
    for (unsigned i = 0; i < h->hop; i++)
        if (memcmp(h->seen[i], h->seen[h->hop], TB_DIGEST_LEN) == 0)
            return TB_E_DUP;
    return 0;
}

/* On failure the problem is set. */
static int redirect_follow(struct tb_challenge *c, const char *url)
{
    struct tb_http01 *h = &c->http01;
    const char *why = "nowhere";

    if (h->hop == TB_REDIRECTS_MAX)
        return tb_problem_set(&c->problem, TB_E_LIMIT, TB_P_CONNECTION, "%s redirects more than %d times",
                              c->ident->value, TB_REDIRECTS_MAX);
    /* The first URL is remembered only when there is something to compare it with. */
    if (h->hop == 0 && seen_add(h) < 0)
        return tb_problem_set(&c->problem, TB_E_INTERNAL, TB_P_SERVER_INTERNAL, "the URL is too long");
    if (url == NULL || tb_redirect_check(c->env->cfg, url, &h->target, &why) < 0)
        return tb_problem_set(&c->problem, TB_E_DENIED, TB_P_CONNECTION, "redirect %u from %s leads to %s", h->hop + 1,
                              c->ident->value, why);
    h->hop++;
    if (seen_add(h) < 0)
        return tb_problem_set(&c->problem, TB_E_DUP, TB_P_CONNECTION, "redirect %u from %s leads back", h->hop,
                              c->ident->value);
    return hop_resolve(c);
}

static const struct {
    int err;
    enum tb_problem_type type;
    const char *text;
} fetch_failures[] = {
    {TB_E_CLOSED, TB_P_CONNECTION, "no connection"},
    {TB_E_TIMEOUT, TB_P_CONNECTION, "connected, but there was no whole answer in time"},
    {TB_E_LIMIT, TB_P_INCORRECT_RESPONSE, "the answer is longer than a key authorization can be"},
    {TB_E_CRYPTO, TB_P_TLS, "no TLS connection of version 1.2 or later"},
    {TB_E_FORMAT, TB_P_CONNECTION, "the answer is not HTTP/1.1"},
    {TB_E_IO, TB_P_CONNECTION, "the connection broke"},
};

static void fetch_problem(struct tb_challenge *c, int err)
{
    const struct tb_http01 *h = &c->http01;
    enum tb_problem_type type = TB_P_SERVER_INTERNAL;
    const char *text = "the request could not be made";
    char addr[TB_ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < TB_ARRAY_LEN(fetch_failures); i++)
        if (fetch_failures[i].err == err) {
            type = fetch_failures[i].type;
            text = fetch_failures[i].text;
        }
    tb_address_text(addr, tb_host_addr(&h->host));
    if (h->hop == 0)
        (void)tb_problem_set(&c->problem, err, type, "%s at %s, port %u: %s", c->ident->value, addr, h->target.port,
                             text);
    else
        (void)tb_problem_set(&c->problem, err, type, "redirect %u from %s: %s", h->hop, c->ident->value, text);
}

static void fetched(void *arg, const struct tb_fetch_result *res)
{
    struct tb_challenge *c = arg;
    struct tb_http01 *h = &c->http01;

    h->fetch = NULL;
    /* One fall-back, and only when there was no connection: an answer over IPv6 counts, whatever it says. */
    if (res->err == TB_E_CLOSED && tb_host_fall_back(&h->host)) {
        hop_fetch(c);
        return;
    }
    if (res->err != 0) {
        fetch_problem(c, res->err);
    } else if (tb_redirect_status(res->status)) {
        if (redirect_follow(c, res->redirect_url) == 0)
            return;
    } else if (res->status == 200) {
        body_check(c, res->body);
        return;
    } else {
        (void)tb_problem_set(&c->problem, TB_E_DENIED, TB_P_UNAUTHORIZED,
                             "the answer for %s has status %ld and not 200 (RFC 8555 section 8.3)", c->ident->value,
                             res->status);
    }
    tb_challenge_finish(c);
}

static int fetch_begin(struct tb_challenge *c)
{
    struct tb_http01 *h = &c->http01;
    uint32_t left = tb_challenge_left_ms(c);
    char url[TB_FETCH_URL_MAX + 1];
    struct tb_fetch_request req = {
        .url = url,
        .addr = *tb_host_addr(&h->host),
        .port = h->target.port,
        .connect_ms = tb_host_connect_ms(&h->host, left),
        .total_ms = left,
    };
    int r;

    if ((r = tb_http_target_url(&h->target, url, sizeof(url))) < 0)
        return r;
    return tb_fetch_start(c->env->fetcher, &req, fetched, c, &h->fetch);
}

static void hop_fetch(struct tb_challenge *c)
{
    int r = fetch_begin(c);

    if (r == 0)
        return;
    fetch_problem(c, r);
    tb_challenge_finish(c);
}

static int start_at_address(struct tb_challenge *c)
{
    struct tb_host *host = &c->http01.host;
    int r;

    if (tb_host_of_address(host, c->ident->value, hop_zone(c)) < 0)
        return tb_problem_set(&c->problem, TB_E_FORMAT, TB_P_MALFORMED, "%s is not an IP address", c->ident->value);
    if (!tb_host_usable(host))
        return tb_host_problem(host, c->ident->value, &c->problem);
    if ((r = fetch_begin(c)) < 0)
        fetch_problem(c, r);
    return r;
}

static int http01_start(struct tb_challenge *c)
{
    memset(&c->http01, 0, offsetof(struct tb_http01, seen));
    tb_http_target_first(c->env->cfg, c->ident, c->token, &c->http01.target);
    if (c->ident->type == TB_IDENT_IP)
        return start_at_address(c);
    c->dnssec = TB_DNSSEC_SECURE;
    return hop_resolve(c);
}

static void http01_cancel(struct tb_challenge *c)
{
    tb_host_cancel(&c->http01.host);
    tb_fetch_cancel(c->http01.fetch);
    c->http01.fetch = NULL;
}

const struct tb_challenge_method tb_http01_method = {
    .method = TB_METHOD_HTTP_01,
    .name = "http-01",
    .start = http01_start,
    .cancel = http01_cancel,
};
