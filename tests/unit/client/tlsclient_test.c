/* The applicant's side of tls-client-01 against a responder in a thread, which may misbehave. */
#include "client/tlsclient.h"
#include "tests/unit/test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/keys.h"
#include "client/proofs.h"
#include "client/self_signed.h"
#include "lib/base/hash.h"
#include "lib/pki/use_cert.h"

#define HOST  "ca.test"
#define TOKEN "AQ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
#define KA    TOKEN ".NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

struct responder {
    int fd;
    int max_version;
    bool alpn;
    const char *line;
    /* what it saw */
    char sni[256];
    uint8_t cert[TB_USE_CERT_MAX];
    size_t cert_len;
};

static EVP_PKEY *server_key;
static EVP_PKEY *subject_key;
static X509 *server_x509; /* its own anchor */
static X509 *proof;
static struct tb_ident ident;
static char root_file[] = "/tmp/tabard-tlsclient-XXXXXX";

static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
                  void *arg)
{
    (void)ssl;
    (void)arg;
    if (in_len != 18 || memcmp(in,
                               "\x11"
                               "acme-tls-client/1",
                               18) != 0)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + 1;
    *out_len = 17;
    return SSL_TLSEXT_ERR_OK;
}

static X509 *server_cert(void)
{
    X509 *cert = X509_new();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:*." HOST);

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"r", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, server_key);
    X509_add_ext(cert, san, -1);
    X509_sign(cert, server_key, EVP_sha256());
    X509_EXTENSION_free(san);
    return cert;
}

static void serve(struct responder *rs, SSL *ssl)
{
    X509 *peer;
    uint8_t *der = NULL;
    int len;

    if (SSL_accept(ssl) != 1)
        return;
    snprintf(rs->sni, sizeof(rs->sni), "%s", SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    peer = SSL_get1_peer_certificate(ssl);
    len = peer != NULL ? i2d_X509(peer, &der) : 0;
    if (len > 0 && (size_t)len <= sizeof(rs->cert)) {
        memcpy(rs->cert, der, (size_t)len);
        rs->cert_len = (size_t)len;
    }
    OPENSSL_free(der);
    X509_free(peer);
    if (rs->line[0] != '\0')
        SSL_write(ssl, rs->line, (int)strlen(rs->line));
    SSL_shutdown(ssl);
}

static void *run(void *arg)
{
    struct responder *rs = arg;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;

    SSL_CTX_set_max_proto_version(ctx, rs->max_version);
    SSL_CTX_use_certificate(ctx, server_x509);
    SSL_CTX_use_PrivateKey(ctx, server_key);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    SSL_CTX_set_num_tickets(ctx, 0);
    if (rs->alpn)
        SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, rs->fd);
    serve(rs, ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(rs->fd);
    return NULL;
}

static int talk(struct responder *rs, const char *host, struct tb_tls_client_line *line, char why[static 256])
{
    const struct tb_tlsclient tc = {
        .host = host, .token = TOKEN, .ca_file = root_file, .cert = proof, .key = subject_key};
    pthread_t thread;
    int pair[2];
    int r;

    assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    rs->fd = pair[1];
    rs->max_version = rs->max_version != 0 ? rs->max_version : TLS1_3_VERSION;
    assert_ok(pthread_create(&thread, NULL, run, rs));
    r = tb_tlsclient_talk(&tc, pair[0], line, why, 256);
    close(pair[0]);
    pthread_join(thread, NULL);
    return r;
}

static void what_it_shows_is_what_the_responder_demands(void **state)
{
    struct responder rs = {.alpn = true, .line = "ok 192.0.2.7\n"};
    char want_sni[TB_TLS_CLIENT_TAG_LEN + sizeof("." HOST)];
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_tls_client_line line;
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];
    const char *reason;
    struct tb_spki spki;
    const char *what;
    char why[256];

    (void)state;
    assert_ok(talk(&rs, HOST, &line, why));
    assert_true(line.ok);
    assert_string_equal(line.address, "192.0.2.7");
    tb_tls_client_tag(tag, tb_span_str(TOKEN));
    snprintf(want_sni, sizeof(want_sni), "%s." HOST, tag);
    assert_string_equal(rs.sni, want_sni);
    tb_tls_client_digest(digest, tb_span_str(KA));
    assert_ok(tb_use_cert_check(tb_span_of(rs.cert, rs.cert_len), &ident, digest, &spki, &reason, &what));
}

