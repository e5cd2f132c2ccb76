#include "client/issue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/csr.h"
#include "client/order.h"
#include "client/program.h"
#include "lib/pki/csr.h"

#define KEY_TYPE_ACCOUNT "p256"

static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

int tb_issue_account_path(const char *dir, const struct tb_settings *s, char out[static TB_CLIENT_PATH_MAX + 1],
                          struct tb_fail *fail)
{
    char host[TB_SETTINGS_TEXT_MAX + 1];
    char file[TB_SETTINGS_TEXT_MAX + 8];
    int r;

    if (s->account_key[0] != '\0') {
        if (snprintf(out, TB_CLIENT_PATH_MAX + 1, "%s", s->account_key) > TB_CLIENT_PATH_MAX)
            return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_LIMIT, "--account-key: the path is too long");
        return 0;
    }
    tb_https_host(host, sizeof(host), s->server);
    for (char *p = host; *p != '\0'; p++)
        if (strchr("[]:", *p) != NULL)
            *p = '_';
    snprintf(file, sizeof(file), "%s.pem", host);
    if (!tb_lineage_name_ok(file))
        return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_FORMAT, "--server %s is no https URL", s->server);
    if ((r = tb_path_join(out, dir, "accounts", NULL, fail)) < 0 || (r = tb_dir_make(out, 0700, fail)) < 0)
        return r;
    return tb_path_join(out, dir, "accounts", file, fail);
}

int tb_issue_open(const char *dir, const struct tb_settings *s, bool create, bool allow_weak_sandbox,
                  const struct tb_say *say, struct tb_acme *out, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    struct tb_acme_options opt = {
        .server = s->server,
        .https = {.ca_file = given(s->ca), .proxy = given(s->proxy)},
        .key = {.path = path,
                .create_type = create && s->account_key[0] == '\0' ? KEY_TYPE_ACCOUNT : NULL,
                .allow_weak_sandbox = allow_weak_sandbox},
    };
    int r;

    *out = (struct tb_acme){0};
    if (!tb_https_url_ok(tb_span_str(s->server)))
        return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_FORMAT, "--server %s is no https URL", s->server);
    if (s->ca[0] != '\0' && access(s->ca, R_OK) < 0)
        return tb_fail_errno(fail, "--ca %s", s->ca);
    if ((r = tb_issue_account_path(dir, s, path, fail)) < 0)
        return r;
    return tb_acme_open(out, &opt, say, fail);
}

/* What the server gave, held against what was asked for. */
static int take_chain(struct tb_acme *a, const struct tb_issue *job, const struct tb_acme_order *order,
                      struct tb_client_chain *out)
{
    struct tb_wr pem;
    const char *why = "";
    int r;

    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    r = tb_acme_order_download(a, order, &pem);
    if (r == 0 && (r = tb_client_chain_parse(tb_wr_span(&pem), out, &why)) < 0)
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, r, "the server's chain cannot be used: %s", why);
    if (r == 0 && !tb_client_chain_names(out, job->settings->names, job->settings->num_names))
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_DENIED,
                        "the server's certificate has other names than were "
                        "ordered; nothing was changed");
    tb_wr_clear(&pem);
    return r;
}

static int finalize(struct tb_acme *a, const struct tb_issue *job, struct tb_acme_order *order, EVP_PKEY *key)
{
    struct tb_wr csr;
    int r;

    tb_wr_init(&csr, TB_CSR_DER_MAX);
    if ((r = tb_client_csr(&csr, key, job->settings->names, job->settings->num_names)) < 0)
        (void)tb_fail_set(a->fail, TB_EXIT_FAILURE, r, "the certification request cannot be made: %s", tb_err_text(r));
    else
        r = tb_acme_order_finalize(a, order, tb_wr_span(&csr));
    tb_wr_clear(&csr);
    return r;
}

/* certID of the certificate that is in place, for ARI's "replaces"; empty when there is none. */
static void predecessor(const struct tb_lineage *l, char out[static TB_CERTID_MAX + 1])
{
    struct tb_client_chain chain;

    out[0] = '\0';
    if (tb_lineage_chain(l, &chain, NULL) == 0)
        (void)!tb_client_chain_certid(&chain, out);
    tb_client_chain_clear(&chain);
}

