/* Functions under test: tb_keyholder_sign_crl, tb_crl_ceiling_check, and the URIs of ca/config/pointers.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ca/config/pointers.h"
#include "ca/config/value.h"
#include "ca/keyholder/keyholder.h"
#include "tests/unit/ca/judge/world.h"

#define SHARD 3

struct fix {
    struct world *w;
    struct tb_keyholder kh;
    struct tb_crl crl; /* a test changes one member */
    struct tb_crl_entry entry[2];
    size_t num;
    enum tb_issuer issuer;
};

static uint64_t number_at(tb_time_t t)
{
    return (uint64_t)t * TB_CRL_NUMBER_PER_S;
}

static void renew(struct fix *f)
{
    const struct tb_cacert *ca = &f->kh.ca[TB_ISSUER_SERVER].cert;
    uint64_t last = f->kh.crl_number[TB_ISSUER_SERVER][SHARD];

    f->issuer = TB_ISSUER_SERVER;
    f->num = 2;
    memset(f->entry, 0, sizeof(f->entry));
    f->entry[0] = (struct tb_crl_entry){.serial = {1, [15] = 0x10 + SHARD}, .revoked_at = W_NOW - 5};
    f->entry[1] = (struct tb_crl_entry){
        .serial = {1, [15] = 0xf0 + SHARD}, .revoked_at = W_NOW - 9, .reason = TB_REASON_KEY_COMPROMISE};
    f->crl = (struct tb_crl){.sig_alg = ca->sig_alg,
                             .issuer_name = tb_span_of(ca->subject, ca->subject_len),
                             .issuer_keyid = tb_span_of(ca->keyid, ca->keyid_len),
                             .this_update = W_NOW - 60,
                             .next_update = W_NOW - 60 + TB_CRL_CEILING_LIFETIME_MAX_S,
                             .number = last > 0 ? last + 1 : number_at(W_NOW)};
    tb_pointer_crl(f->crl.uri, f->w->cfg, f->issuer, SHARD);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    const enum tb_issuer issuers[] = {TB_ISSUER_SERVER, TB_ISSUER_CLIENT};

    f->w = w_new();
    assert_int_equal(tb_value_listen("127.0.0.1:8080", &f->w->cfg->http), 0);
    f->w->cfg->http.on = true;
    f->kh.cfg = f->w->cfg;
    for (size_t i = 0; i < TB_ARRAY_LEN(issuers); i++)
        assert_int_equal(tb_keyholder_add(&f->kh, issuers[i], tb_span_str(f->w->ca_pem[issuers[i]]),
                                          tb_span_str(f->w->ca_key_pem[issuers[i]]), NULL),
                         0);
    renew(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    tb_keyholder_clear(&f->kh);
    w_free(f->w);
    free(f);
    return 0;
}

/* NULL when it was signed. */
static const char *sign(struct fix *f)
{
    struct tb_msg_crl_sign_req req = {.issuer = f->issuer};
    struct tb_msg_sign_rsp rsp;
    const char *reason;
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, TB_CRL_TBS_MAX);
    assert_int_equal(tb_crl_tbs_write(&wr, &f->crl, f->entry, f->num), 0);
    req.tbs = tb_wr_span(&wr);
    r = tb_keyholder_sign_crl(&f->kh, &req, W_NOW, &rsp, &reason);
    assert_int_equal(r < 0, reason != NULL);
    assert_int_equal(r < 0, rsp.sig_len == 0);
    assert_int_equal(r < 0, rsp.problem.type != TB_P_NONE);
    if (r == 0) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, f->w->ca_key[f->issuer]), 1);
        assert_int_equal(EVP_DigestVerify(ctx, rsp.sig, rsp.sig_len, req.tbs.p, req.tbs.len), 1);
        EVP_MD_CTX_free(ctx);
    }
    tb_problem_clear(&rsp.problem);
    tb_wr_clear(&wr);
    return reason;
}

#define REFUSED(f, change, want)                                                                                       \
    do {                                                                                                               \
        renew(f);                                                                                                      \
        change;                                                                                                        \
        assert_non_null(sign(f));                                                                                      \
        renew(f);                                                                                                      \
        change;                                                                                                        \
        assert_string_equal(sign(f), (want));                                                                          \
        renew(f);                                                                                                      \
        assert_null(sign(f));                                                                                          \
    } while (0)
#define SIGNED(f, change)                                                                                              \
    do {                                                                                                               \
        renew(f);                                                                                                      \
        change;                                                                                                        \
        assert_null(sign(f));                                                                                          \
    } while (0)

static void an_honest_crl_is_signed(void **state)
{
    struct fix *f = *state;

    assert_null(sign(f));
    SIGNED(f, f->num = 0);
}

static void a_crl_speaks_for_its_own_issuer_and_uri(void **state)
{
    struct fix *f = *state;
    const struct tb_cacert *client = &f->kh.ca[TB_ISSUER_CLIENT].cert;

    REFUSED(f, f->issuer = TB_ISSUER_CLIENT, "crl-authority-key-id"); /* the names are the same here */
    REFUSED(f, f->issuer = TB_ISSUER_PEER, "crl-issuer");
    REFUSED(f, f->crl.issuer_name = tb_span_of("0", 2), "crl-issuer-name");
    REFUSED(f, f->crl.issuer_keyid = tb_span_of(client->keyid, client->keyid_len), "crl-authority-key-id");
    REFUSED(f, f->crl.sig_alg = TB_SIG_ECDSA_SHA384, "crl-signature-algorithm");
    REFUSED(f, tb_pointer_crl(f->crl.uri, f->w->cfg, TB_ISSUER_CLIENT, SHARD), "crl-distribution-point");
    REFUSED(f, strcpy(f->crl.uri, "http://ca.example/crl/server/3.crl"), "crl-distribution-point");
    REFUSED(f, strcat(f->crl.uri, "?"), "crl-distribution-point");
    REFUSED(f, f->crl.uri[strlen(f->crl.uri) - 1] = '\0', "crl-distribution-point");
    REFUSED(f, tb_pointer_crl(f->crl.uri, f->w->cfg, TB_ISSUER_SERVER, SHARD + 1), "crl-entries");
}

