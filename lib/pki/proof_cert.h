/* Self-signed certificates that carry a proof: of tls-alpn-01 (RFC 8737 section 3) and tls-client-01, read strictly. */
#ifndef TB_PKI_PROOF_CERT_H
#define TB_PKI_PROOF_CERT_H

#include "lib/base/ident.h"
#include "lib/base/mem.h"

#define TB_PROOF_CERT_EXTENSIONS_MAX 32

#define TB_OID_ACME_IDENTIFIER     0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f       /* 1.3.6.1.5.5.7.1.31 */
#define TB_OID_ACME_IDENTIFIER_OLD 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1e, 0x01 /* of drafts: ...7.1.30.1 */

struct tb_proof_ext {
    struct tb_span oid, value; /* contents */
    bool critical;
};

/* All borrowed from the DER. */
struct tb_proof_cert {
    struct tb_span tbs;  /* whole: what is signed */
    struct tb_span alg;  /* content of the signature's AlgorithmIdentifier, which is the same in both places */
    struct tb_span sig;  /* octets of the BIT STRING */
    struct tb_span spki; /* whole */
    struct tb_span issuer, subject;
    size_t num_exts;
    struct tb_proof_ext ext[TB_PROOF_CERT_EXTENSIONS_MAX];
};

/*
 * X.509 v3 in strict DER.  On failure *out_why is a constant sentence part ("..., which <why>") that holds nothing of
 * the certificate: TB_E_FORMAT, TB_E_LIMIT (extensions), TB_E_DUP (an extension twice), TB_E_DENIED (an acmeIdentifier
 * of early drafts).
 */
int tb_proof_cert_read(struct tb_span der, struct tb_proof_cert *out, const char **out_why) TB_MUST_USE;
/* NULL when it is not there. */
const struct tb_proof_ext *tb_proof_cert_ext(const struct tb_proof_cert *c, struct tb_span oid);
/* Is this content of a subjectAltName exactly one entry, the identifier?  Normalised as orders are. */
bool tb_proof_cert_names(struct tb_span san, const struct tb_ident *ident);
/* Is this content of an acmeIdentifier the digest? */
bool tb_proof_cert_holds(struct tb_span ext, const uint8_t digest[static TB_DIGEST_LEN]);

#endif
