#include <stdio.h>

#include "ca/operation.h"
#include "ca/validator/validator.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_stats.h"

static const char *const names[] = {
    [TB_VSTAT_TOKENS] = "validator_tokens_total",         [TB_VSTAT_VALIDATIONS] = "validator_validations_total",
    [TB_VSTAT_VALID] = "validator_valid_total",           [TB_VSTAT_INVALID] = "validator_invalid_total",
    [TB_VSTAT_REFUSED] = "validator_refused_total",       [TB_VSTAT_CAA_CHECKS] = "validator_caa_checks_total",
    [TB_VSTAT_CAA_DENIED] = "validator_caa_denied_total", [TB_VSTAT_TIMEOUTS] = "validator_timeouts_total",
};
_Static_assert(TB_ARRAY_LEN(names) == TB_VSTAT__COUNT, "each counter has a name");

static void stat_add(struct tb_msg_stats *m, const char *name, uint64_t value)
{
    if (m->num == TB_STATS_MAX)
        return;
    (void)snprintf(m->stat[m->num].name, sizeof(m->stat[m->num].name), "%s", name);
    m->stat[m->num++].value = value;
}

static void fill(const struct tb_validator *v, struct tb_msg_stats *stats)
{
    const struct tb_resolver_counters *dns = tb_resolver_counters(v->env.resolver);

    for (size_t i = 0; i < TB_VSTAT__COUNT; i++)
        stat_add(stats, names[i], v->stat[i]);
    stat_add(stats, "validator_in_flight", v->num);
    stat_add(stats, "validator_dns_queries_total", dns->queries);
    stat_add(stats, "validator_dns_errors_total", dns->errors);
    stat_add(stats, "validator_dns_bogus_total", dns->bogus);
    stat_add(stats, "validator_caa_kept_total", tb_caa_cache_hits(v->caa_cache));
    stat_add(stats, "validator_http_fetches_total", tb_fetcher_count(v->env.fetcher));
}

bool tb_validator_do_validator(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED,
                               struct tb_jw *jw)
{
    struct tb_msg_stats stats = {.num = 0};

    fill(child->state, &stats);
    tb_jw_obj(jw);
    for (size_t i = 0; i < stats.num; i++)
        tb_operation_number(jw, stats.stat[i].name, stats.stat[i].value);
    tb_jw_end_obj(jw);
    return true;
}

int tb_validator_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    struct tb_msg_stats stats = {.num = 0};
    int r;

    if (m->body.len != 0)
        return TB_E_FORMAT;
    fill(v, &stats);
    tb_wr_reset(&v->wr);
    tb_msg_stats_write(&v->wr, &stats);
    if ((r = tb_wr_err(&v->wr)) == 0)
        r = tb_channel_send(ch, TB_MSG_STATS_RSP, m->id, tb_wr_span(&v->wr));
    if (r < 0)
        tb_log(TB_LOG_ERROR, "answer-lost", TB_F("message", "stats-rsp"), TB_F("error", tb_err_text(r)));
    return 0;
}
