/* tabard prove: the proof that a key acted as a TLS client under a name, for other people's ACME clients. */
#include <getopt.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/acme/options.h"
#include "cli/command.h"
#include "client/csr.h"
#include "lib/pki/cacert.h"
#include "lib/pki/csr.h"
#include "lib/pki/pem_read.h"

static void usage(FILE *f)
{
    fputs("usage: tabard prove NAME... --new-key KEY --csr-out CSR --account-key FILE --server URL [OPTION]...\n"
          "\n"
          "Makes a key and a certification request for the names, and proves that the key is used as a TLS client from "
          "an\n"
          "address of each. Then order with CSR, by any ACME client, with the same account, such as\n"
          "  certbot certonly --csr CSR ...      lego --csr CSR ... run\n"
          "\n"
          "  --new-key KEY       made here (mode 0600); KEY and CSR of an earlier run are taken up again\n"
          "  --csr-out CSR       the request, in PEM\n"
          "  --account-key FILE  of certbot (private_key.json), lego or acme.sh (PEM)\n"
          "  --server URL        the ACME server's directory\n"
          "  --ca FILE           roots that the server is trusted by; default: the system's\n"
          "  --key-type TYPE     p256 (default), p384, ed25519, rsa2048, rsa3072, rsa4096\n"
          "  --agree-tos         if the server does not know the account yet: make it, and agree to its terms\n"
          "  --json, --quiet, --proxy URL, --allow-weak-sandbox\n"
          "\n"
          "Exit status: 0 proved, else as tabard-get(1) lists them.\n",
          f);
}

static int write_csr(const struct tb_acme_cli *cli, EVP_PKEY *key, struct tb_fail *fail)
{
    struct tb_wr der;
    struct tb_wr pem;
    int r;

    tb_wr_init(&der, TB_CSR_DER_MAX);
    tb_wr_init(&pem, TB_PEM_MAX);
    r = tb_client_csr(&der, key, cli->settings.names, cli->settings.num_names);
    tb_pem_write(&pem, "CERTIFICATE REQUEST", tb_wr_span(&der));
    if (r < 0 || tb_wr_err(&pem) < 0)
        r = tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_CRYPTO, "the certification request cannot be made");
    else
        r = tb_file_create(cli->csr_out, tb_wr_span(&pem), 0644, fail);
    tb_wr_clear(&der);
    tb_wr_clear(&pem);
    return r;
}

static bool has_names(const struct tb_csr *csr, const struct tb_settings *s)
{
    size_t found = 0;

    for (size_t i = 0; i < s->num_names; i++)
        for (size_t k = 0; k < csr->num_idents; k++)
            found += tb_ident_eq(&csr->idents[k], &s->names[i]);
    return found == s->num_names && csr->num_idents == s->num_names;
}

/* Is the request one for this key and these names alone? */
static bool csr_is_ours(struct tb_span pem, const struct tb_settings *s, EVP_PKEY *key)
{
    char label[TB_PEM_LABEL_MAX + 1];
    uint8_t *mine = NULL;
    uint8_t *der = NULL;
    struct tb_csr csr = {0};
    size_t len = 0;
    int mine_len = i2d_PUBKEY(key, &mine);
    bool ours = tb_pem_read(pem, label, &der, &len) == 0 && strcmp(label, "CERTIFICATE REQUEST") == 0 &&
                tb_csr_parse(tb_span_of(der, len), &csr, NULL) == 0 && has_names(&csr, s) && mine_len > 0 &&
                tb_span_eq(csr.spki.der, tb_span_of(mine, (size_t)mine_len));

    tb_csr_clear(&csr);
    free(der);
    OPENSSL_free(mine);
    return ours;
}

/* Key and request of an earlier run, when both are there and belong together. */
static int take_up(const struct tb_acme_cli *cli, EVP_PKEY **out, struct tb_fail *fail)
{
    struct tb_wr pem;
    int r;

    tb_wr_init(&pem, TB_PEM_MAX);
    if ((r = tb_client_key_read(cli->new_key, out, fail)) == 0 && (r = tb_file_read(cli->csr_out, &pem, fail)) == 0 &&
        !csr_is_ours(tb_wr_span(&pem), &cli->settings, *out))
        r = tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_EXISTS,
                        "%s and %s exist, and are not key and request for exactly the names given; give other names",
                        cli->new_key, cli->csr_out);
    tb_wr_clear(&pem);
    return r;
}

