/*
 * Request: one HTTP request from its arrival to its answer.  It may outlive its connection: handlers that wait for the
 * store, the validator or the judge keep the request and reply later; when the client has gone the reply is dropped.
 */
#ifndef TB_CA_FRONT_REQUEST_H
#define TB_CA_FRONT_REQUEST_H

#include "ca/crew.h"
#include "ca/front/router.h"
#include "ca/store/object.h"
#include "lib/base/problem.h"
#include "lib/jose/jws.h"
#include "lib/json/json.h"

#define TB_URL_MAX (TB_BASE_URL_MAX + 128) /* every URL of ours */

struct tb_conn;
struct tb_front;

struct tb_request {
    struct tb_front *front;
    struct tb_conn *conn; /* NULL: the client has gone */
    const struct tb_route *route;
    struct tb_route_params params;
    enum tb_http_method method;
    bool keep_alive;
    bool linger;         /* the client may still be sending */
    struct tb_span body; /* during the handler's first turn only */
    /* When the request arrives only. */
    struct tb_span content_type;
    struct tb_span if_none_match, if_modified_since; /* and in handlers of routes without authentication */

    struct tb_jws jws;         /* of authenticated requests */
    struct tb_account account; /* with kid: the caller, as stored a moment ago */
    struct tb_jwk *key;        /* a reference to who must have signed; NULL when the judge is to find out */
    struct tb_job check;       /* of the signature */
    int checked;               /* its result */
    uint8_t *kept;             /* body, while the signature is checked; owned */

    /* Of the answer. */
    struct tb_problem problem;
    unsigned retry_after_s;
    unsigned allow; /* set of methods for Allow */
    char location[TB_FINALIZE_URL_MAX + 1];
    char up[TB_FINALIZE_URL_MAX + 1];
    char next[TB_URL_MAX + 1];
    char chain[TB_URL_MAX + 1]; /* of a certificate with its default chain */
    size_t num_chains, this_chain;
    bool terms_link;
    char validators[192];          /* header lines for caches; only over plain HTTP */
    char instance[TB_URL_MAX + 1]; /* of the problem: a page for people */

    uint8_t *held; /* the answer, while what it tells is not on disk yet; owned */
    size_t held_len;
    bool held_close;

    size_t target_len;
    char target[]; /* as sent, NUL-terminated */
};

/*
 * Route, authenticate, handle.  The spans of http are borrowed during the call.  A signature is checked by the front's
 * crew and the handler called behind it, before the turn of the loop ends or soon after.
 */
void tb_request_start(struct tb_front *f, struct tb_conn *conn, const struct tb_http_request *http);
/* The answer to bytes that are no request; the connection closes after it. why is a constant. */
void tb_request_refuse(struct tb_front *f, struct tb_conn *conn, int http_status, const char *why);
/* The connection has gone. */
void tb_request_orphan(struct tb_request *rq);

/*
 * Authentication (request_auth.c), in two halves: before and after the signature is checked with rq->key.  Reason in
 * rq->problem.
 */
int tb_request_auth_begin(struct tb_request *rq) TB_MUST_USE;
int tb_request_auth_end(struct tb_request *rq) TB_MUST_USE;
/*
 * The signature of a request whose route leaves it to the judge: where the front is to tell what only the account may
 * know.  Reason in rq->problem.
 */
int tb_request_verify(struct tb_request *rq) TB_MUST_USE;
/* True for POST-as-GET: a payload of no octets (RFC 8555 section 6.3). */
bool tb_request_reads(const struct tb_request *rq);
/* The payload as an object; the caller calls json_decref. Reason in rq->problem. */
int tb_request_json(struct tb_request *rq, json_t **out) TB_MUST_USE;

/*
 * Replies.  Each of the functions below ends the request: rq is freed.  The body is written before, into the writer
 * that tb_reply_body hands out (one at a time, empty).
 */
struct tb_wr *tb_reply_body(struct tb_request *rq);
void tb_reply(struct tb_request *rq, int http_status, const char *content_type);
void tb_reply_json(struct tb_request *rq, int http_status);
void tb_reply_empty(struct tb_request *rq, int http_status);
/* Nobody waits, and nothing was begun. */
void tb_reply_nobody(struct tb_request *rq);
/* 200 with a published document. */
struct tb_document;
void tb_reply_document(struct tb_request *rq, const struct tb_document *d);
/* rq->problem, which must be set. */
void tb_reply_problem(struct tb_request *rq);
void tb_reply_refuse(struct tb_request *rq, enum tb_problem_type type, const char *fmt, ...) TB_PRINTF(3, 4);
/* 404 with type malformed, the same text for what is absent and what is another's. */
void tb_reply_not_found(struct tb_request *rq);
/* Our own failure: logged with err, told without reason; 503 and Retry-After when waiting may help. */
void tb_reply_failure(struct tb_request *rq, int err);

#endif
