/* A validation from request to answer: what is checked before anything is looked at, and both halves in parallel. */
#include <stdlib.h>
#include <string.h>

#include "ca/validator/validator.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"

static struct tb_validation **bucket_of(struct tb_validator *v, const uint8_t digest[TB_DIGEST_LEN])
{
    /* A digest of ours over a MACed text: nobody can aim at a bucket. */
    return &v->bucket[(digest[0] | (size_t)digest[1] << 8) % TB_VALIDATION_BUCKETS];
}

static bool in_flight(struct tb_validator *v, const uint8_t digest[TB_DIGEST_LEN])
{
    for (struct tb_validation *n = *bucket_of(v, digest); n != NULL; n = n->bucket_next)
        if (memcmp(n->token_digest, digest, TB_DIGEST_LEN) == 0)
            return true;
    return false;
}

static void bucket_remove(struct tb_validation *n)
{
    struct tb_validation **at = bucket_of(n->v, n->token_digest);

    while (*at != NULL && *at != n)
        at = &(*at)->bucket_next;
    if (*at == n)
        *at = n->bucket_next;
}

static void list_push(struct tb_validation **head, struct tb_validation *n)
{
    n->next = *head;
    n->prev = head;
    if (n->next != NULL)
        n->next->prev = &n->next;
    *head = n;
}

static void list_remove(struct tb_validation *n)
{
    *n->prev = n->next;
    if (n->next != NULL)
        n->next->prev = n->prev;
}

static void timed_out(evutil_socket_t fd, short what, void *arg);

static struct tb_validation *validation_new(struct tb_validator *v, uint32_t msg_id, bool caa_only)
{
    struct tb_validation *n = v->pool;

    if (n != NULL) {
        list_remove(n);
        v->num_pool--;
    } else if ((n = malloc(sizeof(*n))) == NULL)
        return NULL;
    n->v = v;
    n->bucket_next = NULL;
    n->msg_id = msg_id;
    n->caa_only = caa_only;
    n->control_pending = n->caa_pending = false;
    n->started_ms = tb_clock_mono_ms();
    /* Cancelling what was never started must be harmless. */
    n->challenge.m = NULL;
    n->challenge.problem = (struct tb_problem){0};
    n->caa.num_levels = 0;
    n->caa.problem = (struct tb_problem){0};
    (void)evtimer_assign(&n->timer, v->child->base, timed_out, n);
    list_push(&v->all, n);
    v->num++;
    return n;
}

static void validation_release(struct tb_validation *n)
{
    struct tb_validator *v = n->v;

    (void)event_del(&n->timer);
    tb_challenge_cancel(&n->challenge);
    tb_caa_lookup_cancel(&n->caa);
    if (!n->caa_only)
        bucket_remove(n);
    tb_wipe(n->req.token, sizeof(n->req.token));
    list_remove(n);
    v->num--;
    if (v->num_pool == TB_VALIDATION_POOL_MAX) {
        free(n);
    } else {
        list_push(&v->pool, n);
        v->num_pool++;
    }
    if (v->draining && v->num == 0)
        tb_child_exit(v->child);
}

static void outcome_log(const struct tb_validation *n, const struct tb_problem *pb)
{
    char name[TB_IDENT_VALUE_MAX + 3];
    const struct tb_method_info *info = n->caa_only ? NULL : tb_method_info(n->req.spec.method);
    bool ok = pb->type == TB_P_NONE;

    tb_ident_text(name, &n->req.spec.ident);
    tb_log(ok ? TB_LOG_INFO : TB_LOG_NOTICE, n->caa_only ? "caa-checked" : "validated", TB_F("name", name),
           TB_F("method", info != NULL ? info->name : "caa"),
           TB_F("result", ok ? "valid" : tb_problem_type_name(pb->type)), TB_F("detail", pb->detail),
           TB_N("ms", tb_clock_mono_ms() - n->started_ms));
}

static void end_with_problem(struct tb_validation *n, const struct tb_problem *pb)
{
    struct tb_validator *v = n->v;

    v->stat[TB_VSTAT_INVALID] += !n->caa_only;
    v->stat[TB_VSTAT_CAA_DENIED] += pb->type == TB_P_CAA;
    outcome_log(n, pb);
    tb_validator_send_problem(v, n->caa_only ? TB_MSG_CAA_RSP : TB_MSG_VALIDATE_RSP, n->msg_id, pb);
    validation_release(n);
}

