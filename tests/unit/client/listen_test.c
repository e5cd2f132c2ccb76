#include "client/listen.h"
#include "tests/unit/test.h"

static void where_to_listen_is_read(void **state)
{
    static const struct {
        const char *text, *address;
        unsigned port;
    } good[] = {{NULL, "", 80},
                {"8080", "", 8080},
                {":81", "", 81},
                {"127.0.0.1:5002", "127.0.0.1", 5002},
                {"[::1]:65535", "::1", 65535}};
    static const char *const bad[] = {"", ":", "0", "65536", "127.0.0.1", "::1:80", "a:b", "1:-1", "1: 80", "80x"};
    char address[64];
    unsigned port;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        assert_ok(tb_listen_parse(good[i].text, 80, address, &port));
        assert_string_equal(address, good[i].address);
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_listen_parse(bad[i], 80, address, &port), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(where_to_listen_is_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
