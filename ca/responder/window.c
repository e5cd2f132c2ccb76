#include "ca/responder/window.h"

#include <stdlib.h>
#include <string.h>

#include "ca/responder/responder.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"

static size_t bucket_of(const char *tag)
{
    uint32_t h = 0;

    /* A digest of ours over a MACed text: nobody can aim at a bucket. */
    for (size_t i = 0; i < 4; i++)
        h = h * 32 + (uint32_t)(tag[i] >= 'a' ? tag[i] - 'a' : tag[i] - '2' + 26);
    return h % TB_WINDOW_BUCKETS;
}

static struct tb_window *find(const struct tb_responder *rp, const char *tag)
{
    struct tb_window *w = rp->windows.bucket[bucket_of(tag)];

    while (w != NULL && strcmp(w->tag, tag) != 0)
        w = w->bucket_next;
    return w;
}

struct tb_window *tb_window_find(const struct tb_responder *rp, const char *tag)
{
    struct tb_window *w = find(rp, tag);

    return w != NULL && w->armed ? w : NULL;
}

static void window_release(struct tb_window *w)
{
    struct tb_responder *rp = w->rp;
    struct tb_window **at = &rp->windows.bucket[bucket_of(w->tag)];

    (void)event_del(&w->timer);
    if (w->armed)
        tb_lanes_forget(&rp->lanes, w->sources.item, w->sources.num);
    tb_sources_cancel(&w->sources);
    while (*at != NULL && *at != w)
        at = &(*at)->bucket_next;
    if (*at == w)
        *at = w->bucket_next;
    *w->prev = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    rp->windows.num--;
    tb_problem_clear(&w->last);
    tb_free_secret(w, sizeof(*w));
    if (rp->draining && rp->windows.num == 0)
        tb_child_exit(rp->child);
}

static void outcome_log(const struct tb_window *w, const struct tb_problem *pb)
{
    bool ok = pb->type == TB_P_NONE;

    tb_log(ok ? TB_LOG_INFO : TB_LOG_NOTICE, "use-proof", TB_F("name", w->req.spec.ident.value),
           TB_F("result", ok ? "valid" : tb_problem_type_name(pb->type)), TB_F("detail", pb->detail),
           TB_N("ms", tb_clock_mono_ms() - w->started_ms));
}

static void end_with(struct tb_window *w, const struct tb_problem *pb)
{
    outcome_log(w, pb);
    tb_responder_send_problem(w->rp, w->msg_id, pb);
    window_release(w);
}

static void window_over(struct tb_window *w)
{
    struct tb_problem pb = {.type = TB_P_NONE};

    w->rp->stat[TB_RSTAT_UNPROVED]++;
    if (w->last.type == TB_P_NONE)
        (void)tb_problem_set(&pb, TB_E_TIMEOUT, TB_P_CONNECTION,
                             "nobody connected to %s for %s within %d seconds after the responder was armed",
                             w->rp->child->cfg->responder_address, w->req.spec.ident.value, TB_TLS_CLIENT_WINDOW_S);
    end_with(w, w->last.type != TB_P_NONE ? &w->last : &pb);
    tb_problem_clear(&pb);
}

static void timed_out(evutil_socket_t fd, short what, void *arg)
{
    struct tb_problem pb = {.type = TB_P_NONE};
    struct tb_window *w = arg;

    (void)fd;
    (void)what;
    if (w->armed) {
        window_over(w);
        return;
    }
    w->rp->stat[TB_RSTAT_DNS_ERROR]++;
    (void)tb_problem_set(&pb, TB_E_TIMEOUT, TB_P_DNS, "the addresses of %s were not found within %u seconds",
                         w->req.spec.ident.value, (unsigned)w->rp->child->cfg->limits.validation_timeout_s);
    end_with(w, &pb);
    tb_problem_clear(&pb);
}

static void timer_set(struct tb_window *w, time_t seconds)
{
    const struct timeval tv = {.tv_sec = seconds};
    /* All have one of two lengths: a common time-out is a list, not a heap. */
    const struct timeval *common = event_base_init_common_timeout(w->rp->child->base, &tv);

    (void)event_del(&w->timer);
    (void)evtimer_add(&w->timer, common != NULL ? common : &tv);
}

