#include <stdio.h>

#include "ca/operation.h"
#include "ca/responder/responder.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_stats.h"

static const char *const names[] = {
    [TB_RSTAT_TOKENS] = "responder_tokens_total",
    [TB_RSTAT_REQUESTS] = "responder_proofs_total",
    [TB_RSTAT_DENIED] = "responder_denied_total",
    [TB_RSTAT_ARMED] = "responder_armed_total",
    [TB_RSTAT_DNS_ERROR] = "responder_unarmed_dns_total",
    [TB_RSTAT_PROVED] = "responder_proved_total",
    [TB_RSTAT_UNPROVED] = "responder_unproved_total",
    [TB_RSTAT_CONNECTIONS] = "responder_connections_total",
    [TB_RSTAT_UNKNOWN_TAG] = "responder_unknown_tag_total",
    [TB_RSTAT_HANDSHAKE_FAILED] = "responder_handshake_failures_total",
    [TB_RSTAT_REFUSED] = "responder_refused_total",
    [TB_RSTAT_LATE] = "responder_late_total",
    [TB_RSTAT_DISPLACED] = "responder_displaced_total",
    [TB_RSTAT_DISPLACED_EXPECTED] = "responder_displaced_expected_total",
};
_Static_assert(TB_ARRAY_LEN(names) == TB_RSTAT__COUNT, "each counter has a name");

static void stat_add(struct tb_msg_stats *m, const char *name, uint64_t value)
{
    if (m->num == TB_STATS_MAX)
        return;
    (void)snprintf(m->stat[m->num].name, sizeof(m->stat[m->num].name), "%s", name);
    m->stat[m->num++].value = value;
}

static void fill(const struct tb_responder *rp, struct tb_msg_stats *stats)
{
    const struct tb_resolver_counters *dns = tb_resolver_counters(rp->resolver);

    for (size_t i = 0; i < TB_RSTAT__COUNT; i++)
        stat_add(stats, names[i], rp->stat[i]);
    stat_add(stats, "responder_windows", rp->windows.num);
    stat_add(stats, "responder_connections", rp->num_connections);
    stat_add(stats, "responder_tls_not_after_seconds", (uint64_t)rp->tls_not_after);
    stat_add(stats, "responder_dns_queries_total", dns->queries);
    stat_add(stats, "responder_dns_errors_total", dns->errors);
    stat_add(stats, "responder_dns_bogus_total", dns->bogus);
}

int tb_responder_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_responder *rp = child->state;
    struct tb_msg_stats stats = {.num = 0};
    int r;

    if (m->body.len != 0)
        return TB_E_FORMAT;
    fill(rp, &stats);
    tb_wr_reset(&rp->wr);
    tb_msg_stats_write(&rp->wr, &stats);
    if ((r = tb_wr_err(&rp->wr)) == 0)
        r = tb_channel_send(ch, TB_MSG_STATS_RSP, m->id, tb_wr_span(&rp->wr));
    if (r < 0)
        tb_log(TB_LOG_ERROR, "answer-lost", TB_F("message", "stats-rsp"), TB_F("error", tb_err_text(r)));
    return 0;
}

static bool do_responder(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    struct tb_msg_stats stats = {.num = 0};

    fill(child->state, &stats);
    tb_jw_obj(jw);
    for (size_t i = 0; i < stats.num; i++)
        tb_operation_number(jw, stats.stat[i].name, stats.stat[i].value);
    tb_jw_end_obj(jw);
    return true;
}

void tb_responder_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    static const struct tb_operation operations[] = {
        {"responder", do_responder},
    };

    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
