/* Functions under test: tb_keyholder_sign, tb_ceiling_check.  Who owns the judge meets these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "ca/keyholder/keyholder.h"
#include "lib/base/hash.h"
#include "tests/unit/ca/judge/world.h"

struct fix {
    struct world *w;
    struct tb_keyholder kh;
    uint8_t spki[256];
    struct tb_ident name;
    struct tb_leaf leaf; /* a test changes one member */
    enum tb_issuer issuer;
    tb_time_t now;
};

static void set_key(struct fix *f, EVP_PKEY *key)
{
    unsigned char *p = f->spki;

    f->leaf.spki = tb_span_of(f->spki, (size_t)i2d_PUBKEY(key, &p));
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    const enum tb_issuer issuers[] = {TB_ISSUER_SERVER, TB_ISSUER_CLIENT};
    const struct tb_cacert *ca;

    f->w = w_new();
    for (size_t i = 0; i < TB_ARRAY_LEN(issuers); i++)
        assert_int_equal(tb_keyholder_add(&f->kh, issuers[i], tb_span_str(f->w->ca_pem[issuers[i]]),
                                          tb_span_str(f->w->ca_key_pem[issuers[i]]), NULL),
                         0);
    assert_int_equal(tb_serials_new(16, &f->kh.serials), 0);
    f->issuer = TB_ISSUER_SERVER;
    f->now = W_NOW;
    ca = &f->kh.ca[f->issuer].cert;
    f->name = (struct tb_ident){.type = TB_IDENT_DNS, .value = "a.example"};
    f->leaf = (struct tb_leaf){.serial = {0x7f, 1},
                               .sig_alg = ca->sig_alg,
                               .issuer_name = tb_span_of(ca->subject, ca->subject_len),
                               .issuer_keyid = tb_span_of(ca->keyid, ca->keyid_len),
                               .not_before = W_NOW - 3600,
                               .not_after = W_NOW + 86400,
                               .idents = &f->name,
                               .num_idents = 1,
                               .key_kind = TB_KEY_P256,
                               .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)};
    set_key(f, f->w->subject);
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

static const char *sign_bytes(struct fix *f, struct tb_span tbs)
{
    const struct tb_msg_sign_req req = {.issuer = f->issuer, .tbs = tbs};
    struct tb_msg_sign_rsp rsp;
    const char *reason;
    int r = tb_keyholder_sign(&f->kh, &req, f->now, &rsp, &reason);

    assert_int_equal(r < 0, reason != NULL);
    assert_int_equal(r < 0, rsp.sig_len == 0);
    assert_int_equal(r < 0, rsp.problem.type != TB_P_NONE);
    tb_problem_clear(&rsp.problem);
    return reason;
}

/* NULL when it was signed. */
static const char *sign(struct fix *f)
{
    const char *reason;
    struct tb_wr wr;

    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    reason = sign_bytes(f, tb_wr_span(&wr));
    tb_wr_clear(&wr);
    return reason;
}

static void assert_refused(struct fix *f, const char *want)
{
    const char *reason = sign(f);

    assert_non_null(reason);
    assert_string_equal(reason, want);
}

static void an_honest_tbs_is_signed_and_the_signature_verifies(void **state)
{
    struct fix *f = *state;
    struct tb_msg_sign_req req = {.issuer = f->issuer};
    struct tb_msg_sign_rsp rsp;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *reason;
    struct tb_wr wr;

    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    req.tbs = tb_wr_span(&wr);
    assert_int_equal(tb_keyholder_sign(&f->kh, &req, f->now, &rsp, &reason), 0);
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, f->w->ca_key[f->issuer]), 1);
    assert_int_equal(EVP_DigestVerify(ctx, rsp.sig, rsp.sig_len, req.tbs.p, req.tbs.len), 1);
    EVP_MD_CTX_free(ctx);
    tb_wr_clear(&wr);
}