static int order_and_prove(struct tb_acme *a, const struct tb_issue *job, EVP_PKEY *key, struct tb_acme_order *order)
{
    const struct tb_settings *s = job->settings;
    const struct tb_proof_options proofs = tb_settings_proofs(s);
    char replaces[TB_CERTID_MAX + 1];
    struct tb_acme_wish wish = {
        .names = s->names, .num_names = s->num_names, .profile = given(s->profile), .ancestor = given(s->ancestor)};
    int r;

    predecessor(job->lineage, replaces);
    tb_say(a->say, "ordering a certificate for %s%s", s->names[0].value, s->num_names > 1 ? " and more" : "");
    wish.replaces = given(replaces);
    if ((r = tb_acme_order_new(a, &wish, order)) < 0)
        return r;
    if (strcmp(order->status, "pending") != 0)
        return 0;
    return tb_proofs_make(a, &proofs, key, (const char(*)[TB_HTTPS_URL_MAX + 1]) order->authz, order->num_authz);
}

static int run(struct tb_acme *a, const struct tb_issue *job, struct tb_client_chain *chain, struct tb_fail *fail)
{
    struct tb_acme_order order = {0};
    EVP_PKEY *key = NULL;
    int r;

    if ((r = tb_acme_account(a, job->registration, NULL)) == 0 &&
        (r = tb_lineage_begin(job->lineage, job->settings->key_type, &key, fail)) == 0 &&
        (r = order_and_prove(a, job, key, &order)) == 0 && !job->dry_run && (r = finalize(a, job, &order, key)) == 0 &&
        (r = take_chain(a, job, &order, chain)) == 0)
        r = tb_lineage_finish(job->lineage, chain, key, fail);
    if (r < 0 || job->dry_run)
        (void)!tb_dir_remove(job->lineage->next, NULL);
    tb_acme_order_clear(&order);
    EVP_PKEY_free(key);
    return r;
}

int tb_issue(const struct tb_issue *job, struct tb_client_chain *out_chain, struct tb_fail *fail)
{
    struct tb_settings *s = job->settings;
    struct tb_client_chain chain = {0};
    struct tb_acme acme;
    int r;

    r = tb_issue_open(job->lineage->dir, s, true, job->allow_weak_sandbox, job->say, &acme, fail);
    if (r == 0)
        r = run(&acme, job, &chain, fail);
    tb_acme_close(&acme);
    if (r == 0 && !job->dry_run) {
        s->failures = s->next_try_s = s->renew_at_s = s->ari_next_s = 0;
        s->last_error[0] = '\0';
        s->deploy_pending = s->deploy_hook[0] != '\0';
        r = tb_settings_write(job->lineage, s, fail);
    }
    if (out_chain != NULL)
        *out_chain = chain;
    else
        tb_client_chain_clear(&chain);
    return r;
}

/* The names, separated by blanks. */
static void list_names(const struct tb_settings *s, struct tb_wr *out)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    for (size_t i = 0; i < s->num_names; i++) {
        tb_ident_text(text, &s->names[i]);
        tb_wr_str(out, i > 0 ? " " : "");
        tb_wr_str(out, text);
    }
    tb_wr_u8(out, '\0');
}

int tb_issue_deploy(const struct tb_lineage *l, struct tb_settings *s, const struct tb_say *say, struct tb_fail *fail)
{
    char dir[TB_CLIENT_PATH_MAX + 1];
    char name_env[TB_LINEAGE_NAME_MAX + 32];
    char dir_env[TB_CLIENT_PATH_MAX + 32];
    const char *env[4] = {name_env, dir_env, NULL, NULL};
    char name[TB_LINEAGE_NAME_MAX + 1];
    char *const argv[] = {s->deploy_hook, name, dir, NULL};
    struct tb_wr names;
    int r;

    if (s->deploy_hook[0] == '\0')
        return 0;
    tb_wr_init(&names, TB_SETTINGS_JSON_MAX);
    tb_wr_str(&names, "TABARD_NAMES=");
    list_names(s, &names);
    if ((r = tb_wr_err(&names)) == 0) {
        strcpy(name, l->name);
        strcpy(dir, l->live);
        snprintf(name_env, sizeof(name_env), "TABARD_NAME=%s", l->name);
        snprintf(dir_env, sizeof(dir_env), "TABARD_DIR=%s", l->live);
        env[2] = (const char *)names.buf;
        tb_say(say, "running %s", s->deploy_hook);
        r = tb_program_run(argv, env, TB_EXIT_DEPLOY, fail);
    }
    tb_wr_clear(&names);
    if (r < 0)
        return r;
    s->deploy_pending = false;
    return tb_settings_write(l, s, fail);
}
