#include "ca/stats.h"
#include "ca/operation.h"
#include "ca/validator/validator.h"

static const char *const names[] = {
    [TB_VSTAT_TOKENS] = "validator_tokens_total",         [TB_VSTAT_VALIDATIONS] = "validator_validations_total",
    [TB_VSTAT_VALID] = "validator_valid_total",           [TB_VSTAT_INVALID] = "validator_invalid_total",
    [TB_VSTAT_REFUSED] = "validator_refused_total",       [TB_VSTAT_CAA_CHECKS] = "validator_caa_checks_total",
    [TB_VSTAT_CAA_DENIED] = "validator_caa_denied_total", [TB_VSTAT_TIMEOUTS] = "validator_timeouts_total",
};
_Static_assert(TB_ARRAY_LEN(names) == TB_VSTAT__COUNT, "each counter has a name");

static void fill(const struct tb_validator *v, struct tb_msg_stats *stats)
{
    const struct tb_resolver_counters *dns = tb_resolver_counters(v->env.resolver);

    for (size_t i = 0; i < TB_VSTAT__COUNT; i++)
        tb_stats_add(stats, names[i], v->stat[i]);
    tb_stats_add(stats, "validator_in_flight", v->num);
    tb_stats_add(stats, "validator_dns_queries_total", dns->queries);
    tb_stats_add(stats, "validator_dns_errors_total", dns->errors);
    tb_stats_add(stats, "validator_dns_bogus_total", dns->bogus);
    tb_stats_add(stats, "validator_caa_kept_total", tb_caa_cache_hits(v->caa_cache));
    tb_stats_add(stats, "validator_http_fetches_total", tb_fetcher_count(v->env.fetcher));
}

bool tb_validator_do_validator(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED,
                               struct tb_jw *jw)
{
    struct tb_msg_stats stats = {.num = 0};

    fill(child->state, &stats);
    tb_stats_show(jw, &stats);
    return true;
}

int tb_validator_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    struct tb_msg_stats stats = {.num = 0};

    if (m->body.len != 0)
        return TB_E_FORMAT;
    fill(v, &stats);
    tb_stats_answer(ch, m->id, &stats, &v->wr);
    return 0;
}
