/* tabard check: who will refuse this certificate, and why. */
#include <errno.h>
#include <getopt.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/check/diff.h"
#include "cli/check/directory.h"
#include "cli/check/live.h"
#include "cli/check/options.h"
#include "cli/check/report.h"
#include "cli/command.h"
#include "lib/base/mem.h"

/* Load and measure one input; the result is filled, or says why not and a negative enum tb_err comes back. */
static int check_one(const char *what, const struct tb_check_options *opt, const struct tb_check_peer *peer,
                     struct tb_check_result *result)
{
    struct tb_check_how how = opt->how;
    struct stat st;
    char host[TB_LIVE_HOST_MAX + 1];
    char port[6];
    int r;

    how.at = peer->at;
    *result = (struct tb_check_result){.peer = peer};
    if (stat(what, &st) != 0 && tb_check_live_parse(what, host, port))
        r = tb_check_live(what, opt->starttls, peer->name, &result->in, result->why);
    else
        r = tb_check_input_file(what, &how, &result->in, result->why);
    if (r == 0 && opt->csr && result->in.kind != TB_CHECK_KIND_CSR) {
        tb_check_input_clear(&result->in);
        snprintf(result->why, sizeof(result->why), "it is no certificate request");
        r = TB_E_FORMAT;
    }
    tb_check_result_fill(result, opt->roles, peer);
    if (result->in.label == NULL)
        result->in.label = strdup(what);
    return r;
}

/* A live server is asked for by its name. */
static int run_one(const struct tb_check_options *opt, const char *what)
{
    struct tb_check_result result;
    struct tb_check_peer peer = opt->peer;
    char host[TB_LIVE_HOST_MAX + 1];
    char port[6];
    struct stat st;
    int status;

    if (peer.name == NULL && stat(what, &st) != 0 && tb_check_live_parse(what, host, port))
        peer.name = host;
    (void)check_one(what, opt, &peer, &result); /* why it failed stands in the result */
    status = (int)tb_check_result_verdict(&result);
    if (opt->json) {
        json_t *arr = json_array();

        json_array_append_new(arr, tb_check_report_json(&result));
        if (tb_check_print_json(tb_check_document(&peer, "results", arr)) < 0)
            status = TB_CHECK_UNKNOWN;
    } else if (result.in.chain == NULL) {
        tb_check_complain(what, result.why);
    } else {
        tb_check_report(stdout, &result, false);
    }
    tb_check_result_clear(&result);
    return status;
}

/* Worst first: refused, could not tell, accepted. */
static enum tb_check_verdict join(enum tb_check_verdict a, enum tb_check_verdict b)
{
    return a == TB_CHECK_REFUSED || b == TB_CHECK_ACCEPTED ? a : b;
}

/* Keys, DH parameters and files of CA certificates lie beside the chains: they are passed over. */
static bool is_passed_over(const struct tb_check_result *result, int r)
{
    return r == TB_E_NOTFOUND || (result->in.chain != NULL && X509_check_ca(sk_X509_value(result->in.chain, 0)) == 1);
}

/* One file of a directory: its verdict is joined, its report printed or added to arr. */
static bool run_file(const struct tb_check_options *opt, const char *path, json_t *arr, enum tb_check_verdict *verdict)
{
    struct tb_check_result result;
    int r = check_one(path, opt, &opt->peer, &result);
    bool seen = !is_passed_over(&result, r);

    if (seen) {
        *verdict = join(*verdict, tb_check_result_verdict(&result));
        if (opt->json)
            json_array_append_new(arr, tb_check_report_json(&result));
        else
            tb_check_report(stdout, &result, true);
    }
    tb_check_result_clear(&result);
    return seen;
}

static int run_directory(const struct tb_check_options *opt, const char *dir)
{
    char **paths = NULL;
    size_t num = 0;
    size_t seen = 0;
    json_t *arr = json_array();
    enum tb_check_verdict verdict = TB_CHECK_ACCEPTED;
    int r = tb_check_directory(dir, &paths, &num);

    if (r < 0)
        tb_check_complain(dir, r == TB_E_IO ? strerror(errno) : tb_err_text(r));
    for (size_t i = 0; i < num; i++)
        seen += run_file(opt, paths[i], arr, &verdict);
    tb_check_directory_free(paths, num);
    if (r == 0 && seen == 0)
        tb_check_complain(dir, "no certificate of a leaf in it");
    if (seen == 0)
        verdict = TB_CHECK_UNKNOWN;
    if (!opt->json || seen == 0)
        json_decref(arr);
    else if (tb_check_print_json(tb_check_document(&opt->peer, "results", arr)) < 0)
        verdict = TB_CHECK_UNKNOWN;
    return (int)verdict;
}

