/* tabardd init: make a CA, complete or not at all. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/command.h"
#include "ca/config/hierarchy.h"
#include "ca/config/init_options.h"
#include "ca/config/maker.h"
#include "ca/config/own_cert.h"
#include "ca/config/schema.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"

/* Everything that goes into files, made before the first one is. */
struct content {
    struct tb_hierarchy hierarchy[TB_ISSUER__COUNT]; /* those of the configuration */
    struct tb_wr https_chain, https_key;
    struct tb_wr responder_chain, responder_key; /* empty without a responder */
    struct tb_key id, token, statement, account, responder_token, responder_statement;
    struct tb_wr yaml;
};

static void clear_content(struct content *c)
{
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++)
        tb_hierarchy_clear(&c->hierarchy[i]);
    tb_wr_clear(&c->https_chain);
    tb_wr_clear_secret(&c->https_key);
    tb_wr_clear(&c->responder_chain);
    tb_wr_clear_secret(&c->responder_key);
    tb_wipe(&c->responder_token, sizeof(c->responder_token));
    tb_wipe(&c->responder_statement, sizeof(c->responder_statement));
    tb_wipe(&c->id, sizeof(c->id));
    tb_wipe(&c->token, sizeof(c->token));
    tb_wipe(&c->statement, sizeof(c->statement));
    tb_wipe(&c->account, sizeof(c->account));
    tb_wr_clear(&c->yaml);
}

/* The text of the configuration, and proof that `run` will take it: *out is what it makes of it. */
static int make_yaml(struct tb_wr *wr, const struct tb_config *cfg, struct tb_config **out)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int err;

    *out = NULL;
    tb_wr_init(wr, 65536);
    tb_config_write(wr, cfg);
    err = tb_wr_err(wr);
    if (err == 0)
        err = tb_config_parse(tb_wr_span(wr), cfg->path, out, why);
    if (err == TB_E_CONFIG)
        fprintf(stderr, "tabardd init: the configuration would be refused: %s\n", why);
    return err;
}

static int make_own(struct content *c, const struct tb_config *parsed, enum tb_own which, tb_time_t now)
{
    struct tb_wr *const chain[] = {&c->https_chain, &c->responder_chain};
    struct tb_wr *const key[] = {&c->https_key, &c->responder_key};
    struct tb_own_cert own;

    if (!tb_own_cert_of(parsed, which, &own))
        return which == TB_OWN_HTTPS ? TB_E_INTERNAL : 0;
    return tb_https_make(chain[which], key[which], &c->hierarchy[TB_ISSUER_SERVER], own.names, own.num_names, now);
}

static int make_content(struct content *c, const struct tb_init_options *o, const struct tb_config *cfg, tb_time_t now)
{
    const char *passphrase = o->has_passphrase ? o->passphrase : NULL;
    char tag[2 * TB_CA_ID_LEN + 1];
    struct tb_config *parsed = NULL;
    int err;

    tb_hex_encode(tag, tb_span_of(cfg->ca_id, sizeof(cfg->ca_id)));
    tb_random(&c->id, sizeof(c->id));
    tb_random(&c->token, sizeof(c->token));
    tb_random(&c->statement, sizeof(c->statement));
    tb_random(&c->responder_token, sizeof(c->responder_token));
    tb_random(&c->responder_statement, sizeof(c->responder_statement));
    tb_random(&c->account, sizeof(c->account));
    err = make_yaml(&c->yaml, cfg, &parsed);
    for (enum tb_issuer i = TB_ISSUER_NONE + 1; err == 0 && i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(cfg, i))
            err = tb_hierarchy_make(&c->hierarchy[i], i, cfg->name, tag, passphrase, now);
    for (enum tb_own i = 0; err == 0 && i < TB_OWN__COUNT; i++)
        err = make_own(c, parsed, i, now);
    tb_config_free(parsed);
    return err;
}

static struct tb_span key_span(const struct tb_key *key)
{
    return tb_span_of(key->b, sizeof(key->b));
}

