/* tabardd check-config: is the configuration sound, and is the state what it must be? */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/alternate_chain.h"
#include "ca/config/blocked_keys.h"
#include "ca/config/command.h"
#include "ca/config/config.h"
#include "ca/config/part.h"
#include "ca/config/pem_file.h"
#include "ca/config/responder.h"
#include "ca/policy/policy.h"
#include "lib/ipc/msg_parent.h"
#include "lib/pki/cacert.h"

#define SOON_DAYS    14 /* the HTTPS certificate: the CA's own machine makes the next */
#define SOON_DAYS_CA 30 /* what takes a root's key, which is offline */

struct report {
    const struct tb_config *cfg;
    tb_time_t now;
    unsigned problems;
};

/* One line for one problem. */
static void problem(struct report *r, const char *fmt, ...) TB_PRINTF(2, 3);
static void problem(struct report *r, const char *fmt, ...)
{
    va_list ap;

    r->problems++;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* Stat without following a link in the last place; complains. */
static bool find(struct report *r, enum tb_state_file file, char path[static TB_CONFIG_PATH_MAX + 65], mode_t type,
                 mode_t forbidden)
{
    struct stat st;

    tb_config_file(r->cfg, file, path);
    if (stat(path, &st) != 0) {
        problem(r, "%s: %s", path, strerror(errno));
        return false;
    }
    if ((st.st_mode & S_IFMT) != type) {
        problem(r, "%s: expected %s", path, type == S_IFDIR ? "a directory" : "a regular file");
        return false;
    }
    if ((st.st_mode & forbidden) != 0)
        problem(r, "%s: mode %04o lets others in; expected %04o", path, st.st_mode & 07777,
                st.st_mode & 07777 & ~forbidden);
    return true;
}

static void check_symmetric_keys(struct report *r, const enum tb_state_file *files, size_t num)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct stat st;

    for (size_t i = 0; i < num; i++)
        if (find(r, files[i], path, S_IFREG, 077) && stat(path, &st) == 0 && st.st_size != TB_KEY_LEN)
            problem(r, "%s: has %lld octets; expected %d", path, (long long)st.st_size, TB_KEY_LEN);
}

static void check_dirs(struct report *r)
{
    static const enum tb_state_file dirs[] = {TB_FILE_STORE_DIR, TB_FILE_LOG_DIR};
    char path[TB_CONFIG_PATH_MAX + 65];

    for (size_t i = 0; i < TB_ARRAY_LEN(dirs); i++)
        (void)find(r, dirs[i], path, S_IFDIR, 077);
}

static void check_validity(struct report *r, const char *path, tb_time_t not_before, tb_time_t not_after)
{
    char text[TB_RFC3339_LEN + 1];

    if (r->now < not_before) {
        tb_rfc3339_format(text, not_before);
        problem(r, "%s: not valid before %s", path, text);
    } else if (r->now > not_after) {
        tb_rfc3339_format(text, not_after);
        problem(r, "%s: expired at %s", path, text);
    }
}

/* Told while there is time, but not wrong yet. */
static void warn_of_end(const struct report *r, const char *path, const char *ends, tb_time_t end, int days,
                        const char *remedy)
{
    if (r->now <= end && end - r->now < days * INT64_C(86400))
        fprintf(stderr, "%s: %s in less than %d days%s\n", path, ends, days, remedy);
}

/* Does the private key in the file belong to a certificate with this SPKI? */
static void check_key(struct report *r, enum tb_state_file file, const uint8_t spki_digest[static TB_DIGEST_LEN],
                      const char *cert_path)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    uint8_t digest[TB_DIGEST_LEN];
    char why[TB_PROBLEM_DETAIL_MAX + 1];

    if (!find(r, file, path, S_IFREG, 077))
        return;
    if (tb_pem_file_key_digest(path, digest, why) != 0)
        problem(r, "%s: %s", path, why);
    else if (memcmp(digest, spki_digest, sizeof(digest)) != 0)
        problem(r, "%s: is not the key of %s", path, cert_path);
}

static bool read_ca(struct report *r, enum tb_state_file file, char path[static TB_CONFIG_PATH_MAX + 65],
                    struct tb_cacert *out)
{
    char why[TB_PROBLEM_DETAIL_MAX + 1];

    if (!find(r, file, path, S_IFREG, S_IWGRP | S_IWOTH))
        return false;
    if (tb_pem_file_ca(path, out, why) == 0)
        return true;
    problem(r, "%s: %s", path, why);
    return false;
}

/* An issuing CA carries its issuer's purposes and nothing else, or it could sign what no profile may hold. */
static void check_purposes(struct report *r, const char *path, const struct tb_cacert *ca, enum tb_issuer issuer)
{
    char have[128], want[128];

    if (ca->has_eku && ca->purposes == tb_issuer_purposes(issuer))
        return;
    tb_purposes_text(have, sizeof(have), ca->purposes);
    tb_purposes_text(want, sizeof(want), tb_issuer_purposes(issuer));
    problem(r, "%s: extended key usage is %s; expected exactly %s", path, ca->has_eku ? have : "absent", want);
}

