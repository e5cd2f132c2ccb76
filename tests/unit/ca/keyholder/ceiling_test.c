/*
 * Each rule of both ceilings at its edge, with everything else as it should be: a TBS or a CRL as read, changed in one
 * place.  keyholder_test.c and crl_sign_test.c have what a conquered judge would send.
 */
#include "ca/keyholder/ceiling.h"

#include <stdlib.h>
#include <string.h>

#include "ca/config/pointers.h"
#include "ca/keyholder/crl_ceiling.h"
#include "tests/unit/test.h"

#define NOW         INT64_C(1800000000)
#define SERVER_AUTH TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT_AUTH TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)

static const uint8_t subject[] = {0x30, 0x02, 0x31, 0x00}, empty_name[] = {0x30, 0x00};
static const uint8_t serial[TB_SERIAL_LEN] = {1, 2, 3};

static struct tb_config cfg;
static uint8_t ca_subject[sizeof(subject)];
static struct tb_cacert ca;
static struct tb_ceiling ceiling;
static struct tb_ident ident[TB_IDENT_NUM_MAX];
static struct tb_name_proofs proofs[1];
static struct tb_tbs tbs;

static uint64_t last_number[TB_CRL_SHARDS];
static struct tb_crl_ceiling crl_ceiling;
static struct tb_crl crl;

static int set_up(void **state)
{
    (void)state;
    memset(&cfg, 0, sizeof(cfg));
    strcpy(cfg.name, "ca.example");
    cfg.http.on = true;
    memcpy(ca_subject, subject, sizeof(subject));
    ca = (struct tb_cacert){.subject = ca_subject,
                            .subject_len = sizeof(ca_subject),
                            .keyid = {7, 7},
                            .keyid_len = 2,
                            .sig_alg = TB_SIG_ECDSA_SHA256,
                            .purposes = SERVER_AUTH,
                            .not_before = NOW - 86400,
                            .not_after = NOW + 400 * 86400};
    ceiling = (struct tb_ceiling){.cfg = &cfg, .issuer = TB_ISSUER_SERVER, .ca = &ca, .now = NOW};
    ident[0] = (struct tb_ident){.type = TB_IDENT_DNS, .value = "a.example"};
    proofs[0] = (struct tb_name_proofs){.control = {[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_HTTP_01}};
    tbs = (struct tb_tbs){.serial = tb_span_of(serial, sizeof(serial)),
                          .sig_alg = TB_SIG_ECDSA_SHA256,
                          .issuer_name = tb_span_of(subject, sizeof(subject)),
                          .subject = tb_span_of(empty_name, sizeof(empty_name)),
                          .not_before = NOW,
                          .not_after = NOW + 86400,
                          .spki = {.kind = TB_KEY_P256},
                          .idents = ident,
                          .num_idents = 1,
                          .san_critical = true,
                          .has_basic_constraints = true,
                          .has_key_usage = true,
                          .key_usage = 0x8000,
                          .purposes = SERVER_AUTH,
                          .has_eku = true,
                          .aki_keyid = tb_span_of(ca.keyid, ca.keyid_len)};
    memset(last_number, 0, sizeof(last_number));
    crl_ceiling = (struct tb_crl_ceiling){
        .cfg = &cfg, .issuer = TB_ISSUER_SERVER, .ca = &ca, .last_number = last_number, .now = NOW};
    crl = (struct tb_crl){.sig_alg = TB_SIG_ECDSA_SHA256,
                          .issuer_name = tb_span_of(subject, sizeof(subject)),
                          .issuer_keyid = tb_span_of(ca.keyid, ca.keyid_len),
                          .this_update = NOW,
                          .next_update = NOW + 3600,
                          .number = 1};
    tb_pointer_crl(crl.uri, &cfg, TB_ISSUER_SERVER, 0);
    return 0;
}

/* want NULL: within the ceiling. */
static void check(const char *want)
{
    const char *reason = tb_ceiling_check(&ceiling, &tbs);

    if (want == NULL)
        assert_null(reason);
    else if (reason == NULL)
        fail_msg("%s was not refused", want);
    else
        assert_string_equal(reason, want);
}

static void check_crl(const char *want)
{
    unsigned shard;
    const char *reason = tb_crl_ceiling_check(&crl_ceiling, &crl, &shard);

    if (want == NULL)
        assert_null(reason);
    else if (reason == NULL)
        fail_msg("%s was not refused", want);
    else
        assert_string_equal(reason, want);
}

static void the_issuer_must_be_there_and_have_a_name_a_key_and_an_algorithm(void **state)
{
    (void)state;
    check(NULL);
    check_crl(NULL);
    ceiling.ca = NULL;
    check("issuer");
    ceiling.ca = &ca;
    memcpy(ca_subject, empty_name, sizeof(empty_name)); /* what is equal is not enough */
    ca.subject_len = sizeof(empty_name);
    tbs.issuer_name = crl.issuer_name = tb_span_of(empty_name, sizeof(empty_name));
    check("issuer-name");
    check_crl("crl-issuer-name");
    set_up(state);
    ca.keyid_len = 0;
    tbs.aki_keyid.len = crl.issuer_keyid.len = 0;
    check("authority-key-id");
    check_crl("crl-authority-key-id");
    set_up(state);
    ca.sig_alg = tbs.sig_alg = crl.sig_alg = TB_SIG_NONE;
    check("signature-algorithm");
    check_crl("crl-signature-algorithm");
}

static void the_issuers_own_usages_must_be_those_of_its_kind(void **state)
{
    (void)state;
    ca.purposes = SERVER_AUTH | CLIENT_AUTH;
    check("extended-key-usage");
    ca.purposes = 0;
    check("extended-key-usage");
}

static void a_peer_leaf_may_have_one_usage_or_both(void **state)
{
    const tb_purposes_t sets[] = {SERVER_AUTH, CLIENT_AUTH, SERVER_AUTH | CLIENT_AUTH};

    (void)state;
    ceiling.issuer = TB_ISSUER_PEER;
    ca.purposes = tb_issuer_purposes(TB_ISSUER_PEER);
    for (size_t i = 0; i < TB_ARRAY_LEN(sets); i++) {
        tbs.purposes = sets[i];
        check(NULL);
    }
    tbs.purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CODE_SIGNING);
    check("extended-key-usage");
}

