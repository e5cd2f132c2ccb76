#include "tests/unit/test.h"

#include <string.h>

#include "ca/front/connection.h"
#include "ca/front/router.h"
#include "ca/front/routes.h"

static const struct tb_route *find(const char *path, struct tb_route_params *params)
{
    size_t num = 0;
    const struct tb_route *table = tb_routes(TB_CONN_ACME, &num);

    return tb_route_find(table, num, tb_span_str(path), params);
}

static void finds_every_resource(void **state)
{
    static const struct {
        const char *path, *name;
        size_t params;
    } want[] = {
        {"/directory", "directory", 0},
        {"/shortlived/directory", "directory-profile", 1},
        {"/acme/new-nonce", "new-nonce", 0},
        {"/acme/new-acct", "new-acct", 0},
        {"/acme/acct/x", "acct", 1},
        {"/acme/new-order", "new-order", 0},
        {"/server/new-order", "new-order-profile", 1},
        {"/acme/order/x", "order", 1},
        {"/acme/authz/x", "authz", 1},
        {"/acme/chall/x/http-01", "chall", 2},
        {"/acme/finalize/server@1/1/1/99", "finalize", 4},
        {"/acme/cert/x", "cert", 1},
    };
    struct tb_route_params params;

    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct tb_route *r = find(want[i].path, &params);

        assert_non_null(r);
        assert_string_equal(r->name, want[i].name);
        assert_int_equal(params.num, want[i].params);
        assert_string_equal(tb_route_label(tb_route_index(r)), want[i].name);
    }
}

static void refuses_neighbours(void **state)
{
    static const char *const not [] = {"",
                                       "/",
                                       "/directory/",
                                       "//directory",
                                       "/Directory",
                                       "/acme/order/",
                                       "/acme/order/x/",
                                       "/acme/order/x/y",
                                       "/acme/orderx",
                                       "/acme/chall/x",
                                       "/acme/finalize/a/b/c",
                                       "/acme/finalize/a/b/c/d/e",
                                       "/metrics"};
    struct tb_route_params params;

    (void)state;
    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        assert_null(find(not [i], &params));
}

static void hands_out_whole_segments(void **state)
{
    struct tb_route_params params;

    (void)state;
    assert_non_null(find("/acme/chall/abc/dns-01", &params));
    assert_span_equal(params.param[0], "abc", 3);
    assert_span_equal(params.param[1], "dns-01", 6);
}

static void takes_no_more_parameters_than_there_is_room_for(void **state)
{
    struct tb_route_params params;

    (void)state;
    assert_true(tb_route_match("/?/?/?/?", tb_span_str("/a/b/c/d"), &params));
    assert_int_equal(params.num, TB_ROUTE_PARAMS_MAX);
    assert_false(tb_route_match("/?/?/?/?/?", tb_span_str("/a/b/c/d/e"), &params));
}

static void cuts_the_query_off(void **state)
{
    (void)state;
    assert_span_equal(tb_route_path(tb_span_str("/directory?x=/y")), "/directory", 10);
    assert_span_equal(tb_route_path(tb_span_str("/directory")), "/directory", 10);
    assert_int_equal(tb_route_path((struct tb_span){0}).len, 0);
}

/* RFC 9773 section 4.1, and a page for people. */
static bool is_public(const char *name)
{
    static const char *const all[] = {"terms", "renewal-info"};

    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++)
        if (strcmp(name, all[i]) == 0)
            return true;
    return false;
}

static void few_resources_serve_strangers_and_they_only_read(void **state)
{
    static const char *const both[] = {"directory", "directory-profile", "new-nonce"}; /* RFC 8555 section 6.3 */
    const unsigned reading = TB_METHOD_MASK(TB_HTTP_GET) | TB_METHOD_MASK(TB_HTTP_HEAD);
    size_t num = 0, num_both = 0;
    const struct tb_route *table = tb_routes(TB_CONN_ACME, &num);

    (void)state;
    for (size_t i = 0; i < num; i++) {
        assert_int_equal(table[i].auth == TB_AUTH_NONE, is_public(table[i].name));
        assert_int_equal(table[i].auth == TB_AUTH_NONE, table[i].methods == reading);
        assert_int_equal(table[i].auth == TB_AUTH_READ, table[i].methods == (reading | TB_METHOD_MASK(TB_HTTP_POST)));
        if (table[i].auth == TB_AUTH_READ)
            assert_string_equal(table[i].name, both[num_both++]);
    }
    assert_int_equal(num_both, TB_ARRAY_LEN(both));
}

static void names_what_is_allowed(void **state)
{
    char text[32];
    char small[6];

    (void)state;
    tb_route_allow(text, sizeof(text), TB_METHOD_MASK(TB_HTTP_GET) | TB_METHOD_MASK(TB_HTTP_HEAD));
    assert_string_equal(text, "GET, HEAD");
    tb_route_allow(text, sizeof(text), 0);
    assert_string_equal(text, "");
    tb_route_allow(small, sizeof(small), TB_METHOD_MASK(TB_HTTP_GET) | TB_METHOD_MASK(TB_HTTP_HEAD));
    assert_true(strlen(small) < sizeof(small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_resource),     cmocka_unit_test(refuses_neighbours),
        cmocka_unit_test(hands_out_whole_segments), cmocka_unit_test(takes_no_more_parameters_than_there_is_room_for),
        cmocka_unit_test(cuts_the_query_off),       cmocka_unit_test(few_resources_serve_strangers_and_they_only_read),
        cmocka_unit_test(names_what_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
