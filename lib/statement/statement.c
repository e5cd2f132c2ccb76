#include "lib/statement/statement.h"

#include <string.h>

#include "lib/statement/sealed.h"

#define DNSSEC_COUNT (TB_DNSSEC_SECURE + 1)
#define EGRESS_COUNT (TB_EGRESS_DECLARED + 1)

#define GRANT_MAX (1 + 2 + TB_CAA_URI_MAX + 4 + 4)
#define REST_MAX                                                                                                       \
    (3 + TB_CA_ID_LEN + 2 + TB_BASE_URL_MAX + TB_DIGEST_LEN + 3 + 4 + TB_IDENT_VALUE_MAX + 1 + 2 + 3 * TB_DIGEST_LEN + \
     16 + 3 + 2 + 8 + TB_SEAL_LEN)
_Static_assert(REST_MAX + TB_CAA_GRANTS_MAX * GRANT_MAX <= TB_STATEMENT_MAX, "the largest caa statement fits");
_Static_assert(REST_MAX + TB_ACCOUNT_URL_MAX <= TB_STATEMENT_MAX, "the largest control or use statement fits");

static const struct tb_seal statement_seal = TB_SEAL_OF(TB_STATEMENT_DOMAIN, TB_STATEMENT_MAX);
_Static_assert(TB_STATEMENT_MAX <= TB_SEALED_MAX, "it can be sealed");

/* Layout: version u8 || perspective u16 || fields || HMAC-SHA-256(key, domain || all before). doc/formats.md says it
 * field by field. */

static void write_fields(struct tb_wr *wr, const struct tb_statement *s)
{
    tb_wr_u8(wr, TB_STATEMENT_VERSION);
    tb_wr_u16(wr, s->perspective);
    tb_audience_write(wr, &s->audience);
    tb_wr_u8(wr, (uint8_t)s->kind);
    tb_wr_u8(wr, (uint8_t)s->method);
    tb_wr_u8(wr, (uint8_t)s->purpose);
    tb_ident_write(wr, &s->ident);
    tb_wr_u8(wr, s->subtree);
    tb_wr_str16(wr, s->account_url);
    tb_wr_bytes(wr, s->thumbprint, TB_DIGEST_LEN);
    tb_wr_bytes(wr, s->spki_digest, TB_DIGEST_LEN);
    tb_wr_bytes(wr, s->token_digest, TB_DIGEST_LEN);
    tb_wr_bytes(wr, s->peer_addr, sizeof(s->peer_addr));
    tb_wr_u8(wr, s->egress_kind);
    tb_wr_u8(wr, s->egress_prefix);
    tb_wr_u8(wr, (uint8_t)s->dnssec);
    tb_caa_result_write(wr, &s->caa);
    tb_wr_u64(wr, (uint64_t)s->made_at);
}

int tb_statement_write(struct tb_wr *wr, const struct tb_statement *s, const struct tb_key *key)
{
    uint8_t buf[TB_STATEMENT_MAX - TB_SEAL_LEN];
    struct tb_wr fields;
    int r;

    tb_wr_fixed(&fields, buf, sizeof(buf));
    write_fields(&fields, s);
    if ((r = tb_wr_err(&fields)) < 0)
        return r;
    return tb_seal_write(wr, &statement_seal, key, tb_wr_span(&fields));
}

int tb_statement_perspective(struct tb_span blob, uint16_t *out)
{
    struct tb_rd rd = tb_rd_of(blob);
    uint8_t version;

    *out = 0;
    if (tb_rd_u8(&rd, &version) < 0)
        return TB_E_FORMAT;
    if (version != TB_STATEMENT_VERSION)
        return TB_E_UNSUPPORTED;
    return tb_rd_u16(&rd, out) < 0 ? TB_E_FORMAT : 0;
}

static int read_u8_below(struct tb_rd *rd, unsigned count, uint8_t *out)
{
    int r = tb_rd_u8(rd, out);

    return r < 0 ? r : *out < count ? 0 : TB_E_FORMAT;
}

static int read_claim(struct tb_rd *rd, struct tb_statement *s)
{
    uint8_t kind;
    uint8_t method;
    uint8_t purpose;
    uint8_t subtree;
    int r;

    if ((r = tb_audience_read(rd, &s->audience)) < 0 || (r = read_u8_below(rd, TB_PROOF__COUNT, &kind)) < 0 ||
        (r = read_u8_below(rd, TB_METHOD__COUNT, &method)) < 0 ||
        (r = read_u8_below(rd, TB_PURPOSE__COUNT, &purpose)) < 0 || (r = tb_ident_read(rd, &s->ident)) < 0 ||
        (r = read_u8_below(rd, 2, &subtree)) < 0)
        return r;
    s->kind = (enum tb_proof_kind)kind;
    s->method = (enum tb_method)method;
    s->purpose = (enum tb_purpose)purpose;
    s->subtree = subtree == 1;
    return 0;
}

