#include "cli/acme/options.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/b64u.h"

static int take(char *out, size_t cap, const char *name, const char *text)
{
    if (text[0] != '\0' && strlen(text) < cap) {
        strcpy(out, text);
        return -1;
    }
    fprintf(stderr, "tabard: --%s is empty or too long\n", name);
    return TB_EXIT_USAGE;
}

/* Paths are kept for renewals, which start elsewhere. */
static int take_path(char *out, size_t cap, const char *name, const char *text)
{
    char cwd[TB_CLIENT_PATH_MAX + 1];

    if (text[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
        return take(out, cap, name, text);
    if (text[0] != '\0' && snprintf(out, cap, "%s/%s", cwd, text) < (int)cap)
        return -1;
    return take(out, 0, name, text);
}

#define TEXT_ROW(option, member)                                                                                       \
    static int take_##member(struct tb_acme_cli *cli, const char *text)                                                \
    {                                                                                                                  \
        return take(cli->settings.member, sizeof(cli->settings.member), option, text);                                 \
    }
#define PATH_ROW(option, member)                                                                                       \
    static int take_##member(struct tb_acme_cli *cli, const char *text)                                                \
    {                                                                                                                  \
        return take_path(cli->settings.member, sizeof(cli->settings.member), option, text);                            \
    }
#define FLAG_ROW(member)                                                                                               \
    static int take_##member(struct tb_acme_cli *cli, const char *text)                                                \
    {                                                                                                                  \
        (void)text;                                                                                                    \
        cli->member = true;                                                                                            \
        return -1;                                                                                                     \
    }
TEXT_ROW("server", server)
TEXT_ROW("proxy", proxy)
TEXT_ROW("profile", profile)
TEXT_ROW("http", http)
TEXT_ROW("tls-alpn", tls_alpn)
TEXT_ROW("dns-update", dns_update)
PATH_ROW("ca", ca)
PATH_ROW("account-key", account_key)
PATH_ROW("webroot", webroot)
PATH_ROW("dns-hook", dns_hook)
PATH_ROW("dns-key", dns_key)
PATH_ROW("deploy-hook", deploy_hook)
FLAG_ROW(allow_weak_sandbox)
FLAG_ROW(dry_run)
FLAG_ROW(force)
FLAG_ROW(json)
FLAG_ROW(quiet)
FLAG_ROW(by_key)
FLAG_ROW(forget)

static int take_dir(struct tb_acme_cli *cli, const char *text)
{
    return take_path(cli->dir, sizeof(cli->dir), "dir", text);
}

static int take_name(struct tb_acme_cli *cli, const char *text)
{
    return take(cli->name, sizeof(cli->name), "name", text);
}

static int take_key_type(struct tb_acme_cli *cli, const char *text)
{
    if (tb_client_key_type_ok(text))
        return take(cli->settings.key_type, sizeof(cli->settings.key_type), "key-type", text);
    fprintf(stderr, "tabard: --key-type is p256, p384, ed25519, rsa2048, rsa3072 or rsa4096\n");
    return TB_EXIT_USAGE;
}

/* In the form in which names are compared with it. */
static int take_ancestor(struct tb_acme_cli *cli, const char *text)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL) == 0 && !id.wildcard)
        return take(cli->settings.ancestor, sizeof(cli->settings.ancestor), "ancestor", id.value);
    fprintf(stderr, "tabard: --ancestor is a DNS name without wildcard\n");
    return TB_EXIT_USAGE;
}

static int take_terms(struct tb_acme_cli *cli, const char *text)
{
    (void)text;
    cli->registration.agree_terms = true;
    return -1;
}

static int take_contact(struct tb_acme_cli *cli, const char *text)
{
    if (cli->registration.num_contacts == TB_ACCOUNT_CONTACTS_MAX) {
        fprintf(stderr, "tabard: at most %d contacts\n", TB_ACCOUNT_CONTACTS_MAX);
        return TB_EXIT_USAGE;
    }
    cli->registration.contacts[cli->registration.num_contacts++] = text;
    return -1;
}

static int take_eab_kid(struct tb_acme_cli *cli, const char *text)
{
    cli->registration.eab_kid = text;
    return -1;
}

