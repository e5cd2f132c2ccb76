/*
 * Fuzzes tb_csr_parse and tb_spki_parse.  Inputs rarely carry a signature that verifies, so the key found in a request
 * is tried on its own, too, and is the key that OpenSSL reads.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "lib/der/der.h"
#include "lib/pki/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check(const struct tb_csr *csr)
{
    must(csr->num_idents > 0 && csr->num_idents <= TB_IDENT_NUM_MAX);
    must(csr->spki.kind > TB_KEY_NONE && csr->spki.kind < TB_KEY__COUNT);
    for (size_t i = 1; i < csr->num_idents; i++)
        must(tb_ident_cmp(&csr->idents[i - 1], &csr->idents[i]) < 0);
}

static void same_for_openssl(struct tb_span der, EVP_PKEY *ours)
{
    const unsigned char *p = der.p;
    EVP_PKEY *theirs = d2i_PUBKEY(NULL, &p, (long)der.len);

    must(theirs != NULL && p == der.p + der.len && EVP_PKEY_eq(ours, theirs) == 1);
    EVP_PKEY_free(theirs);
}

static void key(struct tb_span der)
{
    struct tb_spki spki;
    EVP_PKEY *pkey = NULL;

    if (tb_spki_parse(der, &spki, NULL) < 0)
        must(spki.kind == TB_KEY_NONE);
    else if (tb_spki_pkey(&spki, &pkey) == 0)
        same_for_openssl(der, pkey);
    EVP_PKEY_free(pkey);
}

/* Every SEQUENCE of the request information is tried as a key. */
static void keys(struct tb_span der)
{
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd req;
    struct tb_rd info;
    struct tb_span whole;
    uint8_t tag;

    key(der);
    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &req) < 0 || tb_der_enter(&req, TB_DER_SEQUENCE, &info) < 0)
        return;
    while (tb_der_any(&info, &tag, NULL, &whole) == 0)
        key(whole);
}

/* One verifier for the whole run: what came before must not matter. */
static void same_with_verifier(struct tb_span der, int want)
{
    static struct tb_verifier *verifier;
    struct tb_problem pb = {0};
    struct tb_csr csr;

    must(verifier != NULL || tb_verifier_new(&verifier) == 0);
    must(tb_csr_parse_with(verifier, der, &csr, &pb) == want);
    tb_csr_clear(&csr);
    tb_problem_clear(&pb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct tb_problem pb = {0};
    struct tb_csr csr;
    int r;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    r = tb_csr_parse(tb_span_of(copy, size), &csr, &pb);
    same_with_verifier(tb_span_of(copy, size), r);
    if (r == 0)
        check(&csr);
    else
        must(pb.type == TB_P_BAD_CSR && csr.idents == NULL);
    tb_csr_clear(&csr);
    tb_problem_clear(&pb);
    keys(tb_span_of(copy, size));
    free(copy);
    return 0;
}
