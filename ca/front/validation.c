#include "ca/front/validation.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/use.h"
#include "lib/acme/tls_client.h"
#include "lib/acme/url.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_validate.h"

#define RESUME_MAX 4096 /* validations taken up again at start */
/* The validator ends each validation by its own clock; ours only catches one that was lost. */
#define GRACE_S    60

struct validation {
    struct tb_map_node node;       /* first: by authorization */
    struct tb_map_node of_account; /* only of use */
    struct tb_front *front;
    struct tb_request *rq; /* waits for the outcome; NULL = nobody or answered */
    struct event *timer;
    uint64_t authz_id;
    enum tb_method method;
    unsigned num_refusals; /* of use: met so far */
};

/* A request that waits for a write; what it answers is read afterwards. */
struct waiting {
    struct tb_request *rq; /* NULL: nobody waits */
    uint64_t authz_id;
    enum tb_method method;
};

bool tb_validation_in_flight(const struct tb_front *f, uint64_t authz_id)
{
    return tb_map_find(&f->validations, authz_id) != NULL;
}

enum tb_role tb_validation_role(enum tb_method method)
{
    return tb_methods_of_kind(TB_METHOD_BIT(method), TB_PROOF_USE) ? TB_ROLE_RESPONDER : TB_ROLE_VALIDATOR;
}

static bool is_of_use(const struct validation *v)
{
    return tb_validation_role(v->method) == TB_ROLE_RESPONDER;
}

static void validation_free(struct validation *v)
{
    tb_map_remove(&v->front->validations, &v->node);
    if (is_of_use(v))
        tb_map_remove(&v->front->uses, &v->of_account);
    if (v->timer != NULL)
        event_free(v->timer);
    free(v);
}

static struct tb_challenge *challenge_of(struct tb_authz *a, enum tb_method method)
{
    for (size_t i = 0; i < a->num_challenges; i++)
        if (a->challenge[i].method == method)
            return &a->challenge[i];
    return NULL;
}

static void log_not_stored(int err)
{
    tb_log(TB_LOG_ERROR, "authorization-not-stored", TB_F("why", tb_err_text(err)));
}

static void on_stored(int err, void *arg)
{
    struct waiting w = *(struct waiting *)arg;

    free(arg);
    if (err < 0)
        log_not_stored(err);
    if (w.rq == NULL)
        return;
    if (err < 0)
        tb_reply_failure(w.rq, err);
    else
        tb_challenge_reply(w.rq, w.authz_id, w.method);
}

/* Write a; rq (or NULL) is answered when it is on disk. */
static void store_authz(struct tb_front *f, struct tb_authz *a, enum tb_method method, struct tb_request *rq)
{
    struct waiting *w = calloc(1, sizeof(*w));
    struct tb_store_tx *tx = NULL;
    int r = TB_E_NOMEM;

    if (w == NULL)
        goto fail;
    *w = (struct waiting){.rq = rq, .authz_id = a->id, .method = method};
    if ((r = tb_store_tx_new(f->store, &tx)) < 0)
        goto fail;
    if ((r = tb_store_tx_authz_update(tx, a)) < 0) {
        tb_store_tx_free(tx);
        goto fail;
    }
    if ((r = tb_store_tx_commit(tx, on_stored, w)) < 0)
        goto fail;
    return;
fail:
    free(w);
    log_not_stored(r);
    if (rq != NULL)
        tb_reply_failure(rq, r);
}

static int take_statements(struct tb_authz *a, const struct tb_msg_statements *m)
{
    for (size_t i = 0; i < m->num && i < TB_AUTHZ_STATEMENTS_MAX; i++) {
        a->statement[i].p = malloc(m->blob[i].len);
        if (a->statement[i].p == NULL)
            return TB_E_NOMEM;
        memcpy(a->statement[i].p, m->blob[i].p, m->blob[i].len);
        a->statement[i].len = m->blob[i].len;
        a->num_statements = i + 1;
    }
    return 0;
}