/* base64url as CAs hand it out; a key in standard base64 is taken too. */
static int take_eab_key(struct tb_acme_cli *cli, const char *path)
{
    struct tb_fail fail = {0};
    struct tb_wr text;
    size_t len = 0;
    int r;

    tb_wr_init(&text, 2 * TB_ACME_EAB_KEY_MAX);
    r = tb_file_read(path, &text, &fail);
    for (size_t i = 0; r == 0 && i < text.len; i++)
        text.buf[i] = text.buf[i] == '+' ? '-' : text.buf[i] == '/' ? '_' : text.buf[i];
    while (r == 0 && text.len > 0 && strchr("=\r\n \t", text.buf[text.len - 1]) != NULL)
        text.len--;
    if (r == 0 && (tb_b64u_decode(cli->eab_key, sizeof(cli->eab_key), &len, tb_wr_span(&text)) < 0 || len == 0))
        r = tb_fail_set(&fail, TB_EXIT_LOCAL, TB_E_FORMAT, "%s holds no key in base64url", path);
    tb_wr_clear_secret(&text);
    cli->registration.eab_key = tb_span_of(cli->eab_key, len);
    if (r == 0)
        return -1;
    fprintf(stderr, "tabard: %s\n", fail.text);
    return (int)fail.status;
}

static int take_reason(struct tb_acme_cli *cli, const char *text)
{
    cli->reason = text;
    return -1;
}

static int take_new_key(struct tb_acme_cli *cli, const char *text)
{
    cli->new_key = text;
    return -1;
}

static int take_csr_out(struct tb_acme_cli *cli, const char *text)
{
    cli->csr_out = text;
    return -1;
}

#define SESSION (TB_CMD_GET | TB_CMD_ACCOUNT | TB_CMD_PROVE)
#define STORED  (TB_CMD_LIST | TB_CMD_RENEW | TB_CMD_REVOKE)
#define ANY     (SESSION | STORED)

static const struct {
    const char *name;
    int argument;
    unsigned commands;
    int (*take)(struct tb_acme_cli *cli, const char *text);
} rows[] = {
    {"server", required_argument, SESSION, take_server},
    {"ca", required_argument, SESSION, take_ca},
    {"proxy", required_argument, SESSION, take_proxy},
    {"account-key", required_argument, SESSION, take_account_key},
    {"dir", required_argument, ANY & ~TB_CMD_PROVE, take_dir},
    {"json", no_argument, ANY, take_json},
    {"quiet", no_argument, ANY, take_quiet},
    {"allow-weak-sandbox", no_argument, ANY & ~TB_CMD_LIST, take_allow_weak_sandbox},
    {"agree-tos", no_argument, SESSION, take_terms},
    {"contact", required_argument, TB_CMD_GET | TB_CMD_ACCOUNT, take_contact},
    {"eab-kid", required_argument, TB_CMD_GET | TB_CMD_ACCOUNT, take_eab_kid},
    {"eab-key-file", required_argument, TB_CMD_GET | TB_CMD_ACCOUNT, take_eab_key},
    {"profile", required_argument, TB_CMD_GET, take_profile},
    {"ancestor", required_argument, TB_CMD_GET, take_ancestor},
    {"name", required_argument, TB_CMD_GET, take_name},
    {"key-type", required_argument, TB_CMD_GET | TB_CMD_PROVE, take_key_type},
    {"http", required_argument, TB_CMD_GET, take_http},
    {"webroot", required_argument, TB_CMD_GET, take_webroot},
    {"tls-alpn", required_argument, TB_CMD_GET, take_tls_alpn},
    {"dns-hook", required_argument, TB_CMD_GET, take_dns_hook},
    {"dns-update", required_argument, TB_CMD_GET, take_dns_update},
    {"dns-key", required_argument, TB_CMD_GET, take_dns_key},
    {"deploy-hook", required_argument, TB_CMD_GET, take_deploy_hook},
    {"force", no_argument, TB_CMD_RENEW, take_force},
    {"dry-run", no_argument, TB_CMD_GET | TB_CMD_RENEW, take_dry_run},
    {"by-key", no_argument, TB_CMD_REVOKE, take_by_key},
    {"forget", no_argument, TB_CMD_REVOKE, take_forget},
    {"reason", required_argument, TB_CMD_REVOKE, take_reason},
    {"new-key", required_argument, TB_CMD_PROVE, take_new_key},
    {"csr-out", required_argument, TB_CMD_PROVE, take_csr_out},
};

