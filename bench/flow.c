#include "bench/flow.h"

#include <stdio.h>
#include <string.h>

#include "bench/steps.h"
#include "lib/base/hash.h"
#include "lib/jose/sign.h"
#include "lib/json/json.h"

static void ask(struct tb_load_flow *f);

static void end(struct tb_load_flow *f, const char *why)
{
    f->challenge->token[0] = '\0';
    if (f->opt->connections == TB_LOAD_NEW || why != NULL)
        tb_load_conn_close(f->conn);
    f->done(f, why);
}

static void fail(struct tb_load_flow *f, const char *why)
{
    /* The step belongs to the reason: "finalize: badCSR". */
    char text[TB_LOAD_REASON_MAX + 1];

    snprintf(text, sizeof(text), "%s:%s", tb_load_step_name(f->step), why);
    end(f, text);
}

/* The last word of the problem's type (RFC 8555 section 6.7), or the status. */
static void read_problem(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    json_t *doc = NULL;
    struct tb_span type;
    const uint8_t *colon;

    snprintf(f->why, sizeof(f->why), "http-%d", rs->status);
    if (tb_json_parse(rs->body, TB_LOAD_BODY_MAX, &doc) == 0 && tb_json_str(doc, "type", TB_LOAD_URL_MAX, &type) == 0 &&
        type.len > 0) {
        colon = memrchr(type.p, ':', type.len);
        colon = colon != NULL ? colon + 1 : type.p;
        snprintf(f->why, sizeof(f->why), "%.*s", (int)(type.len - (size_t)(colon - type.p)), colon);
    }
    json_decref(doc);
}

static void keep_nonce(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    if (rs->nonce.len == 0 || rs->nonce.len >= sizeof(f->nonce))
        return;
    memcpy(f->nonce, rs->nonce.p, rs->nonce.len);
    f->nonce[rs->nonce.len] = '\0';
}