static void end_if_complete(struct tb_validation *n)
{
    if (n->control_pending || n->caa_pending)
        return;
    if (tb_validator_send_statements(n->v, n) == 0) {
        n->v->stat[TB_VSTAT_VALID] += !n->caa_only;
        outcome_log(n, &(struct tb_problem){.type = TB_P_NONE});
    }
    validation_release(n);
}

static void timed_out(evutil_socket_t fd, short what, void *arg)
{
    struct tb_validation *n = arg;
    struct tb_problem pb = {.type = TB_P_NONE};
    bool dns =
        n->caa_pending || n->req.spec.method == TB_METHOD_DNS_01 || n->req.spec.method == TB_METHOD_DNS_ACCOUNT_01;

    (void)fd;
    (void)what;
    n->v->stat[TB_VSTAT_TIMEOUTS]++;
    (void)tb_problem_set(&pb, TB_E_TIMEOUT, dns ? TB_P_DNS : TB_P_CONNECTION,
                         "validation of %s did not end within %u seconds%s", n->req.spec.ident.value,
                         (unsigned)n->v->child->cfg->limits.validation_timeout_s,
                         n->caa_pending ? " (the CAA lookup is not answered)" : "");
    end_with_problem(n, &pb);
}

static void control_done(struct tb_challenge *c, void *arg)
{
    struct tb_validation *n = arg;

    n->control_pending = false;
    if (c->problem.type != TB_P_NONE)
        end_with_problem(n, &c->problem);
    else
        end_if_complete(n);
}

static void caa_done(struct tb_caa_lookup *l, void *arg)
{
    struct tb_validation *n = arg;

    n->caa_pending = false;
    /* The judge decides again at signing; told now, the applicant learns it where it can be mended. */
    if (l->problem.type == TB_P_NONE && !n->caa_only)
        (void)!tb_caa_lookup_allows(l, n->req.account_url, n->req.spec.method, n->req.spec.purposes);
    if (l->problem.type != TB_P_NONE)
        end_with_problem(n, &l->problem);
    else
        end_if_complete(n);
}

static int admit(struct tb_validator *v, struct tb_problem *pb)
{
    if (v->draining) {
        pb->http_status = 503;
        return tb_problem_set(pb, TB_E_STATE, TB_P_SERVER_INTERNAL, "the validator is going down");
    }
    if (v->num >= v->child->cfg->limits.validations_max)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_RATE_LIMITED, "too many validations are under way");
    return 0;
}

static void deadline_set(struct tb_validation *n)
{
    const struct timeval tv = {.tv_sec = n->v->child->cfg->limits.validation_timeout_s};
    const struct timeval *common;

    n->challenge.deadline_ms = n->started_ms + (uint64_t)tv.tv_sec * 1000;
    /* All have the same length: a common time-out is a list, not a heap. */
    common = event_base_init_common_timeout(n->v->child->base, &tv);
    (void)evtimer_add(&n->timer, common != NULL ? common : &tv);
}

/* Everything that needs no network; digest is filled when the token is ours. */
static int request_check(struct tb_validator *v, const struct tb_msg_validate_req *req, uint8_t digest[TB_DIGEST_LEN],
                         struct tb_problem *pb)
{
    const struct tb_token_maker tokens = tb_validator_tokens(v);
    int r;

    if ((r = tokens.check(v->child, &req->spec, pb)) < 0 || (r = tb_token_maker_recognise(&tokens, req, pb)) < 0)
        return r;
    tb_sha256(digest, tb_span_str(req->token));
    if (in_flight(v, digest))
        return tb_problem_set(pb, TB_E_EXISTS, TB_P_MALFORMED, "the validation of this challenge is already in flight");
    return admit(v, pb);
}

static void caa_begin(struct tb_validation *n)
{
    struct tb_validator *v = n->v;

    if (n->req.spec.ident.type != TB_IDENT_DNS)
        return; /* RFC 8738 section 2: CAA is for names */
    if (tb_config_zone(v->child->cfg, n->req.spec.ident.value)->caa == TB_ZONE_CAA_SKIP) {
        tb_caa_lookup_skip(&n->caa);
        return;
    }
    v->stat[TB_VSTAT_CAA_CHECKS]++;
    n->caa_pending = tb_caa_lookup_start(&n->caa, v->env.resolver, v->caa_cache, v->child->cfg, &n->req.spec.ident,
                                         caa_done, n) == 0;
}

