/* Certificate chains as servers send them (RFC 8555 section 9.1), read strictly before anything reaches a file. */
#ifndef TB_CLIENT_CHAIN_H
#define TB_CLIENT_CHAIN_H

#include <openssl/x509.h>

#include "lib/base/clock.h"
#include "lib/base/ident.h"

#define TB_CLIENT_CHAIN_MAX     10
#define TB_CLIENT_CHAIN_PEM_MAX (256 * 1024)
#define TB_CERTID_MAX           127

struct tb_client_chain {
    X509 *certs[TB_CLIENT_CHAIN_MAX]; /* owned; leaf first, each signed by the next */
    size_t num;
};

/* TB_E_FORMAT, TB_E_LIMIT, TB_E_BADSIG with a constant sentence part in *out_why. Text between objects is refused. */
int tb_client_chain_parse(struct tb_span pem, struct tb_client_chain *out, const char **out_why) TB_MUST_USE;
void tb_client_chain_clear(struct tb_client_chain *chain); /* zeroed struct allowed */
/* Certificates from..num-1 written anew as PEM. */
int tb_client_chain_pem(const struct tb_client_chain *chain, size_t from, size_t to, struct tb_wr *pem) TB_MUST_USE;

/* The leaf's SAN is exactly these names. */
bool tb_client_chain_names(const struct tb_client_chain *chain, const struct tb_ident *names, size_t num);
bool tb_client_chain_key(const struct tb_client_chain *chain, EVP_PKEY *key);
void tb_client_chain_times(const struct tb_client_chain *chain, tb_time_t *not_before, tb_time_t *not_after);
/* ARI's certID (RFC 9773 section 4.1); TB_E_UNSUPPORTED for a certificate without authority key identifier. */
int tb_client_chain_certid(const struct tb_client_chain *chain, char out[static TB_CERTID_MAX + 1]) TB_MUST_USE;

#endif
