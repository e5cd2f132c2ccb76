#include "client/keyproc.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

/* The sandbox needs Landlock; the container of a test may lack it. */
static struct tb_keyproc *start(const char *path, const char *type, struct tb_fail *fail)
{
    const struct tb_keyproc_options opt = {.path = path, .create_type = type, .allow_weak_sandbox = true};
    struct tb_keyproc *kp = NULL;

    (void)!tb_keyproc_start(&opt, &kp, fail);
    return kp;
}

static void it_makes_a_key_once_and_signs_what_verifies(void **state)
{
    const struct tb_jws_fields fields = {.url = "https://a/x", .nonce = "n", .kid = "https://a/1"};
    char dir[] = "/tmp/tabard-keyproc-XXXXXX";
    struct tb_fail fail = {0};
    struct tb_keyproc *kp;
    struct tb_jwk *jwk = NULL;
    struct tb_jws jws;
    struct tb_wr out;
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/key", dir);
    assert_null(start(path, NULL, &fail));
    assert_int_equal(fail.status, TB_EXIT_LOCAL);
    fail = (struct tb_fail){0};
    for (int i = 0; i < 2; i++) {
        kp = start(path, "p256", &fail);
        assert_non_null(kp);
        if (i == 0)
            assert_ok(tb_jwk_parse(tb_keyproc_jwk(kp), &jwk, NULL));
        tb_wr_init(&out, TB_KEYPROC_MSG_MAX);
        assert_ok(tb_keyproc_sign(kp, &fields, tb_span_str("{}"), &out, &fail));
        assert_ok(tb_jws_parse(tb_wr_span(&out), &jws, NULL));
        assert_ok(tb_jws_verify(&jws, jwk));
        assert_string_equal(jws.kid, "https://a/1");
        tb_jws_clear(&jws);
        tb_wr_clear(&out);
        tb_keyproc_free(kp);
    }
    tb_jwk_free(jwk);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_makes_a_key_once_and_signs_what_verifies)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
