/* Prometheus text (exposition format 0.0.4) of the front's counters and of those that judge and validator told. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ca/front/counters.h"
#include "ca/front/front.h"
#include "ca/front/routes.h"

static void put_type(struct tb_wr *wr, const char *name, const char *type)
{
    tb_wr_printf(wr, "# TYPE tabard_%s %s\n", name, type);
}

static void put_value(struct tb_wr *wr, const char *name, const char *type, uint64_t v)
{
    put_type(wr, name, type);
    tb_wr_printf(wr, "tabard_%s %llu\n", name, (unsigned long long)v);
}

static void put_requests(const struct tb_front *f, struct tb_wr *wr)
{
    put_type(wr, "front_requests_total", "counter");
    for (size_t i = 0; i <= TB_FRONT_ROUTES_MAX; i++)
        for (size_t j = 0; j < TB_FRONT_STATUSES; j++) {
            const char *route = tb_route_label(i);
            uint64_t v = f->counters.requests[i][j];

            if (v > 0)
                tb_wr_printf(wr, "tabard_front_requests_total{route=\"%s\",status=\"%d\"} %llu\n",
                             route != NULL ? route : "none", tb_counter_status(j), (unsigned long long)v);
        }
}

static void put_problems(const struct tb_front *f, struct tb_wr *wr)
{
    put_type(wr, "front_problems_total", "counter");
    for (unsigned i = TB_P_NONE + 1; i < TB_P__COUNT; i++)
        if (f->counters.problems[i] > 0)
            tb_wr_printf(wr, "tabard_front_problems_total{type=\"%s\"} %llu\n",
                         tb_problem_type_name((enum tb_problem_type)i), (unsigned long long)f->counters.problems[i]);
}

static void put_validations(const struct tb_front *f, struct tb_wr *wr)
{
    put_type(wr, "front_validations_total", "counter");
    for (unsigned i = 0; i < TB_METHOD__COUNT; i++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)i);

        if (info == NULL || f->counters.validated[i] + f->counters.validation_failed[i] == 0)
            continue;
        tb_wr_printf(wr, "tabard_front_validations_total{method=\"%s\",result=\"valid\"} %llu\n", info->name,
                     (unsigned long long)f->counters.validated[i]);
        tb_wr_printf(wr, "tabard_front_validations_total{method=\"%s\",result=\"invalid\"} %llu\n", info->name,
                     (unsigned long long)f->counters.validation_failed[i]);
    }
}

static void put_store(struct tb_front *f, struct tb_wr *wr)
{
    struct tb_store_stats s = {0};

    tb_store_stats(f->store, &s);
    put_value(wr, "store_commits_total", "counter", s.commits);
    put_value(wr, "store_transactions_total", "counter", s.txs);
    put_value(wr, "store_statements_total", "counter", s.statements);
    put_value(wr, "store_account_writes_total", "counter", s.rows_account);
    put_value(wr, "store_authorization_writes_total", "counter", s.rows_authz);
    put_value(wr, "store_order_writes_total", "counter", s.rows_order);
    put_value(wr, "store_bytes", "gauge", s.bytes);
}

static void put_process(const struct tb_front *f, struct tb_wr *wr)
{
    struct rusage ru;
    char text[128];
    unsigned long long size = 0;
    unsigned long long resident = 0;
    ssize_t n = f->statm_fd < 0 ? -1 : pread(f->statm_fd, text, sizeof(text) - 1, 0);

    if (getrusage(RUSAGE_SELF, &ru) == 0) {
        put_type(wr, "front_cpu_seconds_total", "counter");
        tb_wr_printf(wr, "tabard_front_cpu_seconds_total %.6f\n",
                     (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
                         (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
    }
    if (n <= 0)
        return;
    text[n] = '\0';
    if (sscanf(text, "%llu %llu", &size, &resident) == 2)
        put_value(wr, "front_resident_bytes", "gauge", resident * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* Names come from our own processes, and are still written only when they are names. */
static void put_peer(struct tb_wr *wr, const struct tb_msg_stats *s)
{
    for (size_t i = 0; i < s->num; i++) {
        const char *name = s->stat[i].name;
        size_t len = strlen(name);
        bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;

        if (len > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len)
            put_value(wr, name, total ? "counter" : "gauge", s->stat[i].value);
    }
}

void tb_metrics_handle(struct tb_request *rq)
{
    struct tb_front *f = rq->front;
    struct tb_wr *wr = tb_reply_body(rq);

    put_requests(f, wr);
    put_problems(f, wr);
    put_validations(f, wr);
    put_value(wr, "front_connections_total", "counter", f->counters.connections);
    put_value(wr, "front_connections", "gauge", f->num_conns);
    put_value(wr, "front_connections_displaced_total", "counter", f->counters.connections_displaced);
    put_value(wr, "front_handshake_failures_total", "counter", f->counters.handshake_failures);
    put_value(wr, "front_accounts_created_total", "counter", f->counters.accounts);
    put_value(wr, "front_orders_total", "counter", f->counters.orders);
    put_value(wr, "front_issued_total", "counter", f->counters.issued);
    put_value(wr, "front_orders_repaired_total", "counter", f->counters.synced);
    put_value(wr, "front_validations_in_flight", "gauge", f->validations.num);
    put_value(wr, "front_uses_in_flight", "gauge", f->uses.num);
    put_value(wr, "front_uses_armed_total", "counter", f->counters.armed);
    put_value(wr, "front_uses_refused_total", "counter", f->counters.use_refused);
    put_value(wr, "front_finalizes_in_flight", "gauge", f->num_finalizes);
    put_value(wr, "front_judge_outstanding", "gauge", tb_edge_outstanding(f->edge, TB_ROLE_JUDGE));
    put_value(wr, "front_validator_outstanding", "gauge", tb_edge_outstanding(f->edge, TB_ROLE_VALIDATOR));
    put_value(wr, "front_responder_outstanding", "gauge", tb_edge_outstanding(f->edge, TB_ROLE_RESPONDER));
    put_value(wr, "front_https_not_after_seconds", "gauge", (uint64_t)f->https_not_after);
    put_store(f, wr);
    put_process(f, wr);
    put_peer(wr, &f->stats_judge);
    put_peer(wr, &f->stats_validator);
    put_peer(wr, &f->stats_responder);
    tb_reply(rq, 200, "text/plain; version=0.0.4");
}
