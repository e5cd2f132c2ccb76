/* Certification request: PKCS #10 (RFC 2986), read strictly and bounded. */
#ifndef TB_PKI_CSR_H
#define TB_PKI_CSR_H

#include "lib/pki/verifier.h"
#include "lib/profile/purpose.h"

#define TB_CSR_DER_MAX 32768

/*
 * What we take from a request: the key and the names.  All names of SAN and the CN (when it parses as a name; a CN
 * that is not among the SANs is added) are in idents, normalised, sorted, without duplicates.
 */
struct tb_csr {
    struct tb_spki spki;     /* borrows from the input */
    struct tb_ident *idents; /* owned */
    size_t num_idents;
    bool has_eku; /* asked-for EKUs, each once; the profile says what becomes of them (csr_eku.h) */
    tb_purposes_t eku;
    bool eku_unknown; /* asked for a purpose without a label of ours, or for any */
};

/*
 * Parse and verify the request's own signature.  Refused (badCSR): trailing bytes, non-minimal DER, version other
 * than v1, unsupported or weak keys, signature algorithm not matching the key (ecdsa-with-SHA256/384/512, Ed25519, RSA
 * with SHA-256/384/512), bad signature, repeated attributes or extensions, more than TB_IDENT_NUM_MAX names, SAN types
 * other than dNSName and iPAddress, a name that tb_ident_parse refuses, an empty SAN.  Other subject attributes and
 * extensions are skipped, not refused: nothing of them reaches a certificate.  No name at all is TB_E_FORMAT.
 */
int tb_csr_parse(struct tb_span der, struct tb_csr *out, struct tb_problem *pb) TB_MUST_USE;
/* The same with a verifier, for who reads many (NULL = none). */
int tb_csr_parse_with(struct tb_verifier *verifier, struct tb_span der, struct tb_csr *out,
                      struct tb_problem *pb) TB_MUST_USE;
/* The same reading without the signature: for processes that decide nothing and leave the verification to the judge. */
int tb_csr_read(struct tb_span der, struct tb_csr *out, struct tb_problem *pb) TB_MUST_USE;
void tb_csr_clear(struct tb_csr *csr); /* NULL-safe; zeroed struct allowed */

#endif
