#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/command.h"
#include "ca/config/config.h"
#include "ca/config/pem_file.h"

static char top[64];

static int in_new_directory(void **state)
{
    (void)state;
    strcpy(top, "/tmp/tabard-init-XXXXXX");
    return mkdtemp(top) != NULL && chdir(top) == 0 ? 0 : -1;
}

static int away(void **state)
{
    char cmd[96];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", top);
    return chdir("/") == 0 ? system(cmd) : -1;
}

/* Runs a command with what it prints thrown away. */
static int quiet(int (*cmd)(int, char **), const char *const *words)
{
    char *argv[24] = {0};
    int argc = 0, null = open("/dev/null", O_WRONLY), out = dup(1), err = dup(2), status;

    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    fflush(NULL);
    dup2(null, 1);
    dup2(null, 2);
    status = cmd(argc, argv);
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    close(null);
    close(out);
    close(err);
    while (argc > 0)
        free(argv[--argc]);
    return status;
}

#define INIT(...)  quiet(tb_cmd_init, (const char *const[]){"init", __VA_ARGS__, NULL})
#define CHECK(...) quiet(tb_cmd_check_config, (const char *const[]){"check-config", __VA_ARGS__, NULL})

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_ok(lstat(path, &st));
    return st.st_mode & 0777;
}

static size_t entries(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void a_fresh_ca_is_sound_and_private(void **state)
{
    static const char *const keys[] = {"ca/keys/https.key",
                                       "ca/keys/id.key",
                                       "ca/keys/token.key",
                                       "ca/keys/statement-1-1.key",
                                       "ca/keys/responder-statement-1-1.key",
                                       "ca/keys/account.key",
                                       "ca/keys/responder.key",
                                       "ca/keys/responder-token.key",
                                       "ca/keys/responder-statement-1-1.key",
                                       "ca/keys/issuing-server.key",
                                       "ca/keys/issuing-client.key",
                                       "ca/root-keys/root-server.key",
                                       "ca/root-keys/root-client.key"};
    static const char *const dirs[] = {"ca/keys", "ca/root-keys", "ca/store", "ca/log"};

    (void)state;
    umask(0);
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_OK);
    umask(022);
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(keys); i++)
        assert_int_equal(mode_of(keys[i]), 0600);
    for (size_t i = 0; i < TB_ARRAY_LEN(dirs); i++)
        assert_int_equal(mode_of(dirs[i]), 0700);
    assert_int_equal(mode_of("ca/tabard.yaml"), 0644);
    assert_int_equal(mode_of("ca/root-server.pem"), 0644);
}

static void options_reach_the_configuration(void **state)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    uint8_t *text;
    size_t len;

    (void)state;
    assert_int_equal(INIT("--dir", "ca", "--name", "::1", "--listen", "[::1]:443", "--http", "127.0.0.1:80",
                          "--responder", "off", "--metrics", "127.0.0.1:9000", "--resolver", "127.0.0.1:5353",
                          "--allow-private", "127.0.0.0/8", "--allow-private", "::1/128", "--user", ""),
                     TB_EXIT_OK);
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);
    assert_ok(tb_pem_file_read("ca/tabard.yaml", 1 << 20, &text, &len));
    assert_ok(tb_config_parse(tb_span_of(text, len), "ca/tabard.yaml", &cfg, why));
    assert_string_equal(cfg->base_url, "https://[::1]");
    assert_string_equal(cfg->http.text, "127.0.0.1:80");
    assert_false(cfg->responder.on);
    assert_string_equal(cfg->metrics.text, "127.0.0.1:9000");
    assert_string_equal(cfg->zones[0].resolver[0].text, "127.0.0.1:5353");
    assert_int_equal(cfg->zones[0].num_allow_private, 2);
    assert_int_equal(cfg->num_caa_identities, 0);
    tb_config_free(cfg);
    free(text);
}

/* Clients connect to a name: a CA without one has no responder, unless it is told of one. */
static void a_responder_needs_a_name(void **state)
{
    (void)state;
    assert_int_equal(INIT("--dir", "a", "--name", "192.0.2.1", "--user", ""), TB_EXIT_OK);
    assert_int_equal(CHECK("--config", "a/tabard.yaml"), TB_EXIT_OK);
    assert_int_not_equal(access("a/responder.pem", F_OK), 0);
    assert_int_equal(INIT("--dir", "b", "--name", "192.0.2.1", "--user", "", "--responder", "192.0.2.1:5"),
                     TB_EXIT_FAILURE);
    assert_int_equal(INIT("--dir", "b", "--name", "192.0.2.1", "--user", "", "--responder-address", "use.ca.example:5"),
                     TB_EXIT_OK);
    assert_int_equal(CHECK("--config", "b/tabard.yaml"), TB_EXIT_OK);
    assert_int_equal(INIT("--dir", "c", "--name", "localhost", "--user", ""), TB_EXIT_OK);
    assert_int_equal(CHECK("--config", "c/tabard.yaml"), TB_EXIT_OK);
    assert_ok(system("openssl x509 -in c/responder.pem -noout -ext subjectAltName | "
                     "grep -qx ' *DNS:responder.localhost, DNS:\\*.responder.localhost'"));
}

