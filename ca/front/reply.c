/* The answer: one head and body, composed in memory and written at once. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca/front/connection.h"
#include "ca/front/front.h"
#include "ca/front/nonce.h"
#include "ca/front/request.h"
#include "lib/acme/problem_json.h"
#include "lib/base/log.h"
#include "lib/http/request.h"

#define RETRY_AFTER_FAILURE_S 5

struct tb_wr *tb_reply_body(struct tb_request *rq)
{
    tb_wr_reset(&rq->front->body);
    return &rq->front->body;
}

static void put_header(struct tb_wr *wr, const char *name, const char *value)
{
    tb_wr_str(wr, name);
    tb_wr_str(wr, value);
    tb_wr_str(wr, "\r\n");
}

/* RFC 9110 section 6.6.1; computed once a second. */
static void put_date(struct tb_front *f, struct tb_wr *wr)
{
    tb_time_t now = tb_clock_now_s();

    if (now != f->date_at) {
        time_t t = (time_t)now;
        struct tm tm;

        (void)gmtime_r(&t, &tm);
        (void)strftime(f->date, sizeof(f->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        f->date_at = now;
    }
    tb_wr_str(wr, f->date);
}

static void put_link(struct tb_wr *wr, const char *base, const char *url, const char *rel)
{
    tb_wr_str(wr, "Link: <");
    tb_wr_str(wr, base);
    tb_wr_str(wr, url);
    tb_wr_str(wr, ">;rel=\"");
    tb_wr_str(wr, rel);
    tb_wr_str(wr, "\"\r\n");
}

/* The chains of a certificate besides the one that the answer shows (RFC 8555 section 7.4.2). */
static void put_alternates(const struct tb_request *rq, struct tb_wr *wr)
{
    char tail[24];

    for (size_t i = 0; i < rq->num_chains; i++) {
        if (i == rq->this_chain)
            continue;
        tail[0] = '\0';
        if (i > 0)
            (void)snprintf(tail, sizeof(tail), "/%zu", i);
        put_link(wr, rq->chain, tail, "alternate");
    }
}

/* What ACME adds (RFC 8555 sections 6.1, 6.5, 7.1). */
static void put_acme_headers(struct tb_request *rq, struct tb_wr *wr)
{
    struct tb_front *f = rq->front;
    bool is_directory = rq->route != NULL && (rq->route->methods & TB_METHOD_MASK(TB_HTTP_GET)) != 0 &&
                        rq->route->handle == tb_directory_handle;
    bool with_nonce = rq->method == TB_HTTP_POST || (rq->route != NULL && rq->route->handle == tb_nonce_handle);

    tb_wr_str(wr, "Access-Control-Allow-Origin: *\r\n"
                  "Access-Control-Expose-Headers: Link, Replay-Nonce, Location, Retry-After\r\n");
    if (rq->method == TB_HTTP_OPTIONS)
        tb_wr_str(wr, "Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
                      "Access-Control-Allow-Headers: Content-Type\r\nAccess-Control-Max-Age: 86400\r\n");
    if (!is_directory)
        put_link(wr, f->cfg->base_url, "/directory", "index");
    if (with_nonce) {
        char nonce[TB_NONCE_TEXT_MAX + 1];

        tb_nonces_make(f->nonces, nonce);
        put_header(wr, "Replay-Nonce: ", nonce);
        tb_wr_str(wr, "Cache-Control: no-store\r\n");
    }
    if (rq->location[0] != '\0')
        put_header(wr, "Location: ", rq->location);
    if (rq->up[0] != '\0')
        put_link(wr, rq->up, "", "up");
    if (rq->next[0] != '\0')
        put_link(wr, rq->next, "", "next");
    put_alternates(rq, wr);
    if (rq->terms_link)
        put_link(wr, f->cfg->terms_of_service, "", "terms-of-service");
}

static void put_head(struct tb_request *rq, struct tb_wr *wr, int status, const char *type, size_t len, bool close)
{
    char line[96];

    (void)snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", status, tb_http_reason(status));
    tb_wr_str(wr, line);
    put_date(rq->front, wr);
    if (type != NULL)
        put_header(wr, "Content-Type: ", type);
    if (status != 204 && status != 304) {
        (void)snprintf(line, sizeof(line), "Content-Length: %zu\r\n", len);
        tb_wr_str(wr, line);
    }
    if (rq->conn->kind == TB_CONN_ACME)
        put_acme_headers(rq, wr);
    tb_wr_str(wr, rq->validators);
    if (rq->retry_after_s > 0) {
        (void)snprintf(line, sizeof(line), "Retry-After: %u\r\n", rq->retry_after_s);
        tb_wr_str(wr, line);
    }
    if (rq->allow != 0) {
        tb_route_allow(line, sizeof(line), rq->allow);
        put_header(wr, "Allow: ", line);
    }
    if (close)
        tb_wr_str(wr, "Connection: close\r\n");
    tb_wr_str(wr, "\r\n");
}

static void finish(struct tb_request *rq)
{
    struct tb_front *f = rq->front;

    tb_jws_clear(&rq->jws);
    tb_problem_clear(&rq->problem);
    tb_jwk_free(rq->key);
    free(rq->kept);
    free(rq->held);
    free(rq);
    f->num_requests--;
    if (f->draining)
        tb_front_drain_check(f);
}

static void on_settled(int err, void *arg)
{
    struct tb_request *rq = arg;
    struct tb_conn *conn = rq->conn;
    struct tb_span answer = tb_span_of(rq->held, err < 0 ? 0 : rq->held_len);
    bool close = rq->held_close || err < 0;
    bool linger = rq->linger;
    uint8_t *held = rq->held;

    rq->held = NULL;
    finish(rq);
    if (conn != NULL)
        tb_conn_send(conn, answer, close, linger);
    free(held);
}

/*
 * What a response acknowledges is on disk before the response leaves, also when another request wrote it a moment ago.
 * True: the answer leaves when it is.
 */
static bool hold_reply(struct tb_request *rq, struct tb_span answer, bool close)
{
    struct tb_store_tx *tx = NULL;

    if (rq->front->store == NULL || !tb_store_read_unsettled(rq->front->store) || answer.len == 0)
        return false;
    rq->held = malloc(answer.len);
    if (rq->held == NULL || tb_store_tx_new(rq->front->store, &tx) < 0)
        return false;
    memcpy(rq->held, answer.p, answer.len);
    rq->held_len = answer.len;
    rq->held_close = close;
    return tb_store_tx_commit(tx, on_settled, rq) == 0;
}

static void send_reply(struct tb_request *rq, int status, const char *type, struct tb_span body)
{
    struct tb_conn *conn = rq->conn;
    struct tb_wr *head = &rq->front->head;
    bool close = !rq->keep_alive || rq->linger || rq->front->draining;
    bool linger = rq->linger;

    tb_count_request(rq->front, rq->route, status);
    if (conn == NULL) {
        finish(rq);
        return;
    }
    tb_wr_reset(head);
    put_head(rq, head, status, type, body.len, close);
    if (rq->method != TB_HTTP_HEAD)
        tb_wr_bytes(head, body.p, body.len);
    if (tb_wr_err(head) < 0)
        close = true; /* without memory: nothing is sent, the connection ends */
    if (hold_reply(rq, tb_wr_span(head), close))
        return;
    finish(rq);
    tb_conn_send(conn, tb_wr_span(head), close, linger);
}

void tb_reply(struct tb_request *rq, int http_status, const char *content_type)
{
    struct tb_wr *body = &rq->front->body;

    if (tb_wr_err(body) < 0) {
        tb_reply_failure(rq, tb_wr_err(body));
        return;
    }
    send_reply(rq, http_status, content_type, tb_wr_span(body));
}

void tb_reply_nobody(struct tb_request *rq)
{
    finish(rq);
}

/* What it says is on no disk of ours: nothing is waited for. */
void tb_reply_document(struct tb_request *rq, const struct tb_document *d)
{
    struct tb_conn *conn = rq->conn;
    struct tb_wr *answer = &rq->front->published.answer;
    bool close = !rq->keep_alive || rq->front->draining;

    tb_count_request(rq->front, rq->route, 200);
    tb_wr_reset(answer);
    put_head(rq, answer, 200, d->type, d->len, close);
    if (rq->method != TB_HTTP_HEAD)
        tb_wr_bytes(answer, d->der, d->len);
    finish(rq);
    tb_conn_send(conn, tb_wr_span(answer), close || tb_wr_err(answer) < 0, false);
}

void tb_reply_json(struct tb_request *rq, int http_status)
{
    tb_reply(rq, http_status, "application/json");
}

void tb_reply_empty(struct tb_request *rq, int http_status)
{
    send_reply(rq, http_status, NULL, (struct tb_span){0});
}

void tb_reply_problem(struct tb_request *rq)
{
    struct tb_wr *body = tb_reply_body(rq);
    int status = tb_problem_http_status(&rq->problem);
    struct tb_jw jw;

    tb_count_problem(rq->front, rq->problem.type);
    jw = tb_jw_of(body);
    tb_problem_json_instance(&jw, &rq->problem, rq->instance[0] != '\0' ? rq->instance : NULL);
    if (tb_wr_err(body) < 0)
        tb_wr_reset(body);
    if (status == 429 && rq->retry_after_s == 0)
        rq->retry_after_s = RETRY_AFTER_FAILURE_S;
    send_reply(rq, status, "application/problem+json", tb_wr_span(body));
}

void tb_reply_refuse(struct tb_request *rq, enum tb_problem_type type, const char *fmt, ...)
{
    char detail[TB_PROBLEM_DETAIL_MAX + 1];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    (void)tb_problem_set(&rq->problem, 0, type, "%s", detail);
    tb_reply_problem(rq);
}

void tb_reply_not_found(struct tb_request *rq)
{
    rq->problem.http_status = 404;
    tb_reply_refuse(rq, TB_P_MALFORMED, "there is nothing of yours at this URL");
}

void tb_reply_failure(struct tb_request *rq, int err)
{
    bool wait = err == TB_E_AGAIN || err == TB_E_TIMEOUT || err == TB_E_CLOSED || err == TB_E_LIMIT;

    tb_log(TB_LOG_WARN, "request-failed", TB_F("route", rq->route != NULL ? rq->route->name : "none"),
           TB_F("why", tb_err_text(err)));
    tb_problem_clear(&rq->problem);
    rq->location[0] = '\0';
    rq->problem.http_status = wait ? 503 : 500;
    if (wait)
        rq->retry_after_s = RETRY_AFTER_FAILURE_S;
    tb_reply_refuse(rq, TB_P_SERVER_INTERNAL, "the server could not complete the request");
}
