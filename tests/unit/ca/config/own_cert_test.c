#include "tests/unit/test.h"

#include <string.h>

#include "ca/config/own_cert.h"
#include "ca/config/pem_file.h"
#include "ca/keyholder/ceiling.h"

#define DAY_S INT64_C(86400)

struct world {
    struct tb_hierarchy h, other;
    struct tb_cacert ca;
    struct tb_config cfg;
    struct tb_own_cert https, responder;
    tb_time_t now;
};

static int setup(void **state)
{
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.now = tb_clock_now_s();
    strcpy(w.cfg.name, "ca.example");
    strcpy(w.cfg.responder_address, "use.example:14002");
    w.cfg.responder.on = true;
    *state = &w;
    return tb_hierarchy_make(&w.h, TB_ISSUER_SERVER, "ca.example", "00112233", NULL, w.now) == 0 &&
                   tb_hierarchy_make(&w.other, TB_ISSUER_SERVER, "ca.example", "00112233", NULL, w.now) == 0 &&
                   tb_cacert_read(tb_wr_span(&w.h.issuing), &w.ca, NULL) == 0 &&
                   tb_own_cert_of(&w.cfg, TB_OWN_HTTPS, &w.https) &&
                   tb_own_cert_of(&w.cfg, TB_OWN_RESPONDER, &w.responder)
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;

    tb_hierarchy_clear(&w->h);
    tb_hierarchy_clear(&w->other);
    tb_cacert_clear(&w->ca);
    return 0;
}

/* What it is taken for, as own, when it was made by h at that time with these names. */
static struct tb_own_state look(struct world *w, const struct tb_own_cert *own, const struct tb_hierarchy *h,
                                const struct tb_ident *names, size_t num_names, tb_time_t made)
{
    struct tb_wr chain, key;
    struct tb_own_state st;

    assert_ok(tb_https_make(&chain, &key, h, names, num_names, made));
    assert_true(tb_pem_key_fits(tb_wr_span(&chain), tb_wr_span(&key)));
    tb_own_cert_look(own, tb_wr_span(&chain), &w->ca, &st);
    tb_wr_clear(&chain);
    tb_wr_clear_secret(&key);
    return st;
}

static void the_names_are_the_configurations(void **state)
{
    struct world *w = *state;
    struct tb_own_cert own;

    assert_int_equal(w->https.num_names, 1);
    assert_string_equal(w->https.names[0].value, "ca.example");
    assert_int_equal(w->responder.num_names, 2);
    assert_string_equal(w->responder.names[0].value, "use.example");
    assert_string_equal(w->responder.names[1].value, "use.example");
    assert_true(!w->responder.names[0].wildcard && w->responder.names[1].wildcard);
    w->cfg.responder.on = false;
    assert_false(tb_own_cert_of(&w->cfg, TB_OWN_RESPONDER, &own));
    strcpy(w->cfg.name, "2001:db8::1");
    assert_true(tb_own_cert_of(&w->cfg, TB_OWN_HTTPS, &own));
    assert_int_equal(own.names[0].type, TB_IDENT_IP);
}

static void what_init_makes_is_ours(void **state)
{
    struct world *w = *state;
    struct tb_own_state st = look(w, &w->https, &w->h, w->https.names, 1, w->now);

    assert_int_equal(st.kind, TB_OWN_OURS);
    assert_int_equal(st.not_after, w->now + TB_HTTPS_LIFETIME_S);
    assert_int_equal(look(w, &w->responder, &w->h, w->responder.names, 2, w->now).kind, TB_OWN_OURS);
    strcpy(w->cfg.name, "2001:db8::1");
    assert_true(tb_own_cert_of(&w->cfg, TB_OWN_HTTPS, &w->https));
    assert_int_equal(look(w, &w->https, &w->h, w->https.names, 1, w->now).kind, TB_OWN_OURS);
    strcpy(w->cfg.name, "2001:db8::2");
    assert_true(tb_own_cert_of(&w->cfg, TB_OWN_HTTPS, &w->responder));
    assert_int_equal(look(w, &w->https, &w->h, w->responder.names, 1, w->now).kind, TB_OWN_RENAMED);
}

/* The same names and the same issuer's name, and another key. */
static void another_cas_is_not(void **state)
{
    struct world *w = *state;

    assert_int_equal(look(w, &w->https, &w->other, w->https.names, 1, w->now).kind, TB_OWN_OTHER_CA);
}

static void names_decide(void **state)
{
    struct world *w = *state;
    struct tb_ident more[2] = {w->https.names[0], w->responder.names[0]};

    assert_int_equal(look(w, &w->https, &w->h, more, 2, w->now).kind, TB_OWN_OTHER_NAMES);
    assert_int_equal(look(w, &w->https, &w->h, &more[1], 1, w->now).kind, TB_OWN_RENAMED);
    assert_int_equal(look(w, &w->responder, &w->h, w->responder.names, 1, w->now).kind, TB_OWN_RENAMED);
    assert_int_equal(look(w, &w->responder, &w->h, &w->responder.names[1], 1, w->now).kind, TB_OWN_RENAMED);
}

/* A lifetime that an order can have is an order's, unless the issuing CA's end explains it. */
static void lifetimes_decide(void **state)
{
    struct world *w = *state;
    tb_time_t late = w->ca.not_after - TB_CEILING_LIFETIME_MAX_S + 2 * 3600;
    struct tb_own_state st = look(w, &w->https, &w->h, w->https.names, 1, late);

    assert_int_equal(st.not_after, w->ca.not_after);
    assert_int_equal(st.kind, TB_OWN_OURS);
    w->ca.not_after++;
    assert_int_equal(look(w, &w->https, &w->h, w->https.names, 1, late).kind, TB_OWN_ORDERED);
    assert_int_equal(look(w, &w->https, &w->h, w->https.names, 1, late - 3 * 3600).kind, TB_OWN_OURS);
}

static void what_is_no_certificate_is_told_apart(void **state)
{
    struct world *w = *state;
    struct tb_own_state st;

    tb_own_cert_look(&w->https, tb_span_str("nothing of the kind"), &w->ca, &st);
    assert_int_equal(st.kind, TB_OWN_UNREADABLE);
    assert_int_equal(st.not_after, 0);
    tb_own_cert_look(&w->https, tb_wr_span(&w->h.issuing), &w->ca, &st);
    assert_int_equal(st.kind, TB_OWN_OTHER_CA);
}

static void a_key_fits_its_certificate_only(void **state)
{
    struct world *w = *state;
    struct tb_wr chain, key;

    assert_ok(tb_https_make(&chain, &key, &w->h, w->https.names, 1, w->now));
    assert_true(tb_pem_key_fits(tb_wr_span(&chain), tb_wr_span(&key)));
    assert_false(tb_pem_key_fits(tb_wr_span(&chain), tb_wr_span(&w->h.issuing_key)));
    assert_true(tb_pem_key_fits(tb_wr_span(&w->h.issuing), tb_wr_span(&w->h.issuing_key)));
    assert_false(tb_pem_key_fits(tb_span_str(""), tb_wr_span(&key)));
    assert_false(tb_pem_key_fits(tb_wr_span(&chain), tb_span_str("")));
    tb_wr_clear(&chain);
    tb_wr_clear_secret(&key);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(the_names_are_the_configurations),
        WITH_WORLD(what_init_makes_is_ours),
        WITH_WORLD(another_cas_is_not),
        WITH_WORLD(names_decide),
        WITH_WORLD(lifetimes_decide),
        WITH_WORLD(what_is_no_certificate_is_told_apart),
        WITH_WORLD(a_key_fits_its_certificate_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
