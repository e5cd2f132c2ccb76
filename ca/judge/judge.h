/*
 * The judge: decides about finalize requests, has leaves signed by the keyholder, logs them, and only then answers.
 * This header is for the files of the judge.
 */
#ifndef TB_CA_JUDGE_JUDGE_H
#define TB_CA_JUDGE_JUDGE_H

#include "ca/child.h"
#include "ca/judge/crls.h"
#include "ca/judge/finalize.h"
#include "ca/judge/flight.h"
#include "ca/judge/log.h"
#include "ca/judge/profiles.h"
#include "ca/judge/revocation.h"
#include "ca/operation.h"

/* Counters since start. */
struct tb_judge_counters {
    uint64_t issued, refused, repeated, sign_refused, syncs, revoked, crls;
};

#define TB_SYNC_GATHER         8    /* issuances that are not kept waiting for more */
#define TB_SYNC_GATHER_US      1000 /* and how long any is */
#define TB_ACCOUNT_WAITERS_MAX 64   /* account requests that wait for one sync */

/* An account request that is answered after the next sync. */
struct tb_account_waiter {
    uint32_t id;
    uint8_t first[TB_DIGEST_LEN];
};

struct tb_judge {
    struct tb_child *child;
    struct tb_judge_state state;
    struct tb_ilog *log;
    struct tb_profiles profiles;
    struct tb_flights flights;
    struct tb_crls crls;
    struct event *look;      /* whether CRLs are due; NULL when none are served */
    tb_time_t next_expire;   /* of the table of revoked certificates */
    uint64_t last_issue_seq; /* newest durable issuance; 0 = none */
    tb_time_t replay_now;    /* while opening */
    tb_time_t replay_oldest; /* while opening: orders before it stay out of the used set */
    char why[TB_ILOG_WHY_MAX + 1];
    struct event *commit; /* fires at the end of a loop turn in which something was appended */
    struct tb_wr out;     /* answers */
    struct tb_wr rec;     /* records read back */
    struct tb_wr certs;   /* certificates of a sync answer */
    struct tb_judge_counters counters;
    struct tb_account_waiter waiter[TB_ACCOUNT_WAITERS_MAX];
    size_t num_waiters;
    struct tb_revocations revocations;
    struct tb_msg_revoked told; /* scratch of messages about revocations */
    bool draining;
};

/* An edge that cannot be written to is the edge's trouble: the answer is dropped, the front asks again. */
void tb_judge_answer(struct tb_judge *j, enum tb_role to, enum tb_msg_type type, uint32_t id);

/* finalize.c has the decision; these are the loop's side (issue.c, sync.c, stats.c). */
int tb_judge_on_finalize(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_signed(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_sync(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_account(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_revoke(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_revoked_sync(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_judge_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* Operations of the control socket: control.c has their table. */
bool tb_judge_do_eab_add(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_eab_list(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_eab_revoke(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_explain_key(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_export(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_judge(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
bool tb_judge_do_revoke(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
void tb_judge_control(struct tb_child *child, uint32_t id, struct tb_span json);
/* After a sync: the answers that waited for it. */
void tb_judge_answer_accounts(struct tb_judge *j);
/* A durable revocation takes its place in the tables; at is its time. */
int tb_judge_enter_revoked(struct tb_judge *j, const struct tb_revoke_rec *rec, uint64_t seq, tb_time_t at,
                           tb_time_t now) TB_MUST_USE;
/* After a sync: enter, tell the front, answer. */
void tb_judge_land_revocations(struct tb_judge *j);
/* The front's edge went down. */
void tb_judge_forget_revokers(struct tb_judge *j);
/* Something was appended: sync at the end of this turn of the loop. */
void tb_judge_schedule_commit(struct tb_judge *j);
/* After the replay: read the key; make it when it is absent and no account has an event. */
int tb_judge_load_account_key(struct tb_judge *j) TB_MUST_USE;
/* CRLs (crl_issue.c): from start on, those that are due are made, signed and sent to the front. */
int tb_judge_crls_start(struct tb_judge *j) TB_MUST_USE;
int tb_judge_on_crl_signed(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* An edge came up or went down. */
void tb_judge_crls_peer_up(struct tb_judge *j, enum tb_role peer);
void tb_judge_crls_peer_down(struct tb_judge *j, enum tb_role peer);
/* Earliest nextUpdate of those there are; 0 = none. */
tb_time_t tb_judge_crls_oldest(const struct tb_judge *j);
/* The keyholder's edge is up again: ask anew for whatever it has not answered. */
void tb_judge_resend(struct tb_judge *j);
/* The front's edge went down: nobody waits any more. */
void tb_judge_forget_waiters(struct tb_judge *j);
/* Event callback: make durable what was appended and answer. */
void tb_judge_commit(evutil_socket_t fd, short what, void *judge);
void tb_judge_exit_when_idle(struct tb_judge *j);

#endif