static int make_dirs(struct tb_maker *mk, const struct tb_config *cfg)
{
    static const struct {
        enum tb_state_file file; /* the directory, or a file in it */
        bool above;
        enum tb_owner owner;
    } dirs[] = {
        {TB_FILE_ID_KEY, true, TB_OWNER_USER},
        {TB_FILE_ROOT_SERVER_KEY, true, TB_OWNER_START},
        {TB_FILE_STORE_DIR, false, TB_OWNER_USER},
        {TB_FILE_LOG_DIR, false, TB_OWNER_USER},
    };
    char path[TB_CONFIG_PATH_MAX + 65];
    int err = 0;

    for (size_t i = 0; err == 0 && i < TB_ARRAY_LEN(dirs); i++) {
        tb_config_file(cfg, dirs[i].file, path);
        if (dirs[i].above)
            *strrchr(path, '/') = '\0';
        err = tb_maker_dir(mk, path, 0700, dirs[i].owner);
    }
    return err;
}

/* What init writes: content, mode and owner of a file. */
struct file {
    enum tb_state_file file;
    struct tb_span text;
    mode_t mode;
    enum tb_owner owner;
};

static int write_files(struct tb_maker *mk, const struct tb_config *cfg, const struct file *files, size_t num)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    int err = 0;

    for (size_t i = 0; err == 0 && i < num; i++) {
        tb_config_file(cfg, files[i].file, path);
        err = tb_maker_file(mk, path, files[i].text, files[i].mode, files[i].owner);
    }
    return err;
}

static int make_hierarchy_files(struct tb_maker *mk, const struct tb_config *cfg, enum tb_issuer issuer,
                                const struct tb_hierarchy *h)
{
    const struct tb_issuer_files *f = tb_issuer_files(issuer);
    const struct file files[] = {
        {f->root_key, tb_wr_span(&h->root_key), 0600, TB_OWNER_START},
        {f->issuing_key, tb_wr_span(&h->issuing_key), 0600, TB_OWNER_USER},
        {f->root, tb_wr_span(&h->root), 0644, TB_OWNER_START},
        {f->root_crl, tb_wr_span(&h->crl), 0644, TB_OWNER_START},
        {f->issuing, tb_wr_span(&h->issuing), 0644, TB_OWNER_START},
    };

    return write_files(mk, cfg, files, TB_ARRAY_LEN(files));
}

static int make_files(struct tb_maker *mk, const struct tb_config *cfg, const struct content *c)
{
    const struct file files[] = {
        {TB_FILE_HTTPS_KEY, tb_wr_span(&c->https_key), 0600, TB_OWNER_USER},
        {TB_FILE_ID_KEY, key_span(&c->id), 0600, TB_OWNER_USER},
        {TB_FILE_TOKEN_KEY, key_span(&c->token), 0600, TB_OWNER_USER},
        {TB_FILE_STATEMENT_KEY, key_span(&c->statement), 0600, TB_OWNER_USER},
        {TB_FILE_RESPONDER_TOKEN_KEY, key_span(&c->responder_token), 0600, TB_OWNER_USER},
        {TB_FILE_RESPONDER_STATEMENT_KEY, key_span(&c->responder_statement), 0600, TB_OWNER_USER},
        {TB_FILE_ACCOUNT_KEY, key_span(&c->account), 0600, TB_OWNER_USER},
        {TB_FILE_HTTPS_CHAIN, tb_wr_span(&c->https_chain), 0644, TB_OWNER_START},
        {TB_FILE_RESPONDER_KEY, tb_wr_span(&c->responder_key), 0600, TB_OWNER_USER},
        {TB_FILE_RESPONDER_CHAIN, tb_wr_span(&c->responder_chain), 0644, TB_OWNER_START},
    };
    /* The last two are for the name of a responder. */
    const size_t num = TB_ARRAY_LEN(files) - (cfg->responder.on ? 0 : 2);
    int err = 0;

    for (enum tb_issuer i = TB_ISSUER_NONE + 1; err == 0 && i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(cfg, i))
            err = make_hierarchy_files(mk, cfg, i, &c->hierarchy[i]);
    if (err == 0)
        err = write_files(mk, cfg, files, num);
    /* Last: a directory without a configuration is no CA. */
    return err == 0 ? tb_maker_file(mk, cfg->path, tb_wr_span(&c->yaml), 0644, TB_OWNER_START) : err;
}

