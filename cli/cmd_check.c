/* tabard check: who will refuse this certificate, and why. */
#include <errno.h>
#include <getopt.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/check/config.h"
#include "cli/check/diff.h"
#include "cli/check/directory.h"
#include "cli/check/input.h"
#include "cli/check/live.h"
#include "cli/check/report.h"
#include "cli/check/starttls.h"
#include "cli/command.h"
#include "lib/base/compiler.h"
#include "lib/base/mem.h"

#define BOTH_ROLES         (1u << TB_CHECK_CLIENT | 1u << TB_CHECK_SERVER)
#define COULD_NOT_TELL     TB_CHECK_UNKNOWN
#define PASSPHRASE_MAX     1023
#define ANCHORS_FILES_NAME "the files of --anchors"

struct options {
    struct tb_check_peer peer;
    struct tb_check_how how;
    STACK_OF(X509) * anchors;
    char passphrase[PASSPHRASE_MAX + 1];
    const char *starttls;
    unsigned roles;
    bool json;
    bool diff;
    bool csr;
    bool config;
    bool kind_given;
    enum tb_config_kind kind;
};

static void usage(FILE *f)
{
    fputs("usage: tabard check INPUT [--anchors FILE]... [--role client|server] [OPTION]...\n"
          "       tabard check --csr FILE | --diff OLD NEW | --config FILE...\n"
          "\n"
          "INPUT is a certificate file, a chain, a certificate request, a PKCS #12 file, a directory, or HOST:PORT.\n"
          "\n"
          "  --anchors FILE          what the peer trusts; may be repeated; default: the system's store\n"
          "  --role client|server    one role; default: both\n"
          "  --name NAME             the server's name that a client would ask for\n"
          "  --at TIME               judge as of 2027-03-15 or 2027-03-15T12:00:00Z; default: now\n"
          "  --key FILE              the leaf's private key, so that the handshake goes to its end\n"
          "  --passphrase-file FILE  of the PKCS #12 file or key; its first line\n"
          "  --starttls PROTOCOL     smtp, imap, xmpp, postgres or ldap, for HOST:PORT\n"
          "  --config-kind KIND      postfix, nginx, haproxy, kamailio, prosody, etcd or mongodb\n"
          "  --json                  print JSON\n"
          "\n"
          "Exit status: 0 accepted, 1 refused (--diff: a role is lost; --config: one certificate in both roles),\n"
          "2 could not tell.\n",
          f);
}

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "tabard: %s: %s\n", what, why);
    return COULD_NOT_TELL;
}

static int misuse(const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return COULD_NOT_TELL;
}

static bool parse_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end != NULL && *end == 'T')
        end = strptime(end, "T%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return false;
    *out = (int64_t)timegm(&tm);
    return true;
}

static int take_passphrase(struct options *opt, const char *path)
{
    char why[TB_CHECK_WHY_MAX + 1];
    char *text = NULL;
    size_t len = 0;

    if (tb_check_read_file(path, &text, &len, why) < 0)
        return complain(path, why);
    len = strcspn(text, "\r\n");
    if (len <= PASSPHRASE_MAX) {
        memcpy(opt->passphrase, text, len);
        opt->passphrase[len] = '\0';
        opt->how.passphrase = opt->passphrase;
    }
    tb_free_secret(text, strlen(text));
    return opt->how.passphrase != NULL ? -1 : complain(path, "the passphrase is too long");
}

static int take_anchors(struct options *opt, const char *path)
{
    char why[TB_CHECK_WHY_MAX + 1];

    if (opt->anchors == NULL && (opt->anchors = sk_X509_new_null()) == NULL)
        return complain(path, "out of memory");
    if (tb_check_anchors_file(path, opt->anchors, why) < 0)
        return complain(path, why);
    opt->peer.anchors = opt->anchors;
    opt->peer.anchors_name = ANCHORS_FILES_NAME;
    return -1;
}

static int take_role(struct options *opt, const char *text)
{
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if (strcmp(text, tb_check_role_text((enum tb_check_role)r)) == 0) {
            opt->roles = 1u << r;
            return -1;
        }
    return misuse("a role is client or server");
}

static int take_starttls(struct options *opt, const char *text)
{
    opt->starttls = text;
    return tb_starttls_known(text) ? -1 : misuse("--starttls is smtp, imap, xmpp, postgres or ldap");
}

