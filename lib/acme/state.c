#include "lib/acme/state.h"

/* Cells that are not named are 0: no such move. */

static const uint8_t account_moves[TB_ACCOUNT__COUNT][TB_ACCOUNT_EV__COUNT] = {
    [TB_ACCOUNT_VALID] =
        {[TB_ACCOUNT_EV_DEACTIVATE] = TB_ACCOUNT_DEACTIVATED, [TB_ACCOUNT_EV_REVOKE] = TB_ACCOUNT_REVOKED},
};

static const uint8_t order_moves[TB_ORDER__COUNT][TB_ORDER_EV__COUNT] = {
    [TB_ORDER_PENDING] = {[TB_ORDER_EV_PROVED] = TB_ORDER_READY,
                          [TB_ORDER_EV_FAILED] = TB_ORDER_INVALID,
                          [TB_ORDER_EV_EXPIRED] = TB_ORDER_INVALID},
    [TB_ORDER_READY] = {[TB_ORDER_EV_FINALIZE] = TB_ORDER_PROCESSING,
                        [TB_ORDER_EV_FAILED] = TB_ORDER_INVALID,
                        [TB_ORDER_EV_EXPIRED] = TB_ORDER_INVALID},
    /* A refused CSR leaves the order as it was, so that the client can try again (RFC 8555 section 7.4). */
    [TB_ORDER_PROCESSING] = {[TB_ORDER_EV_REFUSED_CSR] = TB_ORDER_READY,
                             [TB_ORDER_EV_ISSUED] = TB_ORDER_VALID,
                             [TB_ORDER_EV_FAILED] = TB_ORDER_INVALID},
};

static const uint8_t authz_moves[TB_AUTHZ__COUNT][TB_AUTHZ_EV__COUNT] = {
    [TB_AUTHZ_PENDING] = {[TB_AUTHZ_EV_PROVED] = TB_AUTHZ_VALID,
                          [TB_AUTHZ_EV_FAILED] = TB_AUTHZ_INVALID,
                          [TB_AUTHZ_EV_DEACTIVATE] = TB_AUTHZ_DEACTIVATED,
                          [TB_AUTHZ_EV_EXPIRE] = TB_AUTHZ_INVALID},
    [TB_AUTHZ_VALID] = {[TB_AUTHZ_EV_DEACTIVATE] = TB_AUTHZ_DEACTIVATED,
                        [TB_AUTHZ_EV_EXPIRE] = TB_AUTHZ_EXPIRED,
                        [TB_AUTHZ_EV_REVOKE] = TB_AUTHZ_REVOKED},
};

static const uint8_t challenge_moves[TB_CHALLENGE__COUNT][TB_CHALLENGE_EV__COUNT] = {
    [TB_CHALLENGE_PENDING] = {[TB_CHALLENGE_EV_RESPOND] = TB_CHALLENGE_PROCESSING},
    [TB_CHALLENGE_PROCESSING] =
        {[TB_CHALLENGE_EV_PROVED] = TB_CHALLENGE_VALID, [TB_CHALLENGE_EV_FAILED] = TB_CHALLENGE_INVALID},
};

static const char *const account_names[TB_ACCOUNT__COUNT] = {
    [TB_ACCOUNT_VALID] = "valid",
    [TB_ACCOUNT_DEACTIVATED] = "deactivated",
    [TB_ACCOUNT_REVOKED] = "revoked",
};

static const char *const order_names[TB_ORDER__COUNT] = {
    [TB_ORDER_PENDING] = "pending", [TB_ORDER_READY] = "ready",     [TB_ORDER_PROCESSING] = "processing",
    [TB_ORDER_VALID] = "valid",     [TB_ORDER_INVALID] = "invalid",
};

static const char *const authz_names[TB_AUTHZ__COUNT] = {
    [TB_AUTHZ_PENDING] = "pending",         [TB_AUTHZ_VALID] = "valid",     [TB_AUTHZ_INVALID] = "invalid",
    [TB_AUTHZ_DEACTIVATED] = "deactivated", [TB_AUTHZ_EXPIRED] = "expired", [TB_AUTHZ_REVOKED] = "revoked",
};

static const char *const challenge_names[TB_CHALLENGE__COUNT] = {
    [TB_CHALLENGE_PENDING] = "pending",
    [TB_CHALLENGE_PROCESSING] = "processing",
    [TB_CHALLENGE_VALID] = "valid",
    [TB_CHALLENGE_INVALID] = "invalid",
};

const char *tb_account_state_name(enum tb_account_state state)
{
    return (unsigned)state < TB_ACCOUNT__COUNT ? account_names[state] : NULL;
}

const char *tb_order_state_name(enum tb_order_state state)
{
    return (unsigned)state < TB_ORDER__COUNT ? order_names[state] : NULL;
}

const char *tb_authz_state_name(enum tb_authz_state state)
{
    return (unsigned)state < TB_AUTHZ__COUNT ? authz_names[state] : NULL;
}

const char *tb_challenge_state_name(enum tb_challenge_state state)
{
    return (unsigned)state < TB_CHALLENGE__COUNT ? challenge_names[state] : NULL;
}

int tb_account_move(enum tb_account_state *state, enum tb_account_event event)
{
    if ((unsigned)*state >= TB_ACCOUNT__COUNT || (unsigned)event >= TB_ACCOUNT_EV__COUNT ||
        account_moves[*state][event] == 0)
        return TB_E_STATE;
    *state = (enum tb_account_state)account_moves[*state][event];
    return 0;
}

int tb_order_move(enum tb_order_state *state, enum tb_order_event event)
{
    if ((unsigned)*state >= TB_ORDER__COUNT || (unsigned)event >= TB_ORDER_EV__COUNT || order_moves[*state][event] == 0)
        return TB_E_STATE;
    *state = (enum tb_order_state)order_moves[*state][event];
    return 0;
}

int tb_authz_move(enum tb_authz_state *state, enum tb_authz_event event)
{
    if ((unsigned)*state >= TB_AUTHZ__COUNT || (unsigned)event >= TB_AUTHZ_EV__COUNT || authz_moves[*state][event] == 0)
        return TB_E_STATE;
    *state = (enum tb_authz_state)authz_moves[*state][event];
    return 0;
}

int tb_challenge_move(enum tb_challenge_state *state, enum tb_challenge_event event)
{
    if ((unsigned)*state >= TB_CHALLENGE__COUNT || (unsigned)event >= TB_CHALLENGE_EV__COUNT ||
        challenge_moves[*state][event] == 0)
        return TB_E_STATE;
    *state = (enum tb_challenge_state)challenge_moves[*state][event];
    return 0;
}