static void wrong_options_make_nothing(void **state)
{
    (void)state;
    assert_int_equal(INIT("--dir", "ca"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--name", "ca.example"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "*.example"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--name", "b.example"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--listen", "0.0.0.0"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--listen", "0.0.0.0:65535"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--allow-private", "0.0.0.0/0"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--user", "no-such-user"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--http", "0.0.0.0:14000"), TB_EXIT_FAILURE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "--responder-address", "r:1"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "a.example", "extra"), TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "no/such/ca", "--name", "a.example"), TB_EXIT_FAILURE);
    assert_int_equal(entries("."), 0);
}

static void nothing_is_overwritten_and_a_failure_leaves_nothing(void **state)
{
    struct stat before, after;

    (void)state;
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_OK);
    assert_ok(stat("ca/tabard.yaml", &before));
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_FAILURE);
    assert_ok(stat("ca/tabard.yaml", &after));
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);

    /* The last of the certificates is in the way: what came before it goes again, it stays. */
    assert_ok(mkdir("other", 0755));
    close(open("other/https.pem", O_CREAT | O_WRONLY, 0644));
    assert_int_equal(INIT("--dir", "other", "--name", "ca.example", "--user", ""), TB_EXIT_FAILURE);
    assert_int_equal(entries("other"), 1);
    assert_ok(unlink("other/https.pem"));
    assert_ok(symlink("elsewhere", "other/tabard.yaml"));
    assert_int_equal(INIT("--dir", "other", "--name", "ca.example", "--user", ""), TB_EXIT_FAILURE);
    assert_int_equal(entries("other"), 1);
    assert_int_not_equal(access("other/elsewhere", F_OK), 0);
}

static void check_config_finds_what_is_wrong_with_the_state(void **state)
{
    static const struct {
        const char *spoil, *mend;
    } rows[] = {
        {"chmod 640 ca/keys/token.key", "chmod 600 ca/keys/token.key"},
        {"chmod 755 ca/keys/../store", "chmod 700 ca/store"},
        {"mv ca/keys/id.key x", "mv x ca/keys/id.key"},
        {"mv ca/log x", "mv x ca/log"},
        {"mv ca/keys/responder-statement-1-1.key x", "mv x ca/keys/responder-statement-1-1.key"},
        {"truncate -s 31 ca/keys/id.key", "truncate -s 32 ca/keys/id.key"},
        {"cp ca/issuing-client.pem x; cp ca/issuing-server.pem ca/issuing-client.pem", "cp x ca/issuing-client.pem"},
        {"cp ca/root-client.pem x; cp ca/root-server.pem ca/root-client.pem", "cp x ca/root-client.pem"},
        {"cp ca/keys/https.key x; cp ca/keys/issuing-server.key ca/keys/https.key", "cp x ca/keys/https.key"},
        {"cp ca/https.pem x; cp ca/issuing-server.pem ca/https.pem", "cp x ca/https.pem"},
        {"mv ca/root-server.crl x", "mv x ca/root-server.crl"},
        {"mv ca/keys/responder-token.key x", "mv x ca/keys/responder-token.key"},
        {"chmod 644 ca/keys/responder-statement-1-1.key", "chmod 600 ca/keys/responder-statement-1-1.key"},
        {"cp ca/keys/responder.key x; cp ca/keys/https.key ca/keys/responder.key", "cp x ca/keys/responder.key"},
        {"cp ca/responder.pem x; cp ca/https.pem ca/responder.pem; cp ca/keys/responder.key y; cp ca/keys/https.key "
         "ca/keys/responder.key",
         "cp x ca/responder.pem; cp y ca/keys/responder.key"},
        {"cp ca/tabard.yaml x; sed -i 's/^blocked_keys:.*/blocked_keys: none.txt/' ca/tabard.yaml",
         "cp x ca/tabard.yaml"},
        {"cp ca/tabard.yaml x; echo 00 >ca/b.txt; sed -i 's/^blocked_keys:.*/blocked_keys: b.txt/' ca/tabard.yaml",
         "cp x ca/tabard.yaml"},
        {"cp ca/tabard.yaml x; sed -i 's/ca.example/cb.example/g' ca/tabard.yaml", "cp x ca/tabard.yaml"},
    };

    (void)state;
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_ok(system(rows[i].spoil));
        if (CHECK("--config", "ca/tabard.yaml") != TB_EXIT_CONFIG)
            fail_msg("row %zu", i);
        assert_ok(system(rows[i].mend));
        assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);
    }
    assert_ok(system("mv ca/root-keys offline"));
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);
    assert_int_equal(CHECK("--config", "ca/none.yaml"), TB_EXIT_CONFIG);
    assert_int_equal(CHECK("--config", "a", "b"), TB_EXIT_USAGE);
}

static EVP_PKEY *read_key(const char *path)
{
    EVP_PKEY *key = NULL;
    uint8_t *text;
    size_t len;

    assert_ok(tb_pem_file_read(path, TB_PEM_FILE_MAX, &text, &len));
    assert_ok(tb_key_read_pem(tb_span_of(text, len), NULL, &key, NULL));
    free(text);
    return key;
}

