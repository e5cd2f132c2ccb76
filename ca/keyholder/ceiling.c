#include "ca/keyholder/ceiling.h"

#include <string.h>

#include "ca/config/pointers.h"

#define KEY_USAGE_DIGITAL_SIGNATURE 0x8000

static bool issuer_name_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    return c->ca->subject_len > 2 && tb_span_eq(t->issuer_name, tb_span_of(c->ca->subject, c->ca->subject_len));
}

static bool aki_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    return c->ca->keyid_len > 0 && tb_span_eq(t->aki_keyid, tb_span_of(c->ca->keyid, c->ca->keyid_len));
}

static bool sig_alg_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    return t->sig_alg != TB_SIG_NONE && t->sig_alg == c->ca->sig_alg;
}

/* Of the issuer's set, and not empty: a profile may narrow, but nothing adds a usage. */
static bool eku_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    tb_purposes_t want = tb_issuer_purposes(c->issuer);

    return want != 0 && c->ca->purposes == want && t->has_eku && !t->eku_unknown && t->purposes != 0 &&
           (t->purposes & ~want) == 0;
}

static bool not_a_ca(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return t->has_basic_constraints && !t->is_ca;
}

static bool key_usage_ok(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return t->has_key_usage && t->key_usage == KEY_USAGE_DIGITAL_SIGNATURE;
}

static bool extensions_known(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return !t->unknown_extension;
}

static bool not_before_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    return t->not_before >= c->now - TB_CEILING_BACKDATE_MAX_S && t->not_before <= c->now + TB_CEILING_FUTURE_MAX_S;
}

static bool lifetime_ok(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return t->not_after >= t->not_before && t->not_after - t->not_before < TB_CEILING_LIFETIME_MAX_S;
}

static bool within_issuer(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    return t->not_after <= c->ca->not_after && c->now >= c->ca->not_before;
}

/* Positive and of full width without a sign octet, so that 127 bits are the judge's random ones. */
static bool serial_ok(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return t->serial.len == TB_SERIAL_LEN && t->serial.p[0] >= 0x01 && t->serial.p[0] <= 0x7f;
}

static bool san_ok(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    return t->num_idents > 0 && t->num_idents <= TB_IDENT_NUM_MAX;
}

/* RFC 5280 section 4.1.2.6: an empty subject makes the SAN critical.  A CN repeats a name of the SAN, nothing else. */
static bool subject_ok(const struct tb_ceiling *c TB_UNUSED, const struct tb_tbs *t)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    if (t->cn.len == 0)
        return t->subject.len == 2 && t->san_critical;
    if (t->cn.len > TB_CEILING_CN_MAX)
        return false;
    for (size_t i = 0; i < t->num_idents; i++) {
        if (t->idents[i].type != TB_IDENT_DNS)
            continue;
        tb_ident_text(text, &t->idents[i]);
        if (tb_span_eq_str(t->cn, text))
            return true;
    }
    return false;
}

static bool key_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    if (t->spki.kind == TB_KEY_NONE)
        return false;
    for (size_t i = 0; i < c->num_ca_keys; i++)
        if (memcmp(c->ca_keys[i], t->spki.digest, TB_DIGEST_LEN) == 0)
            return false;
    return true;
}

/* None, or exactly the one that fits: a relying party shall not be sent elsewhere for what revokes a certificate. */
static bool crl_pointer_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    char uri[TB_URI_MAX + 1] = "";

    if (t->crl_uri[0] == '\0')
        return true;
    if (c->cfg != NULL)
        tb_pointer_crl(uri, c->cfg, c->issuer, tb_crl_shard_of(t->serial.p));
    return strcmp(uri, t->crl_uri) == 0;
}

static bool aia_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    char uri[TB_URI_MAX + 1] = "";

    if (t->aia_uri[0] == '\0')
        return true;
    if (c->cfg != NULL)
        tb_pointer_aia(uri, c->cfg, c->issuer);
    return strcmp(uri, t->aia_uri) == 0;
}

/* Each method can prove its name at all: no wildcard by http-01, no address by dns-01. */
static bool methods_serve(const struct tb_tbs *t)
{
    for (size_t i = 0; i < t->num_proofs; i++)
        for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
            if ((t->proof_purposes & TB_PURPOSE_BIT(p)) != 0 &&
                !tb_method_serves((enum tb_method)t->proofs[i].control[p], &t->idents[i]))
                return false;
    return true;
}

/*
 * What is told of proofs: all of it with an arc of the operator's and none without one (then it is an extension that is
 * not known), about exactly these names and usages, and nothing that contradicts itself.
 */
static bool proofs_ok(const struct tb_ceiling *c, const struct tb_tbs *t)
{
    if (c->cfg == NULL || c->cfg->arc.len == 0)
        return !t->has_policies && t->proofs == NULL;
    return t->has_policies && !t->policy_unknown && t->proofs != NULL && t->num_proofs == t->num_idents &&
           t->proof_purposes == t->purposes && methods_serve(t) &&
           tb_proof_policies_ok(t->policies, t->proofs, t->num_proofs, t->proof_purposes);
}

/* The whole ceiling.  Every rule but one stands alone; their order only decides which reason is told first. */
static const struct {
    bool (*ok)(const struct tb_ceiling *c, const struct tb_tbs *t);
    const char *reason;
} rules[] = {
    {issuer_name_ok, "issuer-name"},
    {aki_ok, "authority-key-id"},
    {sig_alg_ok, "signature-algorithm"},
    {not_a_ca, "basic-constraints"},
    {eku_ok, "extended-key-usage"},
    {key_usage_ok, "key-usage"},
    {extensions_known, "unknown-extension"},
    {not_before_ok, "not-before"},
    {lifetime_ok, "lifetime"},
    {within_issuer, "outlives-issuer"},
    {serial_ok, "serial"},
    {san_ok, "no-names"},
    {subject_ok, "subject"},
    {crl_pointer_ok, "crl-pointer"}, /* after the serial, which says the shard */
    {aia_ok, "issuer-pointer"},
    {proofs_ok, "proofs"},
    {key_ok, "subject-key"},
};

const char *tb_ceiling_check(const struct tb_ceiling *c, const struct tb_tbs *tbs)
{
    if (c->ca == NULL)
        return "issuer";
    for (size_t i = 0; i < TB_ARRAY_LEN(rules); i++)
        if (!rules[i].ok(c, tbs))
            return rules[i].reason;
    return NULL;
}
