#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/fixture.h"

/*
 * The bytes of each profile's certificate, so that a change of the writer shows as a change of a file: alone, with
 * pointers to CRL and issuer, and with policies and evidence under an arc as well.
 */
static const char golden_server[] =
#include "tests/golden/server.tbs.inc"
    ;
static const char golden_server_pointers[] =
#include "tests/golden/server-pointers.tbs.inc"
    ;
static const char golden_server_proofs[] =
#include "tests/golden/server-proofs.tbs.inc"
    ;
static const char golden_shortlived[] =
#include "tests/golden/shortlived.tbs.inc"
    ;
static const char golden_shortlived_pointers[] =
#include "tests/golden/shortlived-pointers.tbs.inc"
    ;
static const char golden_shortlived_proofs[] =
#include "tests/golden/shortlived-proofs.tbs.inc"
    ;
static const char golden_client[] =
#include "tests/golden/client.tbs.inc"
    ;
static const char golden_client_pointers[] =
#include "tests/golden/client-pointers.tbs.inc"
    ;
static const char golden_client_proofs[] =
#include "tests/golden/client-proofs.tbs.inc"
    ;
static const char golden_client_preproved[] =
#include "tests/golden/client-preproved.tbs.inc"
    ;
static const char golden_client_preproved_pointers[] =
#include "tests/golden/client-preproved-pointers.tbs.inc"
    ;
static const char golden_client_preproved_proofs[] =
#include "tests/golden/client-preproved-proofs.tbs.inc"
    ;
static const char golden_peer[] =
#include "tests/golden/peer.tbs.inc"
    ;
static const char golden_peer_pointers[] =
#include "tests/golden/peer-pointers.tbs.inc"
    ;
static const char golden_peer_proofs[] =
#include "tests/golden/peer-proofs.tbs.inc"
    ;

static void golden_check(const char *name, const char *want, struct tb_leaf leaf)
{
    static const uint8_t issuer[] = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55,
                                     0x04, 0x03, 0x0c, 0x04, 'T',  'e',  's',  't'};
    static const uint8_t keyid[20] = {0xaa, 0xbb, 0xcc};
    static const char spki_hex[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                                   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    uint8_t spki[91];
    char got[4096];
    struct tb_wr wr;

    assert_ok(tb_hex_decode(spki, sizeof(spki), tb_span_str(spki_hex)));
    memset(leaf.serial, 0x42, sizeof(leaf.serial));
    leaf.sig_alg = TB_SIG_ECDSA_SHA256;
    leaf.issuer_name = tb_span_of(issuer, sizeof(issuer));
    leaf.issuer_keyid = tb_span_of(keyid, sizeof(keyid));
    leaf.not_before = FIX_NOW;
    leaf.spki = tb_span_of(spki, sizeof(spki));
    leaf.key_kind = TB_KEY_P256;
    tb_wr_init(&wr, TB_TBS_MAX);
    assert_ok(tb_tbs_write(&wr, &leaf));
    tb_hex_encode(got, tb_wr_span(&wr));
    tb_wr_clear(&wr);
    if (strcmp(got, want) != 0)
        fail_msg("%s is now\n%s", name, got);
}

static struct tb_name_proofs proved_by(enum tb_method control)
{
    struct tb_name_proofs p = {0};

    p.control[TB_PURPOSE_SERVER_AUTH] = p.control[TB_PURPOSE_CLIENT_AUTH] = (uint8_t)control;
    p.use[TB_PURPOSE_CLIENT_AUTH] = TB_METHOD_TLS_CLIENT_01;
    return p;
}

static const char *const golden_files[][3] = {
    {golden_server, golden_server_pointers, golden_server_proofs},
    {golden_shortlived, golden_shortlived_pointers, golden_shortlived_proofs},
    {golden_client, golden_client_pointers, golden_client_proofs},
    {golden_client_preproved, golden_client_preproved_pointers, golden_client_preproved_proofs},
    {golden_peer, golden_peer_pointers, golden_peer_proofs},
};

/* Names by http-01 and dns-01 in turn, so that no strength of control stands but where there is one name alone. */
static void golden(void **state)
{
    const struct tb_ident ids[3] = {fix_ident("example.org"), fix_ident("www.example.org"), fix_ident("2001:db8::1")};
    const struct tb_name_proofs proofs[3] = {proved_by(TB_METHOD_DNS_01), proved_by(TB_METHOD_HTTP_01),
                                             proved_by(TB_METHOD_TLS_ALPN_01)};
    struct tb_arc arc;

    (void)state;
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32473", &arc));
    for (size_t i = 0; i < TB_ARRAY_LEN(golden_files); i++) {
        const struct tb_profile *p = tb_profile_builtin(i);
        bool client = (p->purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)) != 0;
        struct tb_leaf leaf = {.not_after = FIX_NOW + p->lifetime_s,
                               .idents = ids,
                               .num_idents = p->ident_ip           ? 3
                                             : p->cn == TB_CN_NONE ? 2
                                                                   : 1,
                               .cn = p->cn,
                               .purposes = p->purposes};
        char name[64];

        snprintf(name, sizeof(name), "%s", p->name);
        golden_check(name, golden_files[i][0], leaf);
        leaf.crl_uri = p->crl_pointer ? "http://ca.example/crl/1.crl" : NULL;
        leaf.aia_uri = "http://ca.example/aia/issuing.cer";
        snprintf(name, sizeof(name), "%s-pointers", p->name);
        golden_check(name, golden_files[i][1], leaf);
        leaf.arc = &arc;
        leaf.proofs = proofs;
        leaf.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE) |
                        (leaf.num_idents == 1 ? TB_POLICY_BIT(TB_POLICY_CONTROL_DNS) : 0) |
                        (client ? TB_POLICY_BIT(TB_POLICY_USE_PUBLISHED) : 0);
        snprintf(name, sizeof(name), "%s-proofs", p->name);
        golden_check(name, golden_files[i][2], leaf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
