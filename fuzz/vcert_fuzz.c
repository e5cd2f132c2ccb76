/*
 * tb_vcert_read against tb_vcert_parse_full: whatever our own reader takes, OpenSSL's decoder takes as well, and every
 * fact that a rule asks for is the same.  So it makes no difference which of them read a certificate.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verify/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ensure(bool ok)
{
    if (!ok)
        abort();
}

static bool both_or_equal(const ASN1_STRING *a, const ASN1_STRING *b)
{
    return a == NULL || b == NULL ? a == b : ASN1_STRING_cmp(a, b) == 0;
}

static void same_identity(const struct tb_vcert *a, const struct tb_vcert *b)
{
    ensure(X509_NAME_cmp(a->subject, b->subject) == 0 && X509_NAME_cmp(a->issuer, b->issuer) == 0);
    ensure(ASN1_INTEGER_cmp(a->serial, b->serial) == 0 && a->self_issued == b->self_issued);
    ensure(memcmp(a->digest, b->digest, sizeof(a->digest)) == 0 && memcmp(a->spki, b->spki, sizeof(a->spki)) == 0);
    ensure((a->key == NULL) == (b->key == NULL) && (a->key == NULL || EVP_PKEY_eq(a->key, b->key) == 1));
    ensure(both_or_equal(a->skid, b->skid) && (a->akid == NULL) == (b->akid == NULL));
    ensure(a->akid == NULL || both_or_equal(a->akid->keyid, b->akid->keyid));
}

static void same_rules(const struct tb_vcert *a, const struct tb_vcert *b)
{
    ensure(a->sig_nid == b->sig_nid && a->key_weak == b->key_weak && a->sig_weak == b->sig_weak);
    ensure(a->not_before == b->not_before && a->not_after == b->not_after && a->v3 == b->v3);
    ensure(a->bad == b->bad && strcmp(a->bad_what, b->bad_what) == 0);
    ensure(a->has_basic == b->has_basic && a->ca == b->ca && a->pathlen == b->pathlen);
    ensure(a->has_ku == b->has_ku && a->ku == b->ku && a->has_eku == b->has_eku && a->eku == b->eku);
    ensure((a->constraints == NULL) == (b->constraints == NULL));
    ensure(sk_GENERAL_NAME_num(a->san) == sk_GENERAL_NAME_num(b->san));
    for (int i = 0; i < sk_GENERAL_NAME_num(a->san); i++)
        ensure(GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a->san, i), sk_GENERAL_NAME_value(b->san, i)) == 0);
    ensure(tb_span_eq(a->crl_points, b->crl_points));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_vcert lean;
    struct tb_vcert full;
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (size > 0)
        memcpy(copy, data, size);
    if (tb_vcert_read(&lean, tb_span_of(copy, size)) == 0) {
        ensure(tb_vcert_parse_full(&full, copy, size) == 0);
        same_identity(&lean, &full);
        same_rules(&lean, &full);
        /* Self-signed or not: the answer of both is one. */
        ensure(tb_vcert_signed_by(&lean, &lean) == tb_vcert_signed_by(&full, &full));
        tb_vcert_clear(&full);
        tb_vcert_clear(&lean);
    } else {
        ensure(lean.subject == NULL && lean.key == NULL && lean.san == NULL);
    }
    free(copy);
    return 0;
}
