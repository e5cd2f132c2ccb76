#include "tests/unit/test.h"

#include <string.h>

#include "lib/acme/state.h"

/*
 * RFC 8555 section 7.1.6, written down a second time: rows are states, columns events; a word is the state that
 * follows, a dash what cannot happen. Every cell is walked.
 */

#define EVENTS_MAX 8

typedef int move_fn(unsigned *state, unsigned event);
typedef const char *name_fn(unsigned state);

struct row {
    const char *from;
    const char *to[EVENTS_MAX];
};

struct machine {
    unsigned num_states, num_events; /* events count from 1 */
    move_fn *move;
    name_fn *name;
    const struct row *rows;
};

#define ADAPT(object)                                                                                                  \
    static int object##_move(unsigned *state, unsigned event)                                                          \
    {                                                                                                                  \
        enum tb_##object##_state s = (enum tb_##object##_state) * state;                                               \
        int r = tb_##object##_move(&s, (enum tb_##object##_event)event);                                               \
                                                                                                                       \
        *state = s;                                                                                                    \
        return r;                                                                                                      \
    }                                                                                                                  \
    static const char *object##_name(unsigned state)                                                                   \
    {                                                                                                                  \
        return tb_##object##_state_name((enum tb_##object##_state)state);                                              \
    }
ADAPT(account)
ADAPT(order)
ADAPT(authz)
ADAPT(challenge)

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void walk(const struct machine *m)
{
    for (unsigned s = 0; s < m->num_states; s++) {
        assert_true(same(m->name(s), m->rows[s].from));
        for (unsigned e = 1; e < m->num_events; e++) {
            const char *want = m->rows[s].to[e - 1];
            unsigned now = s;
            int r = m->move(&now, e);

            assert_non_null(want);
            if (strcmp(want, "-") == 0) {
                assert_int_equal(r, TB_E_STATE);
                assert_int_equal(now, s);
            } else {
                assert_ok(r);
                assert_string_equal(m->name(now), want);
            }
        }
    }
}

static void foreign_values_do_not_move(const struct machine *m)
{
    const unsigned states[] = {m->num_states, m->num_states + 1, 255, (unsigned)-1};
    const unsigned events[] = {0, m->num_events, m->num_events + 1, 255, (unsigned)-1};

    for (size_t i = 0; i < TB_ARRAY_LEN(states); i++) {
        assert_null(m->name(states[i]));
        for (unsigned e = 1; e < m->num_events; e++) {
            unsigned now = states[i];

            assert_int_equal(m->move(&now, e), TB_E_STATE);
            assert_int_equal(now, states[i]);
        }
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(events); i++)
        for (unsigned s = 0; s < m->num_states; s++) {
            unsigned now = s;

            assert_int_equal(m->move(&now, events[i]), TB_E_STATE);
            assert_int_equal(now, s);
        }
}

static void account(void **state)
{
    static const struct row rows[] = {
        /*               deactivate     revoke */
        {NULL, {"-", "-"}},
        {"valid", {"deactivated", "revoked"}},
        {"deactivated", {"-", "-"}},
        {"revoked", {"-", "-"}},
    };
    const struct machine m = {TB_ACCOUNT__COUNT, TB_ACCOUNT_EV__COUNT, account_move, account_name, rows};

    (void)state;
    assert_int_equal(TB_ARRAY_LEN(rows), TB_ACCOUNT__COUNT);
    walk(&m);
    foreign_values_do_not_move(&m);
}

static void order(void **state)
{
    static const struct row rows[] = {
        /*            proved   finalize      refused  issued   failed     expired */
        {NULL, {"-", "-", "-", "-", "-", "-"}},
        {"pending", {"ready", "-", "-", "-", "invalid", "invalid"}},
        {"ready", {"-", "processing", "-", "-", "invalid", "invalid"}},
        {"processing", {"-", "-", "ready", "valid", "invalid", "-"}},
        {"valid", {"-", "-", "-", "-", "-", "-"}},
        {"invalid", {"-", "-", "-", "-", "-", "-"}},
    };
    const struct machine m = {TB_ORDER__COUNT, TB_ORDER_EV__COUNT, order_move, order_name, rows};

    (void)state;
    assert_int_equal(TB_ARRAY_LEN(rows), TB_ORDER__COUNT);
    walk(&m);
    foreign_values_do_not_move(&m);
}

static void authz(void **state)
{
    static const struct row rows[] = {
        /*            proved   failed     deactivate     expire     revoke */
        {NULL, {"-", "-", "-", "-", "-"}},
        {"pending", {"valid", "invalid", "deactivated", "invalid", "-"}},
        {"valid", {"-", "-", "deactivated", "expired", "revoked"}},
        {"invalid", {"-", "-", "-", "-", "-"}},
        {"deactivated", {"-", "-", "-", "-", "-"}},
        {"expired", {"-", "-", "-", "-", "-"}},
        {"revoked", {"-", "-", "-", "-", "-"}},
    };
    const struct machine m = {TB_AUTHZ__COUNT, TB_AUTHZ_EV__COUNT, authz_move, authz_name, rows};

    (void)state;
    assert_int_equal(TB_ARRAY_LEN(rows), TB_AUTHZ__COUNT);
    walk(&m);
    foreign_values_do_not_move(&m);
}

/* A challenge moves once: its answer is taken once, and its outcome is final. */
static void challenge(void **state)
{
    static const struct row rows[] = {
        /*            respond       proved   failed */
        {NULL, {"-", "-", "-"}},    {"pending", {"processing", "-", "-"}}, {"processing", {"-", "valid", "invalid"}},
        {"valid", {"-", "-", "-"}}, {"invalid", {"-", "-", "-"}},
    };
    const struct machine m = {TB_CHALLENGE__COUNT, TB_CHALLENGE_EV__COUNT, challenge_move, challenge_name, rows};

    (void)state;
    assert_int_equal(TB_ARRAY_LEN(rows), TB_CHALLENGE__COUNT);
    walk(&m);
    foreign_values_do_not_move(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account),
        cmocka_unit_test(order),
        cmocka_unit_test(authz),
        cmocka_unit_test(challenge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