static void ceiling_eku_exactly_the_issuers(void **state)
{
    struct fix *f = *state;
    const tb_purposes_t bad[] = {TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH), TB_PURPOSE_BIT(TB_PURPOSE_CODE_SIGNING),
                                 TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)};

    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        f->leaf.purposes = bad[i];
        assert_refused(f, "extended-key-usage");
    }
    f->leaf.purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);
    assert_null(sign(f));
}

static void ceiling_issuer_name_and_key_are_its_own(void **state)
{
    struct fix *f = *state;
    const struct tb_leaf good = f->leaf;
    uint8_t keyid[TB_KEYID_MAX] = {1};

    f->leaf.issuer_name = tb_span_of("\x30\x00", 2);
    assert_refused(f, "issuer-name");
    f->leaf = good;
    f->leaf.issuer_keyid = tb_span_of(keyid, good.issuer_keyid.len);
    assert_refused(f, "authority-key-id");
    f->leaf = good;
    f->leaf.sig_alg = TB_SIG_ECDSA_SHA384;
    assert_refused(f, "signature-algorithm");
    f->leaf = good;
    f->issuer = TB_ISSUER_PEER; /* no such key */
    assert_refused(f, "issuer");
    f->issuer = TB_ISSUER__COUNT;
    assert_refused(f, "issuer");
    f->issuer = TB_ISSUER_CLIENT;
    assert_non_null(sign(f));
}

static void ceiling_lifetime_at_the_second(void **state)
{
    struct fix *f = *state;

    f->leaf.not_after = f->leaf.not_before + TB_CEILING_LIFETIME_MAX_S;
    assert_refused(f, "lifetime");
    f->leaf.not_after--;
    assert_null(sign(f));
}

static void ceiling_not_before_near_now(void **state)
{
    struct fix *f = *state;
    const struct {
        tb_time_t off;
        const char *reason;
    } rows[] = {{-TB_CEILING_BACKDATE_MAX_S - 1, "not-before"},
                {TB_CEILING_FUTURE_MAX_S + 1, "not-before"},
                {-TB_CEILING_BACKDATE_MAX_S, NULL},
                {TB_CEILING_FUTURE_MAX_S, NULL}};

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        f->leaf.not_before = W_NOW + rows[i].off;
        f->leaf.serial[5] = (uint8_t)i;
        if (rows[i].reason != NULL)
            assert_refused(f, rows[i].reason);
        else
            assert_null(sign(f));
    }
}

static void ceiling_not_beyond_the_issuer(void **state)
{
    struct fix *f = *state;

    f->now = W_NOW + W_CA_LIFE_S - 86400;
    f->leaf.not_before = f->now;
    f->leaf.not_after = W_NOW + W_CA_LIFE_S + 1;
    assert_refused(f, "outlives-issuer");
    f->leaf.not_after--;
    assert_null(sign(f));
}

static void ceiling_one_serial_one_tbs(void **state)
{
    struct fix *f = *state;

    assert_null(sign(f));
    assert_null(sign(f)); /* the same TBS, resent */
    f->leaf.not_after++;
    assert_refused(f, "serial-used");
    f->leaf.serial[15] ^= 1;
    assert_null(sign(f));
}

static void ceiling_ca_keys_are_not_certified(void **state)
{
    struct fix *f = *state;

    set_key(f, f->w->ca_key[TB_ISSUER_SERVER]);
    assert_refused(f, "subject-key");
    set_key(f, f->w->ca_key[TB_ISSUER_CLIENT]);
    assert_refused(f, "subject-key");
}

static void ceiling_cn_is_one_of_the_names(void **state)
{
    struct fix *f = *state;
    struct tb_wr wr;
    uint8_t *at;

    f->leaf.cn = TB_CN_FIRST_DNS;
    assert_null(sign(f));
    f->leaf.serial[1]++;
    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    at = memmem(wr.buf, wr.len, "a.example", 9); /* the subject comes before the SAN */
    assert_non_null(at);
    at[0] = 'b';
    assert_string_equal(sign_bytes(f, tb_wr_span(&wr)), "subject");
    tb_wr_clear(&wr);
}

