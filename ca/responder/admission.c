#include "ca/responder/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/responder/responder.h"
#include "lib/base/log.h"

static void admission_free(struct tb_admission *a)
{
    (void)event_del(&a->timer);
    for (size_t i = 0; i < a->req.num; i++)
        tb_sources_cancel(&a->sources[i]);
    *a->prev = a->next;
    if (a->next != NULL)
        a->next->prev = a->prev;
    a->rp->admissions.num--;
    a->rp->admissions.num_names -= a->req.num;
    tb_msg_token_req_clear(&a->req);
    free((void *)(uintptr_t)a->body.p);
    free(a);
}

static void refuse(struct tb_problem *pb, const struct tb_ident *ident)
{
    (void)tb_problem_set(pb, TB_E_DENIED, TB_P_REJECTED_IDENTIFIER,
                         "%s has neither A nor AAAA records, and declares no egress at " TB_EGRESS_LABEL
                         "%s: nobody can prove use under it",
                         ident->value, ident->value);
    tb_problem_add(pb, TB_P_REJECTED_IDENTIFIER, ident, "no address and no egress declaration");
}

/* Tokens, or a refusal of each name that is nowhere. */
static void answer(struct tb_admission *a)
{
    struct tb_responder *rp = a->rp;
    const struct tb_token_maker tokens = tb_responder_tokens(rp);
    const struct tb_msg m = {.type = TB_MSG_TOKEN_REQ, .id = a->msg_id, .body = a->body, .fd = -1};
    struct tb_channel *ch = rp->child->peer[TB_ROLE_FRONT];
    struct tb_problem pb = {.type = TB_P_NONE};

    for (size_t i = 0; i < a->req.num; i++)
        if (a->sources[i].nowhere)
            refuse(&pb, &a->req.spec[i].ident);
    if (pb.num_sub > 1)
        (void)snprintf(pb.detail, sizeof(pb.detail), "nobody can prove use under several names, see the subproblems");
    if (ch != NULL && pb.type != TB_P_NONE)
        tb_token_maker_refuse(&tokens, ch, a->msg_id, &pb, &rp->wr);
    else if (ch != NULL && tb_token_maker_answer(&tokens, ch, &m, &rp->wr) < 0)
        tb_fatal("a request for tokens was read once and not again");
    tb_problem_clear(&pb);
    admission_free(a);
}

static void on_found(void *arg)
{
    struct tb_admission *a = arg;

    if (--a->pending == 0)
        answer(a);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    answer(arg);
}

static struct tb_admission *admission_alloc(struct tb_responder *rp, const struct tb_msg *m, size_t num)
{
    struct tb_admission *a = calloc(1, sizeof(*a) + num * sizeof(a->sources[0]));
    uint8_t *body = malloc(m->body.len);

    if (a == NULL || body == NULL) {
        free(a);
        free(body);
        return NULL;
    }
    memcpy(body, m->body.p, m->body.len);
    a->rp = rp;
    a->msg_id = m->id;
    a->body = tb_span_of(body, m->body.len);
    a->next = rp->admissions.all;
    a->prev = &rp->admissions.all;
    if (a->next != NULL)
        a->next->prev = &a->next;
    rp->admissions.all = a;
    rp->admissions.num++;
    return a;
}

int tb_admission_new(struct tb_responder *rp, const struct tb_msg *m, struct tb_msg_token_req *req)
{
    uint32_t limit_s = rp->child->cfg->limits.validation_timeout_s;
    const struct timeval tv = {.tv_sec = limit_s < TB_ADMISSION_TIMEOUT_MAX ? limit_s : TB_ADMISSION_TIMEOUT_MAX};
    struct tb_admission *a = NULL;

    if (rp->admissions.num >= TB_ADMISSIONS_MAX || req->num > TB_ADMISSIONS_NAMES_MAX - rp->admissions.num_names ||
        (a = admission_alloc(rp, m, req->num)) == NULL)
        return TB_E_LIMIT;
    a->req = *req;
    rp->admissions.num_names += req->num;
    *req = (struct tb_msg_token_req){.num = 0};
    (void)evtimer_assign(&a->timer, rp->child->base, on_timeout, a);
    for (size_t i = 0; i < a->req.num; i++)
        a->pending +=
            tb_sources_find(&a->sources[i], rp->resolver, rp->child->cfg, &a->req.spec[i].ident, on_found, a) == 0;
    if (a->pending == 0)
        answer(a);
    else
        (void)evtimer_add(&a->timer, &tv);
    return 0;
}

void tb_admissions_abandon(struct tb_responder *rp)
{
    while (rp->admissions.all != NULL)
        admission_free(rp->admissions.all);
}
