/*
 * Certificates as our own reader takes them: version 3, strict DER, the keys of lib/pki/spki.h, ECDSA and RSA with
 * SHA-256 to SHA-512, Ed25519.  Everything else is left to OpenSSL's decoder.
 */
#include <openssl/evp.h>

#include "lib/base/hash.h"
#include "lib/der/der.h"
#include "lib/pki/oid.h"
#include "lib/pki/spki.h"
#include "lib/verify/cert.h"

#define VERSION_3 2

static const struct sig_alg {
    int nid;
    int key; /* EVP_PKEY_ id */
    uint8_t oid[9];
    uint8_t oid_len;
    const EVP_MD *(*md)(void); /* NULL: none of its own */
} sig_algs[] = {
#define ALG(n, k, m, ...)                                                                                              \
    {                                                                                                                  \
        .nid = n, .key = k, .md = m, .oid = {__VA_ARGS__}, .oid_len = sizeof((const uint8_t[]){__VA_ARGS__})           \
    }
    ALG(NID_ecdsa_with_SHA256, EVP_PKEY_EC, EVP_sha256, TB_OID_ECDSA_SHA256),
    ALG(NID_ecdsa_with_SHA384, EVP_PKEY_EC, EVP_sha384, TB_OID_ECDSA_SHA384),
    ALG(NID_ecdsa_with_SHA512, EVP_PKEY_EC, EVP_sha512, TB_OID_ECDSA_SHA512),
    ALG(NID_sha256WithRSAEncryption, EVP_PKEY_RSA, EVP_sha256, TB_OID_RSA_SHA256),
    ALG(NID_sha384WithRSAEncryption, EVP_PKEY_RSA, EVP_sha384, TB_OID_RSA_SHA384),
    ALG(NID_sha512WithRSAEncryption, EVP_PKEY_RSA, EVP_sha512, TB_OID_RSA_SHA512),
    ALG(NID_ED25519, EVP_PKEY_ED25519, NULL, TB_OID_ED25519),
};

/* AlgorithmIdentifier: NULL for RSA (RFC 4055 section 5), nothing for the others (RFC 5758, RFC 8410). */
static int read_sig_alg(struct tb_span whole, int *out_nid)
{
    struct tb_rd rd = tb_rd_of(whole);
    struct tb_rd seq;
    struct tb_span oid;
    struct tb_span null;

    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0 || tb_der_oid(&seq, &oid) < 0)
        return TB_E_FORMAT;
    for (size_t i = 0; i < TB_ARRAY_LEN(sig_algs); i++) {
        if (!tb_span_eq(oid, tb_span_of(sig_algs[i].oid, sig_algs[i].oid_len)))
            continue;
        if (sig_algs[i].key == EVP_PKEY_RSA && (tb_der_get(&seq, TB_DER_NULL, &null) < 0 || null.len != 0))
            return TB_E_FORMAT;
        *out_nid = sig_algs[i].nid;
        return tb_rd_end(&seq);
    }
    return TB_E_UNSUPPORTED;
}

static int read_version(struct tb_rd *tbs)
{
    struct tb_rd inner;
    uint32_t version;

    if (tb_der_enter(tbs, TB_DER_CTX_CONS(0), &inner) < 0 || tb_der_small(&inner, VERSION_3, &version) < 0 ||
        tb_rd_end(&inner) < 0 || version != VERSION_3)
        return TB_E_UNSUPPORTED;
    return 0;
}

/* The positive numbers of RFC 5280 section 4.1.2.2. */
static int read_serial(struct tb_rd *tbs, ASN1_INTEGER **out)
{
    struct tb_rd try = *tbs;
    struct tb_span magnitude;
    struct tb_span whole;
    const unsigned char *p;

    if (tb_der_uint(&try, &magnitude) < 0 || tb_der_get_whole(tbs, TB_DER_INTEGER, &whole) < 0)
        return TB_E_FORMAT;
    p = whole.p;
    *out = d2i_ASN1_INTEGER(NULL, &p, (long)whole.len);
    return *out != NULL ? 0 : TB_E_FORMAT;
}

static int read_name(struct tb_rd *tbs, X509_NAME **out)
{
    struct tb_span whole;
    const unsigned char *p;

    if (tb_der_get_whole(tbs, TB_DER_SEQUENCE, &whole) < 0 || tb_der_check(whole) < 0)
        return TB_E_FORMAT;
    p = whole.p;
    *out = d2i_X509_NAME(NULL, &p, (long)whole.len);
    return *out != NULL && p == whole.p + whole.len ? 0 : TB_E_FORMAT;
}

static int read_validity(struct tb_rd *tbs, struct tb_vcert *cert)
{
    struct tb_rd seq;

    if (tb_der_enter(tbs, TB_DER_SEQUENCE, &seq) < 0 || tb_der_time(&seq, &cert->not_before) < 0 ||
        tb_der_time(&seq, &cert->not_after) < 0 || tb_rd_end(&seq) < 0)
        return TB_E_FORMAT;
    return 0;
}

