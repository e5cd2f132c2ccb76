#include "ca/judge/judge.h"

#include <stdio.h>

#include "lib/ipc/msg_stats.h"

struct row {
    const char *name;
    uint64_t value;
};
#define NUM_ROWS 15

static void fill(const struct tb_judge *j, struct row row[static NUM_ROWS])
{
    const struct row rows[NUM_ROWS] = {
        {"judge_issued_total", j->counters.issued},
        {"judge_refused_total", j->counters.refused},
        {"judge_repeated_total", j->counters.repeated},
        {"judge_sign_refused_total", j->counters.sign_refused},
        {"judge_log_syncs_total", j->counters.syncs},
        {"judge_log_bytes", tb_ilog_size(j->log)},
        {"judge_log_last_seq", j->last_issue_seq},
        {"judge_orders_in_flight", tb_flights_count(&j->flights)},
        {"judge_orders_remembered", j->state.used.num},
        {"judge_revoked_total", j->counters.revoked},
        {"judge_revocations_remembered", j->state.revoked.num},
        {"judge_keys_blocked", j->state.blocked.num},
        {"judge_account_keys_cached", tb_accounts_count(j->state.accounts)},
        {"judge_crls_total", j->counters.crls},
        {"judge_crl_next_update_seconds", (uint64_t)tb_judge_crls_oldest(j)},
    };

    for (size_t i = 0; i < NUM_ROWS; i++)
        row[i] = rows[i];
}

_Static_assert(NUM_ROWS <= TB_STATS_MAX, "one message holds them");

int tb_judge_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_msg_stats stats = {.num = NUM_ROWS};
    struct row row[NUM_ROWS];

    if (m->body.len != 0)
        return TB_E_FORMAT;
    fill(j, row);
    for (size_t i = 0; i < NUM_ROWS; i++) {
        snprintf(stats.stat[i].name, sizeof(stats.stat[i].name), "%s", row[i].name);
        stats.stat[i].value = row[i].value;
    }
    tb_wr_reset(&j->out);
    tb_msg_stats_write(&j->out, &stats);
    tb_judge_answer(j, tb_channel_peer(ch), TB_MSG_STATS_RSP, m->id);
    return 0;
}

bool tb_judge_do_judge(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    struct tb_judge *j = child->state;
    struct row row[NUM_ROWS];

    fill(j, row);
    tb_jw_obj(jw);
    tb_operation_number(jw, "signer", j->state.signer);
    tb_operation_number(jw, "epoch", j->state.epoch);
    for (size_t i = 0; i < NUM_ROWS; i++)
        tb_operation_number(jw, row[i].name, row[i].value);
    tb_jw_end_obj(jw);
    return true;
}
