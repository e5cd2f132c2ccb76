/* tb_client_key_parse: a key that is taken signs, and its public form is one that our own server takes. */
#include <stdlib.h>
#include <string.h>

#include "client/keys.h"
#include "lib/jose/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(EVP_PKEY *key)
{
    const struct tb_jws_fields fields = {.url = "https://a/"};
    struct tb_wr out;

    tb_wr_init(&out, TB_JWS_BODY_MAX);
    if (tb_jws_alg_of_pkey(key) == TB_ALG_NONE)
        abort();
    /* An RSA key of a foreign size is refused by servers, not here. */
    (void)!tb_jws_sign(&out, key, &fields, tb_span_str("{}"));
    tb_wr_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    EVP_PKEY *key = NULL;
    const char *why;

    if (exact != NULL) {
        if (size > 0)
            memcpy(exact, data, size);
        if (tb_client_key_parse(tb_span_of(exact, size), &key, &why) == 0)
            check(key);
        else if (key != NULL || why == NULL)
            abort();
        EVP_PKEY_free(key);
    }
    free(exact);
    return 0;
}
