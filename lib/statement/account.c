#include "lib/statement/account.h"

#include <string.h>

#include "lib/base/hash.h"

#define DOMAIN  TB_ACCOUNT_STATEMENT_DOMAIN
#define MAC_LEN TB_STATEMENT_MAC_LEN
#define LIMITS_MAX                                                                                                     \
    (4 + TB_LIMIT_NAMES_MAX * (1 + 4 + TB_IDENT_VALUE_MAX) + TB_LIMIT_PROFILES_MAX * (2 + TB_PROFILE_NAME_MAX))
#define REST_MAX                                                                                                       \
    (1 + TB_CA_ID_LEN + 4 + 2 + TB_ACCOUNT_URL_MAX + TB_DIGEST_LEN + 1 + 2 + TB_EAB_KID_MAX + 8 + 8 + MAC_LEN)
_Static_assert(REST_MAX + LIMITS_MAX <= TB_ACCOUNT_STATEMENT_MAX, "the largest account statement fits");

/* doc/formats.md says the layout field by field. */
static void write_fields(struct tb_wr *wr, const struct tb_account_statement *s)
{
    tb_wr_u8(wr, TB_ACCOUNT_STATEMENT_VERSION);
    tb_wr_bytes(wr, s->ca_id, TB_CA_ID_LEN);
    tb_wr_u32(wr, s->signer);
    tb_wr_str16(wr, s->url);
    tb_wr_bytes(wr, s->thumbprint, TB_DIGEST_LEN);
    tb_wr_u8(wr, (uint8_t)s->standing);
    tb_wr_str16(wr, s->eab_kid);
    if (s->eab_kid[0] != '\0')
        tb_account_limits_write(wr, &s->limits);
    tb_wr_u64(wr, s->seq);
    tb_wr_u64(wr, (uint64_t)s->made_at);
}

static void account_mac(uint8_t out[static MAC_LEN], const struct tb_key *key, struct tb_span fields)
{
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX + sizeof(DOMAIN)];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_bytes(&wr, DOMAIN, sizeof(DOMAIN));
    tb_wr_bytes(&wr, fields.p, fields.len);
    tb_hmac_sha256(out, key, tb_wr_span(&wr));
}

int tb_account_statement_write(struct tb_wr *wr, const struct tb_account_statement *s, const struct tb_key *key)
{
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX - MAC_LEN];
    uint8_t mac[MAC_LEN];
    struct tb_wr fields;
    int r;

    tb_wr_fixed(&fields, buf, sizeof(buf));
    write_fields(&fields, s);
    if ((r = tb_wr_err(&fields)) < 0)
        return r;
    account_mac(mac, key, tb_wr_span(&fields));
    tb_wr_bytes(wr, fields.buf, fields.len);
    tb_wr_bytes(wr, mac, sizeof(mac));
    return tb_wr_err(wr);
}

static int read_fields(struct tb_rd *rd, struct tb_account_statement *s)
{
    uint8_t standing = 0;
    uint64_t made = 0;
    int r;

    if ((r = tb_rd_copy(rd, s->ca_id, TB_CA_ID_LEN)) < 0 || (r = tb_rd_u32(rd, &s->signer)) < 0 ||
        (r = tb_rd_str16(rd, s->url, sizeof(s->url))) < 0 || (r = tb_rd_copy(rd, s->thumbprint, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_u8(rd, &standing)) < 0 || (r = tb_rd_str16(rd, s->eab_kid, sizeof(s->eab_kid))) < 0 ||
        (s->eab_kid[0] != '\0' && (r = tb_account_limits_read(rd, &s->limits)) < 0) ||
        (r = tb_rd_u64(rd, &s->seq)) < 0 || (r = tb_rd_u64(rd, &made)) < 0)
        return r;
    if (standing != TB_STANDING_VALID && standing != TB_STANDING_DEACTIVATED)
        return TB_E_FORMAT;
    if (s->signer == 0 || s->url[0] == '\0' || s->seq == 0 || made > INT64_MAX)
        return TB_E_FORMAT;
    s->standing = (enum tb_account_standing)standing;
    s->made_at = (tb_time_t)made;
    return tb_rd_end(rd);
}

static int decode(struct tb_span fields, struct tb_account_statement *out)
{
    struct tb_rd rd = tb_rd_of(fields);
    uint8_t version = 0;

    if (tb_rd_u8(&rd, &version) < 0 || version != TB_ACCOUNT_STATEMENT_VERSION)
        return TB_E_UNSUPPORTED;
    if (read_fields(&rd, out) == 0)
        return 0;
    memset(out, 0, sizeof(*out));
    return TB_E_FORMAT;
}

int tb_account_statement_peek(struct tb_span blob, struct tb_account_statement *out)
{
    memset(out, 0, sizeof(*out));
    if (blob.len <= MAC_LEN || blob.len > TB_ACCOUNT_STATEMENT_MAX)
        return TB_E_FORMAT;
    return decode(tb_span_of(blob.p, blob.len - MAC_LEN), out);
}

int tb_account_statement_read(struct tb_span blob, const struct tb_key *key, struct tb_account_statement *out)
{
    uint8_t mac[MAC_LEN];
    struct tb_span fields;

    memset(out, 0, sizeof(*out));
    if (blob.len <= MAC_LEN || blob.len > TB_ACCOUNT_STATEMENT_MAX)
        return TB_E_FORMAT;
    fields = tb_span_of(blob.p, blob.len - MAC_LEN);
    account_mac(mac, key, fields);
    if (!tb_equal_ct(mac, blob.p + fields.len, MAC_LEN))
        return TB_E_BADSIG;
    return decode(fields, out);
}
