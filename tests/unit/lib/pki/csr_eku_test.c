#include "tests/unit/test.h"

#include "lib/pki/csr_eku.h"

#define S  TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define C  TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)
#define E  TB_PURPOSE_BIT(TB_PURPOSE_EMAIL_PROTECTION)
#define NO 0

/* Every mode against every kind of request: what comes out, NO is a refusal. */
static const struct {
    tb_purposes_t profile;
    bool has;
    tb_purposes_t eku;
    bool unknown;
    bool differs;
    tb_purposes_t want[TB_CSR_EKU__COUNT]; /* ignore, narrow, reject */
} rows[] = {
    {S, false, 0, false, false, {S, S, S}},
    {S, true, S, false, false, {S, S, S}},
    {S, true, S | C, false, true, {S, S, NO}},
    {S, true, S, true, true, {S, S, NO}},
    {S, true, C, false, true, {S, NO, NO}},
    {S, true, 0, true, true, {S, NO, NO}},
    {S, true, E, true, true, {S, NO, NO}},
    {S | C, false, 0, false, false, {S | C, S | C, S | C}},
    {S | C, true, S | C, false, false, {S | C, S | C, S | C}},
    {S | C, true, S, false, true, {S | C, S, NO}},
    {S | C, true, C | E, true, true, {S | C, C, NO}},
    {S | C, true, S | C | E, false, true, {S | C, S | C, NO}},
    {S | C, true, E, false, true, {S | C, NO, NO}},
};

static void every_mode_gives_a_part_of_the_profile_or_a_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        for (unsigned m = 0; m < TB_CSR_EKU__COUNT; m++) {
            const struct tb_profile p = {.purposes = rows[i].profile, .csr_eku = (enum tb_csr_eku_mode)m};
            const struct tb_csr csr = {.has_eku = rows[i].has, .eku = rows[i].eku, .eku_unknown = rows[i].unknown};
            struct tb_problem pb = {0};
            tb_purposes_t got = 99;
            bool differs = !rows[i].differs;
            int r = tb_csr_eku(&p, &csr, &got, &differs, &pb);

            assert_int_equal(r, rows[i].want[m] == NO ? TB_E_DENIED : 0);
            assert_int_equal(got, rows[i].want[m]);
            assert_int_equal(differs, rows[i].differs);
            assert_int_equal(pb.type, r < 0 ? TB_P_BAD_CSR : TB_P_NONE);
            assert_int_equal(got & ~p.purposes, 0);
            tb_problem_clear(&pb);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_gives_a_part_of_the_profile_or_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
