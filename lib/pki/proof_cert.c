#include "lib/pki/proof_cert.h"

#include <stdlib.h>

#include "lib/der/der.h"
#include "lib/pki/oid.h"
#include "lib/pki/san.h"

#define VERSION_3 2

static int extension_read(struct tb_rd ext, struct tb_proof_ext *out)
{
    out->critical = false;
    if (tb_der_oid(&ext, &out->oid) < 0)
        return TB_E_FORMAT;
    /* DER leaves a DEFAULT FALSE out (X.690 section 11.5). */
    if (tb_der_next_is(&ext, TB_DER_BOOLEAN) && (tb_der_bool(&ext, &out->critical) < 0 || !out->critical))
        return TB_E_FORMAT;
    if (tb_der_get(&ext, TB_DER_OCTET_STRING, &out->value) < 0 || tb_rd_end(&ext) < 0)
        return TB_E_FORMAT;
    return 0;
}

static int extensions_read(struct tb_rd list, struct tb_proof_cert *c, const char **why)
{
    struct tb_proof_ext ext;
    struct tb_rd rd;

    while (list.left > 0) {
        if (c->num_exts == TB_PROOF_CERT_EXTENSIONS_MAX) {
            *why = "has too many extensions";
            return TB_E_LIMIT;
        }
        if (tb_der_enter(&list, TB_DER_SEQUENCE, &rd) < 0 || extension_read(rd, &ext) < 0)
            return TB_E_FORMAT;
        if (tb_proof_cert_ext(c, ext.oid) != NULL) {
            *why = "has an extension twice";
            return TB_E_DUP;
        }
        if (tb_span_eq(ext.oid, TB_OID(TB_OID_ACME_IDENTIFIER_OLD))) {
            *why = "has the acmeIdentifier of an early draft (1.3.6.1.5.5.7.1.30.1)";
            return TB_E_DENIED;
        }
        c->ext[c->num_exts++] = ext;
    }
    return 0;
}

/* TBSCertificate, RFC 5280 section 4.1; times and serial number are of no importance here. */
static int tbs_read(struct tb_rd tbs, struct tb_proof_cert *c, const char **why)
{
    struct tb_rd inner, list;
    uint32_t version = 0;
    struct tb_span skip, alg;
    uint8_t tag;

    if (tb_der_enter(&tbs, TB_DER_CTX_CONS(0), &inner) < 0 || tb_der_small(&inner, VERSION_3, &version) < 0 ||
        version != VERSION_3 || tb_rd_end(&inner) < 0 || tb_der_get(&tbs, TB_DER_INTEGER, &skip) < 0 ||
        tb_der_get(&tbs, TB_DER_SEQUENCE, &alg) < 0 || tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &c->issuer) < 0 ||
        tb_der_get(&tbs, TB_DER_SEQUENCE, &skip) < 0 || tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &c->subject) < 0 ||
        tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &c->spki) < 0)
        return TB_E_FORMAT;
    /* RFC 5280 section 4.1.1.2: what is signed names the algorithm, too. */
    if (!tb_span_eq(alg, c->alg))
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
    return extensions_read(list, c, why);
}

int tb_proof_cert_read(struct tb_span der, struct tb_proof_cert *out, const char **out_why)
{
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd cert, peek, tbs;
    int r = TB_E_FORMAT;

    *out = (struct tb_proof_cert){.num_exts = 0};
    *out_why = "is not an X.509 v3 certificate in DER";
    if (tb_der_check(der) < 0 || tb_der_enter(&rd, TB_DER_SEQUENCE, &cert) < 0)
        return r;
    peek = cert;
    if (tb_der_get_whole(&cert, TB_DER_SEQUENCE, &out->tbs) < 0 || tb_der_enter(&peek, TB_DER_SEQUENCE, &tbs) < 0 ||
        tb_der_get(&cert, TB_DER_SEQUENCE, &out->alg) < 0 || tb_der_bits(&cert, &out->sig) < 0 ||
        tb_rd_end(&cert) < 0 || (r = tbs_read(tbs, out, out_why)) < 0)
        return r;
    *out_why = NULL;
    return 0;
}

const struct tb_proof_ext *tb_proof_cert_ext(const struct tb_proof_cert *c, struct tb_span oid)
{
    for (size_t i = 0; i < c->num_exts; i++)
        if (tb_span_eq(c->ext[i].oid, oid))
            return &c->ext[i];
    return NULL;
}

bool tb_proof_cert_names(struct tb_span san, const struct tb_ident *ident)
{
    struct tb_ident *names = NULL;
    const char *why;
    size_t num = 0;
    bool same;

    if (tb_san_read(san, 0, &names, &num, &why) < 0)
        return false;
    same = num == 1 && tb_ident_eq(&names[0], ident);
    free(names);
    return same;
}

/* Authorization ::= OCTET STRING (SIZE (32)), inside the extension's own OCTET STRING. */
bool tb_proof_cert_holds(struct tb_span ext, const uint8_t digest[static TB_DIGEST_LEN])
{
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_span value;

    return tb_der_get(&rd, TB_DER_OCTET_STRING, &value) == 0 && tb_rd_end(&rd) == 0 &&
           tb_span_eq(value, tb_span_of(digest, TB_DIGEST_LEN));
}
