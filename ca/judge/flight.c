#include "ca/judge/flight.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((TB_FLIGHTS_MAX & (TB_FLIGHTS_MAX - 1)) == 0, "the slot is cut out of the id");

void tb_flights_init(struct tb_flights *f)
{
    memset(f, 0, sizeof(*f));
    for (size_t i = 0; i < TB_FLIGHTS_MAX; i++)
        f->free[i] = (uint16_t)(TB_FLIGHTS_MAX - 1 - i);
    f->num_free = TB_FLIGHTS_MAX;
}

void tb_flights_clear(struct tb_flights *f)
{
    for (size_t i = 0; i < TB_FLIGHTS_MAX; i++) {
        if (f->slot[i] == NULL)
            continue;
        tb_wr_clear(&f->slot[i]->tbs);
        tb_wr_clear(&f->slot[i]->body);
        free(f->slot[i]);
    }
    memset(f, 0, sizeof(*f));
}

struct tb_flight *tb_flights_take(struct tb_flights *f)
{
    struct tb_flight *flight;
    uint16_t at;

    if (f->num_free == 0)
        return NULL;
    at = f->free[f->num_free - 1];
    if (f->slot[at] == NULL) {
        f->slot[at] = calloc(1, sizeof(*f->slot[at]));
        if (f->slot[at] == NULL)
            return NULL;
        tb_wr_init(&f->slot[at]->tbs, TB_TBS_MAX);
        tb_wr_init(&f->slot[at]->body, TB_LOG_BODY_MAX);
    }
    f->num_free--;
    flight = f->slot[at];
    flight->state = TB_FLIGHT_SIGNING;
    f->last_id += TB_FLIGHTS_MAX; /* the upper bits tell one use of a slot from the next */
    flight->sign_id = (f->last_id & ~(uint32_t)(TB_FLIGHTS_MAX - 1)) | at;
    flight->num_waiters = 0;
    flight->cert_len = 0;
    tb_wr_reset(&flight->tbs);
    tb_wr_reset(&flight->body);
    return flight;
}

void tb_flights_put(struct tb_flights *f, struct tb_flight *flight)
{
    flight->state = TB_FLIGHT_FREE;
    f->free[f->num_free++] = (uint16_t)(flight->sign_id & (TB_FLIGHTS_MAX - 1));
}

struct tb_flight *tb_flights_find_id(struct tb_flights *f, uint32_t sign_id)
{
    struct tb_flight *flight = f->slot[sign_id & (TB_FLIGHTS_MAX - 1)];

    return flight != NULL && flight->state == TB_FLIGHT_SIGNING && flight->sign_id == sign_id ? flight : NULL;
}

struct tb_flight *tb_flights_find_order(struct tb_flights *f, tb_order_no_t order)
{
    for (size_t i = 0; i < TB_FLIGHTS_MAX; i++)
        if (f->slot[i] != NULL && f->slot[i]->state != TB_FLIGHT_FREE && f->slot[i]->order == order)
            return f->slot[i];
    return NULL;
}

size_t tb_flights_count(const struct tb_flights *f)
{
    return TB_FLIGHTS_MAX - f->num_free;
}

int tb_flight_prepare(struct tb_flight *flight, const struct tb_decision *d, const struct tb_proofs *proofs,
                      const char **out_why)
{
    struct tb_issue_rec rec = {.ref = d->ref,
                               .issuer = d->profile->issuer,
                               .num_names = d->csr.num_idents,
                               .names = d->csr.idents,
                               .num_evidence = proofs->num_evidence,
                               .evidence = proofs->evidence};
    int r;

    *out_why = NULL;
    if ((r = tb_tbs_write(&flight->tbs, &d->leaf)) < 0 || (r = tb_wr_err(&flight->tbs)) < 0 ||
        (r = tb_tbs_lint(tb_wr_span(&flight->tbs), &d->leaf, out_why)) < 0)
        return r;
    memcpy(rec.jws_digest, d->jws_digest, sizeof(rec.jws_digest));
    memcpy(rec.account_url, d->account_url, sizeof(rec.account_url));
    memcpy(rec.thumbprint, d->thumbprint, sizeof(rec.thumbprint));
    memcpy(rec.serial, d->leaf.serial, sizeof(rec.serial));
    tb_issue_rec_write_head(&flight->body, &rec);
    flight->order = d->ref.order;
    memcpy(flight->jws_digest, d->jws_digest, sizeof(flight->jws_digest));
    memcpy(flight->serial, d->leaf.serial, sizeof(flight->serial));
    flight->issuer = d->profile->issuer;
    flight->sig_alg = d->leaf.sig_alg;
    flight->now = d->now;
    return tb_wr_err(&flight->body);
}

struct tb_span tb_flight_cert(const struct tb_flight *flight)
{
    return tb_span_of(flight->body.buf + flight->body.len - flight->cert_len, flight->cert_len);
}

int tb_flight_complete(struct tb_flight *flight, struct tb_span sig)
{
    size_t at = flight->body.len;
    struct tb_span tbs;
    uint8_t *len;
    int r;

    if (tb_wr_reserve(&flight->body, 4) == NULL)
        return tb_wr_err(&flight->body);
    if ((r = tb_cert_assemble(&flight->body, tb_wr_span(&flight->tbs), flight->sig_alg, sig)) < 0 ||
        (r = tb_wr_err(&flight->body)) < 0)
        return r;
    flight->cert_len = flight->body.len - at - 4;
    if (flight->cert_len > TB_CERT_MAX)
        return TB_E_LIMIT;
    len = flight->body.buf + at;
    for (int i = 0; i < 4; i++)
        len[i] = (uint8_t)(flight->cert_len >> (24 - 8 * i));
    /* What is logged and handed out is what the keyholder saw, byte for byte. */
    if ((r = tb_cert_tbs(tb_flight_cert(flight), &tbs)) < 0)
        return r;
    return tb_span_eq(tbs, tb_wr_span(&flight->tbs)) ? 0 : TB_E_INTERNAL;
}
