#include "ca/judge/judge.h"

#include "lib/base/log.h"
#include "lib/ipc/msg_crl.h"

#define LOOK_EVERY_S   1 /* revocations of one second share a CRL */
#define EXPIRE_EVERY_S 3600

static bool serves(const struct tb_judge *j)
{
    return j->child->cfg->http.on;
}

static void refused(struct tb_crl_slot *s, const char *why)
{
    tb_log(TB_LOG_ERROR, "crl-not-made", TB_F("issuer", tb_issuer_name(s->issuer)), TB_N("shard", s->shard),
           TB_F("reason", why), TB_N("next_update", s->next_update));
    tb_crls_fail(s, tb_clock_now_s());
}

/* To the keyholder. */

static void ask(struct tb_judge *j, struct tb_crl_slot *s, const struct tb_crl_source *src)
{
    struct tb_msg_crl_sign_req req = {.issuer = s->issuer};
    struct tb_wr *msg = &j->crls.msg;
    int r;

    if ((r = tb_crls_prepare(&j->crls, s, src)) < 0) {
        refused(s, tb_err_text(r));
        return;
    }
    req.tbs = tb_wr_span(&s->tbs);
    tb_wr_reset(msg);
    tb_msg_crl_sign_req_write(msg, &req);
    if ((r = tb_wr_err(msg)) == 0)
        r = tb_channel_send(j->child->peer[TB_ROLE_KEYHOLDER], TB_MSG_CRL_SIGN_REQ, s->sign_id, tb_wr_span(msg));
    if (r < 0)
        refused(s, tb_err_text(r));
}

static void ask_all(struct tb_judge *j, tb_time_t now)
{
    struct tb_crl_source src = {.cfg = j->child->cfg,
                                .revoked = &j->state.revoked,
                                .now = now,
                                .now_us = tb_clock_now_us(),
                                .floor = j->state.floor};

    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++) {
        src.ca = &j->state.ca[i];
        for (unsigned k = 0; k < TB_CRL_SHARDS && j->state.has_ca[i]; k++)
            if (tb_crls_is_due(&j->crls.slot[i][k], &src) && j->child->peer[TB_ROLE_KEYHOLDER] != NULL)
                ask(j, &j->crls.slot[i][k], &src);
    }
}

/* To the front: what it has not got.  A queue that is full takes the rest at the next look. */

static int send_one(struct tb_judge *j, struct tb_crl_slot *s)
{
    struct tb_msg_crl m = {.issuer = s->issuer,
                           .shard = s->shard,
                           .this_update = s->this_update,
                           .next_update = s->next_update,
                           .der = tb_wr_span(&s->der)};
    struct tb_wr *msg = &j->crls.msg;
    int r;

    tb_wr_reset(msg);
    tb_msg_crl_write(msg, &m);
    if ((r = tb_wr_err(msg)) == 0)
        r = tb_channel_send(j->child->peer[TB_ROLE_FRONT], TB_MSG_CRL, 0, tb_wr_span(msg));
    return r;
}

static void send_all(struct tb_judge *j)
{
    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
            struct tb_crl_slot *s = &j->crls.slot[i][k];

            if (!s->unsent || j->child->peer[TB_ROLE_FRONT] == NULL)
                continue;
            if (send_one(j, s) < 0)
                return;
            s->unsent = false;
        }
}

int tb_judge_on_crl_signed(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_crl_slot *s = tb_crls_find_id(&j->crls, m->id);
    struct tb_msg_sign_rsp rsp = {0};
    int r;

    if (s == NULL)
        return TB_E_FORMAT;
    if ((r = tb_msg_sign_rsp_read(m->body, &rsp)) < 0)
        return r;
    if (rsp.problem.type != TB_P_NONE)
        refused(s, rsp.problem.detail);
    else if ((r = tb_crls_complete(s, s->next.sig_alg, tb_span_of(rsp.sig, rsp.sig_len), tb_clock_now_s())) < 0)
        refused(s, tb_err_text(r));
    else
        j->counters.crls++;
    tb_problem_clear(&rsp.problem);
    send_all(j);
    return 0;
}

static void look(evutil_socket_t fd TB_UNUSED, short what TB_UNUSED, void *judge)
{
    struct tb_judge *j = judge;
    tb_time_t now = tb_clock_now_s();

    if (j->draining)
        return;
    if (now >= j->next_expire || j->next_expire - now > EXPIRE_EVERY_S) {
        j->next_expire = now + EXPIRE_EVERY_S;
        tb_revoked_expire(&j->state.revoked, now);
    }
    ask_all(j, now);
    send_all(j);
}

int tb_judge_crls_start(struct tb_judge *j)
{
    const struct timeval every = {.tv_sec = LOOK_EVERY_S};

    if (!serves(j))
        return 0;
    j->look = event_new(j->child->base, -1, EV_PERSIST, look, j);
    return j->look != NULL && event_add(j->look, &every) == 0 ? 0 : TB_E_NOMEM;
}

void tb_judge_crls_peer_down(struct tb_judge *j, enum tb_role peer)
{
    if (peer == TB_ROLE_KEYHOLDER)
        tb_crls_forget_signing(&j->crls);
}

void tb_judge_crls_peer_up(struct tb_judge *j, enum tb_role peer)
{
    for (unsigned i = 0; peer == TB_ROLE_FRONT && i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
            j->crls.slot[i][k].unsent = j->crls.slot[i][k].der.len > 0;
    if (j->look != NULL)
        look(-1, 0, j);
}

tb_time_t tb_judge_crls_oldest(const struct tb_judge *j)
{
    tb_time_t oldest = 0;

    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
            const struct tb_crl_slot *s = &j->crls.slot[i][k];

            if (s->der.len > 0 && (oldest == 0 || s->next_update < oldest))
                oldest = s->next_update;
        }
    return oldest;
}
