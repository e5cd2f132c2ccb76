#include "lib/ipc/frame.h"

#define REST_MIN 6u /* what the length counts besides the body */

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put(struct tb_wr *wr, enum tb_msg_type type, uint32_t id, size_t body_len)
{
    tb_wr_u32(wr, (uint32_t)(REST_MIN + body_len));
    tb_wr_u16(wr, (uint16_t)type);
    tb_wr_u32(wr, id);
}

void tb_frame_header_write(uint8_t out[static TB_FRAME_HEADER_LEN], enum tb_msg_type type, uint32_t id, size_t body_len)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, out, TB_FRAME_HEADER_LEN);
    put(&wr, type, id, body_len);
}

int tb_frame_header_read(const uint8_t in[static TB_FRAME_HEADER_LEN], struct tb_msg *m, size_t *out_body_len)
{
    uint32_t rest = get_u32(in);
    const struct tb_msg_info *info;

    m->type = (enum tb_msg_type)((unsigned int)in[4] << 8 | in[5]);
    m->id = get_u32(in + 6);
    info = tb_msg_info(m->type);
    if (info == NULL || rest < REST_MIN || rest - REST_MIN > info->max)
        return TB_E_FORMAT;
    *out_body_len = rest - REST_MIN;
    return 0;
}

void tb_frame_write(struct tb_wr *wr, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    put(wr, type, id, body.len);
    tb_wr_bytes(wr, body.p, body.len);
}
