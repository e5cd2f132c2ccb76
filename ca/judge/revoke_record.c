#include <string.h>

#include "ca/judge/log_record.h"

void tb_revoke_rec_write(struct tb_wr *wr, const struct tb_revoke_rec *r)
{
    tb_wr_u8(wr, (uint8_t)r->issuer);
    tb_wr_bytes(wr, r->serial, sizeof(r->serial));
    tb_wr_u64(wr, (uint64_t)r->not_after);
    tb_wr_u8(wr, (uint8_t)r->reason);
    tb_wr_u8(wr, (uint8_t)r->who);
    tb_wr_u64(wr, r->issuance);
    tb_wr_bytes(wr, r->spki_digest, sizeof(r->spki_digest));
    tb_wr_str16(wr, r->account_url);
    tb_wr_bytes(wr, r->jws_digest, sizeof(r->jws_digest));
}

static int read_fields(struct tb_rd *rd, struct tb_revoke_rec *rec)
{
    uint8_t issuer = 0, reason = 0, who = 0;
    uint64_t not_after = 0;
    int r;

    if ((r = tb_rd_u8(rd, &issuer)) < 0 || (r = tb_rd_copy(rd, rec->serial, sizeof(rec->serial))) < 0 ||
        (r = tb_rd_u64(rd, &not_after)) < 0 || (r = tb_rd_u8(rd, &reason)) < 0 || (r = tb_rd_u8(rd, &who)) < 0 ||
        (r = tb_rd_u64(rd, &rec->issuance)) < 0 ||
        (r = tb_rd_copy(rd, rec->spki_digest, sizeof(rec->spki_digest))) < 0 ||
        (r = tb_rd_str16(rd, rec->account_url, sizeof(rec->account_url))) < 0 ||
        (r = tb_rd_copy(rd, rec->jws_digest, sizeof(rec->jws_digest))) < 0 || (r = tb_rd_end(rd)) < 0)
        return r;
    if (issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || not_after > INT64_MAX ||
        tb_reason_name(reason) == NULL || who == TB_REVOKER_NONE || who >= TB_REVOKER__COUNT)
        return TB_E_FORMAT;
    rec->issuer = (enum tb_issuer)issuer;
    rec->not_after = (tb_time_t)not_after;
    rec->reason = (enum tb_reason)reason;
    rec->who = (enum tb_revoker)who;
    return 0;
}

int tb_revoke_rec_read(struct tb_span body, struct tb_revoke_rec *out)
{
    static const uint8_t none[TB_DIGEST_LEN];
    struct tb_revoke_rec rec = {0};
    struct tb_rd rd = tb_rd_of(body);
    bool by_account;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_fields(&rd, &rec)) < 0)
        return r;
    by_account = rec.who == TB_REVOKER_ACCOUNT || rec.who == TB_REVOKER_AUTHORIZATIONS;
    if (rec.issuance == 0 || by_account != (rec.account_url[0] != '\0') ||
        (rec.who == TB_REVOKER_OPERATOR) != (memcmp(rec.jws_digest, none, sizeof(none)) == 0))
        return TB_E_FORMAT;
    *out = rec;
    return 0;
}

static bool blocks(enum tb_reason reason, enum tb_revoker who)
{
    return reason == TB_REASON_KEY_COMPROMISE && (who == TB_REVOKER_KEY || who == TB_REVOKER_OPERATOR);
}

bool tb_revoke_rec_blocks_key(const struct tb_revoke_rec *r)
{
    return blocks(r->reason, r->who);
}

bool tb_revoke_rec_says_more(const struct tb_revoke_rec *r, enum tb_reason reason, enum tb_revoker who)
{
    return blocks(r->reason, r->who) && !blocks(reason, who);
}
