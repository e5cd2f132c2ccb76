#include "lib/ipc/message.h"

#include <string.h>

#include "lib/ipc/msg_account.h"
#include "lib/ipc/msg_crl.h"
#include "lib/ipc/msg_judge.h"
#include "lib/ipc/msg_parent.h"
#include "lib/ipc/msg_revoke.h"
#include "lib/ipc/msg_sign.h"
#include "lib/ipc/msg_stats.h"
#include "lib/ipc/msg_validate.h"

#define R(name) (UINT32_C(1) << TB_ROLE_##name)

#define R_PARENT   R(PARENT)
#define R_FRONT    R(FRONT)
#define R_MAKERS   (R(VALIDATOR) | R(RESPONDER)) /* perspectives: they make tokens and statements */
#define R_JUDGE    R(JUDGE)
#define R_HOLDER   R(KEYHOLDER)
#define R_CHILDREN (R_FRONT | R_MAKERS | R_JUDGE | R_HOLDER)

/* Largest encodings of parts that several messages share. */
#define IDENT_MAX     (1 + 1 + 2 + TB_IDENT_VALUE_MAX)
#define DETAIL_MAX    (2 + TB_PROBLEM_DETAIL_MAX)
#define PROBLEM_MAX   (1 + 2 + DETAIL_MAX + 2 + TB_PROBLEM_SUB_MAX * (1 + 1 + IDENT_MAX + DETAIL_MAX))
#define SPEC_MAX      (1 + 4 + IDENT_MAX + 1)
#define URL_MAX       (2 + TB_ACCOUNT_URL_MAX)
#define BLOB_MAX      (2 + TB_STATEMENT_MAX)
#define ISSUED_MAX    (8 + 8 + 8 + 1 + 4 + TB_CERT_MAX)
#define REVOKED_MAX   (2 + TB_MSG_REVOKED_MAX * (8 + 1 + TB_SERIAL_LEN + 8 + 1))
#define OR_PROBLEM(n) (PROBLEM_MAX + (n))

