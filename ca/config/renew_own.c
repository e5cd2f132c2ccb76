/* tabardd renew-own: new keys and certificates for the CA's own listeners. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/config/command.h"
#include "ca/config/own_renew.h"
#include "ca/config/running.h"
#include "lib/base/amount.h"
#include "lib/json/json.h"

#define DAY_S         INT64_C(86400)
#define DAYS_LEFT_MAX 9999
#define JSON_MAX      65536

struct options {
    const char *config;
    uint32_t days_left; /* 0 = a third of the lifetime */
    bool reload, json, help;
};

static const char *const outcome_words[] = {
    [TB_OWN_KEPT] = "kept", [TB_OWN_RENEWED] = "renewed", [TB_OWN_LEFT] = "left", [TB_OWN_FAILED] = "failed"};

struct job {
    struct options opt;
    struct tb_config *cfg;
    struct tb_own_renewal by;
    struct tb_place lock;
    struct tb_own_result results[TB_OWN__COUNT];
    size_t num_results;
    struct tb_running running;
    bool reload_due;
    tb_place_why why; /* of a failure that concerns all */
};

static bool outlived(tb_time_t shown, tb_time_t have)
{
    return shown != 0 && have != 0 && shown != have;
}

/* Files that changed concern a CA that runs; so do those of an earlier call, when it still shows other ones. */
static int look_at_running(struct job *job)
{
    int r = tb_running_ask(job->cfg, &job->running, job->why);

    if (r < 0 || job->running.pid == 0)
        return r;
    for (size_t i = 0; i < job->num_results; i++)
        if (job->results[i].outcome == TB_OWN_RENEWED ||
            outlived(i == TB_OWN_HTTPS ? job->running.https_not_after : job->running.responder_not_after,
                     job->results[i].not_after))
            job->reload_due = true;
    if (!job->reload_due || !job->opt.reload)
        return 0;
    r = tb_running_reload(job->cfg, &job->running, job->why);
    job->reload_due = r < 0;
    return r;
}

static int run(struct job *job)
{
    struct tb_own_cert own;
    int r;

    if ((r = tb_place_open(&job->lock, job->cfg, TB_FILE_HTTPS_KEY, 0600, TB_OWNER_USER, job->why)) < 0 ||
        (r = tb_place_lock(&job->lock, job->why)) < 0 ||
        (r = tb_own_issuer_read(job->cfg, &job->by.issuer, &job->by.ca, job->why)) < 0)
        return r;
    if (job->by.now > job->by.ca.not_after) {
        snprintf(job->why, sizeof(job->why), "issuing-server.pem has expired: it must be renewed first");
        return TB_E_EXPIRED;
    }
    for (enum tb_own i = 0; i < TB_OWN__COUNT; i++)
        if (tb_own_cert_of(job->cfg, i, &own))
            tb_own_renew(&job->by, &own, &job->results[job->num_results++]);
    return look_at_running(job);
}

static void print_result(const struct tb_own_result *res, tb_time_t now)
{
    char end[TB_RFC3339_LEN + 1];

    tb_rfc3339_format(end, res->not_after);
    if (res->outcome == TB_OWN_FAILED)
        fprintf(stderr, "%s\n", res->why);
    else if (res->outcome == TB_OWN_RENEWED)
        printf("%s: renewed, with a new key; ends at %s\n", res->chain.path, end);
    else if (res->why[0] != '\0')
        printf("%s: %s%s%s\n", res->chain.path, res->why, res->not_after != 0 ? "; ends at " : "",
               res->not_after != 0 ? end : "");
    else
        printf("%s: kept; ends at %s, in %lld days\n", res->chain.path, end,
               (long long)((res->not_after - now) / DAY_S));
}

static void print_text(const struct job *job)
{
    for (size_t i = 0; i < job->num_results; i++)
        print_result(&job->results[i], job->by.now);
    if (job->why[0] != '\0')
        fprintf(stderr, "tabardd renew-own: %s\n", job->why);
    if (job->reload_due)
        printf(
            "The CA that runs shows the old ones until it is reloaded: tabardd renew-own --reload, or kill -HUP %ld\n",
            (long)job->running.pid);
    else if (job->running.pid != 0 && job->running.reloads > 0 && job->opt.reload && job->why[0] == '\0')
        printf("The CA that runs shows what is there\n");
}