/* The one move of a challenge: to valid or invalid, and its authorization with it. */
static int apply(struct tb_front *f, struct tb_authz *a, enum tb_method method, struct tb_msg_statements *m)
{
    struct tb_challenge *c = challenge_of(a, method);
    tb_time_t now = tb_clock_now_s();
    int r;

    if (c == NULL || a->state != TB_AUTHZ_PENDING)
        return TB_E_STATE;
    /* An outcome within the hold skips the store of "processing", not the state. */
    if (c->state == TB_CHALLENGE_PENDING && tb_challenge_move(&c->state, TB_CHALLENGE_EV_RESPOND) < 0)
        return TB_E_STATE;
    if (m->problem.type != TB_P_NONE || m->num == 0) {
        (void)tb_problem_set(&m->problem, 0, TB_P_SERVER_INTERNAL, "the validation could not be completed");
        f->counters.validation_failed[method]++;
        tb_problem_clear(&a->problem);
        a->problem = m->problem;
        m->problem = (struct tb_problem){0};
        r = tb_challenge_move(&c->state, TB_CHALLENGE_EV_FAILED);
        return r < 0 ? r : tb_authz_move(&a->state, TB_AUTHZ_EV_FAILED);
    }
    if ((r = tb_challenge_move(&c->state, TB_CHALLENGE_EV_PROVED)) < 0 ||
        (r = tb_authz_move(&a->state, TB_AUTHZ_EV_PROVED)) < 0)
        return r;
    f->counters.validated[method]++;
    c->validated_at = now;
    a->expires_at = now + (tb_time_t)(a->kind == TB_PROOF_USE ? tb_use_valid_s(f->cfg) : f->cfg->limits.authz_valid_s);
    a->caa_at = a->kind == TB_PROOF_USE ? 0 : now;
    tb_problem_clear(&a->problem); /* refusals on the way */
    return take_statements(a, m);
}

static void log_outcome(const struct tb_authz *a, const struct validation *v)
{
    char name[TB_IDENT_VALUE_MAX + 3];

    tb_ident_text(name, &a->ident);
    tb_log(a->state == TB_AUTHZ_VALID ? TB_LOG_INFO : TB_LOG_NOTICE,
           a->state == TB_AUTHZ_VALID ? "validated" : "validation-failed", TB_F("name", name),
           TB_F("method", tb_method_info(v->method)->name), TB_N("account", a->account_id),
           TB_F("problem", a->state == TB_AUTHZ_VALID ? "" : tb_problem_type_name(a->problem.type)),
           TB_F("detail", a->problem.detail));
}

static int on_validated(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct validation *v = arg;
    struct tb_request *rq = v->rq;
    struct tb_msg_statements m = {0};
    struct tb_authz a = {0};
    int bad = 0;
    int r;

    if (err == TB_E_CLOSED) { /* we end; the store has it as processing or pending */
        validation_free(v);
        if (rq != NULL)
            tb_reply_failure(rq, err);
        return 0;
    }
    if (err == 0)
        err = bad = tb_msg_statements_read(body, &m);
    if ((r = tb_store_authz_get(f->store, v->authz_id, &a)) == 0 && (r = apply(f, &a, v->method, &m)) == 0) {
        log_outcome(&a, v);
        store_authz(f, &a, v->method, rq);
    } else if (rq != NULL && r == TB_E_STATE) {
        tb_challenge_reply(rq, v->authz_id, v->method); /* deactivated meanwhile */
    } else if (rq != NULL) {
        tb_reply_failure(rq, r);
    }
    tb_authz_clear(&a);
    tb_msg_statements_clear(&m);
    validation_free(v);
    return bad;
}

/* --- the window of a proof of use ------------------------------------------------------------------------------ */

/* Durable before the client hears of it, so that a restart opens the window again. */
static void note_armed(struct validation *v, struct tb_authz *a, struct tb_challenge *c)
{
    struct tb_request *rq = v->rq;

    v->rq = NULL;
    (void)event_del(v->timer);
    v->front->counters.armed++;
    tb_log(TB_LOG_INFO, "use-armed", TB_F("name", a->ident.value), TB_N("account", a->account_id));
    if (tb_challenge_move(&c->state, TB_CHALLENGE_EV_RESPOND) == 0)
        store_authz(v->front, a, v->method, rq);
    else if (rq != NULL)
        tb_challenge_reply(rq, v->authz_id, v->method); /* armed once more, after a restart */
}

