/* tls-client-01, the applicant's side (doc/tls-client-01.md, section 4.2). */
#ifndef TB_CLIENT_TLSCLIENT_H
#define TB_CLIENT_TLSCLIENT_H

#include <openssl/x509.h>

#include "lib/acme/tls_client.h"
#include "lib/base/problem.h"

#define TB_TLSCLIENT_TIMEOUT_S 10 /* of a connection, and of each wait within it */
#define TB_TLSCLIENT_TRIES_MAX 64 /* pairs of a local and a responder's address */

struct tb_tlsclient {
    const char *host;    /* responder's name */
    const char *token;   /* of the challenge: its tag becomes the server name */
    const char *ca_file; /* NULL: the system's roots */
    X509 *cert;          /* the certificate of section 4.3 */
    EVP_PKEY *key;
};

/*
 * Handshake and line over a connected socket, which stays the caller's and must have its time-outs.  TB_E_CRYPTO when
 * there was no handshake, TB_E_FORMAT without a sound line; why gets a sentence part then, with what OpenSSL says.
 */
int tb_tlsclient_talk(const struct tb_tlsclient *tc, int fd, struct tb_tls_client_line *out, char *why,
                      size_t why_cap) TB_MUST_USE;
/* What a person may do about a refusal; "" for an unknown reason. */
const char *tb_tlsclient_advice(const char *reason);

#endif