/* The old certificate may have ended: its last second tells what it did. */
static int64_t time_for_old(X509 *leaf, int64_t now)
{
    struct tm tm;
    int64_t end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &tm) != 1)
        return now;
    end = (int64_t)timegm(&tm) - 1;
    return end < now ? end : now;
}

static int run_diff(const struct tb_check_options *opt, const char *old_path, const char *new_path)
{
    struct tb_check_result before;
    struct tb_check_result after;
    struct tb_check_peer old_peer = opt->peer;
    json_t *doc = opt->json ? json_object() : NULL;
    int status = TB_CHECK_UNKNOWN;

    (void)check_one(old_path, opt, &opt->peer, &before);
    (void)check_one(new_path, opt, &opt->peer, &after);
    if (before.in.chain != NULL && after.in.chain != NULL) {
        old_peer.at = time_for_old(sk_X509_value(before.in.chain, 0), opt->peer.at);
        if (old_peer.at != opt->peer.at) {
            tb_check_result_clear(&before);
            (void)check_one(old_path, opt, &old_peer, &before);
        }
    }
    if (before.in.chain == NULL || after.in.chain == NULL) {
        tb_check_complain(before.in.chain == NULL ? old_path : new_path,
                          before.in.chain == NULL ? before.why : after.why);
        json_decref(doc);
    } else {
        status = (int)tb_check_diff(stdout, &before, &after, doc);
        if (opt->json && tb_check_print_json(tb_check_document(&opt->peer, "diff", doc)) < 0)
            status = TB_CHECK_UNKNOWN;
    }
    tb_check_result_clear(&before);
    tb_check_result_clear(&after);
    return status;
}

static int scan_one(const struct tb_check_options *opt, const char *path, struct tb_config_uses *uses)
{
    enum tb_config_kind kind = opt->kind;
    char why[TB_CHECK_WHY_MAX + 1] = "it is no configuration that is known here; try --config-kind";
    char *text = NULL;
    size_t len = 0;
    int r = tb_check_read_file(path, &text, &len, why);

    if (r == 0 && !opt->kind_given && !tb_config_kind_guess(path, text, &kind))
        r = TB_E_UNSUPPORTED;
    else if (r == 0 && (r = tb_config_scan(kind, path, text, uses)) < 0)
        snprintf(why, sizeof(why), "%s: %s", tb_config_kind_text(kind), tb_err_text(r));
    tb_free_secret(text, len);
    return r < 0 ? tb_check_complain(path, why) : 0;
}

static int run_config(const struct tb_check_options *opt, char **paths, int num)
{
    struct tb_config_uses uses = {0};
    json_t *doc = opt->json ? json_object() : NULL;
    int status = 0;
    size_t both;

    for (int i = 0; i < num; i++)
        status = scan_one(opt, paths[i], &uses) != 0 ? TB_CHECK_UNKNOWN : status;
    both = tb_config_report(stdout, &uses, doc);
    if (opt->json && tb_check_print_json(tb_check_document(&opt->peer, "config", doc)) < 0)
        status = TB_CHECK_UNKNOWN;
    tb_config_uses_clear(&uses);
    return both > 0 ? (int)TB_CHECK_REFUSED : status;
}

static int run(const struct tb_check_options *opt, char **words, int num)
{
    struct stat st;

    if (opt->diff + opt->csr + opt->config > 1)
        return tb_check_misuse("--diff, --csr and --config exclude one another");
    if (opt->config)
        return num > 0 ? run_config(opt, words, num) : tb_check_misuse("--config takes configuration files");
    if (opt->diff)
        return num == 2 ? run_diff(opt, words[0], words[1]) : tb_check_misuse("--diff takes the old and the new chain");
    if (num != 1)
        return tb_check_misuse(num == 0 ? "nothing to check" : "one input at a time");
    if (stat(words[0], &st) == 0 && S_ISDIR(st.st_mode))
        return run_directory(opt, words[0]);
    return run_one(opt, words[0]);
}

int tb_cmd_check(int argc, char **argv)
{
    struct tb_check_options opt;
    int status = tb_check_options_parse(argc, argv, &opt);

    signal(SIGPIPE, SIG_IGN); /* a server that hangs up is an answer */
    if (status < 0)
        status = run(&opt, argv + optind, argc - optind);
    if (fflush(stdout) != 0)
        status = TB_CHECK_UNKNOWN;
    tb_check_options_clear(&opt);
    return status;
}
