/* The state of orders and authorizations as a client sees it: computed from what is stored and the time. Pure. */
#ifndef TB_CA_FRONT_ORDER_STATE_H
#define TB_CA_FRONT_ORDER_STATE_H

#include "ca/store/object.h"

/* What an order has to know of one of its authorizations. */
struct tb_authz_brief {
    enum tb_authz_state state;
    tb_time_t expires_at;
};

/* RFC 8555 section 7.1.6: past its time a pending authorization is invalid, a valid one expired. */
enum tb_authz_state tb_authz_state_at(enum tb_authz_state stored, tb_time_t expires_at, tb_time_t now);
/*
 * Stored valid and invalid stay; else ready when every authorization is valid, invalid when the order or one of them
 * expired or failed.  Over no authorization at all the answer is invalid.
 */
enum tb_order_state tb_order_state_at(enum tb_order_state stored, tb_time_t expires_at, const struct tb_authz_brief *a,
                                      size_t num, tb_time_t now);

#endif