static int make_state(struct tb_maker *mk, const struct tb_init_options *o, const struct tb_config *cfg,
                      const struct content *c)
{
    struct stat st;
    int err = 0;

    if (lstat(cfg->path, &st) == 0) {
        snprintf(mk->why, sizeof(mk->why), "%s exists: there is a CA already, nothing was changed", cfg->path);
        return TB_E_EXISTS;
    }
    if (stat(cfg->dir, &st) != 0)
        err = tb_maker_dir(mk, cfg->dir, 0755, TB_OWNER_START);
    if (err != 0 || (err = make_dirs(mk, cfg)) != 0 || (err = make_files(mk, cfg, c)) != 0 ||
        (err = tb_maker_finish(mk, o->give, o->uid, o->gid)) != 0)
        return err;
    return o->give ? tb_maker_share_dir(mk, cfg->dir, o->gid) : 0;
}

static void print_result(const struct tb_init_options *o, const struct tb_config *cfg)
{
    printf("Made a CA in %s\n\n", cfg->dir);
    printf("  ACME directory    %s/directory\n", cfg->base_url);
    if (!cfg->responder.on)
        printf("  responder         off: no certificate with clientAuth is issued (tabardd add responder)\n");
    printf("  configuration     %s\n", cfg->path);
    printf("  trust anchors     %s/root-server.pem (for servers)\n", cfg->dir);
    printf("                    %s/root-client.pem (for clients)\n", cfg->dir);
    if (cfg->peer_hierarchy)
        printf("                    %s/root-peer.pem (for peers, which are both)\n", cfg->dir);
    printf("  root keys         %s/root-keys/ (%s)\n", cfg->dir,
           o->has_passphrase ? "enciphered with your passphrase" : "NOT enciphered");
    printf("  state belongs to  %s\n", o->give          ? cfg->user
                                       : geteuid() == 0 ? "root: give --user NAME to run with fewer rights"
                                                        : "you, who ran this");
    printf("\nThe root keys are needed again only for a new issuing CA or root CRL (the CRLs are due in 12 months).\n"
           "Move %s/root-keys to a place that no network reaches.\n",
           cfg->dir);
    printf("\nStart the CA:\n\n  tabardd run --config %s\n", cfg->path);
}

/* Ends with everything made, or with nothing: a signal waits until the outcome is known. */
static int run_init(const struct tb_init_options *o, const struct tb_config *cfg)
{
    struct tb_maker *mk = calloc(1, sizeof(*mk));
    struct content c = {0};
    sigset_t all, before;
    int err;

    if (mk == NULL)
        return TB_E_NOMEM;
    err = make_content(&c, o, cfg, tb_clock_now_s());
    if (err != 0) {
        fprintf(stderr, "tabardd init: cannot make keys and certificates: %s\n", tb_err_text(err));
        goto out;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    err = make_state(mk, o, cfg, &c);
    if (err != 0) {
        tb_maker_undo(mk);
        fprintf(stderr, "tabardd init: %s\n", mk->why);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
out:
    clear_content(&c);
    free(mk);
    return err;
}

int tb_cmd_init(int argc, char **argv)
{
    struct tb_init_options *o = calloc(1, sizeof(*o));
    struct tb_config *cfg = calloc(1, sizeof(*cfg));
    int status = TB_EXIT_FAILURE;

    if (o == NULL || cfg == NULL) {
        fprintf(stderr, "tabardd init: %s\n", tb_err_text(TB_E_NOMEM));
        goto out;
    }
    status = tb_init_options_read(o, cfg, argc, argv);
    if (status != TB_EXIT_OK || o->help)
        goto out;
    status = run_init(o, cfg) == 0 ? TB_EXIT_OK : TB_EXIT_FAILURE;
    if (status == TB_EXIT_OK)
        print_result(o, cfg);
out:
    tb_free_secret(o, sizeof(*o));
    tb_config_free(cfg);
    return status;
}
