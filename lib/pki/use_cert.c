#include "lib/pki/use_cert.h"

#include "lib/der/der.h"
#include "lib/pki/csr_sig.h"
#include "lib/pki/oid.h"
#include "lib/pki/proof_cert.h"
#include "lib/profile/purpose.h"

static bool is_client_auth_alone(struct tb_span eku)
{
    struct tb_rd rd = tb_rd_of(eku);
    struct tb_rd list;
    struct tb_span oid;

    return tb_der_enter(&rd, TB_DER_SEQUENCE, &list) == 0 && tb_rd_end(&rd) == 0 && tb_der_oid(&list, &oid) == 0 &&
           tb_rd_end(&list) == 0 && tb_purpose_find_oid(oid) == TB_PURPOSE_CLIENT_AUTH;
}

/* What is critical must be understood: it might say that the certificate is meant for something else. */
static bool critical_ones_are_known(const struct tb_proof_cert *c)
{
    for (size_t i = 0; i < c->num_exts; i++) {
        const struct tb_span known[] = {TB_OID(TB_OID_ACME_IDENTIFIER), TB_OID(TB_OID_SUBJECT_ALT),
                                        TB_OID(TB_OID_EXT_KEY_USAGE), TB_OID(TB_OID_BASIC), TB_OID(TB_OID_KEY_USAGE)};
        bool found = !c->ext[i].critical;

        for (size_t k = 0; k < TB_ARRAY_LEN(known); k++)
            found = found || tb_span_eq(c->ext[i].oid, known[k]);
        if (!found)
            return false;
    }
    return true;
}

static const char *content_check(const struct tb_proof_cert *c, const struct tb_ident *ident)
{
    const struct tb_proof_ext *eku = tb_proof_cert_ext(c, TB_OID(TB_OID_EXT_KEY_USAGE));
    const struct tb_proof_ext *san = tb_proof_cert_ext(c, TB_OID(TB_OID_SUBJECT_ALT));
    const struct tb_proof_ext *acme = tb_proof_cert_ext(c, TB_OID(TB_OID_ACME_IDENTIFIER));

    if (!tb_span_eq(c->issuer, c->subject))
        return "is not self-signed: issuer and subject differ";
    if (eku == NULL || !is_client_auth_alone(eku->value))
        return "does not have clientAuth as its only extended key usage";
    if (san == NULL || !tb_proof_cert_names(san->value, ident))
        return "does not have the identifier as the only entry of its subjectAltName";
    if (acme == NULL || !acme->critical)
        return "has no critical acmeIdentifier extension";
    return critical_ones_are_known(c) ? NULL : "has a critical extension that does not belong there";
}

int tb_use_cert_check(struct tb_span der, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                      struct tb_spki *out_key, const char **out_reason, const char **out_why)
{
    struct tb_proof_cert c;
    struct tb_spki key;
    int r;

    *out_key = (struct tb_spki){.kind = TB_KEY_NONE};
    *out_reason = TB_USE_CERT_REASON_CERTIFICATE;
    *out_why = "is longer than 4096 octets";
    if (der.len > TB_USE_CERT_MAX)
        return TB_E_LIMIT;
    if ((r = tb_proof_cert_read(der, &c, out_why)) < 0)
        return r == TB_E_FORMAT ? r : TB_E_DENIED;
    if ((*out_why = content_check(&c, ident)) != NULL)
        return TB_E_DENIED;
    if (tb_spki_parse(c.spki, &key, NULL) < 0) {
        *out_reason = TB_USE_CERT_REASON_KEY;
        *out_why = "has a key that is not P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits";
        return TB_E_UNSUPPORTED;
    }
    if (tb_csr_sig_verify(NULL, &key, tb_rd_of(c.alg), c.tbs, c.sig, NULL) < 0) {
        *out_why = "is not self-signed: its signature does not verify with its key";
        return TB_E_DENIED;
    }
    if (!tb_proof_cert_holds(tb_proof_cert_ext(&c, TB_OID(TB_OID_ACME_IDENTIFIER))->value, digest)) {
        *out_reason = TB_USE_CERT_REASON_DIGEST;
        *out_why = "has another digest in its acmeIdentifier extension";
        return TB_E_BADSIG;
    }
    *out_key = key;
    *out_reason = *out_why = NULL;
    return 0;
}
