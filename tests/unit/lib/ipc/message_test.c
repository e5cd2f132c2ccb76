/* The table of messages: it names each once, and its sizes hold the largest encodings. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ipc/message.h"
#include "lib/ipc/msg_judge.h"
#include "lib/ipc/msg_parent.h"
#include "lib/ipc/msg_validate.h"

static void every_type_has_a_row(void **state)
{
    (void)state;
    assert_null(tb_msg_info(TB_MSG_NONE));
    assert_null(tb_msg_info(TB_MSG__COUNT));
    assert_null(tb_msg_info((enum tb_msg_type)0xffff));
    for (enum tb_msg_type t = TB_MSG_NONE + 1; t < TB_MSG__COUNT; t++) {
        const struct tb_msg_info *info = tb_msg_info(t);

        assert_non_null(info);
        assert_true(info->from != 0 && info->to != 0);
        for (enum tb_msg_type u = TB_MSG_NONE + 1; u < t; u++)
            assert_string_not_equal(info->name, tb_msg_info(u)->name);
    }
}

static void roles_have_names(void **state)
{
    (void)state;
    for (enum tb_role r = TB_ROLE_PARENT; r < TB_ROLE__COUNT; r++)
        assert_int_equal(tb_role_find(tb_role_name(r)), r);
    assert_int_equal(tb_role_find("none"), TB_ROLE_NONE);
    assert_int_equal(tb_role_find("Front"), TB_ROLE_NONE);
    assert_string_equal(tb_role_name(TB_ROLE__COUNT), "unknown");
}

static void direction_counts(void **state)
{
    (void)state;
    assert_true(tb_msg_allowed(TB_MSG_FINALIZE_REQ, TB_ROLE_FRONT, TB_ROLE_JUDGE));
    assert_false(tb_msg_allowed(TB_MSG_FINALIZE_REQ, TB_ROLE_JUDGE, TB_ROLE_FRONT));
    assert_false(tb_msg_allowed(TB_MSG_FINALIZE_REQ, TB_ROLE_VALIDATOR, TB_ROLE_JUDGE));
    assert_false(tb_msg_allowed(TB_MSG_JUDGE_HELLO, TB_ROLE_FRONT, TB_ROLE_JUDGE));
    assert_false(tb_msg_allowed(TB_MSG_STATS_REQ, TB_ROLE_JUDGE, TB_ROLE_JUDGE));
    assert_false(tb_msg_allowed(TB_MSG_NONE, TB_ROLE_FRONT, TB_ROLE_JUDGE));
    assert_false(tb_msg_allowed(TB_MSG_READY, TB_ROLE_FRONT, TB_ROLE__COUNT));
}

/* Only the judge speaks to the keyholder, and nobody but the parent moves descriptors. */
static void authority_follows_the_edges(void **state)
{
    (void)state;
    for (enum tb_msg_type t = TB_MSG_NONE + 1; t < TB_MSG__COUNT; t++) {
        if (tb_msg_info(t)->fd)
            assert_int_equal(tb_msg_info(t)->from, 1u << TB_ROLE_PARENT);
        if (t == TB_MSG_STATS_REQ || t == TB_MSG_STATS_RSP)
            continue; /* counters, from whoever has an edge */
        assert_false(tb_msg_allowed(t, TB_ROLE_FRONT, TB_ROLE_KEYHOLDER));
        assert_false(tb_msg_allowed(t, TB_ROLE_VALIDATOR, TB_ROLE_JUDGE));
        assert_false(tb_msg_allowed(t, TB_ROLE_RESPONDER, TB_ROLE_JUDGE));
    }
}

/* Validator and responder make proofs; each of its own kind. */
static void makers_differ(void **state)
{
    (void)state;
    for (enum tb_msg_type t = TB_MSG_TOKEN_REQ; t <= TB_MSG_VALIDATE_RSP; t++) {
        bool request = t == TB_MSG_TOKEN_REQ || t == TB_MSG_VALIDATE_REQ;

        assert_int_equal(tb_msg_allowed(t, TB_ROLE_FRONT, TB_ROLE_RESPONDER), request);
        assert_int_equal(tb_msg_allowed(t, TB_ROLE_RESPONDER, TB_ROLE_FRONT), !request);
    }
    assert_true(tb_msg_allowed(TB_MSG_VALIDATE_NOTE, TB_ROLE_RESPONDER, TB_ROLE_FRONT));
    assert_false(tb_msg_allowed(TB_MSG_VALIDATE_NOTE, TB_ROLE_VALIDATOR, TB_ROLE_FRONT));
    assert_false(tb_msg_allowed(TB_MSG_VALIDATE_NOTE, TB_ROLE_FRONT, TB_ROLE_RESPONDER));
    assert_false(tb_msg_allowed(TB_MSG_CAA_REQ, TB_ROLE_FRONT, TB_ROLE_RESPONDER));
    assert_false(tb_msg_allowed(TB_MSG_CAA_RSP, TB_ROLE_RESPONDER, TB_ROLE_FRONT));
}