static void times_at_their_edges(void **state)
{
    (void)state;
    tbs.not_after = tbs.not_before;
    check(NULL);
    tbs.not_after--;
    check("lifetime");
    set_up(state);
    ca.not_after = tbs.not_after;
    check(NULL);
    ca.not_after--;
    check("outlives-issuer");
    set_up(state);
    ca.not_before = NOW;
    check(NULL);
    ca.not_before++;
    check("outlives-issuer");
}

static void the_first_octet_of_a_serial(void **state)
{
    static const struct {
        uint8_t first;
        const char *want;
    } rows[] = {{0x00, "serial"}, {0x01, NULL}, {0x7f, NULL}, {0x80, "serial"}};
    uint8_t octets[TB_SERIAL_LEN + 1] = {0};

    (void)state;
    tbs.serial.p = octets;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        octets[0] = rows[i].first;
        check(rows[i].want);
    }
    octets[0] = 1;
    tbs.serial.len++;
    check("serial");
}

static void names_up_to_their_maximum(void **state)
{
    (void)state;
    tbs.num_idents = TB_IDENT_NUM_MAX;
    check(NULL);
    tbs.num_idents++;
    check("no-names");
}

static void a_subject_is_empty_or_a_cn_that_is_a_dns_name_of_the_san(void **state)
{
    char name[TB_CEILING_CN_MAX + 2];

    (void)state;
    tbs.subject = tb_span_of(subject, sizeof(subject)); /* without a CN */
    check("subject");
    memset(name, 'a', sizeof(name));
    name[TB_CEILING_CN_MAX] = '\0';
    strcpy(ident[0].value, name);
    tbs.cn = tb_span_str(name);
    check(NULL);
    tbs.san_critical = false; /* it has to be only beside an empty subject */
    check(NULL);
    name[TB_CEILING_CN_MAX] = 'a';
    name[TB_CEILING_CN_MAX + 1] = '\0';
    strcpy(ident[0].value, name);
    tbs.cn = tb_span_str(name);
    check("subject");
    ident[0] = (struct tb_ident){.type = TB_IDENT_DNS, .wildcard = true, .value = "a.example"};
    tbs.cn = tb_span_str("*.a.example");
    check(NULL);
    tbs.cn = tb_span_str("a.example");
    check("subject");
    ident[0] = (struct tb_ident){.type = TB_IDENT_IP, .value = "192.0.2.1"};
    tbs.cn = tb_span_str("192.0.2.1");
    check("subject");
    ident[1] = (struct tb_ident){.type = TB_IDENT_DNS, .value = "a.example"};
    tbs.cn = tb_span_str("a.example"); /* the second of two */
    check("subject");
    tbs.num_idents = 2;
    check(NULL);
}

