#include "lib/ipc/msg_stats.h"

#include <string.h>

void tb_msg_stats_write(struct tb_wr *wr, const struct tb_msg_stats *m)
{
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++) {
        tb_wr_str16(wr, m->stat[i].name);
        tb_wr_u64(wr, m->stat[i].value);
    }
}

/* [a-z][a-z0-9_]*: the name is printed into the metrics page as it stands. */
static bool name_ok(const char *name)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    return name[0] >= 'a' && name[0] <= 'z' && name[strspn(name, alphabet)] == '\0';
}

static int read_stats(struct tb_rd *rd, struct tb_msg_stats *m)
{
    uint16_t num;
    int r;

    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num > TB_STATS_MAX)
        return TB_E_LIMIT;
    for (; m->num < num; m->num++) {
        struct tb_stat *s = &m->stat[m->num];

        if ((r = tb_rd_str16(rd, s->name, sizeof(s->name))) < 0 || (r = tb_rd_u64(rd, &s->value)) < 0)
            return r;
        if (!name_ok(s->name))
            return TB_E_FORMAT;
    }
    return tb_rd_end(rd);
}

int tb_msg_stats_read(struct tb_span body, struct tb_msg_stats *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_stats(&rd, out)) < 0)
        memset(out, 0, sizeof(*out));
    return r;
}