static void check_chains(struct report *r, enum tb_issuer issuer, const struct tb_cacert *ca)
{
    char why[TB_CONFIG_WHY_MAX + 1];

    for (size_t i = 0; i < r->cfg->num_alternate_chains; i++) {
        char *pem = NULL;

        if (r->cfg->alternate_chains[i].issuer == issuer &&
            tb_alternate_chain_read(r->cfg, &r->cfg->alternate_chains[i], ca, r->now, &pem, why) != 0)
            problem(r, "%s", why);
        free(pem);
    }
}

/* Relying parties that look at CRLs refuse everything below a root whose CRL has ended. */
static void check_root_crl(struct report *r, const char *path, const struct tb_cacert *root)
{
    char why[TB_PROBLEM_DETAIL_MAX + 1];
    char text[TB_RFC3339_LEN + 1];
    tb_time_t next_update;

    if (tb_pem_file_crl(path, root, &next_update, why) != 0) {
        problem(r, "%s: %s", path, why);
        return;
    }
    if (r->now > next_update) {
        tb_rfc3339_format(text, next_update);
        problem(r, "%s: nextUpdate was at %s; make a new one", path, text);
    }
    warn_of_end(r, path, "nextUpdate is", next_update, SOON_DAYS_CA, "");
}

static void check_hierarchy(struct report *r, enum tb_issuer issuer)
{
    const struct tb_issuer_files *f = tb_issuer_files(issuer);
    char root_path[TB_CONFIG_PATH_MAX + 65], path[TB_CONFIG_PATH_MAX + 65], crl_path[TB_CONFIG_PATH_MAX + 65];
    struct tb_cacert root = {0}, ca = {0};
    bool has_root = read_ca(r, f->root, root_path, &root);
    bool has_ca = read_ca(r, f->issuing, path, &ca);

    if (find(r, f->root_crl, crl_path, S_IFREG, S_IWGRP | S_IWOTH) && has_root)
        check_root_crl(r, crl_path, &root);
    if (has_root) {
        check_validity(r, root_path, root.not_before, root.not_after);
        warn_of_end(r, root_path, "expires", root.not_after, SOON_DAYS_CA, "");
    }
    if (has_ca) {
        warn_of_end(r, path, "expires", ca.not_after, SOON_DAYS_CA, "");
        check_validity(r, path, ca.not_before, ca.not_after);
        check_purposes(r, path, &ca, issuer);
        check_key(r, f->issuing_key, ca.spki_digest, path);
        check_chains(r, issuer, &ca);
    }
    if (has_root && has_ca && tb_cacert_verify(&root, &ca) != 0)
        problem(r, "%s: was not issued by %s", path, root_path);
    tb_cacert_clear(&root);
    tb_cacert_clear(&ca);
}

/* Any key that TLS takes is good: the operator may have brought it. */
static bool is_key_of(const char *key_path, const char *chain_path)
{
    uint8_t *chain = NULL, *key = NULL;
    size_t chain_len = 0, key_len = 0;
    bool fits = tb_pem_file_read(chain_path, TB_PEM_FILE_MAX, &chain, &chain_len) == 0 &&
                tb_pem_file_read(key_path, TB_PEM_FILE_MAX, &key, &key_len) == 0 &&
                tb_pem_key_fits(tb_span_of(chain, chain_len), tb_span_of(key, key_len));

    free(chain);
    tb_free_secret(key, key_len);
    return fits;
}

/* A renewal that was killed has left the key beside the old one, where the CA finds it. */
static void check_tls_key(struct report *r, enum tb_state_file file, const char *chain_path)
{
    char path[TB_CONFIG_PATH_MAX + 65], new_path[sizeof(path) + sizeof(TB_NEW_SUFFIX)];

    tb_config_file(r->cfg, file, path);
    snprintf(new_path, sizeof(new_path), "%s%s", path, TB_NEW_SUFFIX);
    if (!is_key_of(path, chain_path) && is_key_of(new_path, chain_path))
        fprintf(stderr, "%s: a renewal was not finished; \"tabardd renew-own\" does that\n", new_path);
    else if (find(r, file, path, S_IFREG, 077) && !is_key_of(path, chain_path))
        problem(r, "%s: is not the key of %s", path, chain_path);
}

/* A certificate that TLS clients are shown under this name, and its key. */
static void check_server(struct report *r, enum tb_state_file chain, enum tb_state_file key, const char *name)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    char why[TB_PROBLEM_DETAIL_MAX + 1];
    struct tb_pem_leaf leaf;

    if (!find(r, chain, path, S_IFREG, S_IWGRP | S_IWOTH))
        return;
    if (tb_pem_file_leaf(path, name, &leaf, why) != 0) {
        problem(r, "%s: %s", path, why);
        return;
    }
    check_validity(r, path, leaf.not_before, leaf.not_after);
    if (!leaf.names_host)
        problem(r, "%s: does not name %s", path, name);
    if (!leaf.server_auth)
        problem(r, "%s: is not for serverAuth", path);
    check_tls_key(r, key, path);
    warn_of_end(r, path, "expires", leaf.not_after, SOON_DAYS, "; \"tabardd renew-own\" renews what init made");
}