static void validation_begin(struct tb_validation *n)
{
    struct tb_validator *v = n->v;
    struct tb_challenge *c = &n->challenge;

    v->stat[TB_VSTAT_VALIDATIONS]++;
    n->bucket_next = *bucket_of(v, n->token_digest);
    *bucket_of(v, n->token_digest) = n;
    deadline_set(n);
    c->ident = &n->req.spec.ident;
    c->token = n->req.token;
    c->account_url = n->req.account_url;
    c->done = control_done;
    c->arg = n;
    tb_key_authorization(c->key_authorization, n->req.token, n->req.thumbprint);
    n->control_pending = tb_challenge_start(c, &v->env, tb_challenge_method(n->req.spec.method)) == 0;
    if (n->control_pending)
        caa_begin(n);
    if (c->problem.type != TB_P_NONE)
        end_with_problem(n, &c->problem);
    else if (n->caa.problem.type != TB_P_NONE)
        end_with_problem(n, &n->caa.problem);
}

static void refuse(struct tb_validator *v, enum tb_msg_type type, uint32_t id, const struct tb_ident *ident,
                   struct tb_problem *pb)
{
    char name[TB_IDENT_VALUE_MAX + 3];

    v->stat[TB_VSTAT_REFUSED]++;
    tb_ident_text(name, ident);
    tb_log(TB_LOG_NOTICE, "validation-refused", TB_F("name", name), TB_F("result", tb_problem_type_name(pb->type)),
           TB_F("detail", pb->detail));
    tb_validator_send_problem(v, type, id, pb);
    tb_problem_clear(pb);
}

int tb_validator_on_validate(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    struct tb_problem pb = {.type = TB_P_NONE};
    struct tb_msg_validate_req req;
    uint8_t digest[TB_DIGEST_LEN] = {0};
    struct tb_validation *n = NULL;
    int r;

    (void)ch;
    if ((r = tb_msg_validate_req_read(m->body, &req)) < 0)
        return r;
    r = request_check(v, &req, digest, &pb);
    if (r == 0 && (n = validation_new(v, m->id, false)) == NULL)
        (void)tb_problem_set(&pb, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    if (n == NULL) {
        refuse(v, TB_MSG_VALIDATE_RSP, m->id, &req.spec.ident, &pb);
    } else {
        n->req = req;
        memcpy(n->token_digest, digest, sizeof(digest));
        validation_begin(n);
    }
    tb_wipe(req.token, sizeof(req.token));
    return 0;
}

int tb_validator_on_caa(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    struct tb_problem pb = {.type = TB_P_NONE};
    struct tb_msg_caa_req req;
    struct tb_validation *n = NULL;
    int r;

    (void)ch;
    if ((r = tb_msg_caa_req_read(m->body, &req)) < 0)
        return r;
    if (req.ident.type != TB_IDENT_DNS)
        r = tb_problem_set(&pb, TB_E_INVAL, TB_P_MALFORMED, "CAA is for DNS names (RFC 8659)");
    else
        r = admit(v, &pb);
    if (r == 0 && (n = validation_new(v, m->id, true)) == NULL)
        (void)tb_problem_set(&pb, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    if (n == NULL) {
        refuse(v, TB_MSG_CAA_RSP, m->id, &req.ident, &pb);
        return 0;
    }
    memset(&n->req, 0, sizeof(n->req));
    n->req.spec.ident = req.ident;
    deadline_set(n);
    caa_begin(n);
    if (n->caa.problem.type != TB_P_NONE)
        end_with_problem(n, &n->caa.problem);
    else
        end_if_complete(n);
    return 0;
}

void tb_validator_abandon_all(struct tb_validator *v)
{
    while (v->all != NULL)
        validation_release(v->all);
}

void tb_validator_pool_free(struct tb_validator *v)
{
    while (v->pool != NULL) {
        struct tb_validation *n = v->pool;

        list_remove(n);
        free(n);
    }
    v->num_pool = 0;
}
