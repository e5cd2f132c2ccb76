/*
 * Fuzzes tb_acme_cert_check.  Certificates that mutation makes are hardly ever signed, so the walk before the signature
 * is what is reached; what is accepted must be accepted again, and by no other name or digest.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/validator/acme_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tb_ident idents[] = {
    {.type = TB_IDENT_DNS, .value = "a.test"},
    {.type = TB_IDENT_IP, .value = "192.0.2.1"},
    {.type = TB_IDENT_IP, .value = "2001:db8::1"},
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static int check(struct tb_span der, const struct tb_ident *ident, uint8_t fill)
{
    uint8_t digest[TB_DIGEST_LEN];
    const char *why;
    int r;

    memset(digest, fill, sizeof(digest));
    r = tb_acme_cert_check(der, ident, digest, &why);
    must((r == 0) == (why == NULL));
    must(r == 0 || r == TB_E_BADSIG || r == TB_E_FORMAT || r == TB_E_DENIED);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    int accepted = 0;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    for (size_t i = 0; i < TB_ARRAY_LEN(idents); i++) {
        int r = check(tb_span_of(copy, size), &idents[i], 0);

        accepted += r == 0;
        must(r != 0 || check(tb_span_of(copy, size), &idents[i], 0) == 0);
        must(r != 0 || check(tb_span_of(copy, size), &idents[i], 1) == TB_E_BADSIG);
        must(r != 0 || size == 0 || check(tb_span_of(copy, size - 1), &idents[i], 0) == TB_E_FORMAT);
    }
    must(accepted <= 1);
    free(copy);
    return 0;
}
