#include "ca/stats.h"
#include "ca/operation.h"
#include "ca/responder/responder.h"

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

static void fill(const struct tb_responder *rp, struct tb_msg_stats *stats)
{
    const struct tb_resolver_counters *dns = tb_resolver_counters(rp->resolver);

    for (size_t i = 0; i < TB_RSTAT__COUNT; i++)
        tb_stats_add(stats, names[i], rp->stat[i]);
    tb_stats_add(stats, "responder_windows", rp->windows.num);
    tb_stats_add(stats, "responder_connections", rp->num_connections);
    tb_stats_add(stats, "responder_tls_not_after_seconds", (uint64_t)rp->tls_not_after);
    tb_stats_add(stats, "responder_dns_queries_total", dns->queries);
    tb_stats_add(stats, "responder_dns_errors_total", dns->errors);
    tb_stats_add(stats, "responder_dns_bogus_total", dns->bogus);
}

int tb_responder_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_responder *rp = child->state;
    struct tb_msg_stats stats = {.num = 0};

    if (m->body.len != 0)
        return TB_E_FORMAT;
    fill(rp, &stats);
    tb_stats_answer(ch, m->id, &stats, &rp->wr);
    return 0;
}

static bool do_responder(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    struct tb_msg_stats stats = {.num = 0};

    fill(child->state, &stats);
    tb_stats_show(jw, &stats);
    return true;
}

void tb_responder_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    static const struct tb_operation operations[] = {
        {"responder", do_responder},
    };

    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
