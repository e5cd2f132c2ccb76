#include "client/renew.h"

#include <stdlib.h>
#include <string.h>

#include "client/ari.h"
#include "client/schedule.h"
#include "lib/base/hash.h"

static uint32_t random32(void)
{
    uint32_t r;

    tb_random(&r, sizeof(r));
    return r;
}

static int ask(const struct tb_settings *s, const char *certid, struct tb_ari *out, struct tb_fail *fail)
{
    const struct tb_https_options opt = {.ca_file = s->ca[0] != '\0' ? s->ca : NULL,
                                         .proxy = s->proxy[0] != '\0' ? s->proxy : NULL};
    struct tb_acme_directory *dir = malloc(sizeof(*dir));
    struct tb_https *https = NULL;
    int r = dir != NULL ? tb_https_new(&opt, &https, fail) : TB_E_NOMEM;

    if (r == 0 && (r = tb_acme_directory_get(https, s->server, dir, fail)) == 0)
        r = tb_ari_get(https, dir, certid, out, fail);
    tb_https_free(https);
    free(dir);
    return r;
}

/* RFC 9773 section 4.2: the instant stays while it lies in the window, and is chosen anew when the window moved. */
static void consult(const struct tb_lineage *l, struct tb_settings *s, const struct tb_client_chain *chain,
                    const struct tb_say *say, tb_time_t now)
{
    char certid[TB_CERTID_MAX + 1];
    struct tb_fail fail = {0};
    struct tb_ari ari;
    int r;

    if (now < s->ari_next_s || tb_client_chain_certid(chain, certid) < 0)
        return;
    r = ask(s, certid, &ari, &fail);
    s->ari_next_s = now + tb_schedule_ari(r == 0 ? ari.retry_after_s : -1);
    if (r < 0) {
        if (r != TB_E_UNSUPPORTED)
            tb_say(say, "%s: no renewal information (%s); going by our own schedule", l->name, fail.text);
        return;
    }
    if (s->renew_at_s < ari.start || s->renew_at_s > ari.end)
        s->renew_at_s = tb_schedule_between(ari.start, ari.end, random32());
    if (s->renew_at_s < 1)
        s->renew_at_s = 1;
    if (tb_schedule_due(s->renew_at_s, now) && ari.explanation[0] != '\0')
        tb_say(say, "%s: the server explains: %s", l->name, ari.explanation);
}

static bool is_due(const struct tb_lineage *l, struct tb_settings *s, const struct tb_say *say, tb_time_t now)
{
    struct tb_client_chain chain;
    tb_time_t from;
    tb_time_t to;

    if (tb_lineage_chain(l, &chain, NULL) < 0)
        return true; /* there is none, or none that can be read */
    tb_client_chain_times(&chain, &from, &to);
    if (s->renew_at_s == 0)
        s->renew_at_s = tb_schedule_fallback(from, to, random32());
    if (now < to)
        consult(l, s, &chain, say, now);
    tb_client_chain_clear(&chain);
    return tb_schedule_due(s->renew_at_s, now);
}

static void note_failure(const struct tb_lineage *l, struct tb_settings *s, const struct tb_fail *why, tb_time_t now)
{
    if (s->failures < INT64_MAX)
        s->failures++;
    s->next_try_s = now + tb_schedule_backoff(s->failures, why->retry_after_s, random32());
    memcpy(s->last_error, why->text, sizeof(s->last_error) - 1);
    s->last_error[sizeof(s->last_error) - 1] = '\0';
    (void)!tb_settings_write(l, s, NULL);
}

static int issue(const struct tb_lineage *l, struct tb_settings *s, const struct tb_renew_options *opt,
                 struct tb_fail *fail)
{
    const struct tb_acme_registration existing = {.only_existing = true};
    const struct tb_issue job = {
        .lineage = l,
        .settings = s,
        .registration = &existing,
        .say = opt->say,
        .allow_weak_sandbox = opt->allow_weak_sandbox,
        .dry_run = opt->dry_run,
    };
    int r = tb_issue(&job, NULL, fail);

    return r == 0 && !opt->dry_run ? tb_issue_deploy(l, s, opt->say, fail) : r;
}

static enum tb_renew_outcome renew(const struct tb_lineage *l, struct tb_settings *s,
                                   const struct tb_renew_options *opt, struct tb_fail *fail)
{
    tb_time_t now = tb_clock_now_s();
    bool deploy_only = false;
    int r;

    if (!opt->force && now < s->next_try_s)
        return TB_RENEW_WAITS;
    if (!opt->force && !is_due(l, s, opt->say, now)) {
        if (!opt->dry_run && (r = tb_settings_write(l, s, fail)) < 0)
            return TB_RENEW_FAILED;
        if (!s->deploy_pending || opt->dry_run)
            return TB_RENEW_NOT_DUE;
        deploy_only = true;
    }
    r = deploy_only ? tb_issue_deploy(l, s, opt->say, fail) : issue(l, s, opt, fail);
    if (r == 0)
        return TB_RENEW_DONE;
    if (!opt->dry_run)
        note_failure(l, s, fail, now);
    return TB_RENEW_FAILED;
}

enum tb_renew_outcome tb_renew(const struct tb_lineage *l, const struct tb_renew_options *opt, struct tb_fail *fail)
{
    struct tb_settings *s = malloc(sizeof(*s));
    enum tb_renew_outcome outcome = TB_RENEW_FAILED;

    if (s == NULL)
        (void)tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
    else if (tb_settings_read(l, s, fail) == 0)
        outcome = renew(l, s, opt, fail);
    free(s);
    return outcome;
}
