#include "ca/validator/caa_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#define NOW UINT64_C(1000000)

static struct tb_caa_cache *cache;
static struct tb_span got[TB_ANSWER_RECORDS_MAX];

static int setup(void **state)
{
    (void)state;
    return tb_caa_cache_new(TB_CAA_CACHE_FOUND_MS, TB_CAA_CACHE_NONE_MS, &cache);
}

static int teardown(void **state)
{
    (void)state;
    tb_caa_cache_free(cache);
    cache = NULL;
    return 0;
}

static void put_set(const char *name, const char *text, uint32_t ttl, uint64_t now)
{
    struct tb_span rdata[] = {tb_span_str(text), tb_span_of(NULL, 0), tb_span_str("last")};

    tb_caa_cache_put(
        cache, name,
        &(struct tb_dns_result){.dnssec = TB_DNSSEC_SECURE, .num = TB_ARRAY_LEN(rdata), .ttl = ttl, .rdata = rdata},
        now);
}

static void put_none(const char *name, uint64_t now)
{
    tb_caa_cache_put(cache, name, &(struct tb_dns_result){.dnssec = TB_DNSSEC_INSECURE}, now);
}

static bool get(const char *name, uint64_t now, struct tb_dns_result *res)
{
    return tb_caa_cache_get(cache, name, now, got, res);
}

static bool kept(const char *name, uint64_t now)
{
    struct tb_dns_result res;

    return get(name, now, &res);
}

static void what_was_put_is_there_whole(void **state)
{
    char *text = strdup("a set");
    struct tb_dns_result res;

    (void)state;
    put_set("b.test", text, 300, NOW);
    put_none("test", NOW);
    memset(text, 'x', strlen(text)); /* the cache has its own */
    free(text);
    assert_true(get("b.test", NOW, &res));
    assert_ok(res.err);
    assert_int_equal(res.dnssec, TB_DNSSEC_SECURE);
    assert_int_equal(res.num, 3);
    assert_span_equal(res.rdata[0], "a set", 5);
    assert_int_equal(res.rdata[1].len, 0);
    assert_span_equal(res.rdata[2], "last", 4);
    assert_true(get("test", NOW, &res));
    assert_int_equal(res.num, 0);
    assert_int_equal(res.dnssec, TB_DNSSEC_INSECURE);
    assert_false(kept("c.test", NOW));
    assert_int_equal(tb_caa_cache_hits(cache), 2);
}

/* Invariant: no older than the cap, no older than the TTL. */
static void everything_ends(void **state)
{
    static const struct {
        uint32_t ttl, life;
    } sets[] = {{1, 1000},
                {9, 9000},
                {10, TB_CAA_CACHE_FOUND_MS},
                {11, TB_CAA_CACHE_FOUND_MS},
                {INT32_MAX, TB_CAA_CACHE_FOUND_MS}};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(sets); i++) {
        put_set("set.test", "x", sets[i].ttl, NOW);
        assert_true(kept("set.test", NOW + sets[i].life - 1));
        assert_false(kept("set.test", NOW + sets[i].life));
    }
    put_none("none.test", NOW);
    assert_true(kept("none.test", NOW + TB_CAA_CACHE_NONE_MS - 1));
    assert_false(kept("none.test", NOW + TB_CAA_CACHE_NONE_MS));
}

static void a_newer_answer_replaces_an_older_one_even_when_it_is_not_kept(void **state)
{
    char longer[TB_CAA_CACHE_SET_MAX + 1];
    struct tb_dns_result res;

    (void)state;
    put_none("b.test", NOW);
    put_set("b.test", "new", 300, NOW + 1);
    assert_true(get("b.test", NOW + 2, &res));
    assert_int_equal(res.num, 3);
    put_set("b.test", "ttl 0", 0, NOW + 3);
    assert_false(kept("b.test", NOW + 4));
    put_set("b.test", "new", 300, NOW + 5);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[TB_CAA_CACHE_SET_MAX - 4] = '\0'; /* "last" is the rest */
    put_set("b.test", longer, 300, NOW + 6);
    assert_true(kept("b.test", NOW + 7));
    memset(longer, 'x', sizeof(longer) - 1);
    longer[TB_CAA_CACHE_SET_MAX - 3] = '\0';
    put_set("b.test", longer, 300, NOW + 8);
    assert_false(kept("b.test", NOW + 9));
}

static void errors_are_never_kept(void **state)
{
    (void)state;
    tb_caa_cache_put(cache, "e.test", &(struct tb_dns_result){.err = TB_E_IO}, NOW);
    assert_false(kept("e.test", NOW));
}

static void the_number_of_entries_is_bounded_and_the_newest_are_there(void **state)
{
    size_t num = 0;
    char name[32];

    (void)state;
    for (int i = 0; i < 8 * TB_CAA_CACHE_ENTRIES; i++) {
        snprintf(name, sizeof(name), "n%d.test", i);
        put_set(name, "x", 60, NOW + (uint64_t)i);
        assert_true(kept(name, NOW + (uint64_t)i));
    }
    for (int i = 0; i < 8 * TB_CAA_CACHE_ENTRIES; i++) {
        snprintf(name, sizeof(name), "n%d.test", i);
        num += kept(name, NOW);
    }
    assert_in_range(num, TB_CAA_CACHE_ENTRIES / 2, TB_CAA_CACHE_ENTRIES);
}

static void times_beyond_the_limits_are_refused(void **state)
{
    struct tb_caa_cache *c;

    (void)state;
    assert_int_equal(tb_caa_cache_new(TB_CAA_CACHE_FOUND_MS + 1, 0, &c), TB_E_INVAL);
    assert_null(c);
    assert_int_equal(tb_caa_cache_new(0, TB_CAA_CACHE_NONE_MS + 1, &c), TB_E_INVAL);
    tb_caa_cache_free(cache);
    assert_ok(tb_caa_cache_new(0, 0, &cache));
    put_set("b.test", "x", 300, NOW);
    put_none("c.test", NOW);
    assert_false(kept("b.test", NOW) || kept("c.test", NOW));
    tb_caa_cache_free(cache);
    assert_ok(tb_caa_cache_new(200, 0, &cache)); /* below a second */
    put_set("b.test", "x", 0, NOW);
    put_set("c.test", "x", 1, NOW);
    assert_false(kept("b.test", NOW) || kept("c.test", NOW + 200));
    assert_true(kept("c.test", NOW + 199));
    tb_caa_cache_free(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_put_is_there_whole),
        T(everything_ends),
        T(a_newer_answer_replaces_an_older_one_even_when_it_is_not_kept),
        T(errors_are_never_kept),
        T(the_number_of_entries_is_bounded_and_the_newest_are_there),
        T(times_beyond_the_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