static const struct tb_msg_info infos[TB_MSG__COUNT] = {
    [TB_MSG_CONFIG] = {.name = "config",
                       .from = R_PARENT,
                       .to = R_CHILDREN,
                       .max = 4 + 1 + 2 + TB_CONFIG_PATH_LEN_MAX + 4 + TB_CONFIG_TEXT_MAX},
    [TB_MSG_FD] = {.name = "fd", .from = R_PARENT, .to = R_CHILDREN, .max = 1, .fd = true},
    [TB_MSG_PEER] = {.name = "peer", .from = R_PARENT, .to = R_CHILDREN, .max = 1, .fd = true},
    [TB_MSG_START] = {.name = "start", .from = R_PARENT, .to = R_CHILDREN, .max = 0},
    [TB_MSG_DRAIN] = {.name = "drain", .from = R_PARENT, .to = R_CHILDREN, .max = 0},
    [TB_MSG_CONTROL_REQ] = {.name = "control-req", .from = R_PARENT, .to = R_CHILDREN, .max = TB_CONTROL_REQ_MAX},
    [TB_MSG_READY] = {.name = "ready", .from = R_CHILDREN, .to = R_PARENT, .max = 4},
    [TB_MSG_CONTROL_RSP] = {.name = "control-rsp", .from = R_CHILDREN, .to = R_PARENT, .max = TB_CONTROL_RSP_MAX},
    [TB_MSG_TOKEN_REQ] = {.name = "token-req",
                          .from = R_FRONT,
                          .to = R_MAKERS,
                          .max = URL_MAX + TB_DIGEST_LEN + 8 + 2 + TB_MSG_TOKENS_MAX * SPEC_MAX},
    [TB_MSG_TOKEN_RSP] = {.name = "token-rsp",
                          .from = R_MAKERS,
                          .to = R_FRONT,
                          .max = OR_PROBLEM(2 + TB_MSG_TOKENS_MAX * TB_TOKEN_LEN)},
    [TB_MSG_VALIDATE_REQ] = {.name = "validate-req",
                             .from = R_FRONT,
                             .to = R_MAKERS,
                             .max = SPEC_MAX + URL_MAX + TB_DIGEST_LEN + TB_TOKEN_LEN},
    [TB_MSG_VALIDATE_RSP] = {.name = "validate-rsp",
                             .from = R_MAKERS,
                             .to = R_FRONT,
                             .max = OR_PROBLEM(2 + TB_MSG_STATEMENTS_MAX * BLOB_MAX)},
    [TB_MSG_CAA_REQ] = {.name = "caa-req", .from = R_FRONT, .to = R(VALIDATOR), .max = IDENT_MAX},
    [TB_MSG_CAA_RSP] = {.name = "caa-rsp",
                        .from = R(VALIDATOR),
                        .to = R_FRONT,
                        .max = OR_PROBLEM(2 + TB_MSG_STATEMENTS_MAX * BLOB_MAX)},
    [TB_MSG_JUDGE_HELLO] = {.name = "judge-hello", .from = R_JUDGE, .to = R_FRONT, .max = 4 + 4 + 4 + 8},
    [TB_MSG_FINALIZE_REQ] = {.name = "finalize-req",
                             .from = R_FRONT,
                             .to = R_JUDGE,
                             .max = 4 + TB_JWS_BODY_MAX + 2 + TB_JWK_JSON_MAX + 2 + TB_ACCOUNT_STATEMENT_MAX + 8 + 8 +
                                    2 + TB_MSG_FINALIZE_STATEMENTS_MAX * BLOB_MAX},
    [TB_MSG_FINALIZE_RSP] = {.name = "finalize-rsp", .from = R_JUDGE, .to = R_FRONT, .max = OR_PROBLEM(ISSUED_MAX)},
    [TB_MSG_SYNC_REQ] = {.name = "sync-req", .from = R_FRONT, .to = R_JUDGE, .max = 8},
    [TB_MSG_SYNC_RSP] = {.name = "sync-rsp",
                         .from = R_JUDGE,
                         .to = R_FRONT,
                         .max = 2 + TB_MSG_SYNC_RECORDS_MAX * ISSUED_MAX},
    [TB_MSG_SIGN_REQ] = {.name = "sign-req", .from = R_JUDGE, .to = R_HOLDER, .max = 1 + 4 + TB_TBS_MAX},
    [TB_MSG_SIGN_RSP] = {.name = "sign-rsp", .from = R_HOLDER, .to = R_JUDGE, .max = OR_PROBLEM(2 + TB_SIG_MAX)},
    /* The front has no edge to the keyholder: the judge asks on its behalf. */
    [TB_MSG_STATS_REQ] = {.name = "stats-req",
                          .from = R_FRONT | R_JUDGE,
                          .to = R_MAKERS | R_JUDGE | R_HOLDER,
                          .max = 0},
    [TB_MSG_STATS_RSP] = {.name = "stats-rsp",
                          .from = R_MAKERS | R_JUDGE | R_HOLDER,
                          .to = R_FRONT | R_JUDGE,
                          .max = 2 + TB_STATS_MAX * (2 + TB_STAT_NAME_MAX + 8)},
    [TB_MSG_ACCOUNT_REQ] = {.name = "account-req",
                            .from = R_FRONT,
                            .to = R_JUDGE,
                            .max = 4 + TB_JWS_BODY_MAX + 2 + TB_JWK_JSON_MAX},
    [TB_MSG_ACCOUNT_RSP] = {.name = "account-rsp",
                            .from = R_JUDGE,
                            .to = R_FRONT,
                            .max = OR_PROBLEM(2 + TB_ACCOUNT_STATEMENT_MAX)},
    [TB_MSG_CRL_SIGN_REQ] = {.name = "crl-sign-req", .from = R_JUDGE, .to = R_HOLDER, .max = 1 + 4 + TB_CRL_TBS_MAX},
    [TB_MSG_CRL_SIGN_RSP] = {.name = "crl-sign-rsp",
                             .from = R_HOLDER,
                             .to = R_JUDGE,
                             .max = OR_PROBLEM(2 + TB_SIG_MAX)},
    [TB_MSG_CRL] = {.name = "crl", .from = R_JUDGE, .to = R_FRONT, .max = 1 + 1 + 8 + 8 + 4 + TB_CRL_MAX},
    [TB_MSG_REVOKE_REQ] = {.name = "revoke-req",
                           .from = R_FRONT,
                           .to = R_JUDGE,
                           .max = 4 + TB_JWS_BODY_MAX + 2 + TB_JWK_JSON_MAX + 2 + TB_ACCOUNT_STATEMENT_MAX + 8 + 2 +
                                  TB_MSG_FINALIZE_STATEMENTS_MAX * BLOB_MAX},
    [TB_MSG_REVOKE_RSP] = {.name = "revoke-rsp", .from = R_JUDGE, .to = R_FRONT, .max = OR_PROBLEM(0)},
    [TB_MSG_REVOKED] = {.name = "revoked", .from = R_JUDGE, .to = R_FRONT, .max = REVOKED_MAX},
    [TB_MSG_REVOKED_REQ] = {.name = "revoked-req", .from = R_FRONT, .to = R_JUDGE, .max = 8},
    [TB_MSG_REVOKED_RSP] = {.name = "revoked-rsp", .from = R_JUDGE, .to = R_FRONT, .max = REVOKED_MAX},
    [TB_MSG_VALIDATE_NOTE] = {.name = "validate-note", .from = R(RESPONDER), .to = R_FRONT, .max = PROBLEM_MAX},
};

static const char *const role_names[TB_ROLE__COUNT] = {
    [TB_ROLE_NONE] = "none",           [TB_ROLE_PARENT] = "parent",       [TB_ROLE_FRONT] = "front",
    [TB_ROLE_VALIDATOR] = "validator", [TB_ROLE_RESPONDER] = "responder", [TB_ROLE_JUDGE] = "judge",
    [TB_ROLE_KEYHOLDER] = "keyholder",
};

const char *tb_role_name(enum tb_role role)
{
    if ((unsigned int)role >= TB_ROLE__COUNT)
        return "unknown";
    return role_names[role];
}

enum tb_role tb_role_find(const char *name)
{
    for (enum tb_role role = TB_ROLE_PARENT; role < TB_ROLE__COUNT; role++)
        if (strcmp(name, role_names[role]) == 0)
            return role;
    return TB_ROLE_NONE;
}

const struct tb_msg_info *tb_msg_info(enum tb_msg_type type)
{
    if ((unsigned int)type >= TB_MSG__COUNT || infos[type].name == NULL)
        return NULL;
    return &infos[type];
}

bool tb_msg_allowed(enum tb_msg_type type, enum tb_role from, enum tb_role to)
{
    const struct tb_msg_info *info = tb_msg_info(type);

    if (info == NULL || (unsigned int)from >= TB_ROLE__COUNT || (unsigned int)to >= TB_ROLE__COUNT || from == to)
        return false;
    return (info->from >> from & 1) != 0 && (info->to >> to & 1) != 0;
}
