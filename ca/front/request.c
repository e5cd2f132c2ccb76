#include "ca/front/request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/connection.h"
#include "ca/front/front.h"
#include "ca/front/routes.h"
#include "lib/base/log.h"

static struct tb_request *new_request(struct tb_front *f, struct tb_conn *conn, struct tb_span target)
{
    struct tb_request *rq = calloc(1, sizeof(*rq) + target.len + 1);

    if (rq == NULL)
        return NULL;
    rq->front = f;
    rq->conn = conn;
    if (target.len > 0)
        memcpy(rq->target, target.p, target.len);
    rq->target_len = target.len;
    conn->rq = rq;
    f->num_requests++;
    return rq;
}

void tb_request_orphan(struct tb_request *rq)
{
    rq->conn->rq = NULL;
    rq->conn = NULL;
}

void tb_request_refuse(struct tb_front *f, struct tb_conn *conn, int http_status, const char *why)
{
    struct tb_request *rq = new_request(f, conn, (struct tb_span){0});

    if (rq == NULL) {
        tb_conn_send(conn, (struct tb_span){0}, true, false); /* closes it */
        return;
    }
    rq->linger = true;
    rq->problem.http_status = http_status;
    (void)tb_problem_set(&rq->problem, 0, TB_P_MALFORMED, "%s", why);
    tb_reply_problem(rq);
}

/* Which methods a caller may name: OPTIONS is for browsers and served everywhere (Fetch standard, CORS preflight). */
static void refuse_method(struct tb_request *rq)
{
    rq->allow = rq->route->methods | TB_METHOD_MASK(TB_HTTP_OPTIONS);
    if (rq->method == TB_HTTP_OPTIONS) {
        tb_reply_empty(rq, 204);
        return;
    }
    /* RFC 8555 section 6.3: an unauthenticated GET is 405 with type malformed. */
    rq->problem.http_status = 405;
    tb_reply_refuse(rq, TB_P_MALFORMED, "this method is not allowed here");
}

static const struct tb_route *find_route(const struct tb_front *f, struct tb_request *rq)
{
    struct tb_span path = tb_route_path(tb_span_of(rq->target, rq->target_len));
    size_t num = 0;
    const struct tb_route *table = tb_routes(rq->conn->kind, &num);

    (void)f;
    return tb_route_find(table, num, path, &rq->params);
}

static bool needs_signature(const struct tb_request *rq)
{
    return rq->route->auth != TB_AUTH_NONE && (rq->route->auth != TB_AUTH_READ || rq->method == TB_HTTP_POST);
}

/* The scheme of a target in absolute-form is the connection's, or it is meant for another (RFC 9110 section 7.4). */
static bool is_misdirected(const struct tb_conn *conn, enum tb_http_scheme scheme)
{
    return scheme != TB_HTTP_SCHEME_NONE && (scheme == TB_HTTP_SCHEME_HTTPS) != (conn->kind == TB_CONN_ACME);
}

static void handle(struct tb_request *rq)
{
    (void)tb_store_read_unsettled(rq->front->store); /* what others read is not this request's */
    rq->route->handle(rq);
}

static void authenticated(struct tb_request *rq)
{
    if (tb_request_auth_end(rq) < 0)
        tb_reply_problem(rq);
    else
        handle(rq);
}

static struct tb_request *of_job(struct tb_job *job)
{
    return (struct tb_request *)((char *)job - offsetof(struct tb_request, check));
}

/* On any thread. */
static void check_signature(struct tb_job *job)
{
    struct tb_request *rq = of_job(job);

    rq->checked = tb_jws_verify(&rq->jws, rq->key);
}

static void on_checked(struct tb_job *job)
{
    struct tb_request *rq = of_job(job);

    if (rq->conn == NULL)
        tb_reply_nobody(rq);
    else
        authenticated(rq);
}

static void authenticate(struct tb_request *rq)
{
    if (tb_request_auth_begin(rq) < 0) {
        tb_reply_problem(rq);
        return;
    }
    if (rq->key == NULL) {
        authenticated(rq);
        return;
    }
    rq->kept = malloc(rq->body.len);
    if (rq->kept == NULL) {
        tb_reply_failure(rq, TB_E_NOMEM);
        return;
    }
    memcpy(rq->kept, rq->body.p, rq->body.len);
    rq->body.p = rq->kept;
    rq->check = (struct tb_job){.work = check_signature, .done = on_checked};
    tb_crew_put(rq->front->crew, &rq->check);
}

void tb_request_start(struct tb_front *f, struct tb_conn *conn, const struct tb_http_request *http)
{
    struct tb_request *rq = new_request(f, conn, http->target);

    if (rq == NULL) {
        tb_conn_send(conn, (struct tb_span){0}, true, false); /* closes it */
        return;
    }
    rq->method = http->method;
    rq->keep_alive = http->keep_alive;
    rq->content_type = http->content_type;
    rq->if_none_match = http->if_none_match;
    rq->if_modified_since = http->if_modified_since;
    rq->body = http->body;
    rq->route = find_route(f, rq);
    if (is_misdirected(conn, http->scheme)) {
        rq->problem.http_status = 421;
        tb_reply_refuse(rq, TB_P_MALFORMED, "the scheme of the URL is not that of the connection");
    } else if (rq->route == NULL)
        tb_reply_not_found(rq);
    else if ((rq->route->methods & TB_METHOD_MASK(rq->method)) == 0)
        refuse_method(rq);
    else if (needs_signature(rq))
        authenticate(rq);
    else
        handle(rq);
}

bool tb_request_reads(const struct tb_request *rq)
{
    return rq->jws.payload.len == 0;
}

int tb_request_json(struct tb_request *rq, json_t **out)
{
    int r = tb_json_parse(rq->jws.payload, TB_JWS_BODY_MAX, out);

    if (r < 0)
        return tb_problem_set(&rq->problem, r, TB_P_MALFORMED, "the payload is not an acceptable JSON object: %s",
                              tb_err_text(r));
    return 0;
}
