#include "ca/front/order_state.h"

enum tb_authz_state tb_authz_state_at(enum tb_authz_state stored, tb_time_t expires_at, tb_time_t now)
{
    enum tb_authz_state state = stored;

    /* States that do not expire have no such row. */
    if (expires_at <= now && tb_authz_move(&state, TB_AUTHZ_EV_EXPIRE) < 0)
        return stored;
    return state;
}

enum tb_order_state tb_order_state_at(enum tb_order_state stored, tb_time_t expires_at, const struct tb_authz_brief *a,
                                      size_t num, tb_time_t now)
{
    size_t valid = 0;

    if (stored != TB_ORDER_PENDING)
        return stored;
    if (expires_at <= now || num == 0)
        return TB_ORDER_INVALID;
    for (size_t i = 0; i < num; i++) {
        enum tb_authz_state s = tb_authz_state_at(a[i].state, a[i].expires_at, now);

        if (s == TB_AUTHZ_VALID)
            valid++;
        else if (s != TB_AUTHZ_PENDING)
            return TB_ORDER_INVALID;
    }
    return valid == num ? TB_ORDER_READY : TB_ORDER_PENDING;
}