/* /etc/tabard for root; else below XDG_CONFIG_HOME or ~/.config. */
static int default_dir(struct tb_acme_cli *cli)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int n;

    if (geteuid() == 0)
        n = snprintf(cli->dir, sizeof(cli->dir), "/etc/tabard");
    else if (base != NULL && base[0] == '/')
        n = snprintf(cli->dir, sizeof(cli->dir), "%s/tabard", base);
    else if (home != NULL && home[0] == '/')
        n = snprintf(cli->dir, sizeof(cli->dir), "%s/.config/tabard", home);
    else
        n = -1;
    if (n > 0 && n < (int)sizeof(cli->dir))
        return -1;
    fprintf(stderr, "tabard: --dir is missing, and there is no home directory\n");
    return TB_EXIT_USAGE;
}

int tb_acme_cli_parse(int argc, char **argv, unsigned command, void (*usage)(FILE *f), struct tb_acme_cli *out)
{
    struct option options[TB_ARRAY_LEN(rows) + 2] = {0};
    size_t num = 0;
    int status = -1;
    int c;

    memset(out, 0, sizeof(*out));
    strcpy(out->settings.key_type, "p256");
    options[num++] = (struct option){.name = "help", .has_arg = no_argument, .val = 1};
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (rows[i].commands & command)
            options[num++] = (struct option){.name = rows[i].name, .has_arg = rows[i].argument, .val = (int)i + 2};
    while (status < 0 && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 1) {
            usage(stdout);
            return TB_EXIT_OK;
        }
        if (c < 2 || c >= (int)TB_ARRAY_LEN(rows) + 2)
            return TB_EXIT_USAGE;
        status = rows[c - 2].take(out, optarg);
    }
    if (status < 0 && (out->registration.eab_kid != NULL) != (out->registration.eab_key.len > 0))
        return tb_acme_cli_misuse("--eab-kid and --eab-key-file belong together", usage);
    return status < 0 && out->dir[0] == '\0' ? default_dir(out) : status;
}

int tb_acme_cli_names(struct tb_acme_cli *cli, char **words, int num, struct tb_fail *fail)
{
    struct tb_settings *s = &cli->settings;

    if (num > TB_IDENT_NUM_MAX)
        return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_LIMIT, "at most %d names in one certificate", TB_IDENT_NUM_MAX);
    for (int i = 0; i < num; i++) {
        struct tb_span word = tb_span_str(words[i]);
        const char *why = "";

        if (tb_ident_parse(TB_IDENT_IP, word, &s->names[i], NULL) < 0 &&
            tb_ident_parse(TB_IDENT_DNS, word, &s->names[i], &why) < 0)
            return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_FORMAT, "\"%s\" is no name that can be certified: %s",
                               words[i], why);
        for (int k = 0; k < i; k++)
            if (tb_ident_eq(&s->names[k], &s->names[i]))
                return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_DUP, "%s is given twice", words[i]);
    }
    s->num_names = (size_t)num;
    return 0;
}

int tb_acme_cli_misuse(const char *what, void (*usage)(FILE *f))
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return TB_EXIT_USAGE;
}

int tb_acme_cli_end(const struct tb_acme_cli *cli, const struct tb_fail *fail)
{
    if (fail->status == TB_EXIT_OK)
        return fflush(stdout) == 0 ? TB_EXIT_OK : TB_EXIT_FAILURE;
    fprintf(stderr, "tabard: %s\n", fail->text);
    if (cli->json) {
        struct tb_span text;
        struct tb_wr wr;
        struct tb_jw jw;

        tb_wr_init(&wr, 8 * TB_FAIL_TEXT_MAX);
        jw = tb_jw_of(&wr);
        tb_jw_obj(&jw);
        tb_jw_key(&jw, "ok");
        tb_jw_bool(&jw, false);
        tb_jw_key(&jw, "status");
        tb_jw_int(&jw, (int64_t)fail->status);
        tb_jw_kv(&jw, "type", fail->type);
        tb_jw_kv(&jw, "error", fail->text);
        tb_jw_end_obj(&jw);
        text = tb_wr_span(&wr);
        printf("%.*s\n", (int)text.len, (const char *)text.p);
        tb_wr_clear(&wr);
    }
    (void)fflush(stdout);
    return (int)fail->status;
}

static void print_line(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

struct tb_say tb_acme_cli_say(const struct tb_acme_cli *cli)
{
    return (struct tb_say){.line = cli->quiet ? NULL : print_line};
}

void tb_acme_cli_harden(void)
{
    const struct rlimit none = {0, 0};

    signal(SIGPIPE, SIG_IGN);
    umask(022); /* files say their own modes; this keeps a careless umask from widening directories */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}