static int key_and_request(const struct tb_acme_cli *cli, EVP_PKEY **out, struct tb_fail *fail)
{
    bool have_key = access(cli->new_key, F_OK) == 0;
    bool have_csr = access(cli->csr_out, F_OK) == 0;
    int r;

    if (have_key && have_csr)
        return take_up(cli, out, fail);
    if (have_key || have_csr)
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_EXISTS,
                           "%s exists and %s does not: nothing is overwritten; give "
                           "another name, or remove it",
                           have_key ? cli->new_key : cli->csr_out, have_key ? cli->csr_out : cli->new_key);
    if (tb_client_key_generate(cli->settings.key_type, out) < 0)
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_CRYPTO, "no key could be made");
    if ((r = tb_client_key_write(cli->new_key, *out, fail)) < 0)
        return r;
    return write_csr(cli, *out, fail);
}

/* One authorization of use for each name, and the proofs. */
static int prove_names(struct tb_acme *a, const struct tb_settings *s, EVP_PKEY *key)
{
    const struct tb_proof_options proofs = tb_settings_proofs(s);
    char(*urls)[TB_HTTPS_URL_MAX + 1] = calloc(s->num_names, sizeof(*urls));
    struct tb_acme_authz *authz = malloc(sizeof(*authz));
    int r = 0;

    if (urls == NULL || authz == NULL)
        r = tb_fail_set(a->fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
    for (size_t i = 0; r == 0 && i < s->num_names; i++)
        if ((r = tb_acme_authz_new_use(a, &s->names[i], authz)) == 0)
            memcpy(urls[i], authz->url, sizeof(*urls));
    if (r == 0)
        r = tb_proofs_make(a, &proofs, key, (const char(*)[TB_HTTPS_URL_MAX + 1]) urls, s->num_names);
    free(urls);
    free(authz);
    return r;
}

static int prove(struct tb_acme_cli *cli, struct tb_fail *fail)
{
    const struct tb_say say = tb_acme_cli_say(cli);
    struct tb_acme a = {0};
    EVP_PKEY *key = NULL;
    int r;

    /* The session first: the account key's process is made before anything else is read or written. */
    if ((r = tb_issue_open("", &cli->settings, false, cli->allow_weak_sandbox, &say, &a, fail)) == 0 &&
        (r = tb_acme_account(&a, &cli->registration, NULL)) == 0 && (r = key_and_request(cli, &key, fail)) == 0)
        r = prove_names(&a, &cli->settings, key);
    if (r == 0)
        tb_say(&say, "the key in %s is proved; order with %s now", cli->new_key, cli->csr_out);
    tb_acme_close(&a);
    EVP_PKEY_free(key);
    return r;
}

static bool has_wildcard(const struct tb_settings *s)
{
    bool out = false;

    for (size_t i = 0; i < s->num_names; i++)
        out = out || s->names[i].wildcard;
    return out;
}

static const char *missing(const struct tb_acme_cli *cli, int words)
{
    if (words < 1)
        return "prove takes the names to be proved";
    if (cli->new_key == NULL || cli->csr_out == NULL)
        return "--new-key or --csr-out is missing";
    if (cli->settings.account_key[0] == '\0')
        return "--account-key is missing: the order must come from the same account";
    return cli->settings.server[0] == '\0' ? "--server is missing" : NULL;
}

int tb_cmd_prove(int argc, char **argv)
{
    static struct tb_acme_cli cli;
    struct tb_fail fail = {0};
    const char *what;
    int status;

    tb_acme_cli_harden();
    status = tb_acme_cli_parse(argc, argv, TB_CMD_PROVE, usage, &cli);
    if (status >= 0)
        return status;
    if ((what = missing(&cli, argc - optind)) != NULL)
        return tb_acme_cli_misuse(what, usage);
    cli.registration.only_existing = !cli.registration.agree_terms;
    if (tb_acme_cli_names(&cli, argv + optind, argc - optind, &fail) == 0) {
        if (has_wildcard(&cli.settings))
            (void)tb_fail_set(&fail, TB_EXIT_USAGE, TB_E_INVAL, "a wildcard is no host that could connect");
        else if (prove(&cli, &fail) == 0 && cli.json)
            puts("{\"ok\":true}");
    }
    return tb_acme_cli_end(&cli, &fail);
}
