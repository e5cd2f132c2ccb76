#include "lib/statement/sealed.h"

#include <string.h>

#define DOMAIN_MAX 64

static void make(uint8_t out[static TB_SEAL_LEN], const struct tb_seal *seal, const struct tb_key *key,
                 struct tb_span fields)
{
    uint8_t buf[DOMAIN_MAX + TB_SEALED_MAX];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_bytes(&wr, seal->domain, seal->domain_len);
    tb_wr_bytes(&wr, fields.p, fields.len);
    tb_hmac_sha256(out, key, tb_wr_span(&wr));
}

int tb_seal_write(struct tb_wr *wr, const struct tb_seal *seal, const struct tb_key *key, struct tb_span fields)
{
    uint8_t mac[TB_SEAL_LEN];

    if (seal->domain_len > DOMAIN_MAX || seal->max > TB_SEALED_MAX)
        return TB_E_INVAL;
    if (fields.len > seal->max - TB_SEAL_LEN)
        return TB_E_LIMIT;
    make(mac, seal, key, fields);
    tb_wr_bytes(wr, fields.p, fields.len);
    tb_wr_bytes(wr, mac, sizeof(mac));
    return tb_wr_err(wr);
}

int tb_seal_peek(struct tb_span blob, const struct tb_seal *seal, struct tb_span *out_fields)
{
    *out_fields = (struct tb_span){0};
    if (blob.len <= TB_SEAL_LEN || blob.len > seal->max || seal->domain_len > DOMAIN_MAX || seal->max > TB_SEALED_MAX)
        return TB_E_FORMAT;
    *out_fields = tb_span_of(blob.p, blob.len - TB_SEAL_LEN);
    return 0;
}

int tb_seal_open(struct tb_span blob, const struct tb_seal *seal, const struct tb_key *key, struct tb_span *out_fields)
{
    uint8_t mac[TB_SEAL_LEN];
    struct tb_span fields;
    int r = tb_seal_peek(blob, seal, &fields);

    *out_fields = (struct tb_span){0};
    if (r < 0)
        return r;
    make(mac, seal, key, fields);
    if (!tb_equal_ct(mac, blob.p + fields.len, TB_SEAL_LEN))
        return TB_E_BADSIG;
    *out_fields = fields;
    return 0;
}
