/* tb_jws_parse, tb_jws_verify, tb_jws_digest: outputs are consistent, and nobody's key verifies rubbish. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The public key of RFC 7515 appendix A.3: no input in this form is signed by it. */
static struct tb_jwk *foreign_key(void)
{
    static struct tb_jwk *key;

    if (key == NULL && tb_jwk_parse(tb_span_str("{\"kty\":\"EC\",\"crv\":\"P-256\","
                                                "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                                                "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"),
                                    &key, NULL) < 0)
        abort();
    return key;
}

static void check(const struct tb_jws *jws)
{
    uint8_t digest[TB_DIGEST_LEN];

    if ((jws->jwk != NULL) == (jws->kid[0] != '\0') || jws->url[0] == '\0' || jws->alg == TB_ALG_NONE)
        abort();
    if (jws->has_nonce && !tb_b64u_alphabet(tb_span_str(jws->nonce)))
        abort();
    if (memchr(jws->signing_input.p, '.', jws->signing_input.len) == NULL)
        abort();
    tb_jws_digest(digest, jws);
    if (tb_jws_verify(jws, foreign_key()) == 0)
        abort();
    if (jws->jwk != NULL && tb_jws_verify(jws, jws->jwk) == 0 && jws->alg != tb_jwk_alg(jws->jwk))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_problem pb = {0};
    struct tb_jws jws;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    if (tb_jws_parse(tb_span_of(exact, size), &jws, &pb) == 0) {
        /* Nothing may point into the input any more. */
        memset(exact, 0, size);
        check(&jws);
        tb_jws_clear(&jws);
    } else if (pb.type == TB_P_NONE || jws.mem != NULL || jws.jwk != NULL) {
        abort();
    }
    tb_problem_clear(&pb);
    free(exact);
    return 0;
}
