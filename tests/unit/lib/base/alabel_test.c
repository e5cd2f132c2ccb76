#include "tests/unit/test.h"

#include <string.h>

#include "lib/base/alabel.h"

/* RFC 3492 section 7.1 in lower case, and labels that are in use. */
static void what_the_encoder_makes_is_taken(void **state)
{
    static const char *const good[] = {
        "xn--egbpdaj6bu4bxfgehfvwxn",
        "xn--ihqwcrb4cv8a8dqg056pqjye",
        "xn--4dbcagdahymbxekheh6e0a7fei0b",
        "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
        "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
        "xn--3b-ww4c5e180e575a65lsy2b",
        "xn--d9juau41awczczp",
        "xn--bcher-kva",
        "xn--80a",
        "xn--p1ai",
        "xn--zckzah",
        "xn--4ca",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++)
        if (!tb_alabel_ok(good[i], strlen(good[i])))
            fail_msg("%s", good[i]);
}

static void anything_else_is_not(void **state)
{
    static const char *const bad[] = {
        "xn--",
        "xn--a",           /* U+0080, a control character */
        "xn--abc-",        /* all ASCII */
        "xn--abc",         /* likewise */
        "xn---4ca",        /* a hyphen behind nothing */
        "xn--bcher-kv",    /* an integer without end */
        "xn--99999999",    /* larger than any code point */
        "xn--zzzzzzzzzzz", /* larger than 32 bits */
        "xn--0ca.",        /* not of the alphabet */
        "xn--a-rc4g",      /* a surrogate */
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        if (tb_alabel_ok(bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_encoder_makes_is_taken),
        cmocka_unit_test(anything_else_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