static void later(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    long ms = rs->retry_after_s < 0 ? (long)f->opt->poll_ms : rs->retry_after_s * 1000;
    struct timeval tv;

    if (++f->polls > TB_LOAD_POLLS_MAX) {
        fail(f, "polled-too-often");
        return;
    }
    f->stats->polls++;
    if (ms > (long)f->opt->retry_after_ms)
        ms = (long)f->opt->retry_after_ms;
    if (ms < (long)f->opt->poll_ms)
        ms = (long)f->opt->poll_ms;
    tv = (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    if (event_add(f->timer, &tv) < 0)
        fail(f, "event");
}

static void go(struct tb_load_flow *f, enum tb_load_step next, const struct tb_load_response *rs)
{
    /* A nonce was fetched for a request whose pause and retries are counted already. */
    bool again = f->step == TB_LOAD_NONCE;
    bool pause = !again && tb_load_step_is_poll(next);

    if (!again)
        f->nonce_retries = 0;
    if (next == TB_LOAD_DONE) {
        end(f, NULL);
        return;
    }
    f->step = next;
    if (pause)
        later(f, rs);
    else
        ask(f);
}

/* A refusal; a stale nonce is the server's right and only costs a request (RFC 8555 section 6.5). */
static void refused(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    read_problem(f, rs);
    if (strcmp(f->why, "badNonce") == 0 && f->nonce_retries < TB_LOAD_NONCE_RETRIES_MAX) {
        f->nonce_retries++;
        f->stats->nonce_retries++;
        ask(f);
        return;
    }
    fail(f, f->why);
}

static void on_answer(void *arg, const struct tb_load_response *rs, const char *why)
{
    struct tb_load_flow *f = arg;
    const struct tb_load_step_row *row = tb_load_step_row(f->step);
    int next;

    if (rs == NULL) {
        fail(f, why);
        return;
    }
    tb_load_hist_add(&f->stats->request, tb_load_now_us() - f->asked_us);
    tb_load_hist_add(&f->stats->kind[f->step], tb_load_now_us() - f->asked_us);
    keep_nonce(f, rs);
    if (rs->status != row->status && rs->status != row->status_too) {
        refused(f, rs);
        return;
    }
    snprintf(f->why, sizeof(f->why), "malformed-answer");
    next = row->take(f, rs);
    if (next < 0)
        fail(f, f->why);
    else
        go(f, (enum tb_load_step)next, rs);
}

static int post(struct tb_load_flow *f, const struct tb_load_step_row *row, const char *url, const char *target)
{
    const struct tb_jws_fields with_jwk = {.url = url, .nonce = f->nonce};
    struct tb_span payload;
    int r;

    tb_wr_reset(&f->payload);
    tb_wr_reset(&f->body);
    if (row->payload != NULL && (r = row->payload(f, &f->payload)) < 0)
        return r;
    if ((r = tb_wr_err(&f->payload)) < 0)
        return r;
    payload = tb_wr_span(&f->payload);
    r = row->with_jwk ? tb_jws_sign(&f->body, f->key, &with_jwk, payload)
                      : tb_load_jws_make(&f->jws, f->nonce, url, payload, &f->body);
    if (r < 0)
        return r;
    f->nonce[0] = '\0'; /* spent, whatever becomes of the request */
    f->asked_us = tb_load_now_us();
    return tb_load_conn_send(f->conn, "POST", target, "application/jose+json", tb_wr_span(&f->body));
}

static void ask(struct tb_load_flow *f)
{
    const struct tb_load_step_row *row = tb_load_step_row(f->step);
    const char *url, *target;
    int r;

    if (row->method == NULL && f->nonce[0] == '\0') {
        f->resume = f->step;
        f->step = TB_LOAD_NONCE;
        row = tb_load_step_row(f->step);
    }
    url = f->step == TB_LOAD_DIRECTORY ? f->opt->directory : (const char *)f + row->url;
    target = tb_load_dialer_target(f->dialer, url);
    if (target == NULL) {
        fail(f, "url-of-another-server");
        return;
    }
    f->stats->requests++;
    if (row->method == NULL) {
        r = post(f, row, url, target);
    } else {
        f->asked_us = tb_load_now_us();
        r = tb_load_conn_send(f->conn, row->method, target, NULL, tb_span_of(NULL, 0));
    }
    if (r < 0)
        fail(f, tb_err_text(r));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    ask(arg);
}

int tb_load_flow_init(struct tb_load_flow *f)
{
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_wr jwk;
    int r;

    tb_wr_init(&f->payload, TB_JWS_BODY_MAX);
    tb_wr_init(&f->body, 2 * TB_JWS_BODY_MAX);
    tb_wr_init(&jwk, TB_JWK_JSON_MAX);
    f->timer = event_new(f->dialer->base, -1, 0, on_timer, f);
    if (f->timer == NULL)
        return TB_E_NOMEM;
    if ((r = tb_load_conn_new(f->dialer, on_answer, f, &f->conn)) < 0 || (r = tb_load_key_make(&f->key)) < 0 ||
        (r = tb_load_jws_init(&f->jws, f->key)) < 0)
        return r;
    r = tb_jwk_of_pkey(f->key, &jwk, digest);
    tb_wr_clear(&jwk);
    if (r < 0)
        return r;
    tb_b64u_encode(f->thumbprint, tb_span_of(digest, sizeof(digest)));
    f->challenge->thumbprint = f->thumbprint;
    f->num_names = f->opt->start;
    f->check = true;
    return 0;
}

void tb_load_flow_clear(struct tb_load_flow *f)
{
    tb_load_conn_free(f->conn);
    if (f->timer != NULL)
        event_free(f->timer);
    EVP_PKEY_free(f->key);
    tb_wr_clear(&f->payload);
    tb_wr_clear(&f->body);
    tb_load_jws_clear(&f->jws);
    memset(f, 0, sizeof(*f));
}

void tb_load_flow_prepare(struct tb_load_flow *f)
{
    f->step = TB_LOAD_DIRECTORY;
    ask(f);
}

void tb_load_flow_issue(struct tb_load_flow *f)
{
    snprintf(f->name, sizeof(f->name), "c%u-%u.%s", f->id, f->num_names++, f->opt->domain);
    f->cert_key = tb_load_pool_next(f->pool);
    f->polls = 0;
    f->nonce_retries = 0;
    f->step = TB_LOAD_ORDER;
    f->started_us = tb_load_now_us();
    ask(f);
}
