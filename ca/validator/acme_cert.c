#include "ca/validator/acme_cert.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "lib/pki/oid.h"
#include "lib/pki/proof_cert.h"

/* With keys of any kind: this one is not certified. */
static bool signs_itself(struct tb_span der)
{
    const unsigned char *p = der.p;
    X509 *cert = d2i_X509(NULL, &p, (long)der.len);
    EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
    bool ok = key != NULL && X509_verify(cert, key) == 1;

    X509_free(cert);
    ERR_clear_error();
    return ok;
}

int tb_acme_cert_check(struct tb_span der, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                       const char **out_why)
{
    const struct tb_proof_ext *san, *acme;
    struct tb_proof_cert c;
    int r = tb_proof_cert_read(der, &c, out_why);

    if (r < 0)
        return r == TB_E_FORMAT ? r : TB_E_DENIED;
    san = tb_proof_cert_ext(&c, TB_OID(TB_OID_SUBJECT_ALT));
    acme = tb_proof_cert_ext(&c, TB_OID(TB_OID_ACME_IDENTIFIER));
    if (!tb_span_eq(c.issuer, c.subject))
        *out_why = "is not self-signed: issuer and subject differ";
    else if (san == NULL)
        *out_why = "has no subjectAltName";
    else if (!tb_proof_cert_names(san->value, ident))
        *out_why = "does not have the identifier as the only entry of its subjectAltName";
    else if (acme == NULL)
        *out_why = "has no acmeIdentifier extension";
    else if (!acme->critical)
        *out_why = "has an acmeIdentifier extension that is not critical";
    else if (!signs_itself(der))
        *out_why = "is not self-signed: its signature does not verify with its key";
    if (*out_why != NULL)
        return TB_E_DENIED;
    if (tb_proof_cert_holds(acme->value, digest))
        return 0;
    *out_why = "has another digest in its acmeIdentifier extension";
    return TB_E_BADSIG;
}
