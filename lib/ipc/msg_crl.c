#include "lib/ipc/msg_crl.h"

void tb_msg_crl_sign_req_write(struct tb_wr *wr, const struct tb_msg_crl_sign_req *m)
{
    tb_wr_u8(wr, (uint8_t)m->issuer);
    tb_wr_var32(wr, m->tbs);
}

int tb_msg_crl_sign_req_read(struct tb_span body, struct tb_msg_crl_sign_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_span tbs;
    uint8_t issuer;
    int r;

    *out = (struct tb_msg_crl_sign_req){0};
    if ((r = tb_rd_u8(&rd, &issuer)) < 0 || (r = tb_rd_var32(&rd, TB_CRL_TBS_MAX, &tbs)) < 0 ||
        (r = tb_rd_end(&rd)) < 0)
        return r;
    if (issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || tbs.len == 0)
        return TB_E_FORMAT;
    out->issuer = (enum tb_issuer)issuer;
    out->tbs = tbs;
    return 0;
}

void tb_msg_crl_write(struct tb_wr *wr, const struct tb_msg_crl *m)
{
    tb_wr_u8(wr, (uint8_t)m->issuer);
    tb_wr_u8(wr, (uint8_t)m->shard);
    tb_wr_u64(wr, (uint64_t)m->this_update);
    tb_wr_u64(wr, (uint64_t)m->next_update);
    tb_wr_var32(wr, m->der);
}

int tb_msg_crl_read(struct tb_span body, struct tb_msg_crl *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_span der;
    uint64_t this_update;
    uint64_t next_update;
    uint8_t issuer;
    uint8_t shard;
    int r;

    *out = (struct tb_msg_crl){0};
    if ((r = tb_rd_u8(&rd, &issuer)) < 0 || (r = tb_rd_u8(&rd, &shard)) < 0 || (r = tb_rd_u64(&rd, &this_update)) < 0 ||
        (r = tb_rd_u64(&rd, &next_update)) < 0 || (r = tb_rd_var32(&rd, TB_CRL_MAX, &der)) < 0 ||
        (r = tb_rd_end(&rd)) < 0)
        return r;
    if (issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || shard >= TB_CRL_SHARDS || next_update > INT64_MAX ||
        this_update >= next_update || der.len == 0)
        return TB_E_FORMAT;
    *out = (struct tb_msg_crl){.issuer = (enum tb_issuer)issuer,
                               .shard = shard,
                               .this_update = (tb_time_t)this_update,
                               .next_update = (tb_time_t)next_update,
                               .der = der};
    return 0;
}