static void a_refusal_is_an_answer(void **state)
{
    struct responder rs = {.alpn = true, .line = "refused address 2001:db8::1\n"};
    struct tb_tls_client_line line;
    char why[256];

    (void)state;
    assert_ok(talk(&rs, HOST, &line, why));
    assert_false(line.ok);
    assert_string_equal(line.reason, "address");
    assert_string_equal(line.address, "2001:db8::1");
    assert_true(tb_tlsclient_advice("address")[0] != '\0');
    assert_string_equal(tb_tlsclient_advice("newfangled"), "");
}

static void servers_that_are_no_responder_are_refused(void **state)
{
    struct responder no_alpn = {.line = "ok 192.0.2.7\n"};
    struct responder old = {.alpn = true, .max_version = TLS1_2_VERSION, .line = "ok 192.0.2.7\n"};
    struct responder other_name = {.alpn = true, .line = "ok 192.0.2.7\n"};
    struct tb_tls_client_line line;
    char why[256];

    (void)state;
    assert_int_equal(talk(&no_alpn, HOST, &line, why), TB_E_CRYPTO);
    assert_non_null(strstr(why, "acme-tls-client/1"));
    assert_int_equal(talk(&old, HOST, &line, why), TB_E_CRYPTO);
    assert_int_equal(talk(&other_name, "other.test", &line, why), TB_E_CRYPTO);
    assert_false(line.ok);
}

static void answers_that_are_no_line_are_refused(void **state)
{
    static const char *const lines[] = {"ok", "ok \n", "fine 192.0.2.7\n", "ok 192.0.2.7\nok 192.0.2.7\n",
                                        "refused address 1.2.3\n"};
    char longest[TB_TLS_CLIENT_LINE_MAX + 2];
    struct tb_tls_client_line line;
    char why[256];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(lines); i++) {
        struct responder rs = {.alpn = true, .line = lines[i]};

        assert_int_equal(talk(&rs, HOST, &line, why), TB_E_FORMAT);
        assert_false(line.ok);
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(talk(&(struct responder){.alpn = true, .line = longest}, HOST, &line, why), TB_E_FORMAT);
    assert_int_equal(talk(&(struct responder){.alpn = true, .line = ""}, HOST, &line, why), TB_E_CRYPTO);
}

static void responders_that_the_directory_does_not_pin_are_refused(void **state)
{
    static struct tb_proof p = {.authz = {.num_responders = 1, .responders = {"ca.example:14001"}}};
    static struct tb_acme acme;
    struct tb_proofs ps = {.acme = &acme};
    struct tb_fail fail = {0};

    (void)state;
    acme.fail = &fail;
    assert_ok(tb_proof_tlsclient01.prepare(&ps, &p)); /* none is pinned */
    acme.dir.num_responders = 2;
    strcpy(acme.dir.responders[0], "ca.example:14002");
    strcpy(acme.dir.responders[1], "ca.example:14001");
    assert_ok(tb_proof_tlsclient01.prepare(&ps, &p));
    acme.dir.num_responders = 1;
    assert_int_equal(tb_proof_tlsclient01.prepare(&ps, &p), TB_E_DENIED);
    assert_int_equal(fail.status, TB_EXIT_REFUSED);
}

static int setup(void **state)
{
    uint8_t digest[TB_DIGEST_LEN];
    FILE *f = fdopen(mkstemp(root_file), "w");

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (f == NULL || tb_client_key_generate("p256", &server_key) < 0 ||
        tb_client_key_generate("p384", &subject_key) < 0 ||
        tb_ident_parse(TB_IDENT_DNS, tb_span_str("a.example"), &ident, NULL) < 0)
        return 1;
    tb_tls_client_digest(digest, tb_span_str(KA));
    server_x509 = server_cert();
    PEM_write_X509(f, server_x509);
    fclose(f);
    return tb_self_signed(subject_key, &ident, digest, true, &proof) < 0;
}

static int teardown(void **state)
{
    (void)state;
    X509_free(proof);
    X509_free(server_x509);
    EVP_PKEY_free(server_key);
    EVP_PKEY_free(subject_key);
    return unlink(root_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_shows_is_what_the_responder_demands),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(servers_that_are_no_responder_are_refused),
        cmocka_unit_test(responders_that_the_directory_does_not_pin_are_refused),
        cmocka_unit_test(answers_that_are_no_line_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
