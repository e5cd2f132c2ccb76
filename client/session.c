#include "client/session.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/problem.h"

#define WAIT_FIRST_MS 50
#define WAIT_STEPS    5 /* 50 ms doubled five times, then 2 s */
#define WAIT_LONG_MS  2000
#define WAIT_MAX_S    60

int tb_acme_open(struct tb_acme *a, const struct tb_acme_options *opt, const struct tb_say *say, struct tb_fail *fail)
{
    int r;

    *a = (struct tb_acme){.say = say, .fail = fail};
    if ((r = tb_keyproc_start(&opt->key, &a->key, fail)) < 0 || (r = tb_https_new(&opt->https, &a->https, fail)) < 0)
        return r;
    return tb_acme_directory_get(a->https, opt->server, &a->dir, fail);
}

void tb_acme_close(struct tb_acme *a)
{
    tb_https_free(a->https);
    tb_keyproc_free(a->key);
    *a = (struct tb_acme){0};
}

static int take_nonce(struct tb_acme *a)
{
    struct tb_https_answer answer;
    int r = 0;

    if (a->nonce[0] != '\0')
        return 0;
    r = tb_https_head(a->https, a->dir.new_nonce, &answer, a->fail);
    strcpy(a->nonce, answer.nonce);
    tb_https_answer_clear(&answer);
    if (r == 0 && a->nonce[0] == '\0')
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s gives no nonce", a->dir.new_nonce);
    return r;
}

/* One request with one nonce, which is spent whatever happens. */
static int post_once(struct tb_acme *a, struct tb_keyproc *key, const char *kid, const char *url,
                     struct tb_span payload, struct tb_https_answer *out)
{
    struct tb_jws_fields fields = {.url = url, .nonce = a->nonce, .kid = kid};
    struct tb_span body;
    struct tb_wr jws;
    int r;

    tb_wr_init(&jws, TB_KEYPROC_MSG_MAX);
    if ((r = take_nonce(a)) == 0 && (r = tb_keyproc_sign(key, &fields, payload, &jws, a->fail)) == 0) {
        body = tb_wr_span(&jws);
        r = tb_https_request(a->https, url, "application/json, application/pem-certificate-chain", &body, out, a->fail);
        strcpy(a->nonce, out->nonce);
    }
    tb_wr_clear(&jws);
    return r;
}

int tb_acme_post_by(struct tb_acme *a, struct tb_keyproc *key, const char *kid, const char *url, struct tb_span payload,
                    struct tb_https_answer *out)
{
    char type[TB_FAIL_TYPE_MAX + 1];
    int r;

    *out = (struct tb_https_answer){.retry_after_s = -1};
    for (unsigned i = 0; i < TB_ACME_NONCE_TRIES; i++) {
        tb_https_answer_clear(out);
        if ((r = post_once(a, key, kid, url, payload, out)) < 0)
            return r;
        if (out->status >= 200 && out->status < 300)
            return 0;
        tb_acme_problem_type(out, type);
        if (strcmp(type, "badNonce") != 0)
            break;
    }
    return tb_acme_problem(out, url, a->fail);
}

int tb_acme_post(struct tb_acme *a, const char *url, struct tb_span payload, struct tb_https_answer *out)
{
    return tb_acme_post_by(a, a->key, a->account[0] != '\0' ? a->account : NULL, url, payload, out);
}

int tb_acme_post_json(struct tb_acme *a, const char *url, struct tb_span payload, struct tb_https_answer *out,
                      json_t **out_obj)
{
    struct tb_https_answer mine;
    struct tb_https_answer *answer = out != NULL ? out : &mine;
    int r = tb_acme_post(a, url, payload, answer);

    *out_obj = NULL;
    if (r == 0 && (r = tb_json_parse(tb_wr_span(&answer->body), TB_HTTPS_BODY_MAX, out_obj)) < 0)
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, r, "%s answers with something that is no JSON object within limits",
                        url);
    if (out == NULL)
        tb_https_answer_clear(answer);
    return r;
}

void tb_acme_wait(unsigned n, int64_t retry_after_s)
{
    int64_t ms = n >= WAIT_STEPS ? WAIT_LONG_MS : (int64_t)WAIT_FIRST_MS << n;
    struct timespec ts;

    if (retry_after_s > 0)
        ms = (retry_after_s < WAIT_MAX_S ? retry_after_s : WAIT_MAX_S) * 1000;
    ts = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}