static int read_evidence(struct tb_rd *rd, struct tb_statement *s)
{
    uint8_t dnssec;
    uint64_t made;
    int r;

    if ((r = tb_rd_str16(rd, s->account_url, sizeof(s->account_url))) < 0 ||
        (r = tb_rd_copy(rd, s->thumbprint, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_copy(rd, s->spki_digest, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_copy(rd, s->token_digest, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_copy(rd, s->peer_addr, sizeof(s->peer_addr))) < 0 ||
        (r = read_u8_below(rd, EGRESS_COUNT, &s->egress_kind)) < 0 ||
        (r = read_u8_below(rd, 129, &s->egress_prefix)) < 0 || (r = read_u8_below(rd, DNSSEC_COUNT, &dnssec)) < 0 ||
        (r = tb_caa_result_read(rd, &s->caa)) < 0 || (r = tb_rd_u64(rd, &made)) < 0)
        return r;
    if (made > INT64_MAX)
        return TB_E_FORMAT;
    s->dnssec = (enum tb_dnssec)dnssec;
    s->made_at = (tb_time_t)made;
    return 0;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* Purpose first: what a kind must have, and what it must not. */
static bool shape_is_sound(const struct tb_statement *s)
{
    bool bound = tb_method_info(s->method) != NULL && tb_purpose_info(s->purpose) != NULL &&
                 s->account_url[0] != '\0' && !is_zero(s->thumbprint, TB_DIGEST_LEN) &&
                 !is_zero(s->token_digest, TB_DIGEST_LEN);
    bool unbound = s->method == TB_METHOD_NONE && s->purpose == TB_PURPOSE_NONE && s->account_url[0] == '\0' &&
                   is_zero(s->thumbprint, TB_DIGEST_LEN) && is_zero(s->token_digest, TB_DIGEST_LEN);
    bool has_key = !is_zero(s->spki_digest, TB_DIGEST_LEN);
    bool has_caa = s->caa.unrestricted || s->caa.num_grants > 0;
    bool has_egress = s->egress_kind != TB_EGRESS_NONE || s->egress_prefix != 0;
    bool scope_fits = !s->subtree || (s->ident.type == TB_IDENT_DNS && !s->ident.wildcard);
    bool egress_fits = has_egress && (s->egress_kind == TB_EGRESS_DECLARED) == (s->egress_prefix != 0);

    switch (s->kind) {
    case TB_PROOF_CONTROL:
        return bound && scope_fits && !has_key && !has_caa && !has_egress;
    case TB_PROOF_USE:
        return bound && !s->subtree && has_key && !has_caa && egress_fits &&
               !is_zero(s->peer_addr, sizeof(s->peer_addr));
    case TB_PROOF_CAA:
        return unbound && !s->subtree && s->ident.type == TB_IDENT_DNS && !has_key && !has_egress;
    case TB_PROOF_NONE:
    case TB_PROOF__COUNT:
        break;
    }
    return false;
}

static int read_fields(struct tb_span fields, struct tb_statement *out)
{
    struct tb_statement s = {0};
    struct tb_rd rd = tb_rd_of(fields);
    uint8_t version;
    int r;

    if (tb_rd_u8(&rd, &version) < 0 || version != TB_STATEMENT_VERSION)
        return TB_E_UNSUPPORTED;
    if ((r = tb_rd_u16(&rd, &s.perspective)) < 0 || (r = read_claim(&rd, &s)) < 0 || (r = read_evidence(&rd, &s)) < 0 ||
        (r = tb_rd_end(&rd)) < 0 || !shape_is_sound(&s))
        return TB_E_FORMAT;
    *out = s;
    return 0;
}

int tb_statement_read(struct tb_span blob, const struct tb_key *key, struct tb_statement *out)
{
    struct tb_span fields;
    int r;

    memset(out, 0, sizeof(*out));
    return (r = tb_seal_open(blob, &statement_seal, key, &fields)) < 0 ? r : read_fields(fields, out);
}

int tb_statement_peek(struct tb_span blob, struct tb_statement *out)
{
    struct tb_span fields;
    int r;

    memset(out, 0, sizeof(*out));
    return (r = tb_seal_peek(blob, &statement_seal, &fields)) < 0 ? r : read_fields(fields, out);
}
