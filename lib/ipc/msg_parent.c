#include "lib/ipc/msg_parent.h"

#define LOG_JSON     1u
#define WEAK_SANDBOX 2u

void tb_msg_config_write(struct tb_wr *wr, const struct tb_msg_config *m)
{
    tb_wr_u32(wr, m->version);
    tb_wr_u8(wr, (uint8_t)((m->log_json ? LOG_JSON : 0) | (m->weak_sandbox ? WEAK_SANDBOX : 0)));
    tb_wr_str16(wr, m->path);
    tb_wr_var32(wr, m->text);
}

static int read_config(struct tb_rd *rd, struct tb_msg_config *m)
{
    uint8_t flags;
    int r;

    /* The version stands first so that every later layout may differ. */
    if ((r = tb_rd_u32(rd, &m->version)) < 0)
        return r;
    if (m->version != TB_IPC_VERSION)
        return TB_E_UNSUPPORTED;
    if ((r = tb_rd_u8(rd, &flags)) < 0)
        return r;
    if ((flags & ~(LOG_JSON | WEAK_SANDBOX)) != 0)
        return TB_E_FORMAT;
    m->log_json = (flags & LOG_JSON) != 0;
    m->weak_sandbox = (flags & WEAK_SANDBOX) != 0;
    if ((r = tb_rd_str16(rd, m->path, sizeof(m->path))) < 0 || (r = tb_rd_var32(rd, TB_CONFIG_TEXT_MAX, &m->text)) < 0)
        return r;
    return tb_rd_end(rd);
}

int tb_msg_config_read(struct tb_span body, struct tb_msg_config *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    *out = (struct tb_msg_config){0};
    if ((r = read_config(&rd, out)) < 0)
        *out = (struct tb_msg_config){0};
    return r;
}

void tb_msg_fd_write(struct tb_wr *wr, const struct tb_msg_fd *m)
{
    tb_wr_u8(wr, (uint8_t)m->listener);
}

int tb_msg_fd_read(struct tb_span body, struct tb_msg_fd *out)
{
    struct tb_rd rd = tb_rd_of(body);
    uint8_t v;
    int r;

    *out = (struct tb_msg_fd){0};
    if ((r = tb_rd_u8(&rd, &v)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if (v == TB_LISTEN_NONE || v >= TB_LISTEN__COUNT)
        return TB_E_FORMAT;
    out->listener = (enum tb_listener)v;
    return 0;
}

void tb_msg_peer_write(struct tb_wr *wr, const struct tb_msg_peer *m)
{
    tb_wr_u8(wr, (uint8_t)m->role);
}

int tb_msg_peer_read(struct tb_span body, struct tb_msg_peer *out)
{
    struct tb_rd rd = tb_rd_of(body);
    uint8_t v;
    int r;

    *out = (struct tb_msg_peer){0};
    if ((r = tb_rd_u8(&rd, &v)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if (v <= TB_ROLE_PARENT || v >= TB_ROLE__COUNT)
        return TB_E_FORMAT;
    out->role = (enum tb_role)v;
    return 0;
}

void tb_msg_ready_write(struct tb_wr *wr, const struct tb_msg_ready *m)
{
    tb_wr_u32(wr, m->sandbox);
}

int tb_msg_ready_read(struct tb_span body, struct tb_msg_ready *out)
{
    struct tb_rd rd = tb_rd_of(body);
    uint32_t v;
    int r;

    *out = (struct tb_msg_ready){0};
    if ((r = tb_rd_u32(&rd, &v)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if ((v & ~(TB_SANDBOX_SECCOMP | TB_SANDBOX_LANDLOCK | TB_SANDBOX_USER | TB_SANDBOX_NETNS)) != 0)
        return TB_E_FORMAT;
    out->sandbox = v;
    return 0;
}
