#include "ca/judge/judge.h"

#include <stdio.h>

#include "lib/base/log.h"
#include "lib/ipc/msg_stats.h"
#include "lib/json/json.h"

struct row {
    const char *name;
    uint64_t value;
};
#define NUM_ROWS 10

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
        {"judge_account_keys_cached", tb_accounts_count(j->state.accounts)},
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

void tb_judge_control(struct tb_child *child, uint32_t id, struct tb_span json TB_UNUSED)
{
    struct tb_judge *j = child->state;
    struct row row[NUM_ROWS];
    struct tb_jw jw;
    int r;

    fill(j, row);
    tb_wr_reset(&j->out);
    jw = tb_jw_of(&j->out);
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "signer");
    tb_jw_int(&jw, j->state.signer);
    tb_jw_key(&jw, "epoch");
    tb_jw_int(&jw, j->state.epoch);
    for (size_t i = 0; i < NUM_ROWS; i++) {
        tb_jw_key(&jw, row[i].name);
        tb_jw_int(&jw, (int64_t)row[i].value);
    }
    tb_jw_end_obj(&jw);
    if ((r = tb_wr_err(&j->out)) == 0)
        r = tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id, tb_wr_span(&j->out));
    if (r < 0)
        tb_log(TB_LOG_WARN, "answer-not-sent", TB_F("to", "parent"), TB_F("reason", tb_err_text(r)));
}
