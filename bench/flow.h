/* One ACME client (RFC 8555): an account, then order after order. */
#ifndef TB_BENCH_FLOW_H
#define TB_BENCH_FLOW_H

#include "bench/answerer.h"
#include "bench/conn.h"
#include "bench/jws.h"
#include "bench/keys.h"
#include "bench/options.h"
#include "lib/base/b64u.h"

#define TB_LOAD_POLLS_MAX         200 /* of one issuance */
#define TB_LOAD_NONCE_RETRIES_MAX 5   /* of one request */

/* In the order of an issuance. */
enum tb_load_step {
    TB_LOAD_DIRECTORY,
    TB_LOAD_NONCE,
    TB_LOAD_ACCOUNT,
    TB_LOAD_ORDER,
    TB_LOAD_AUTHZ,
    TB_LOAD_CHALLENGE,
    TB_LOAD_AUTHZ_POLL,
    TB_LOAD_FINALIZE,
    TB_LOAD_ORDER_POLL,
    TB_LOAD_CERTIFICATE,
    TB_LOAD_STEP__COUNT,
    TB_LOAD_DONE = TB_LOAD_STEP__COUNT
};
const char *tb_load_step_name(enum tb_load_step step);

struct tb_load_flow;
/* The account stands, or an issuance has ended; why is NULL on success. Start the next one from here or later. */
typedef void tb_load_flow_done_fn(struct tb_load_flow *f, const char *why);

struct tb_load_flow {
    /* given */
    struct tb_load_dialer *dialer;
    struct tb_load_stats *stats;
    struct tb_load_pool *pool;
    const struct tb_load_options *opt;
    struct tb_load_challenge *challenge;
    tb_load_flow_done_fn *done;
    void *arg;
    unsigned id;

    struct tb_load_conn *conn;
    struct event *timer;
    EVP_PKEY *key;
    char thumbprint[TB_B64U_DIGEST_LEN + 1];
    char new_nonce[TB_LOAD_URL_MAX + 1], new_account[TB_LOAD_URL_MAX + 1], new_order[TB_LOAD_URL_MAX + 1];
    char kid[TB_LOAD_URL_MAX + 1];
    char nonce[128]; /* empty: none at hand */

    /* the issuance */
    enum tb_load_step step;
    enum tb_load_step resume; /* after a nonce was fetched */
    char order[TB_LOAD_URL_MAX + 1], finalize[TB_LOAD_URL_MAX + 1], authz[TB_LOAD_URL_MAX + 1];
    char challenge_url[TB_LOAD_URL_MAX + 1], certificate[TB_LOAD_URL_MAX + 1];
    char name[TB_LOAD_TEXT_MAX + 64];
    const struct tb_load_key *cert_key;
    unsigned num_names;
    unsigned nonce_retries;
    unsigned polls;
    bool check; /* read the certificate that comes: once for each client, it costs as much as six signatures */
    uint64_t started_us;
    uint64_t asked_us;
    char why[TB_LOAD_REASON_MAX + 1];
    struct tb_wr payload, body;
    struct tb_load_jws jws;
};

/* The given fields are set, all others zero. */
int tb_load_flow_init(struct tb_load_flow *f) TB_MUST_USE;
void tb_load_flow_clear(struct tb_load_flow *f);
/* Directory, nonce, account. */
void tb_load_flow_prepare(struct tb_load_flow *f);
/* One certificate for a name that was never asked for. */
void tb_load_flow_issue(struct tb_load_flow *f);

#endif
