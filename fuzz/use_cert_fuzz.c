/* tb_proof_cert_read and tb_use_cert_check: whatever comes is judged, and what was read lies within the input. */
#include <stdlib.h>
#include <string.h>

#include "lib/pki/proof_cert.h"
#include "lib/pki/use_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct tb_span part, struct tb_span whole)
{
    if (part.len > 0 && (part.p < whole.p || part.len > whole.len || part.p + part.len > whole.p + whole.len))
        abort();
}

static void judge(struct tb_span der)
{
    static const struct tb_ident idents[] = {{.type = TB_IDENT_DNS, .value = "a.test"},
                                             {.type = TB_IDENT_IP, .value = "192.0.2.1"}};
    static const uint8_t digest[TB_DIGEST_LEN] = {1, 2, 3};
    const char *reason, *why;
    struct tb_proof_cert c;
    struct tb_spki key;

    if (tb_proof_cert_read(der, &c, &why) == 0) {
        if (why != NULL || c.num_exts > TB_PROOF_CERT_EXTENSIONS_MAX)
            abort();
        inside(c.tbs, der);
        inside(c.sig, der);
        inside(c.spki, c.tbs);
        for (size_t i = 0; i < c.num_exts; i++)
            inside(c.ext[i].value, c.tbs);
    } else if (why == NULL) {
        abort();
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(idents); i++) {
        int r = tb_use_cert_check(der, &idents[i], digest, &key, &reason, &why);

        if ((r == 0) != (why == NULL) || (r == 0) != (reason == NULL) || (r == 0) != (key.kind != TB_KEY_NONE))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    judge(tb_span_of(exact, size));
    free(exact);
    return 0;
}