/* Recorded, so that a client that polls learns it; takes pb's content. */
static void note_refusal(struct validation *v, struct tb_authz *a, const struct tb_challenge *c, struct tb_problem *pb)
{
    v->front->counters.use_refused++;
    tb_log(TB_LOG_NOTICE, "use-refused", TB_F("name", a->ident.value), TB_N("account", a->account_id),
           TB_F("detail", pb->detail));
    if (c->state != TB_CHALLENGE_PROCESSING || v->num_refusals++ >= TB_VALIDATION_REFUSALS_MAX)
        return;
    tb_problem_clear(&a->problem);
    a->problem = *pb;
    *pb = (struct tb_problem){0};
    store_authz(v->front, a, v->method, NULL);
}

static int on_note(struct tb_front *f, struct tb_span body, void *arg)
{
    struct validation *v = arg;
    struct tb_msg_validate_note m;
    struct tb_challenge *c = NULL;
    struct tb_authz a = {0};
    int r = tb_msg_validate_note_read(body, &m);

    if (r < 0)
        return r;
    /* One that was given up meanwhile hears its end from the answer. */
    if (tb_store_authz_get(f->store, v->authz_id, &a) == 0 && a.state == TB_AUTHZ_PENDING &&
        (c = challenge_of(&a, v->method)) != NULL) {
        if (m.problem.type == TB_P_NONE)
            note_armed(v, &a, c);
        else
            note_refusal(v, &a, c, &m.problem);
    }
    tb_authz_clear(&a);
    tb_problem_clear(&m.problem);
    return 0;
}

/* --- start ----------------------------------------------------------------------------------------------------- */

/* Held long enough: the state becomes durable before the client hears of it, so that a restart takes it up again. */
static void on_hold_over(evutil_socket_t fd, short what, void *arg)
{
    struct validation *v = arg;
    struct tb_request *rq = v->rq;
    struct tb_challenge *c = NULL;
    struct tb_authz a = {0};
    int r;

    (void)fd;
    (void)what;
    v->rq = NULL;
    if (rq == NULL)
        return;
    if (is_of_use(v)) { /* not armed: to say processing would send the client to a closed door */
        tb_reply_failure(rq, TB_E_TIMEOUT);
        return;
    }
    if ((r = tb_store_authz_get(v->front->store, v->authz_id, &a)) < 0) {
        tb_reply_failure(rq, r);
        return;
    }
    c = challenge_of(&a, v->method);
    if (a.state == TB_AUTHZ_PENDING && c != NULL && tb_challenge_move(&c->state, TB_CHALLENGE_EV_RESPOND) == 0)
        store_authz(v->front, &a, v->method, rq);
    else
        tb_challenge_reply(rq, v->authz_id, v->method);
    tb_authz_clear(&a);
}

static int send_validate(struct validation *v, const struct tb_authz *a, const char *token,
                         const struct tb_account *account)
{
    struct tb_front *f = v->front;
    struct tb_msg_validate_req m = {
        .spec = {.method = v->method, .ident = a->ident, .purposes = a->purposes, .subtree = a->subtree}};
    struct tb_edge_call call = {.peer = tb_validation_role(v->method),
                                .req = TB_MSG_VALIDATE_REQ,
                                .rsp = TB_MSG_VALIDATE_RSP,
                                .timeout_s = f->cfg->limits.validation_timeout_s * 2 + GRACE_S,
                                .done = on_validated,
                                .arg = v};
    int r;

    if (is_of_use(v)) {
        call.note = on_note;
        call.timeout_s += TB_TLS_CLIENT_WINDOW_S;
    }
    tb_account_url(m.account_url, f->cfg->base_url, account->first_thumbprint);
    memcpy(m.thumbprint, account->thumbprint, TB_DIGEST_LEN);
    memcpy(m.token, token, sizeof(m.token));
    tb_wr_reset(&f->ipc);
    tb_msg_validate_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    return tb_edge_call(f->edge, &call);
}