static void a_crl_lives_a_day_from_now(void **state)
{
    struct fix *f = *state;
    const tb_time_t past = W_NOW - TB_CRL_CEILING_PAST_MAX_S, future = W_NOW + TB_CRL_CEILING_FUTURE_MAX_S;

    SIGNED(f, (f->crl.this_update = past, f->crl.next_update = past + TB_CRL_CEILING_LIFETIME_MAX_S));
    REFUSED(f, f->crl.this_update = past - 1, "crl-this-update");
    SIGNED(f, (f->crl.this_update = future, f->crl.next_update = future + TB_CRL_CEILING_LIFETIME_MAX_S));
    REFUSED(f, f->crl.this_update = future + 1, "crl-this-update");
    REFUSED(f, f->crl.next_update++, "crl-lifetime");
    REFUSED(f, f->crl.next_update = W_NOW + INT64_C(30) * 86400, "crl-lifetime");
}

static void numbers_grow_with_each_shard_for_itself(void **state)
{
    struct fix *f = *state;
    uint64_t last;

    assert_null(sign(f));
    last = f->crl.number;
    REFUSED(f, f->crl.number = last, "crl-number");
    REFUSED(f, f->crl.number = last - 1, "crl-number");
    REFUSED(f, f->crl.number = 0, "crl-number");
    REFUSED(f, f->crl.number = number_at(W_NOW + TB_CRL_CEILING_FUTURE_MAX_S) + 1, "crl-number");
    REFUSED(f, f->crl.number = INT64_MAX, "crl-number");
    SIGNED(f, f->crl.number = number_at(W_NOW + TB_CRL_CEILING_FUTURE_MAX_S));
    SIGNED(f, (f->num = 0, f->crl.number = last, tb_pointer_crl(f->crl.uri, f->w->cfg, TB_ISSUER_SERVER, SHARD + 1)));
}

static void entries_belong_to_the_shard_and_lie_in_the_past(void **state)
{
    struct fix *f = *state;

    REFUSED(f, f->entry[1].serial[15]++, "crl-entries");
    REFUSED(f, f->entry[0].revoked_at = W_NOW + TB_CRL_CEILING_FUTURE_MAX_S + 1, "crl-entries");
}

static void another_form_is_refused(void **state)
{
    struct fix *f = *state;
    struct tb_msg_crl_sign_req req = {.issuer = TB_ISSUER_SERVER, .tbs = tb_span_str("0\003\002\001\001")};
    struct tb_msg_sign_rsp rsp;
    const char *reason;

    assert_int_equal(tb_keyholder_sign_crl(&f->kh, &req, W_NOW, &rsp, &reason), TB_E_DENIED);
    assert_string_equal(reason, "crl-form");
    tb_problem_clear(&rsp.problem);
}

static void without_a_listener_there_is_no_crl(void **state)
{
    struct fix *f = *state;

    f->w->cfg->http.on = false;
    assert_string_equal(sign(f), "crl-distribution-point");
}

static void pointers_name_host_and_port(void **state)
{
    struct fix *f = *state;
    char uri[TB_URI_MAX + 1];

    strcpy(f->w->cfg->name, "ca.example");
    tb_pointer_crl(uri, f->w->cfg, TB_ISSUER_CLIENT, 15);
    assert_string_equal(uri, "http://ca.example:8080/crl/client/15.crl");
    tb_pointer_crl(uri, f->w->cfg, TB_ISSUER_CLIENT, TB_CRL_SHARDS);
    assert_string_equal(uri, "");
    tb_pointer_crl(uri, f->w->cfg, TB_ISSUER_NONE, 0);
    assert_string_equal(uri, "");
    assert_int_equal(tb_value_listen("[::]:80", &f->w->cfg->http), 0);
    f->w->cfg->http.on = true;
    tb_pointer_aia(uri, f->w->cfg, TB_ISSUER_SERVER);
    assert_string_equal(uri, "http://ca.example/aia/issuing-server.cer");
    strcpy(f->w->cfg->name, "2001:db8::1");
    tb_pointer_aia(uri, f->w->cfg, TB_ISSUER_SERVER);
    assert_string_equal(uri, "http://[2001:db8::1]/aia/issuing-server.cer");
    assert_true(tb_pointers_fit(f->w->cfg));
    memset(f->w->cfg->name, 'a', TB_IDENT_VALUE_MAX);
    f->w->cfg->name[TB_IDENT_VALUE_MAX] = '\0';
    assert_false(tb_pointers_fit(f->w->cfg));
    f->w->cfg->http.on = false;
    assert_true(tb_pointers_fit(f->w->cfg));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_crl_is_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_crl_speaks_for_its_own_issuer_and_uri, setup, teardown),
        cmocka_unit_test_setup_teardown(a_crl_lives_a_day_from_now, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_grow_with_each_shard_for_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_belong_to_the_shard_and_lie_in_the_past, setup, teardown),
        cmocka_unit_test_setup_teardown(another_form_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_listener_there_is_no_crl, setup, teardown),
        cmocka_unit_test_setup_teardown(pointers_name_host_and_port, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