static void fill_ident(struct tb_ident *id)
{
    memset(id, 0, sizeof(*id));
    id->type = TB_IDENT_DNS;
    for (size_t i = 0; i < TB_IDENT_VALUE_MAX; i++)
        id->value[i] = i % 64 == 63 ? '.' : 'a';
    id->wildcard = true;
}

static void largest_token_request_fits_exactly(void **state)
{
    struct tb_challenge_spec *spec = calloc(TB_MSG_TOKENS_MAX, sizeof(*spec));
    struct tb_msg_token_req m = {.num = TB_MSG_TOKENS_MAX, .spec = spec};
    struct tb_wr wr;

    (void)state;
    memset(m.account_url, 'u', TB_ACCOUNT_URL_MAX);
    for (size_t i = 0; i < m.num; i++) {
        spec[i].method = TB_METHOD_DNS_01;
        spec[i].purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);
        fill_ident(&spec[i].ident);
    }
    tb_wr_init(&wr, 1 << 20);
    tb_msg_token_req_write(&wr, &m);
    assert_ok(tb_wr_err(&wr));
    assert_int_equal(tb_wr_span(&wr).len, tb_msg_info(TB_MSG_TOKEN_REQ)->max);
    tb_wr_clear(&wr);
    free(spec);
}

static void largest_finalize_request_fits_exactly(void **state)
{
    static uint8_t bytes[TB_JWS_BODY_MAX];
    static struct tb_span statement[TB_MSG_FINALIZE_STATEMENTS_MAX];
    struct tb_msg_finalize_req m = {.jws = {bytes, TB_JWS_BODY_MAX},
                                    .account_jwk = {bytes, TB_JWK_JSON_MAX},
                                    .account_statement = {bytes, TB_ACCOUNT_STATEMENT_MAX},
                                    .num_statements = TB_MSG_FINALIZE_STATEMENTS_MAX,
                                    .statement = statement};
    struct tb_msg_finalize_req back;
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_MSG_FINALIZE_STATEMENTS_MAX; i++)
        statement[i] = tb_span_of(bytes, TB_STATEMENT_MAX);
    tb_wr_init(&wr, 8 << 20);
    tb_msg_finalize_req_write(&wr, &m);
    assert_ok(tb_wr_err(&wr));
    assert_int_equal(tb_wr_span(&wr).len, tb_msg_info(TB_MSG_FINALIZE_REQ)->max);
    assert_ok(tb_msg_finalize_req_read(tb_wr_span(&wr), &back));
    assert_int_equal(back.num_statements, TB_MSG_FINALIZE_STATEMENTS_MAX);
    tb_msg_finalize_req_clear(&back);
    tb_wr_clear(&wr);
}

static void largest_configuration_fits_exactly(void **state)
{
    static struct tb_msg_config m = {.version = TB_IPC_VERSION};
    uint8_t *text = calloc(1, TB_CONFIG_TEXT_MAX);
    struct tb_wr wr;

    (void)state;
    m.text = tb_span_of(text, TB_CONFIG_TEXT_MAX);
    memset(m.path, 'p', TB_CONFIG_PATH_LEN_MAX);
    tb_wr_init(&wr, 2 << 20);
    tb_msg_config_write(&wr, &m);
    assert_ok(tb_wr_err(&wr));
    assert_int_equal(tb_wr_span(&wr).len, tb_msg_info(TB_MSG_CONFIG)->max);
    tb_wr_clear(&wr);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_row),
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(direction_counts),
        cmocka_unit_test(authority_follows_the_edges),
        cmocka_unit_test(makers_differ),
        cmocka_unit_test(largest_token_request_fits_exactly),
        cmocka_unit_test(largest_finalize_request_fits_exactly),
        cmocka_unit_test(largest_configuration_fits_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
