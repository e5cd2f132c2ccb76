#include "ca/keyholder/crl_ceiling.h"

#include <string.h>

#include "ca/config/pointers.h"

/* What is checked, with what has been found about it. */
struct look {
    const struct tb_crl_ceiling *c;
    const struct tb_crl *crl;
    unsigned shard;
};

static bool issuer_name_ok(struct look *l)
{
    const struct tb_cacert *ca = l->c->ca;

    return ca->subject_len > 2 && tb_span_eq(l->crl->issuer_name, tb_span_of(ca->subject, ca->subject_len));
}

static bool aki_ok(struct look *l)
{
    const struct tb_cacert *ca = l->c->ca;

    return ca->keyid_len > 0 && tb_span_eq(l->crl->issuer_keyid, tb_span_of(ca->keyid, ca->keyid_len));
}

static bool sig_alg_ok(struct look *l)
{
    return l->crl->sig_alg != TB_SIG_NONE && l->crl->sig_alg == l->c->ca->sig_alg;
}

/* The URI is one of ours, byte for byte, and says which shard this is. */
static bool point_ok(struct look *l)
{
    char uri[TB_URI_MAX + 1];

    for (l->shard = 0; l->shard < TB_CRL_SHARDS; l->shard++) {
        tb_pointer_crl(uri, l->c->cfg, l->c->issuer, l->shard);
        if (uri[0] != '\0' && strcmp(uri, l->crl->uri) == 0)
            return true;
    }
    return false;
}

static bool this_update_ok(struct look *l)
{
    return l->crl->this_update >= l->c->now - TB_CRL_CEILING_PAST_MAX_S &&
           l->crl->this_update <= l->c->now + TB_CRL_CEILING_FUTURE_MAX_S;
}

static bool lifetime_ok(struct look *l)
{
    return l->crl->next_update > l->crl->this_update &&
           l->crl->next_update - l->crl->this_update <= TB_CRL_CEILING_LIFETIME_MAX_S;
}

/* Higher than the last; and no higher than the clock allows, or no honest number would follow. */
static bool number_ok(struct look *l)
{
    uint64_t latest = (uint64_t)(l->c->now + TB_CRL_CEILING_FUTURE_MAX_S) * TB_CRL_NUMBER_PER_S;

    return l->crl->number > l->c->last_number[l->shard] && l->crl->number <= latest;
}

/* Order and uniqueness are the reader's; here, that no entry stands in a CRL that nobody looks into for it. */
static bool entries_ok(struct look *l)
{
    struct tb_rd rd = tb_rd_of(l->crl->entries);
    struct tb_crl_entry e;

    for (size_t i = 0; i < l->crl->num_entries; i++)
        if (tb_crl_entry_read(&rd, &e) < 0 || tb_crl_shard_of(e.serial) != l->shard ||
            e.revoked_at > l->c->now + TB_CRL_CEILING_FUTURE_MAX_S)
            return false;
    return true;
}

/* The whole ceiling.  The shard is known once the distribution point was looked at. */
static const struct {
    bool (*ok)(struct look *l);
    const char *reason;
} rules[] = {
    {issuer_name_ok, "crl-issuer-name"},
    {aki_ok, "crl-authority-key-id"},
    {sig_alg_ok, "crl-signature-algorithm"},
    {point_ok, "crl-distribution-point"},
    {this_update_ok, "crl-this-update"},
    {lifetime_ok, "crl-lifetime"},
    {number_ok, "crl-number"},
    {entries_ok, "crl-entries"},
};

const char *tb_crl_ceiling_check(const struct tb_crl_ceiling *c, const struct tb_crl *crl, unsigned *out_shard)
{
    struct look l = {.c = c, .crl = crl};

    *out_shard = 0;
    for (size_t i = 0; i < TB_ARRAY_LEN(rules); i++)
        if (!rules[i].ok(&l))
            return rules[i].reason;
    *out_shard = l.shard;
    return NULL;
}