static void arm(void *arg)
{
    static const struct tb_problem none = {.type = TB_P_NONE};
    struct tb_window *w = arg;

    if (!w->sources.known) {
        w->rp->stat[TB_RSTAT_DNS_ERROR]++;
        end_with(w, &w->sources.problem);
        return;
    }
    if (tb_lanes_expect(&w->rp->lanes, w->sources.item, w->sources.num) < 0) {
        (void)tb_problem_set(&w->sources.problem, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
        end_with(w, &w->sources.problem);
        return;
    }
    w->armed = true;
    w->rp->stat[TB_RSTAT_ARMED]++;
    timer_set(w, TB_TLS_CLIENT_WINDOW_S);
    tb_responder_send_note(w->rp, w->msg_id, &none);
}

void tb_window_refuse(struct tb_window *w, struct tb_problem *pb)
{
    tb_log(TB_LOG_NOTICE, "use-refused", TB_F("name", w->req.spec.ident.value),
           TB_F("result", tb_problem_type_name(pb->type)), TB_F("detail", pb->detail));
    tb_responder_send_note(w->rp, w->msg_id, pb);
    tb_problem_clear(&w->last);
    w->last = *pb;
    *pb = (struct tb_problem){.type = TB_P_NONE};
}

void tb_window_proved(struct tb_window *w)
{
    w->rp->stat[TB_RSTAT_PROVED]++;
    outcome_log(w, &(struct tb_problem){.type = TB_P_NONE});
    window_release(w);
}

void tb_windows_abandon(struct tb_responder *rp)
{
    while (rp->windows.all != NULL)
        window_release(rp->windows.all);
}

static size_t num_of_account(const struct tb_responder *rp, const char *account_url)
{
    size_t n = 0;

    for (const struct tb_window *w = rp->windows.all; w != NULL; w = w->next)
        n += strcmp(w->req.account_url, account_url) == 0;
    return n;
}

static int admit(const struct tb_responder *rp, const struct tb_msg_validate_req *req, struct tb_problem *pb)
{
    if (rp->draining) {
        pb->http_status = 503;
        return tb_problem_set(pb, TB_E_STATE, TB_P_SERVER_INTERNAL, "the responder is going down");
    }
    if (rp->windows.num >= TB_WINDOWS_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_RATE_LIMITED, "too many proofs of use are under way");
    if (num_of_account(rp, req->account_url) >= TB_WINDOWS_OF_ACCOUNT_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_RATE_LIMITED,
                              "%d proofs of use of this account are under way, more must wait",
                              TB_WINDOWS_OF_ACCOUNT_MAX);
    return 0;
}

/* Everything that needs no network; the tag is filled when the token is ours. */
static int request_check(struct tb_responder *rp, const struct tb_msg_validate_req *req,
                         char tag[static TB_TLS_CLIENT_TAG_LEN + 1], struct tb_problem *pb)
{
    const struct tb_token_maker tokens = tb_responder_tokens(rp);
    int r;

    if ((r = tokens.check(rp->child, &req->spec, pb)) < 0 || (r = tb_token_maker_recognise(&tokens, req, pb)) < 0)
        return r;
    tb_tls_client_tag(tag, tb_span_str(req->token));
    if (find(rp, tag) != NULL)
        return tb_problem_set(pb, TB_E_EXISTS, TB_P_MALFORMED, "the proof for this challenge is already under way");
    return admit(rp, req, pb);
}

static struct tb_window *window_new(struct tb_responder *rp, uint32_t msg_id, const struct tb_msg_validate_req *req,
                                    const char *tag)
{
    char key_authorization[TB_KEY_AUTHORIZATION_LEN + 1];
    struct tb_window *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->rp = rp;
    w->msg_id = msg_id;
    w->req = *req;
    w->started_ms = tb_clock_mono_ms();
    memcpy(w->tag, tag, sizeof(w->tag));
    tb_sha256(w->token_digest, tb_span_str(req->token));
    tb_key_authorization(key_authorization, req->token, req->thumbprint);
    tb_tls_client_digest(w->digest, tb_span_str(key_authorization));
    tb_wipe(key_authorization, sizeof(key_authorization));
    (void)evtimer_assign(&w->timer, rp->child->base, timed_out, w);
    w->bucket_next = rp->windows.bucket[bucket_of(tag)];
    rp->windows.bucket[bucket_of(tag)] = w;
    w->next = rp->windows.all;
    w->prev = &rp->windows.all;
    if (w->next != NULL)
        w->next->prev = &w->next;
    rp->windows.all = w;
    rp->windows.num++;
    return w;
}

static void deny(struct tb_responder *rp, uint32_t id, const struct tb_ident *ident, struct tb_problem *pb)
{
    rp->stat[TB_RSTAT_DENIED]++;
    tb_log(TB_LOG_NOTICE, "use-proof-denied", TB_F("name", ident->value),
           TB_F("result", tb_problem_type_name(pb->type)), TB_F("detail", pb->detail));
    tb_responder_send_problem(rp, id, pb);
    tb_problem_clear(pb);
}

int tb_responder_on_validate(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_responder *rp = child->state;
    struct tb_problem pb = {.type = TB_P_NONE};
    char tag[TB_TLS_CLIENT_TAG_LEN + 1] = "";
    struct tb_msg_validate_req req;
    struct tb_window *w = NULL;
    int r;

    (void)ch;
    if ((r = tb_msg_validate_req_read(m->body, &req)) < 0)
        return r;
    rp->stat[TB_RSTAT_REQUESTS]++;
    r = request_check(rp, &req, tag, &pb);
    if (r == 0 && (w = window_new(rp, m->id, &req, tag)) == NULL)
        (void)tb_problem_set(&pb, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    tb_wipe(req.token, sizeof(req.token));
    if (w == NULL) {
        deny(rp, m->id, &req.spec.ident, &pb);
        return 0;
    }
    timer_set(w, child->cfg->limits.validation_timeout_s);
    if (tb_sources_find(&w->sources, rp->resolver, child->cfg, &w->req.spec.ident, arm, w) < 0)
        arm(w);
    return 0;
}
