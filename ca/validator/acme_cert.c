#include "ca/validator/acme_cert.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "lib/der/der.h"
#include "lib/pki/oid.h"
#include "lib/pki/san.h"

#define OID_ACME_IDENTIFIER     0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f       /* 1.3.6.1.5.5.7.1.31 */
#define OID_ACME_IDENTIFIER_OLD 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1e, 0x01 /* of drafts: ...7.1.30.1 */
#define VERSION_3               2

/* What the walk over a certificate collects; all borrowed. */
struct found {
    struct tb_span issuer, subject;
    struct tb_span san, acme; /* content of the extensions; p NULL when absent */
    bool acme_critical;
};

static int extension_read(struct tb_rd ext, struct tb_span *out_oid, bool *out_critical, struct tb_span *out_value)
{
    *out_critical = false;
    if (tb_der_oid(&ext, out_oid) < 0)
        return TB_E_FORMAT;
    /* DER leaves a DEFAULT FALSE out (X.690 section 11.5). */
    if (tb_der_next_is(&ext, TB_DER_BOOLEAN) && (tb_der_bool(&ext, out_critical) < 0 || !*out_critical))
        return TB_E_FORMAT;
    if (tb_der_get(&ext, TB_DER_OCTET_STRING, out_value) < 0 || tb_rd_end(&ext) < 0)
        return TB_E_FORMAT;
    return 0;
}

static bool is_among(const struct tb_span *seen, size_t num, struct tb_span oid)
{
    for (size_t i = 0; i < num; i++)
        if (tb_span_eq(seen[i], oid))
            return true;
    return false;
}

static int extensions_read(struct tb_rd list, struct found *f, const char **why)
{
    struct tb_span seen[TB_ACME_CERT_EXTENSIONS_MAX];
    struct tb_span value;
    struct tb_rd ext;
    bool critical;

    for (size_t num = 0; list.left > 0; num++) {
        if (num == TB_ACME_CERT_EXTENSIONS_MAX) {
            *why = "has too many extensions";
            return TB_E_DENIED;
        }
        if (tb_der_enter(&list, TB_DER_SEQUENCE, &ext) < 0 || extension_read(ext, &seen[num], &critical, &value) < 0)
            return TB_E_FORMAT;
        if (is_among(seen, num, seen[num])) {
            *why = "has an extension twice";
            return TB_E_DENIED;
        }
        if (tb_span_eq(seen[num], TB_OID(OID_ACME_IDENTIFIER_OLD))) {
            *why = "has the acmeIdentifier of an early draft (1.3.6.1.5.5.7.1.30.1)";
            return TB_E_DENIED;
        }
        if (tb_span_eq(seen[num], TB_OID(TB_OID_SUBJECT_ALT))) {
            f->san = value;
        } else if (tb_span_eq(seen[num], TB_OID(OID_ACME_IDENTIFIER))) {
            f->acme = value;
            f->acme_critical = critical;
        }
    }
    return 0;
}

/* TBSCertificate, RFC 5280 section 4.1; times and serial number are of no importance here. */
static int tbs_read(struct tb_rd tbs, struct found *f, const char **why)
{
    struct tb_rd inner, list;
    uint32_t version = 0;
    struct tb_span skip;
    uint8_t tag;

    if (tb_der_enter(&tbs, TB_DER_CTX_CONS(0), &inner) < 0 || tb_der_small(&inner, VERSION_3, &version) < 0 ||
        version != VERSION_3 || tb_rd_end(&inner) < 0 || tb_der_get(&tbs, TB_DER_INTEGER, &skip) < 0 ||
        tb_der_get(&tbs, TB_DER_SEQUENCE, &skip) < 0 || tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &f->issuer) < 0 ||
        tb_der_get(&tbs, TB_DER_SEQUENCE, &skip) < 0 || tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &f->subject) < 0 ||
        tb_der_get(&tbs, TB_DER_SEQUENCE, &skip) < 0)
        return TB_E_FORMAT;
    /* Unique identifiers are skipped. */
    while (tbs.left > 0 && !tb_der_next_is(&tbs, TB_DER_CTX_CONS(3)))
        if (tb_der_any(&tbs, &tag, NULL, NULL) < 0 || (tag != TB_DER_CTX(1) && tag != TB_DER_CTX(2)))
            return TB_E_FORMAT;
    if (tbs.left == 0)
        return 0;
    if (tb_der_enter(&tbs, TB_DER_CTX_CONS(3), &inner) < 0 || tb_rd_end(&tbs) < 0 ||
        tb_der_enter(&inner, TB_DER_SEQUENCE, &list) < 0 || tb_rd_end(&inner) < 0)
        return TB_E_FORMAT;
    return extensions_read(list, f, why);
}

static int cert_read(struct tb_span der, struct found *f, const char **why)
{
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd cert, tbs;
    struct tb_span skip;

    if (tb_der_check(der) < 0 || tb_der_enter(&rd, TB_DER_SEQUENCE, &cert) < 0 ||
        tb_der_enter(&cert, TB_DER_SEQUENCE, &tbs) < 0 || tb_der_get(&cert, TB_DER_SEQUENCE, &skip) < 0 ||
        tb_der_get(&cert, TB_DER_BIT_STRING, &skip) < 0 || tb_rd_end(&cert) < 0)
        return TB_E_FORMAT;
    return tbs_read(tbs, f, why);
}

static bool names_exactly(struct tb_span san, const struct tb_ident *ident)
{
    struct tb_ident *names = NULL;
    const char *why;
    size_t num = 0;
    bool same;

    /* Normalised as orders are: case does not count (RFC 8737 section 3). */
    if (tb_san_read(san, 0, &names, &num, &why) < 0)
        return false;
    same = num == 1 && tb_ident_eq(&names[0], ident);
    free(names);
    return same;
}

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

/* Authorization ::= OCTET STRING (SIZE (32)), inside the extension's own OCTET STRING. */
static bool holds_digest(struct tb_span ext, const uint8_t digest[static TB_DIGEST_LEN])
{
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_span value;

    return tb_der_get(&rd, TB_DER_OCTET_STRING, &value) == 0 && tb_rd_end(&rd) == 0 &&
           tb_span_eq(value, tb_span_of(digest, TB_DIGEST_LEN));
}

int tb_acme_cert_check(struct tb_span der, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                       const char **out_why)
{
    const char *why = NULL;
    struct found f = {0};
    int r = cert_read(der, &f, &why);

    *out_why = NULL;
    if (r == TB_E_FORMAT)
        why = "is not an X.509 v3 certificate in DER";
    else if (r == 0 && !tb_span_eq(f.issuer, f.subject))
        why = "is not self-signed: issuer and subject differ";
    else if (r == 0 && f.san.p == NULL)
        why = "has no subjectAltName";
    else if (r == 0 && !names_exactly(f.san, ident))
        why = "does not have the identifier as the only entry of its subjectAltName";
    else if (r == 0 && f.acme.p == NULL)
        why = "has no acmeIdentifier extension";
    else if (r == 0 && !f.acme_critical)
        why = "has an acmeIdentifier extension that is not critical";
    else if (r == 0 && !signs_itself(der))
        why = "is not self-signed: its signature does not verify with its key";
    if (why != NULL) {
        *out_why = why;
        return r == TB_E_FORMAT ? r : TB_E_DENIED;
    }
    if (r == 0 && !holds_digest(f.acme, digest)) {
        *out_why = "has another digest in its acmeIdentifier extension";
        r = TB_E_BADSIG;
    }
    return r;
}