static int take_name(struct options *opt, const char *text)
{
    opt->peer.name = text;
    return -1;
}

static int take_at(struct options *opt, const char *text)
{
    return parse_time(text, &opt->peer.at) ? -1 : misuse("--at is like 2027-03-15 or 2027-03-15T12:00:00Z");
}

static int take_key(struct options *opt, const char *text)
{
    opt->how.key_path = text;
    return -1;
}

static int take_kind(struct options *opt, const char *text)
{
    opt->kind_given = tb_config_kind_find(text, &opt->kind);
    return opt->kind_given ? -1 : misuse("there is no such kind of configuration");
}

static int take_json(struct options *opt, const char *text)
{
    (void)text;
    opt->json = true;
    return -1;
}

static int take_diff(struct options *opt, const char *text)
{
    (void)text;
    opt->diff = true;
    return -1;
}

static int take_csr(struct options *opt, const char *text)
{
    (void)text;
    opt->csr = true;
    return -1;
}

static int take_config(struct options *opt, const char *text)
{
    (void)text;
    opt->config = true;
    return -1;
}

static int take_help(struct options *opt, const char *text)
{
    (void)opt;
    (void)text;
    usage(stdout);
    return TB_CLI_OK;
}

/* A row's function returns an exit status, or -1 to go on. */
static const struct {
    const char *name;
    int argument;
    int (*take)(struct options *opt, const char *text);
} rows[] = {
    {"anchors", required_argument, take_anchors},
    {"role", required_argument, take_role},
    {"name", required_argument, take_name},
    {"at", required_argument, take_at},
    {"key", required_argument, take_key},
    {"passphrase-file", required_argument, take_passphrase},
    {"starttls", required_argument, take_starttls},
    {"config-kind", required_argument, take_kind},
    {"json", no_argument, take_json},
    {"diff", no_argument, take_diff},
    {"csr", no_argument, take_csr},
    {"config", no_argument, take_config},
    {"help", no_argument, take_help},
};

static int parse(int argc, char **argv, struct options *opt)
{
    struct option options[TB_ARRAY_LEN(rows) + 1] = {0};
    int status = -1;
    int c;

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        options[i] = (struct option){.name = rows[i].name, .has_arg = rows[i].argument, .val = (int)i + 1};
    while (status < 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c < 1 || c > (int)TB_ARRAY_LEN(rows))
            return COULD_NOT_TELL;
        status = rows[c - 1].take(opt, optarg);
    }
    return status;
}

/* Load and measure one input; the result is filled or says why not. */
static void check_one(const char *what, const struct options *opt, const struct tb_check_peer *peer,
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
    }
    tb_check_result_fill(result, opt->roles, peer);
    if (result->in.label == NULL)
        result->in.label = strdup(what);
}

/* A live server is asked for by its name. */
static int run_one(const struct options *opt, const char *what)
{
    struct tb_check_result result;
    struct tb_check_peer peer = opt->peer;
    char host[TB_LIVE_HOST_MAX + 1];
    char port[6];
    struct stat st;
    int status;

    if (peer.name == NULL && stat(what, &st) != 0 && tb_check_live_parse(what, host, port))
        peer.name = host;
    check_one(what, opt, &peer, &result);
    status = (int)tb_check_result_verdict(&result);
    if (opt->json) {
        json_t *arr = json_array();

        json_array_append_new(arr, tb_check_report_json(&result));
        if (tb_check_print_json(tb_check_document(&peer, "results", arr)) < 0)
            status = COULD_NOT_TELL;
    } else if (result.in.chain == NULL) {
        complain(what, result.why);
    } else {
        tb_check_report(stdout, &result, false);
    }
    tb_check_result_clear(&result);
    return status;
}

/* Keys, DH parameters and files of CA certificates lie beside the chains: they are passed over. */
static bool is_leaf_file(const struct tb_check_result *result)
{
    return result->in.chain != NULL && X509_check_ca(sk_X509_value(result->in.chain, 0)) != 1;
}

