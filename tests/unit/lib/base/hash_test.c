#include "tests/unit/test.h"

#include "lib/base/b64u.h"
#include "lib/base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static void sha256_of_abc(void **state)
{
    uint8_t d[TB_DIGEST_LEN];
    char hex[2 * TB_DIGEST_LEN + 1];

    (void)state;
    tb_sha256v(d, (struct tb_span[]){tb_span_str("a"), tb_span_str(""), tb_span_str("bc")}, 3);
    tb_hex_encode(hex, tb_span_of(d, sizeof(d)));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void hmac_agrees_with_openssl(void **state)
{
    struct tb_key key;
    uint8_t msg[300];

    (void)state;
    for (size_t len = 0; len < sizeof(msg); len += 7) {
        uint8_t ours[TB_DIGEST_LEN];
        uint8_t theirs[TB_DIGEST_LEN];
        unsigned n = sizeof(theirs);

        tb_random(&key, sizeof(key));
        tb_random(msg, sizeof(msg));
        tb_hmac_sha256(ours, &key, tb_span_of(msg, len));
        assert_non_null(HMAC(EVP_sha256(), key.b, TB_KEY_LEN, msg, len, theirs, &n));
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_abc),
        cmocka_unit_test(hmac_agrees_with_openssl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