static void put_result(struct tb_jw *jw, const struct tb_own_result *res)
{
    char end[TB_RFC3339_LEN + 1];

    tb_jw_obj(jw);
    tb_jw_kv(jw, "file", res->chain.path);
    tb_jw_kv(jw, "outcome", outcome_words[res->outcome]);
    if (res->not_after != 0) {
        tb_rfc3339_format(end, res->not_after);
        tb_jw_kv(jw, "not_after", end);
    }
    if (res->why[0] != '\0')
        tb_jw_kv(jw, "reason", res->why);
    tb_jw_end_obj(jw);
}

static void print_json(const struct job *job)
{
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_init(&wr, JSON_MAX);
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "certificates");
    tb_jw_arr(&jw);
    for (size_t i = 0; i < job->num_results; i++)
        put_result(&jw, &job->results[i]);
    tb_jw_end_arr(&jw);
    tb_jw_key(&jw, "running");
    tb_jw_bool(&jw, job->running.pid != 0);
    tb_jw_key(&jw, "reload_due");
    tb_jw_bool(&jw, job->reload_due);
    if (job->why[0] != '\0')
        tb_jw_kv(&jw, "error", job->why);
    tb_jw_end_obj(&jw);
    if (tb_wr_err(&wr) == 0)
        printf("%.*s\n", (int)wr.len, (const char *)wr.buf);
    tb_wr_clear(&wr);
}

static void clear(struct job *job)
{
    for (size_t i = 0; i < job->num_results; i++)
        tb_own_result_clear(&job->results[i]);
    tb_place_close(&job->lock);
    tb_hierarchy_clear(&job->by.issuer);
    tb_cacert_clear(&job->by.ca);
    tb_config_free(job->cfg);
    free(job);
}

static int command(struct job *job)
{
    int status;

    job->by.cfg = job->cfg;
    job->by.days_left = job->opt.days_left;
    job->by.now = tb_clock_now_s();
    status = run(job) < 0 ? TB_EXIT_FAILURE : TB_EXIT_OK;
    for (size_t i = 0; i < job->num_results; i++)
        if (job->results[i].outcome == TB_OWN_FAILED)
            status = TB_EXIT_FAILURE;
    if (job->opt.json)
        print_json(job);
    else
        print_text(job);
    return status;
}

static void usage(FILE *f)
{
    fputs("usage: tabardd renew-own --config FILE [--days-left N] [--reload] [--json]\n"
          "\n"
          "  --config FILE  the configuration that init wrote (DIR/tabard.yaml)\n"
          "  --days-left N  renew what has fewer than N days left (a third of its lifetime)\n"
          "  --reload       have the CA that runs on DIR take what was renewed, and wait until it has\n"
          "  --json         tell the outcome as one JSON object\n"
          "\n"
          "https.pem and responder.pem are renewed when init or this command made them. Certificates of another CA "
          "stay.\n"
          "Exit status: 0 nothing is left to do, 1 failure, 2 usage, 3 configuration error.\n",
          f);
}

static int parse(struct options *opt, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"days-left", required_argument, NULL, 'd'},
        {"reload", no_argument, NULL, 'r'},       {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {0}};
    bool ok = true;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (c == 'c')
            opt->config = optarg;
        else if (c == 'd')
            ok = ok && tb_value_number(optarg, &opt->days_left) == 0 && opt->days_left > 0 &&
                 opt->days_left <= DAYS_LEFT_MAX;
        else if (c == 'r')
            opt->reload = true;
        else if (c == 'j')
            opt->json = true;
        else if (c == 'h')
            opt->help = true;
        else
            ok = false;
    }
    if (opt->help || (ok && optind == argc && opt->config != NULL)) {
        if (opt->help)
            usage(stdout);
        return TB_EXIT_OK;
    }
    usage(stderr);
    return TB_EXIT_USAGE;
}

int tb_cmd_renew_own(int argc, char **argv)
{
    struct job *job = calloc(1, sizeof(*job));
    char why[TB_CONFIG_WHY_MAX + 1];
    int status;

    if (job == NULL) {
        fprintf(stderr, "tabardd renew-own: %s\n", tb_err_text(TB_E_NOMEM));
        return TB_EXIT_FAILURE;
    }
    status = parse(&job->opt, argc, argv);
    if (status == TB_EXIT_OK && !job->opt.help) {
        if (tb_config_load(job->opt.config, &job->cfg, NULL, why) == 0) {
            status = command(job);
        } else {
            fprintf(stderr, "%s\n", why);
            status = TB_EXIT_CONFIG;
        }
    }
    clear(job);
    return status;
}
