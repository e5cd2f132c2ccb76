#include "ca/front/renewal_window.h"

#define OVERDUE_S 3600

static unsigned clamp(tb_time_t s)
{
    if (s < TB_RENEWAL_RETRY_MIN_S)
        return TB_RENEWAL_RETRY_MIN_S;
    return s > TB_RENEWAL_RETRY_MAX_S ? TB_RENEWAL_RETRY_MAX_S : (unsigned)s;
}

void tb_renewal_window(struct tb_renewal_window *out, tb_time_t issued_at, tb_time_t not_after, tb_time_t revoked_at,
                       tb_time_t now)
{
    tb_time_t life = not_after > issued_at ? not_after - issued_at : 0;

    out->retry_after_s = clamp(life / 24);
    out->start = issued_at + life * 2 / 3;
    out->end = out->start + life / 12;
    if (revoked_at != 0 || now >= not_after) {
        out->end = now - OVERDUE_S;
        out->start = out->end - OVERDUE_S;
    }
    if (out->end <= out->start)
        out->end = out->start + 1;
}

void tb_renewal_hasten(struct tb_renewal_window *w, tb_time_t start, tb_time_t end)
{
    if (start < w->start)
        w->start = start;
    if (end < w->end)
        w->end = end;
    if (w->end <= w->start)
        w->start = w->end - 1;
}