static int check_room(const struct tb_front *f, const struct tb_authz *a, enum tb_method method)
{
    size_t num = 0;

    if (tb_validation_in_flight(f, a->id))
        return TB_E_EXISTS;
    if (f->validations.num >= f->cfg->limits.validations_max)
        return TB_E_LIMIT;
    if (tb_validation_role(method) != TB_ROLE_RESPONDER)
        return 0;
    if (!tb_use_is_served(f))
        return TB_E_UNSUPPORTED;
    /* A window stays open for as long as its client likes, up to its end. */
    for (const struct tb_map_node *n = tb_map_find(&f->uses, a->account_id); n != NULL; n = tb_map_next(n))
        num++;
    return f->uses.num >= TB_VALIDATION_USES_MAX || num >= TB_VALIDATION_USES_ACCOUNT_MAX ? TB_E_LIMIT : 0;
}

int tb_validation_start(struct tb_front *f, const struct tb_authz *a, enum tb_method method,
                        const struct tb_account *account, struct tb_request *rq)
{
    const char *token = NULL;
    struct validation *v = NULL;
    int r;

    if ((r = check_room(f, a, method)) < 0)
        return r;
    for (size_t i = 0; i < a->num_challenges; i++)
        if (a->challenge[i].method == method)
            token = a->challenge[i].token;
    if (token == NULL)
        return TB_E_NOTFOUND;
    v = calloc(1, sizeof(*v));
    if (v == NULL)
        return TB_E_NOMEM;
    *v = (struct validation){.front = f, .rq = rq, .authz_id = a->id, .method = method};
    tb_map_insert(&f->validations, a->id, &v->node);
    if (is_of_use(v))
        tb_map_insert(&f->uses, a->account_id, &v->of_account);
    v->timer = evtimer_new(f->base, on_hold_over, v);
    r = v->timer == NULL ? TB_E_NOMEM : send_validate(v, a, token, account);
    if (r < 0) {
        validation_free(v);
        return r;
    }
    if (rq != NULL)
        (void)event_add(v->timer, is_of_use(v) ? f->tv_arm : f->tv_second);
    return 0;
}

/* --- after a restart ------------------------------------------------------------------------------------------- */

static void give_up(struct tb_front *f, struct tb_authz *a, enum tb_method method)
{
    struct tb_msg_statements m = {0};

    (void)tb_problem_set(&m.problem, 0, TB_P_SERVER_INTERNAL,
                         "the proof was interrupted by a restart, and this CA has no responder any more");
    if (apply(f, a, method, &m) == 0)
        store_authz(f, a, method, NULL);
    tb_msg_statements_clear(&m);
}

static void resume_one(struct tb_front *f, uint64_t id)
{
    struct tb_account account;
    struct tb_authz a;
    int r = tb_store_authz_get(f->store, id, &a);

    if (r < 0)
        return;
    r = TB_E_STATE;
    for (size_t i = 0; i < a.num_challenges && a.state == TB_AUTHZ_PENDING; i++)
        if (a.challenge[i].state == TB_CHALLENGE_PROCESSING) {
            r = tb_store_account_get(f->store, a.account_id, &account);
            if (r == 0)
                r = tb_validation_start(f, &a, a.challenge[i].method, &account, NULL);
            if (r == TB_E_UNSUPPORTED)
                give_up(f, &a, a.challenge[i].method);
            break;
        }
    if (r < 0 && r != TB_E_STATE)
        tb_log(TB_LOG_WARN, "validation-not-resumed", TB_F("why", tb_err_text(r)));
    tb_authz_clear(&a);
}

void tb_validation_resume(struct tb_front *f)
{
    uint64_t *ids = calloc(RESUME_MAX, sizeof(*ids));
    size_t num = 0;

    if (ids == NULL || tb_store_authz_list_processing(f->store, RESUME_MAX, ids, &num) < 0) {
        tb_log(TB_LOG_WARN, "validations-not-resumed");
        free(ids);
        return;
    }
    for (size_t i = 0; i < num; i++)
        resume_one(f, ids[i]);
    if (num > 0)
        tb_log(TB_LOG_NOTICE, "validations-resumed", TB_N("num", num));
    free(ids);
}