static int run_directory(const struct options *opt, const char *dir)
{
    char **paths = NULL;
    size_t num = 0;
    size_t seen = 0;
    json_t *arr = json_array();
    enum tb_check_verdict verdict = TB_CHECK_ACCEPTED;
    int r = tb_check_directory(dir, &paths, &num);

    for (size_t i = 0; r == 0 && i < num; i++) {
        struct tb_check_result result;
        enum tb_check_verdict v;

        check_one(paths[i], opt, &opt->peer, &result);
        if (is_leaf_file(&result)) {
            v = tb_check_result_verdict(&result);
            verdict = v == TB_CHECK_REFUSED || verdict == TB_CHECK_ACCEPTED ? v : verdict;
            if (opt->json)
                json_array_append_new(arr, tb_check_report_json(&result));
            else
                tb_check_report(stdout, &result, true);
            seen++;
        }
        tb_check_result_clear(&result);
    }
    tb_check_directory_free(paths, num);
    if (r < 0 || seen == 0) {
        json_decref(arr);
        return complain(dir, r == TB_E_IO ? strerror(errno)
                             : r < 0      ? tb_err_text(r)
                                          : "no certificate of a leaf in it");
    }
    if (opt->json)
        return tb_check_print_json(tb_check_document(&opt->peer, "results", arr)) < 0 ? COULD_NOT_TELL : (int)verdict;
    json_decref(arr);
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

static int run_diff(const struct options *opt, const char *old_path, const char *new_path)
{
    struct tb_check_result before;
    struct tb_check_result after;
    struct tb_check_peer old_peer = opt->peer;
    json_t *doc = opt->json ? json_object() : NULL;
    int status = COULD_NOT_TELL;

    check_one(old_path, opt, &opt->peer, &before);
    check_one(new_path, opt, &opt->peer, &after);
    if (before.in.chain != NULL && after.in.chain != NULL) {
        old_peer.at = time_for_old(sk_X509_value(before.in.chain, 0), opt->peer.at);
        if (old_peer.at != opt->peer.at) {
            tb_check_result_clear(&before);
            check_one(old_path, opt, &old_peer, &before);
        }
    }
    if (before.in.chain == NULL || after.in.chain == NULL) {
        complain(before.in.chain == NULL ? old_path : new_path, before.in.chain == NULL ? before.why : after.why);
        json_decref(doc);
    } else {
        status = (int)tb_check_diff(stdout, &before, &after, doc);
        if (opt->json && tb_check_print_json(tb_check_document(&opt->peer, "diff", doc)) < 0)
            status = COULD_NOT_TELL;
    }
    tb_check_result_clear(&before);
    tb_check_result_clear(&after);
    return status;
}

static int scan_one(const struct options *opt, const char *path, struct tb_config_uses *uses)
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
    return r < 0 ? complain(path, why) : 0;
}

static int run_config(const struct options *opt, char **paths, int num)
{
    struct tb_config_uses uses = {0};
    json_t *doc = opt->json ? json_object() : NULL;
    int status = 0;
    size_t both;

    for (int i = 0; i < num; i++)
        status = scan_one(opt, paths[i], &uses) != 0 ? COULD_NOT_TELL : status;
    both = tb_config_report(stdout, &uses, doc);
    if (opt->json && tb_check_print_json(tb_check_document(&opt->peer, "config", doc)) < 0)
        status = COULD_NOT_TELL;
    tb_config_uses_clear(&uses);
    return both > 0 ? (int)TB_CHECK_REFUSED : status;
}

static int run(const struct options *opt, char **words, int num)
{
    struct stat st;

    if (opt->diff + opt->csr + opt->config > 1)
        return misuse("--diff, --csr and --config exclude one another");
    if (opt->config)
        return num > 0 ? run_config(opt, words, num) : misuse("--config takes configuration files");
    if (opt->diff)
        return num == 2 ? run_diff(opt, words[0], words[1]) : misuse("--diff takes the old and the new chain");
    if (num != 1)
        return misuse(num == 0 ? "nothing to check" : "one input at a time");
    if (stat(words[0], &st) == 0 && S_ISDIR(st.st_mode))
        return run_directory(opt, words[0]);
    return run_one(opt, words[0]);
}

int tb_cmd_check(int argc, char **argv)
{
    struct options opt = {.roles = BOTH_ROLES,
                          .peer = {.anchors_name = "the system's store", .at = (int64_t)time(NULL)}};
    int status = parse(argc, argv, &opt);

    signal(SIGPIPE, SIG_IGN); /* a server that hangs up is an answer */
    if (status < 0)
        status = run(&opt, argv + optind, argc - optind);
    if (fflush(stdout) != 0)
        status = COULD_NOT_TELL;
    sk_X509_pop_free(opt.anchors, X509_free);
    tb_wipe(opt.passphrase, sizeof(opt.passphrase));
    return status;
}