static void pointers_are_the_configurations_own_or_none(void **state)
{
    (void)state;
    tb_pointer_crl(tbs.crl_uri, &cfg, TB_ISSUER_SERVER, tb_crl_shard_of(serial));
    assert_true(tbs.crl_uri[0] != '\0');
    check(NULL);
    tb_pointer_crl(tbs.crl_uri, &cfg, TB_ISSUER_SERVER, (tb_crl_shard_of(serial) + 1) % TB_CRL_SHARDS);
    check("crl-pointer");
    tb_pointer_crl(tbs.crl_uri, &cfg, TB_ISSUER_CLIENT, tb_crl_shard_of(serial));
    check("crl-pointer");
    strcpy(tbs.crl_uri, "http://elsewhere.example/crl");
    check("crl-pointer");
    tb_pointer_crl(tbs.crl_uri, &cfg, TB_ISSUER_SERVER, tb_crl_shard_of(serial));
    tb_pointer_aia(tbs.aia_uri, &cfg, TB_ISSUER_SERVER);
    assert_true(tbs.aia_uri[0] != '\0');
    check(NULL);
    tb_pointer_aia(tbs.aia_uri, &cfg, TB_ISSUER_CLIENT);
    check("issuer-pointer");
    strcpy(tbs.aia_uri, "http://elsewhere.example/ca");
    check("issuer-pointer");
}

static void without_a_configuration_there_are_no_pointers(void **state)
{
    (void)state;
    ceiling.cfg = NULL;
    check(NULL);
    tb_pointer_crl(tbs.crl_uri, &cfg, TB_ISSUER_SERVER, tb_crl_shard_of(serial));
    check("crl-pointer");
    tbs.crl_uri[0] = '\0';
    tb_pointer_aia(tbs.aia_uri, &cfg, TB_ISSUER_SERVER);
    check("issuer-pointer");
}

static void without_an_arc_nothing_is_told_of_proofs(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ceiling.cfg = i == 0 ? &cfg : NULL;
        tbs.has_policies = true;
        check("proofs");
        tbs.has_policies = false;
        tbs.proofs = proofs;
        check("proofs");
        tbs.proofs = NULL;
        check(NULL);
    }
}

static void told(void)
{
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32473", &cfg.arc));
    tbs.has_policies = true;
    tbs.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1);
    tbs.proofs = proofs;
    tbs.num_proofs = 1;
    tbs.proof_purposes = SERVER_AUTH;
}

static void with_an_arc_what_is_told_fits_the_names(void **state)
{
    (void)state;
    told();
    check(NULL);
    ident[0].wildcard = true; /* http-01 cannot prove it */
    check("proofs");
    proofs[0].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_DNS_01;
    check(NULL);
    ident[0] = (struct tb_ident){.type = TB_IDENT_IP, .value = "192.0.2.1"};
    check("proofs");
}

/* One that tells of a single usage is sound by itself, and stands beside two. */
static void what_is_told_is_told_of_every_usage(void **state)
{
    (void)state;
    told();
    ceiling.issuer = TB_ISSUER_PEER;
    ca.purposes = tb_issuer_purposes(TB_ISSUER_PEER);
    tbs.purposes = SERVER_AUTH | CLIENT_AUTH;
    check("proofs");
    proofs[0].control[TB_PURPOSE_CLIENT_AUTH] = TB_METHOD_HTTP_01;
    proofs[0].use[TB_PURPOSE_CLIENT_AUTH] = TB_METHOD_TLS_CLIENT_01;
    tbs.proof_purposes = tbs.purposes;
    tbs.policies |= TB_POLICY_BIT(TB_POLICY_USE_PUBLISHED);
    check(NULL);
}

