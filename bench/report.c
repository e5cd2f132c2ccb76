#include <stdio.h>

#include "bench/flow.h"
#include "bench/run.h"

static double ms(uint64_t us)
{
    return (double)us / 1000;
}

static void put_hist(const char *name, const struct tb_load_hist *h)
{
    printf("%s_num=%llu\n", name, (unsigned long long)h->num);
    if (h->num > 0)
        printf("%s_p50_ms=%.3f\n%s_p90_ms=%.3f\n%s_p99_ms=%.3f\n%s_max_ms=%.3f\n", name, ms(tb_load_hist_at(h, 0.50)),
               name, ms(tb_load_hist_at(h, 0.90)), name, ms(tb_load_hist_at(h, 0.99)), name, ms(h->max));
}

static void row_hist(const char *name, const struct tb_load_hist *h)
{
    if (h->num > 0)
        printf("  %-20s %8llu %9.2f %9.2f %9.2f %9.2f\n", name, (unsigned long long)h->num,
               ms(tb_load_hist_at(h, 0.50)), ms(tb_load_hist_at(h, 0.90)), ms(tb_load_hist_at(h, 0.99)), ms(h->max));
}

static uint64_t put_watch(const struct tb_load_watch *w)
{
    uint64_t cpu = 0, rss = 0, peak = 0, pss = 0;

    for (size_t i = 0; i < w->num; i++) {
        const struct tb_load_proc *p = &w->proc[i];

        cpu += p->cpu_us;
        rss += p->rss_kb;
        peak += p->peak_kb;
        pss += p->pss_kb;
        printf("process=%s,cpu_ms=%.0f,rss_kb=%llu,peak_kb=%llu,pss_kb=%llu\n", p->name, ms(p->cpu_us),
               (unsigned long long)p->rss_kb, (unsigned long long)p->peak_kb, (unsigned long long)p->pss_kb);
    }
    if (w->num > 0)
        printf(
            "server_processes=%zu\nserver_cpu_ms=%.0f\nserver_rss_kb=%llu\nserver_peak_kb=%llu\nserver_pss_kb=%llu\n",
            w->num, ms(cpu), (unsigned long long)rss, (unsigned long long)peak, (unsigned long long)pss);
    return cpu;
}

static void put_machine(const struct tb_load_options *opt, const struct tb_load_result *r)
{
    const struct tb_load_stats *s = &r->stats;
    double certs = s->certificates > 0 ? (double)s->certificates : 1;
    uint64_t cpu;

    printf("clients=%u\nconnections=%s\nseconds=%.3f\n", opt->clients, opt->connections == TB_LOAD_NEW ? "new" : "kept",
           (double)r->elapsed_us / 1e6);
    printf("certificates=%llu\ncertificates_per_s=%.1f\nfailures=%llu\n", (unsigned long long)s->certificates,
           (double)s->certificates * 1e6 / (double)(r->elapsed_us > 0 ? r->elapsed_us : 1),
           (unsigned long long)s->failures);
    printf("requests=%llu\nrequests_per_certificate=%.2f\nhandshakes=%llu\npolls=%llu\nnonce_retries=%llu\nreopened=%"
           "llu\n",
           (unsigned long long)s->requests, (double)s->requests / certs, (unsigned long long)s->handshakes,
           (unsigned long long)s->polls, (unsigned long long)s->nonce_retries, (unsigned long long)s->reopened);
    put_hist("issuance", &s->issuance);
    put_hist("request", &s->request);
    put_hist("connect", &s->connect);
    for (size_t i = 0; i < s->num_reasons; i++)
        printf("failure=%s,num=%llu\n", s->reason[i].text, (unsigned long long)s->reason[i].num);
    printf("generator_cpu_ms_per_certificate=%.3f\n", ms(r->own_cpu_us) / certs);
    cpu = put_watch(&r->watch);
    if (r->watch.num > 0)
        printf("server_cpu_ms_per_certificate=%.3f\n", ms(cpu) / certs);
}

static void put_table(const struct tb_load_options *opt, const struct tb_load_result *r)
{
    const struct tb_load_stats *s = &r->stats;
    double certs = s->certificates > 0 ? (double)s->certificates : 1;

    printf(
        "\n%u clients, connections %s: %llu certificates in %.1f s, %.1f a second, %.2f requests each, %llu failures\n",
        opt->clients, opt->connections == TB_LOAD_NEW ? "new for each" : "kept", (unsigned long long)s->certificates,
        (double)r->elapsed_us / 1e6, (double)s->certificates * 1e6 / (double)(r->elapsed_us > 0 ? r->elapsed_us : 1),
        (double)s->requests / certs, (unsigned long long)s->failures);
    printf("  %-20s %8s %9s %9s %9s %9s\n", "ms", "number", "p50", "p90", "p99", "max");
    row_hist("issuance", &s->issuance);
    row_hist("connect", &s->connect);
    row_hist("request", &s->request);
    for (int i = 0; i < TB_LOAD_STEP__COUNT; i++)
        row_hist(tb_load_step_name((enum tb_load_step)i), &s->kind[i]);
    for (size_t i = 0; i < s->num_reasons; i++)
        printf("  failed %6llu times: %s\n", (unsigned long long)s->reason[i].num, s->reason[i].text);
    if (r->watch.num == 0)
        return;
    printf("  %-20s %12s %10s %10s %10s\n", "process", "CPU ms/cert", "RSS kB", "peak kB", "PSS kB");
    for (size_t i = 0; i < r->watch.num; i++) {
        const struct tb_load_proc *p = &r->watch.proc[i];

        printf("  %-20s %12.3f %10llu %10llu %10llu\n", p->name, ms(p->cpu_us) / certs, (unsigned long long)p->rss_kb,
               (unsigned long long)p->peak_kb, (unsigned long long)p->pss_kb);
    }
}

void tb_load_report(const struct tb_load_options *opt, const struct tb_load_result *result)
{
    put_machine(opt, result);
    put_table(opt, result);
}

void tb_load_report_idle(const struct tb_load_options *opt, const struct tb_load_result *result)
{
    printf("idle=%u\nidle_closed=%u\nseconds=%.3f\n", opt->idle, result->unfinished, (double)result->elapsed_us / 1e6);
    put_hist("connect", &result->stats.connect);
    (void)put_watch(&result->watch);
}
