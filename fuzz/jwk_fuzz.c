/* tb_jwk_parse: the canonical form of an accepted key parses to the same key, and to the same form. */
#include <stdlib.h>
#include <string.h>

#include "lib/jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct tb_jwk *jwk)
{
    static const uint8_t zeros[TB_JWK_RSA_BITS_MAX / 8];
    struct tb_jwk *again;

    if (tb_jwk_parse(tb_jwk_canonical(jwk), &again, NULL) < 0 ||
        !tb_span_eq(tb_jwk_canonical(jwk), tb_jwk_canonical(again)) ||
        memcmp(tb_jwk_thumbprint(jwk), tb_jwk_thumbprint(again), TB_DIGEST_LEN) != 0 ||
        memcmp(tb_jwk_spki_digest(jwk), tb_jwk_spki_digest(again), TB_DIGEST_LEN) != 0 ||
        tb_jwk_alg(jwk) != tb_jwk_alg(again))
        abort();
    for (size_t n = 32; n <= sizeof(zeros); n += 16)
        if (tb_jwk_verify(jwk, tb_span_str("m"), tb_span_of(zeros, n)) == 0)
            abort();
    tb_jwk_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_problem pb = {0};
    struct tb_jwk *jwk = NULL;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    if (tb_jwk_parse(tb_span_of(exact, size), &jwk, &pb) == 0)
        check(jwk);
    else if (jwk != NULL || pb.type == TB_P_NONE)
        abort();
    tb_jwk_free(jwk);
    tb_problem_clear(&pb);
    free(exact);
    return 0;
}