static int read_key(struct tb_rd *tbs, struct tb_vcert *cert)
{
    struct tb_spki spki;
    struct tb_span whole;
    int r;

    if ((r = tb_der_get_whole(tbs, TB_DER_SEQUENCE, &whole)) < 0 || (r = tb_spki_parse(whole, &spki, NULL)) < 0)
        return r;
    memcpy(cert->spki, spki.digest, sizeof(cert->spki));
    r = tb_spki_pkey(&spki, &cert->key);
    return r == TB_E_CRYPTO ? 0 : r; /* a point off its curve: no key */
}

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
static int read_extension(struct tb_rd *list, struct tb_vext *out)
{
    struct tb_rd seq;

    *out = (struct tb_vext){0};
    if (tb_der_enter(list, TB_DER_SEQUENCE, &seq) < 0 || tb_der_oid(&seq, &out->oid) < 0)
        return TB_E_FORMAT;
    /* DER leaves out what is the default (X.690 section 11.5). */
    if (tb_der_next_is(&seq, TB_DER_BOOLEAN) && (tb_der_bool(&seq, &out->critical) < 0 || !out->critical))
        return TB_E_FORMAT;
    if (tb_der_get(&seq, TB_DER_OCTET_STRING, &out->value) < 0 || tb_rd_end(&seq) < 0)
        return TB_E_FORMAT;
    return 0;
}

static int read_extensions(struct tb_rd *tbs, struct tb_vcert *cert)
{
    struct tb_vext ext[TB_VCERT_EXTENSIONS_MAX];
    struct tb_rd outer;
    struct tb_rd list;
    size_t num = 0;
    int r;

    if (tbs->left == 0)
        return 0;
    if (tb_der_enter(tbs, TB_DER_CTX_CONS(3), &outer) < 0 || tb_der_enter(&outer, TB_DER_SEQUENCE, &list) < 0 ||
        tb_rd_end(&outer) < 0 || list.left == 0)
        return TB_E_FORMAT;
    while (list.left > 0) {
        if (num == TB_VCERT_EXTENSIONS_MAX)
            return TB_E_UNSUPPORTED;
        if ((r = read_extension(&list, &ext[num++])) < 0)
            return r;
    }
    tb_vcert_extensions(cert, ext, num);
    return tb_rd_end(tbs);
}

static int read_tbs(struct tb_rd tbs, struct tb_span outer_alg, struct tb_vcert *cert)
{
    struct tb_span alg;
    int r;

    if ((r = read_version(&tbs)) < 0 || (r = read_serial(&tbs, &cert->serial)) < 0)
        return r;
    if (tb_der_get_whole(&tbs, TB_DER_SEQUENCE, &alg) < 0 || !tb_span_eq(alg, outer_alg))
        return TB_E_FORMAT;
    if ((r = read_name(&tbs, &cert->issuer)) < 0 || (r = read_validity(&tbs, cert)) < 0 ||
        (r = read_name(&tbs, &cert->subject)) < 0 || (r = read_key(&tbs, cert)) < 0)
        return r;
    return read_extensions(&tbs, cert);
}

int tb_vcert_read(struct tb_vcert *cert, struct tb_span der)
{
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd whole;
    struct tb_rd tbs;
    struct tb_span alg;
    int r = TB_E_FORMAT;

    *cert = (struct tb_vcert){.lean = true, .der = der, .bad_what = "", .v3 = true, .pathlen = -1};
    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &whole) < 0 || tb_rd_end(&rd) < 0 ||
        tb_der_get_whole(&whole, TB_DER_SEQUENCE, &cert->tbs) < 0 ||
        tb_der_get_whole(&whole, TB_DER_SEQUENCE, &alg) < 0 || tb_der_bits(&whole, &cert->sig) < 0 ||
        tb_rd_end(&whole) < 0)
        goto out;
    if ((r = read_sig_alg(alg, &cert->sig_nid)) < 0)
        goto out;
    rd = tb_rd_of(cert->tbs);
    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &tbs)) < 0 || (r = read_tbs(tbs, alg, cert)) < 0)
        goto out;
    tb_sha256(cert->digest, der);
    cert->self_issued = X509_NAME_cmp(cert->subject, cert->issuer) == 0;
    tb_vcert_weigh_key(cert);
out:
    if (r < 0)
        tb_vcert_clear(cert);
    return r;
}

bool tb_vcert_lean_verify(const struct tb_vcert *cert, EVP_PKEY *key)
{
    const struct sig_alg *alg = sig_algs;
    EVP_MD_CTX *ctx;
    bool ok;

    while (alg->nid != cert->sig_nid)
        alg++;
    if (EVP_PKEY_get_base_id(key) != alg->key || (ctx = EVP_MD_CTX_new()) == NULL)
        return false;
    ok = EVP_DigestVerifyInit(ctx, NULL, alg->md != NULL ? alg->md() : NULL, NULL, key) == 1 &&
         EVP_DigestVerify(ctx, cert->sig.p, cert->sig.len, cert->tbs.p, cert->tbs.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}