/* What the writer cannot write: read structures, changed one member at a time. */
static void ceiling_shape_rules(void **state)
{
    struct fix *f = *state;
    struct tb_ceiling c = {.issuer = TB_ISSUER_SERVER, .ca = &f->kh.ca[TB_ISSUER_SERVER].cert, .now = W_NOW};
    struct tb_tbs good = {0}, t;
    struct tb_wr wr;

    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    assert_int_equal(tb_tbs_read(tb_wr_span(&wr), &good), 0);
    assert_null(tb_ceiling_check(&c, &good));
#define ROW(change, want)                                                                                              \
    t = good;                                                                                                          \
    change;                                                                                                            \
    assert_non_null(tb_ceiling_check(&c, &t));                                                                         \
    assert_string_equal(tb_ceiling_check(&c, &t), want)
    ROW(t.is_ca = true, "basic-constraints");
    ROW(t.has_basic_constraints = false, "basic-constraints");
    ROW(t.has_key_usage = false, "key-usage");
    ROW(t.key_usage |= 0x8000 >> 5, "key-usage");
    ROW(t.key_usage = 0, "key-usage");
    ROW(t.has_eku = false, "extended-key-usage");
    ROW(t.eku_unknown = true, "extended-key-usage");
    ROW(t.purposes = 0, "extended-key-usage");
    ROW(t.unknown_extension = true, "unknown-extension");
    ROW(t.num_idents = 0, "no-names");
    ROW(t.num_idents = TB_IDENT_NUM_MAX + 1, "no-names");
    ROW(t.san_critical = false, "subject");
    ROW(t.cn = tb_span_str("b.example"), "subject");
    ROW(t.serial.len = 15, "serial");
    ROW(t.serial = tb_span_of("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16), "serial");
    ROW(t.serial = tb_span_of("\x80\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16), "serial");
    ROW(t.not_after = t.not_before - 1, "lifetime");
    ROW(t.spki.kind = TB_KEY_NONE, "subject-key");
    ROW(t.aki_keyid.len = 0, "authority-key-id");
    ROW(t.sig_alg = TB_SIG_NONE, "signature-algorithm");
#undef ROW
    tb_tbs_clear(&good);
    tb_wr_clear(&wr);
}

/* What is told of proofs: of exactly the names and usages that are there, and nothing that contradicts itself. */
static void ceiling_proofs(void **state)
{
    struct fix *f = *state;
    struct tb_name_proofs proofs = {.control = {[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_HTTP_01}};
    struct tb_ceiling c = {
        .cfg = f->w->cfg, .issuer = TB_ISSUER_SERVER, .ca = &f->kh.ca[TB_ISSUER_SERVER].cert, .now = W_NOW};
    struct tb_tbs good = {0}, t;
    struct tb_wr wr;

    f->kh.cfg = f->w->cfg;
    assert_int_equal(tb_arc_parse("1.3.6.1.4.1.32473", &f->w->cfg->arc), 0);
    assert_refused(f, "proofs"); /* none, under a configuration with an arc */
    f->leaf.arc = &f->w->cfg->arc;
    f->leaf.proofs = &proofs;
    f->leaf.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1);
    assert_null(sign(f));
    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    assert_int_equal(tb_tbs_read_under(tb_wr_span(&wr), &f->w->cfg->arc, &good), 0);
    assert_null(tb_ceiling_check(&c, &good));
#define ROW(change)                                                                                                    \
    t = good;                                                                                                          \
    change;                                                                                                            \
    assert_non_null(tb_ceiling_check(&c, &t));                                                                         \
    assert_string_equal(tb_ceiling_check(&c, &t), "proofs")
    ROW(t.has_policies = false);
    ROW(t.policy_unknown = true);
    ROW(t.policies = 0);
    ROW(t.policies |= TB_POLICY_BIT(TB_POLICY_CONTROL_DNS));
    ROW(t.policies |= TB_POLICY_BIT(TB_POLICY_USE_PUBLISHED));
    ROW(t.policies |= TB_POLICY_BIT(TB_POLICY_EGRESS_DECLARED));
    ROW(t.policies |= TB_POLICY_BIT(TB_POLICY_QUORUM_2));
    ROW(t.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_3));
    ROW(t.policies |= TB_POLICY_BIT(TB_POLICY__COUNT));
    ROW(t.proofs = NULL);
    ROW(t.num_proofs = 0);
    ROW(t.num_proofs = 2);
    ROW(t.proof_purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH));
    ROW(t.proof_purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH));
#undef ROW
    f->leaf.serial[1]++;
    f->w->cfg->arc = (struct tb_arc){0};
    assert_non_null(tb_ceiling_check(&c, &good));
    assert_string_equal(sign_bytes(f, tb_wr_span(&wr)), "unknown-extension"); /* without an arc */
    assert_int_equal(tb_arc_parse("1.3.6.1.4.1.32474", &f->w->cfg->arc), 0);
    assert_string_equal(sign_bytes(f, tb_wr_span(&wr)), "unknown-extension"); /* under another one */
    tb_tbs_clear(&good);
    tb_wr_clear(&wr);
}

/* No mutation of an honest TBS is signed unless the ceiling would have let an honest judge ask for it. */
static void mutated_tbs_stay_below_the_ceiling(void **state)
{
    struct fix *f = *state;
    struct tb_tbs t = {0};
    struct tb_wr wr;
    uint8_t old;

    tb_wr_init(&wr, TB_TBS_MAX);
    assert_int_equal(tb_tbs_write(&wr, &f->leaf), 0);
    for (size_t at = 0; at < wr.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            old = wr.buf[at];
            wr.buf[at] ^= (uint8_t)(1u << bit);
            if (sign_bytes(f, tb_wr_span(&wr)) == NULL) {
                assert_int_equal(tb_tbs_read(tb_wr_span(&wr), &t), 0);
                assert_false(t.is_ca);
                assert_int_equal(t.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
                assert_true(t.not_after - t.not_before < TB_CEILING_LIFETIME_MAX_S);
                tb_tbs_clear(&t);
            }
            wr.buf[at] = old;
        }
    }
    tb_wr_clear(&wr);
}

static void key_and_certificate_must_belong_together(void **state)
{
    struct fix *f = *state;
    struct tb_keyholder kh = {0};
    struct tb_problem pb = {0};
    struct tb_span server = tb_span_str(f->w->ca_pem[TB_ISSUER_SERVER]);

    assert_int_equal(
        tb_keyholder_add(&kh, TB_ISSUER_SERVER, server, tb_span_str(f->w->ca_key_pem[TB_ISSUER_CLIENT]), &pb),
        TB_E_DENIED);
    assert_non_null(strstr(pb.detail, "belong"));
    tb_problem_clear(&pb);
    pb = (struct tb_problem){0};
    assert_int_equal(
        tb_keyholder_add(&kh, TB_ISSUER_CLIENT, server, tb_span_str(f->w->ca_key_pem[TB_ISSUER_SERVER]), &pb),
        TB_E_DENIED);
    tb_problem_clear(&pb);
    assert_false(kh.ca[TB_ISSUER_SERVER].present);
    assert_int_equal(kh.num_ca_keys, 0);
    tb_keyholder_clear(&kh);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_honest_tbs_is_signed_and_the_signature_verifies),
        T(ceiling_eku_exactly_the_issuers),
        T(ceiling_issuer_name_and_key_are_its_own),
        T(ceiling_lifetime_at_the_second),
        T(ceiling_not_before_near_now),
        T(ceiling_not_beyond_the_issuer),
        T(ceiling_one_serial_one_tbs),
        T(ceiling_ca_keys_are_not_certified),
        T(ceiling_cn_is_one_of_the_names),
        T(ceiling_shape_rules),
        T(ceiling_proofs),
        T(mutated_tbs_stay_below_the_ceiling),
        T(key_and_certificate_must_belong_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