static void a_key_of_a_ca_is_not_certified(void **state)
{
    uint8_t keys[2][TB_DIGEST_LEN] = {{1}, {2}};

    (void)state;
    ceiling.ca_keys = (const uint8_t(*)[TB_DIGEST_LEN])keys;
    ceiling.num_ca_keys = 2;
    check(NULL);
    for (uint8_t i = 1; i <= 2; i++) {
        tbs.spki.digest[0] = i;
        check("subject-key");
    }
}

static void a_crl_has_a_distribution_point_of_its_own(void **state)
{
    (void)state;
    tb_pointer_crl(crl.uri, &cfg, TB_ISSUER_SERVER, TB_CRL_SHARDS - 1);
    check_crl(NULL);
    crl.uri[0] = '\0';
    check_crl("crl-distribution-point");
    cfg.http.on = false; /* there is none, and nothing is equal to it */
    check_crl("crl-distribution-point");
}

static void times_of_a_crl_at_their_edges(void **state)
{
    (void)state;
    crl.next_update = crl.this_update;
    check_crl("crl-lifetime");
    crl.next_update = crl.this_update - 1;
    check_crl("crl-lifetime");
    crl.next_update = crl.this_update + 1;
    check_crl(NULL);
    crl.next_update = crl.this_update + TB_CRL_CEILING_LIFETIME_MAX_S;
    check_crl(NULL);
    crl.next_update++;
    check_crl("crl-lifetime");
    set_up(state);
    crl.this_update = NOW - TB_CRL_CEILING_PAST_MAX_S;
    check_crl(NULL);
    crl.this_update--;
    check_crl("crl-this-update");
    set_up(state);
    crl.this_update = NOW + TB_CRL_CEILING_FUTURE_MAX_S;
    check_crl(NULL);
    crl.this_update++;
    check_crl("crl-this-update");
}

static void an_entry_may_be_revoked_up_to_a_little_ahead(void **state)
{
    struct tb_crl_entry e = {
        .serial = {1}, .revoked_at = NOW + TB_CRL_CEILING_FUTURE_MAX_S, .reason = TB_REASON_SUPERSEDED};
    struct tb_wr wr;

    (void)state;
    tb_pointer_crl(crl.uri, &cfg, TB_ISSUER_SERVER, tb_crl_shard_of(e.serial));
    for (int i = 0; i < 2; i++, e.revoked_at++) {
        const struct tb_crl plain = crl;

        tb_wr_init(&wr, TB_CRL_TBS_MAX);
        assert_ok(tb_crl_tbs_write(&wr, &crl, &e, 1));
        assert_ok(tb_crl_tbs_read(tb_wr_span(&wr), &crl));
        assert_int_equal(crl.num_entries, 1);
        check_crl(i == 0 ? NULL : "crl-entries");
        crl = plain;
        tb_wr_clear(&wr);
    }
}

#define CEILING(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CEILING(the_issuer_must_be_there_and_have_a_name_a_key_and_an_algorithm),
        CEILING(the_issuers_own_usages_must_be_those_of_its_kind),
        CEILING(a_peer_leaf_may_have_one_usage_or_both),
        CEILING(times_at_their_edges),
        CEILING(the_first_octet_of_a_serial),
        CEILING(names_up_to_their_maximum),
        CEILING(a_subject_is_empty_or_a_cn_that_is_a_dns_name_of_the_san),
        CEILING(pointers_are_the_configurations_own_or_none),
        CEILING(without_a_configuration_there_are_no_pointers),
        CEILING(without_an_arc_nothing_is_told_of_proofs),
        CEILING(with_an_arc_what_is_told_fits_the_names),
        CEILING(what_is_told_is_told_of_every_usage),
        CEILING(a_key_of_a_ca_is_not_certified),
        CEILING(a_crl_has_a_distribution_point_of_its_own),
        CEILING(times_of_a_crl_at_their_edges),
        CEILING(an_entry_may_be_revoked_up_to_a_little_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
