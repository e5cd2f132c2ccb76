/* Certificates and keys in files of the state directory, read for check-config. */
#ifndef TB_CA_CONFIG_PEM_FILE_H
#define TB_CA_CONFIG_PEM_FILE_H

#include "lib/pki/cacert.h"

#define TB_PEM_FILE_MAX 65536

/* A whole file of at most max octets; the caller frees. TB_E_IO with errno, EFBIG when it is longer. */
int tb_pem_file_read(const char *path, size_t max, uint8_t **out, size_t *out_len) TB_MUST_USE;
/* A CA certificate; the reason in why. */
int tb_pem_file_ca(const char *path, struct tb_cacert *out, char why[static TB_PROBLEM_DETAIL_MAX + 1]) TB_MUST_USE;
/* A CRL that the CA signed: when it ends; the reason in why. */
int tb_pem_file_crl(const char *path, const struct tb_cacert *ca, tb_time_t *out_next_update,
                    char why[static TB_PROBLEM_DETAIL_MAX + 1]) TB_MUST_USE;
/* SHA-256 over the public key of an unenciphered private key. */
int tb_pem_file_key_digest(const char *path, uint8_t out[static TB_DIGEST_LEN],
                           char why[static TB_PROBLEM_DETAIL_MAX + 1]) TB_MUST_USE;

/* Is it the unenciphered private key of the chain's first certificate? */
bool tb_pem_key_fits(struct tb_span chain_pem, struct tb_span key_pem);

/* The first certificate of a chain file, as TLS uses it. */
struct tb_pem_leaf {
    tb_time_t not_before, not_after;
    bool names_host, server_auth;
};
/* host is a DNS name or an address. A certificate of any CA will do: the operator may bring one. */
int tb_pem_file_leaf(const char *path, const char *host, struct tb_pem_leaf *out,
                     char why[static TB_PROBLEM_DETAIL_MAX + 1]) TB_MUST_USE;

#endif
