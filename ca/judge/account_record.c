#include "ca/judge/account_record.h"

#include <string.h>

void tb_account_rec_write(struct tb_wr *wr, const struct tb_account_rec *r)
{
    tb_wr_u8(wr, (uint8_t)r->event);
    tb_wr_bytes(wr, r->first, TB_DIGEST_LEN);
    tb_wr_bytes(wr, r->thumbprint, TB_DIGEST_LEN);
    tb_wr_bytes(wr, r->jws_digest, TB_DIGEST_LEN);
    if (r->event == TB_EVENT_KEY_CHANGED)
        tb_wr_var16(wr, r->jwk);
    if (r->event == TB_EVENT_BOUND)
        tb_wr_str16(wr, r->eab_kid);
}

/* The canonical JSON is what the thumbprint is of. */
static int read_jwk(struct tb_rd *rd, struct tb_account_rec *rec)
{
    uint8_t digest[TB_DIGEST_LEN];
    int r = tb_rd_var16(rd, TB_JWK_JSON_MAX, &rec->jwk);

    if (r < 0)
        return r;
    tb_sha256(digest, rec->jwk);
    return memcmp(digest, rec->thumbprint, TB_DIGEST_LEN) == 0 ? 0 : TB_E_FORMAT;
}

/* An account is bound when it is made, with its first key. */
static int read_kid(struct tb_rd *rd, struct tb_account_rec *rec)
{
    int r = tb_rd_str16(rd, rec->eab_kid, sizeof(rec->eab_kid));

    if (r < 0)
        return r;
    return rec->eab_kid[0] != '\0' && memcmp(rec->first, rec->thumbprint, TB_DIGEST_LEN) == 0 ? 0 : TB_E_FORMAT;
}

int tb_account_rec_read(struct tb_span body, struct tb_account_rec *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_account_rec rec = {0};
    uint8_t event = 0;
    int r;

    *out = rec;
    if ((r = tb_rd_u8(&rd, &event)) < 0 || (r = tb_rd_copy(&rd, rec.first, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_copy(&rd, rec.thumbprint, TB_DIGEST_LEN)) < 0 ||
        (r = tb_rd_copy(&rd, rec.jws_digest, TB_DIGEST_LEN)) < 0)
        return r;
    if (event == TB_EVENT_NONE || event >= TB_EVENT__COUNT)
        return TB_E_FORMAT;
    rec.event = (enum tb_account_event)event;
    if ((rec.event == TB_EVENT_KEY_CHANGED && (r = read_jwk(&rd, &rec)) < 0) ||
        (rec.event == TB_EVENT_BOUND && (r = read_kid(&rd, &rec)) < 0) || (r = tb_rd_end(&rd)) < 0)
        return r;
    *out = rec;
    return 0;
}
