#include "lib/statement/account.h"

#include <string.h>

#include "lib/statement/sealed.h"

#define LIMITS_MAX                                                                                                     \
    (4 + TB_LIMIT_NAMES_MAX * (1 + 4 + TB_IDENT_VALUE_MAX) + TB_LIMIT_PROFILES_MAX * (2 + TB_PROFILE_NAME_MAX))
#define REST_MAX                                                                                                       \
    (1 + TB_CA_ID_LEN + 4 + 2 + TB_ACCOUNT_URL_MAX + TB_DIGEST_LEN + 1 + 2 + TB_EAB_KID_MAX + 8 + 8 + TB_SEAL_LEN)
_Static_assert(REST_MAX + LIMITS_MAX <= TB_ACCOUNT_STATEMENT_MAX, "the largest account statement fits");

static const struct tb_seal account_seal = TB_SEAL_OF(TB_ACCOUNT_STATEMENT_DOMAIN, TB_ACCOUNT_STATEMENT_MAX);
_Static_assert(TB_ACCOUNT_STATEMENT_MAX <= TB_SEALED_MAX, "it can be sealed");

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

int tb_account_statement_write(struct tb_wr *wr, const struct tb_account_statement *s, const struct tb_key *key)
{
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX - TB_SEAL_LEN];
    struct tb_wr fields;
    int r;

    tb_wr_fixed(&fields, buf, sizeof(buf));
    write_fields(&fields, s);
    if ((r = tb_wr_err(&fields)) < 0)
        return r;
    return tb_seal_write(wr, &account_seal, key, tb_wr_span(&fields));
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
    struct tb_span fields;
    int r;

    memset(out, 0, sizeof(*out));
    return (r = tb_seal_peek(blob, &account_seal, &fields)) < 0 ? r : decode(fields, out);
}

int tb_account_statement_read(struct tb_span blob, const struct tb_key *key, struct tb_account_statement *out)
{
    struct tb_span fields;
    int r;

    memset(out, 0, sizeof(*out));
    return (r = tb_seal_open(blob, &account_seal, key, &fields)) < 0 ? r : decode(fields, out);
}
