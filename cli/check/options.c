#include "cli/check/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/check/starttls.h"
#include "cli/command.h"
#include "lib/base/compiler.h"
#include "lib/base/mem.h"

#define BOTH_ROLES         (1u << TB_CHECK_CLIENT | 1u << TB_CHECK_SERVER)
#define ANCHORS_FILES_NAME "the files of --anchors"

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

int tb_check_complain(const char *what, const char *why)
{
    fprintf(stderr, "tabard: %s: %s\n", what, why);
    return TB_CHECK_UNKNOWN;
}

int tb_check_misuse(const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return TB_CHECK_UNKNOWN;
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

static int take_passphrase(struct tb_check_options *opt, const char *path)
{
    char why[TB_CHECK_WHY_MAX + 1];
    char *text = NULL;
    size_t len = 0;

    if (tb_check_read_file(path, &text, &len, why) < 0)
        return tb_check_complain(path, why);
    len = strcspn(text, "\r\n");
    if (len <= TB_CHECK_PASSPHRASE_MAX) {
        memcpy(opt->passphrase, text, len);
        opt->passphrase[len] = '\0';
        opt->how.passphrase = opt->passphrase;
    }
    tb_free_secret(text, strlen(text));
    return opt->how.passphrase != NULL ? -1 : tb_check_complain(path, "the passphrase is too long");
}

static int take_anchors(struct tb_check_options *opt, const char *path)
{
    char why[TB_CHECK_WHY_MAX + 1];

    if (opt->anchors == NULL && (opt->anchors = sk_X509_new_null()) == NULL)
        return tb_check_complain(path, "out of memory");
    if (tb_check_anchors_file(path, opt->anchors, why) < 0)
        return tb_check_complain(path, why);
    opt->peer.anchors = opt->anchors;
    opt->peer.anchors_name = ANCHORS_FILES_NAME;
    return -1;
}

static int take_role(struct tb_check_options *opt, const char *text)
{
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if (strcmp(text, tb_check_role_text((enum tb_check_role)r)) == 0) {
            opt->roles = 1u << r;
            return -1;
        }
    return tb_check_misuse("a role is client or server");
}

static int take_starttls(struct tb_check_options *opt, const char *text)
{
    opt->starttls = text;
    return tb_starttls_known(text) ? -1 : tb_check_misuse("--starttls is smtp, imap, xmpp, postgres or ldap");
}

static int take_name(struct tb_check_options *opt, const char *text)
{
    opt->peer.name = text;
    return -1;
}

static int take_at(struct tb_check_options *opt, const char *text)
{
    return parse_time(text, &opt->peer.at) ? -1 : tb_check_misuse("--at is like 2027-03-15 or 2027-03-15T12:00:00Z");
}

static int take_key(struct tb_check_options *opt, const char *text)
{
    opt->how.key_path = text;
    return -1;
}

static int take_kind(struct tb_check_options *opt, const char *text)
{
    opt->kind_given = tb_config_kind_find(text, &opt->kind);
    return opt->kind_given ? -1 : tb_check_misuse("there is no such kind of configuration");
}

static int take_json(struct tb_check_options *opt, const char *text)
{
    (void)text;
    opt->json = true;
    return -1;
}

static int take_diff(struct tb_check_options *opt, const char *text)
{
    (void)text;
    opt->diff = true;
    return -1;
}

static int take_csr(struct tb_check_options *opt, const char *text)
{
    (void)text;
    opt->csr = true;
    return -1;
}

static int take_config(struct tb_check_options *opt, const char *text)
{
    (void)text;
    opt->config = true;
    return -1;
}

static int take_help(struct tb_check_options *opt, const char *text)
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
    int (*take)(struct tb_check_options *opt, const char *text);
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

int tb_check_options_parse(int argc, char **argv, struct tb_check_options *opt)
{
    struct option options[TB_ARRAY_LEN(rows) + 1] = {0};
    int status = -1;
    int c;

    *opt = (struct tb_check_options){.roles = BOTH_ROLES,
                                     .peer = {.anchors_name = "the system's store", .at = (int64_t)time(NULL)}};

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        options[i] = (struct option){.name = rows[i].name, .has_arg = rows[i].argument, .val = (int)i + 1};
    while (status < 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c < 1 || c > (int)TB_ARRAY_LEN(rows))
            return TB_CHECK_UNKNOWN;
        status = rows[c - 1].take(opt, optarg);
    }
    return status;
}

void tb_check_options_clear(struct tb_check_options *opt)
{
    sk_X509_pop_free(opt->anchors, X509_free);
    tb_wipe(opt->passphrase, sizeof(opt->passphrase));
    *opt = (struct tb_check_options){0};
}
