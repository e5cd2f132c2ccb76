/*
 * States of ACME's objects (RFC 8555 section 7.1.6) as tables: from, event, to.  The tables are the documentation.
 */
#ifndef TB_ACME_STATE_H
#define TB_ACME_STATE_H

#include "lib/base/bytes.h"

/* Stored values: never renumber. */
enum tb_account_state {
    TB_ACCOUNT_NONE = 0,
    TB_ACCOUNT_VALID = 1,
    TB_ACCOUNT_DEACTIVATED = 2,
    TB_ACCOUNT_REVOKED = 3,
    TB_ACCOUNT__COUNT
};
enum tb_order_state {
    TB_ORDER_NONE = 0,
    TB_ORDER_PENDING = 1,
    TB_ORDER_READY = 2,
    TB_ORDER_PROCESSING = 3,
    TB_ORDER_VALID = 4,
    TB_ORDER_INVALID = 5,
    TB_ORDER__COUNT
};
enum tb_authz_state {
    TB_AUTHZ_NONE = 0,
    TB_AUTHZ_PENDING = 1,
    TB_AUTHZ_VALID = 2,
    TB_AUTHZ_INVALID = 3,
    TB_AUTHZ_DEACTIVATED = 4,
    TB_AUTHZ_EXPIRED = 5,
    TB_AUTHZ_REVOKED = 6,
    TB_AUTHZ__COUNT
};
enum tb_challenge_state {
    TB_CHALLENGE_NONE = 0,
    TB_CHALLENGE_PENDING = 1,
    TB_CHALLENGE_PROCESSING = 2,
    TB_CHALLENGE_VALID = 3,
    TB_CHALLENGE_INVALID = 4,
    TB_CHALLENGE__COUNT
};

enum tb_account_event { TB_ACCOUNT_EV_DEACTIVATE = 1, TB_ACCOUNT_EV_REVOKE, TB_ACCOUNT_EV__COUNT };
enum tb_order_event {
    TB_ORDER_EV_PROVED = 1,
    TB_ORDER_EV_FINALIZE,
    TB_ORDER_EV_REFUSED_CSR,
    TB_ORDER_EV_ISSUED,
    TB_ORDER_EV_FAILED,
    TB_ORDER_EV_EXPIRED,
    TB_ORDER_EV__COUNT
};
enum tb_authz_event {
    TB_AUTHZ_EV_PROVED = 1,
    TB_AUTHZ_EV_FAILED,
    TB_AUTHZ_EV_DEACTIVATE,
    TB_AUTHZ_EV_EXPIRE,
    TB_AUTHZ_EV_REVOKE,
    TB_AUTHZ_EV__COUNT
};
enum tb_challenge_event {
    TB_CHALLENGE_EV_RESPOND = 1,
    TB_CHALLENGE_EV_PROVED,
    TB_CHALLENGE_EV_FAILED,
    TB_CHALLENGE_EV__COUNT
};

/* ACME's words ("pending"); NULL for NONE and foreign values. */
const char *tb_account_state_name(enum tb_account_state state);
const char *tb_order_state_name(enum tb_order_state state);
const char *tb_authz_state_name(enum tb_authz_state state);
const char *tb_challenge_state_name(enum tb_challenge_state state);

/* Move: 0 and the new state, or TB_E_STATE with *state unchanged when the table has no such row. */
int tb_account_move(enum tb_account_state *state, enum tb_account_event event) TB_MUST_USE;
int tb_order_move(enum tb_order_state *state, enum tb_order_event event) TB_MUST_USE;
int tb_authz_move(enum tb_authz_state *state, enum tb_authz_event event) TB_MUST_USE;
int tb_challenge_move(enum tb_challenge_state *state, enum tb_challenge_event event) TB_MUST_USE;

#endif