/* Clients meet it under a name of one label more, which no proof will ever have. */
static void check_responder(struct report *r)
{
    static const enum tb_state_file keys[] = {TB_FILE_RESPONDER_TOKEN_KEY, TB_FILE_RESPONDER_STATEMENT_KEY};
    char host[TB_TLS_CLIENT_HOST_MAX + 1];
    char name[TB_IDENT_VALUE_MAX + 1];

    if (!r->cfg->responder.on)
        return;
    tb_responder_host(host, r->cfg);
    snprintf(name, sizeof(name), "%0*d.%s", TB_TLS_CLIENT_TAG_LEN, 0, host);
    check_server(r, TB_FILE_RESPONDER_CHAIN, TB_FILE_RESPONDER_KEY, name);
    check_symmetric_keys(r, keys, TB_ARRAY_LEN(keys));
}

static void check_root_keys(struct report *r)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct stat st;

    /* Moved offline is as it should be. */
    for (enum tb_issuer i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++) {
        tb_config_file(r->cfg, tb_issuer_files(i)->root_key, path);
        if (lstat(path, &st) == 0)
            (void)find(r, tb_issuer_files(i)->root_key, path, S_IFREG, 077);
    }
}

static void check_blocked_keys(struct report *r)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_weak_keys *blocked = NULL;

    if (tb_blocked_keys_read(r->cfg, &blocked, why) != 0)
        problem(r, "%s", why);
    tb_weak_keys_free(blocked);
}

/* CA certificates that cannot be read were told of already. */
static void check_policy(struct report *r)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy *policy = NULL;
    int err = r->problems == 0 ? tb_policy_open(r->cfg, &policy, why) : tb_policy_new(r->cfg, &policy, why);

    if (err != 0)
        problem(r, "%s", why);
    tb_policy_free(policy);
}

/* Told, but not wrong: the configuration may want what is not there yet. */
static void tell_withheld(const struct report *r)
{
    for (size_t i = 0; i < r->cfg->num_profiles; i++) {
        const struct tb_profile *p = &r->cfg->profiles[i];
        const char *why = p->wanted ? tb_config_withheld(r->cfg, p) : "offered is false";

        if (why != NULL)
            fprintf(stderr, "%s: profile %s@%s is not offered: %s\n", r->cfg->path, p->name, p->version, why);
    }
}

/* Each file was told of; what makes them is told once. */
static void tell_of_add(const struct report *r)
{
    char path[TB_CONFIG_PATH_MAX + 65];

    for (enum tb_part i = 0; i < TB_PART__COUNT; i++)
        if (tb_part_wanted(r->cfg, i) && tb_part_lacks(r->cfg, i, path))
            fprintf(stderr, "%s: \"tabardd add %s --config %s\" makes what is missing\n", path, tb_part_word(i),
                    r->cfg->path);
}

static void check_state(struct report *r)
{
    static const enum tb_state_file keys[] = {TB_FILE_ID_KEY, TB_FILE_TOKEN_KEY, TB_FILE_STATEMENT_KEY};

    tell_withheld(r);
    check_dirs(r);
    check_symmetric_keys(r, keys, TB_ARRAY_LEN(keys));
    for (enum tb_issuer i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(r->cfg, i))
            check_hierarchy(r, i);
    check_server(r, TB_FILE_HTTPS_CHAIN, TB_FILE_HTTPS_KEY, r->cfg->name);
    check_responder(r);
    tell_of_add(r);
    check_root_keys(r);
    check_blocked_keys(r);
    check_policy(r);
}

static int check_file(const char *path)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    struct report r = {.now = tb_clock_now_s()};
    int status = TB_EXIT_CONFIG;

    if (tb_config_load(path, &cfg, NULL, why) != 0) {
        fprintf(stderr, "%s\n", why);
        return TB_EXIT_CONFIG;
    }
    r.cfg = cfg;
    check_state(&r);
    if (r.problems == 0) {
        printf("%s: sound\n", path);
        status = TB_EXIT_OK;
    }
    tb_config_free(cfg);
    return status;
}

int tb_cmd_check_config(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *path = NULL;
    bool help = false;
    int opt;

    optind = 1;
    while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (opt == 'c' && path == NULL)
            path = optarg;
        else if (opt == 'h')
            help = true;
        else
            argc = 0; /* falls into the usage */
    }
    if (help || path == NULL || optind != argc) {
        fputs("usage: tabardd check-config --config FILE\n", help ? stdout : stderr);
        return help ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    return check_file(path);
}
