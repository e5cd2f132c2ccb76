/*
 * Front: the ACME server.  Every client is hostile, and nothing here has to be believed by anybody: what it is allowed
 * to obtain stands in statements and in JWSs that the judge verifies itself.
 */
#ifndef TB_CA_FRONT_FRONT_H
#define TB_CA_FRONT_FRONT_H

#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "ca/child.h"
#include "ca/crew.h"
#include "ca/front/allowance.h"
#include "ca/front/connection.h"
#include "ca/front/edge.h"
#include "ca/front/key_cache.h"
#include "ca/front/map.h"
#include "ca/front/nonce.h"
#include "ca/front/published.h"
#include "ca/front/request.h"
#include "ca/policy/policy.h"
#include "ca/store/store.h"
#include "lib/acme/public_id.h"
#include "lib/ipc/msg_judge.h"
#include "lib/ipc/msg_stats.h"
#include "lib/pki/weak_key.h"

#define TB_FRONT_BODY_MAX      (1u << 20) /* largest answer: a hundred names need a tenth of it */
#define TB_FRONT_HANDSHAKE_S   10
#define TB_FRONT_DRAIN_S       8
#define TB_FRONT_COLLECT_S     600
#define TB_FRONT_KEEP_S        (30 * 86400) /* certificates stay this long after notAfter */
#define TB_FRONT_ROUTES_MAX    32
#define TB_FRONT_STATUSES      20
#define TB_FRONT_HOLD_S        1          /* a challenge POST waits this long for its validation */
#define TB_FRONT_ARM_S         20         /* a challenge POST waits this long for a responder to be armed */
#define TB_FRONT_FINALIZE_S    5          /* a finalize POST waits this long for its certificate */
#define TB_FRONT_CALL_S        10         /* tokens: longer and the client is told to come back */
#define TB_FRONT_CAA_AGE_MAX_S (7 * 3600) /* the judge accepts eight hours */

struct tb_counters {
    uint64_t connections, connections_displaced, handshake_failures;
    uint64_t requests[TB_FRONT_ROUTES_MAX + 1][TB_FRONT_STATUSES]; /* last row: no route */
    uint64_t problems[TB_P__COUNT];
    uint64_t accounts, orders, issued, synced;
    uint64_t validated[TB_METHOD__COUNT], validation_failed[TB_METHOD__COUNT];
    uint64_t armed, use_refused;
};

struct tb_finalize;
TAILQ_HEAD(tb_finalize_list, tb_finalize);

struct tb_front {
    struct tb_child *child;
    const struct tb_config *cfg;
    struct event_base *base;
    struct tb_crew *crew; /* checks signatures */
    size_t helpers;       /* in it */

    SSL_CTX *ssl;
    tb_time_t https_not_after;
    struct tb_public_id *ids;                                        /* row numbers as strangers see them */
    char *issuer_pem[TB_ISSUER__COUNT];                              /* owned; NULL = not there */
    char *alternate_pem[TB_ISSUER__COUNT][TB_CONFIG_NUM_CHAINS_MAX]; /* owned */
    size_t num_alternates[TB_ISSUER__COUNT];
    struct {
        uint8_t p[TB_KEYID_MAX];
        size_t len; /* 0 = not there */
    } issuer_keyid[TB_ISSUER__COUNT];
    int statm_fd; /* memory in use, readable inside the sandbox */

    struct evconnlistener *listener, *metrics_listener, *http_listener;
    bool accepting, draining, exiting;
    struct tb_conn_list conns, idle;
    size_t num_conns, num_http_conns;
    size_t num_requests; /* alive */
    const struct timeval *tv_handshake, *tv_idle, *tv_request, *tv_second, *tv_finalize, *tv_arm;
    struct event *tick, *drain_timer;
    tb_time_t next_collect, next_stats;
    struct tb_wr head, body;          /* scratch of replies */
    uint8_t input[TB_CONN_INPUT_MAX]; /* scratch of connections */
    struct tb_wr ipc;                 /* scratch of messages */
    char date[48];
    tb_time_t date_at;

    struct tb_store *store;
    struct tb_nonces *nonces;
    struct tb_key_cache *keys;
    struct tb_policy *policy;  /* which names are certified */
    struct tb_weak_keys *weak; /* what account keys are compared with */
    struct tb_edge *edge;
    struct tb_map validations; /* in flight, by authorization */
    struct tb_map uses;        /* those of use among them, by account */
    struct tb_finalize_list finalizes;
    size_t num_finalizes;
    bool has_judge; /* said hello once */
    struct tb_msg_judge_hello judge;
    bool syncing;
    uint32_t new_accounts_left; /* in this minute */
    tb_time_t new_accounts_minute;
    struct tb_allowance *new_authz; /* pre-authorizations */

    struct tb_counters counters;
    struct tb_published published;
    struct tb_msg_stats stats_judge, stats_validator, stats_responder;
};

/* Ends the process when it drains and nothing is open any more. */
void tb_front_drain_check(struct tb_front *f);

/* May a new account or a key change take this key?  badPublicKey in pb when it is blocked or weak. */
int tb_front_account_key_check(const struct tb_front *f, const struct tb_jwk *jwk, struct tb_problem *pb) TB_MUST_USE;

/* A profile that is offered; NULL otherwise. */
const struct tb_profile *tb_front_profile(const struct tb_front *f, struct tb_span name);

void tb_count_request(struct tb_front *f, const struct tb_route *route, int http_status);
void tb_count_problem(struct tb_front *f, enum tb_problem_type type);

/* Handlers of routes, one file an object. */
void tb_directory_handle(struct tb_request *rq);
void tb_nonce_handle(struct tb_request *rq);
void tb_account_new_handle(struct tb_request *rq);
void tb_account_handle(struct tb_request *rq);
void tb_orders_handle(struct tb_request *rq);
void tb_key_change_handle(struct tb_request *rq);
void tb_order_new_handle(struct tb_request *rq);
void tb_order_handle(struct tb_request *rq);
void tb_authz_new_handle(struct tb_request *rq);
void tb_authz_handle(struct tb_request *rq);
void tb_challenge_handle(struct tb_request *rq);
void tb_finalize_handle(struct tb_request *rq);
void tb_revoke_handle(struct tb_request *rq);
void tb_certificate_handle(struct tb_request *rq);
void tb_renewal_info_handle(struct tb_request *rq);
void tb_terms_handle(struct tb_request *rq);
void tb_metrics_handle(struct tb_request *rq);

#endif
