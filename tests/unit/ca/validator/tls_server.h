/* Certificates for tls-alpn-01, right ones and wrong ones, and a TLS server on loopback that shows them. */
#ifndef TB_TESTS_UNIT_TLS_SERVER_H
#define TB_TESTS_UNIT_TLS_SERVER_H

#include <event2/event.h>
#include <openssl/evp.h>
#include <stdbool.h>

#include "lib/base/ident.h"
#include "lib/base/mem.h"

#define TEST_CERT_MAX 32768

/* Zeroed but for names and digest: as RFC 8737 wants it. */
struct test_cert {
    const char *san[3]; /* until NULL; names with ':' or without letters are addresses */
    uint8_t digest[TB_DIGEST_LEN];
    unsigned san_tag; /* of the first entry, instead of its own */
    size_t digest_len, padding, others;
    bool no_san, san_twice, no_extensions, version_1, other_issuer, other_signer, trailing;
    bool no_acme, acme_twice, acme_not_critical, acme_critical_false, acme_old, acme_old_too, acme_flat, acme_trailing;
};
/* DER into out; the length. The key of all of them: */
size_t test_cert_make(const struct test_cert *c, uint8_t out[static TEST_CERT_MAX]);
EVP_PKEY *test_cert_key(void);

enum tls_server_mode {
    TLS_FINE = 0,
    TLS_SILENT,
    TLS_CLOSES,
    TLS_NO_ALPN,
    TLS_OTHER_ALPN,
    TLS_1_1,
    TLS_1_2,
    TLS_GARBAGE
};

struct tls_server;
struct tls_server *tls_server_new(struct event_base *base, bool v4_only);
void tls_server_free(struct tls_server *s);
uint16_t tls_server_port(const struct tls_server *s);
void tls_server_show(struct tls_server *s, const struct test_cert *c, enum tls_server_mode mode);
unsigned tls_server_connections(const struct tls_server *s);
const char *tls_server_sni(const struct tls_server *s); /* of the last handshake */

#endif