/* Invariant 4: key, chain and dates are right, only the purposes are another issuer's. */
static void invariant_04_an_issuing_ca_with_other_purposes_is_refused(void **state)
{
    tb_time_t now = tb_clock_now_s();
    EVP_PKEY *root_key, *key;
    uint8_t *root;
    size_t root_len;
    struct tb_wr pem;
    FILE *f;

    (void)state;
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_OK);
    root_key = read_key("ca/root-keys/root-client.key");
    key = read_key("ca/keys/issuing-client.key");
    assert_ok(tb_pem_file_read("ca/root-client.pem", TB_PEM_FILE_MAX, &root, &root_len));
    for (int issuer = TB_ISSUER_SERVER; issuer <= TB_ISSUER_PEER; issuer++) {
        tb_wr_init(&pem, 8192);
        assert_ok(tb_issuing_make(&pem, key, "other", (enum tb_issuer)issuer, tb_span_of(root, root_len), root_key, now,
                                  now + 86400));
        f = fopen("ca/issuing-client.pem", "w");
        fwrite(pem.buf, 1, pem.len, f);
        fclose(f);
        tb_wr_clear(&pem);
        assert_int_equal(CHECK("--config", "ca/tabard.yaml"), issuer == TB_ISSUER_CLIENT ? TB_EXIT_OK : TB_EXIT_CONFIG);
    }
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(key);
    free(root);
}

static void with_peer_there_is_a_third_hierarchy(void **state)
{
    static const char *const files[] = {"ca/keys/issuing-peer.key", "ca/root-keys/root-peer.key", "ca/root-peer.pem",
                                        "ca/root-peer.crl", "ca/issuing-peer.pem"};
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    uint8_t *text;
    size_t len;

    (void)state;
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", ""), TB_EXIT_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++)
        assert_int_not_equal(access(files[i], F_OK), 0);
    assert_ok(system("mv ca without"));
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", "", "--peer"), TB_EXIT_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++)
        assert_int_equal(mode_of(files[i]), i < 2 ? 0600 : 0644);
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_OK);
    assert_ok(tb_pem_file_read("ca/tabard.yaml", 1 << 20, &text, &len));
    assert_ok(tb_config_parse(tb_span_of(text, len), "ca/tabard.yaml", &cfg, why));
    assert_true(cfg->peer_hierarchy);
    assert_true(tb_config_profile(cfg, "peer", NULL)->offered);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++) {
        if (i == 1) /* the root key may be offline */
            continue;
        assert_ok(rename(files[i], "x"));
        assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_CONFIG);
        assert_ok(rename("x", files[i]));
    }
    assert_ok(system("cp ca/issuing-client.pem ca/issuing-peer.pem; cp ca/keys/issuing-client.key "
                     "ca/keys/issuing-peer.key; cp ca/root-client.pem ca/root-peer.pem"));
    assert_int_equal(CHECK("--config", "ca/tabard.yaml"), TB_EXIT_CONFIG); /* other usages */
    tb_config_free(cfg);
    free(text);
}

static void a_passphrase_enciphers_the_root_keys(void **state)
{
    uint8_t digest[TB_DIGEST_LEN];
    char why[TB_PROBLEM_DETAIL_MAX + 1];
    struct tb_problem pb = {0};
    EVP_PKEY *key = NULL;
    uint8_t *text;
    size_t len;

    (void)state;
    assert_ok(system("printf 'tr0ub4dor\\nsecond line\\n' > pass; : > empty"));
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", "", "--root-passphrase-file", "empty"),
                     TB_EXIT_USAGE);
    assert_int_equal(INIT("--dir", "ca", "--name", "ca.example", "--user", "", "--root-passphrase-file", "pass"),
                     TB_EXIT_OK);
    assert_int_not_equal(tb_pem_file_key_digest("ca/root-keys/root-server.key", digest, why), 0);
    assert_ok(tb_pem_file_key_digest("ca/keys/issuing-server.key", digest, why));
    assert_ok(tb_pem_file_read("ca/root-keys/root-server.key", 65536, &text, &len));
    assert_ok(tb_key_read_pem(tb_span_of(text, len), "tr0ub4dor", &key, &pb));
    EVP_PKEY_free(key);
    free(text);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, in_new_directory, away)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_fresh_ca_is_sound_and_private),
        IN_DIRECTORY(options_reach_the_configuration),
        IN_DIRECTORY(a_responder_needs_a_name),
        IN_DIRECTORY(wrong_options_make_nothing),
        IN_DIRECTORY(nothing_is_overwritten_and_a_failure_leaves_nothing),
        IN_DIRECTORY(check_config_finds_what_is_wrong_with_the_state),
        IN_DIRECTORY(invariant_04_an_issuing_ca_with_other_purposes_is_refused),
        IN_DIRECTORY(with_peer_there_is_a_third_hierarchy),
        IN_DIRECTORY(a_passphrase_enciphers_the_root_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
