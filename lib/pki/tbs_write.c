#include "lib/pki/tbs.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/pki/alg.h"
#include "lib/pki/ext_write.h"
#include "lib/pki/oid.h"

#define VERSION_3          2
#define CN_MAX             64 /* ub-common-name, RFC 5280 appendix A.1 */
#define IPV4_LEN           4
#define IPV6_LEN           16
#define IDENT_TEXT_MAX     (TB_IDENT_VALUE_MAX + 2)
#define GN_DNS             TB_DER_CTX(2)
#define GN_URI             TB_DER_CTX(6)
#define GN_IP              TB_DER_CTX(7)
#define TBS_EXTENSIONS     TB_DER_CTX_CONS(3)
#define TBS_VERSION        TB_DER_CTX_CONS(0)
#define DP_NAME            TB_DER_CTX_CONS(0)
#define DP_NAME_FULL       TB_DER_CTX_CONS(0)
#define PURPOSES_ALL(last) (TB_PURPOSE_BIT(last) - 1)

static bool uri_ok(const char *uri)
{
    return uri == NULL || tb_ext_uri_ok(uri);
}

static bool purposes_ok(tb_purposes_t set)
{
    if (set == 0 || (set & ~PURPOSES_ALL(TB_PURPOSE__COUNT)) != 0)
        return false;
    for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
        if ((set & TB_PURPOSE_BIT(p)) != 0 && tb_purpose_info((enum tb_purpose)p) == NULL)
            return false;
    return true;
}

static bool emits_proofs(const struct tb_leaf *leaf)
{
    return leaf->arc != NULL && leaf->arc->len > 0;
}

static bool proofs_ok(const struct tb_leaf *leaf)
{
    if (!emits_proofs(leaf))
        return true;
    if (leaf->proofs == NULL || !tb_proof_policies_ok(leaf->policies, leaf->proofs, leaf->num_idents, leaf->purposes))
        return false;
    for (size_t i = 0; i < leaf->num_idents; i++) {
        struct tb_name_proofs told = tb_name_proofs_narrow(&leaf->proofs[i], leaf->purposes);

        if (!tb_name_proofs_ok(&told, leaf->purposes))
            return false;
    }
    return true;
}

/* The contract of struct tb_leaf. */
static bool leaf_ok(const struct tb_leaf *leaf)
{
    if (leaf->serial[0] < 0x01 || leaf->serial[0] > 0x7f || tb_sig_alg_der(leaf->sig_alg).len == 0)
        return false;
    if (leaf->issuer_name.len == 0 || leaf->spki.len == 0 || leaf->issuer_keyid.len == 0 ||
        leaf->issuer_keyid.len > TB_KEYID_MAX)
        return false;
    if (leaf->not_before > leaf->not_after || (leaf->cn != TB_CN_NONE && leaf->cn != TB_CN_FIRST_DNS))
        return false;
    if (leaf->idents == NULL || leaf->num_idents == 0 || leaf->num_idents > TB_IDENT_NUM_MAX)
        return false;
    return purposes_ok(leaf->purposes) && uri_ok(leaf->crl_uri) && uri_ok(leaf->aia_uri) && proofs_ok(leaf);
}

static void put_validity(struct tb_wr *wr, const struct tb_leaf *leaf)
{
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put_time(wr, leaf->not_before);
    tb_der_put_time(wr, leaf->not_after);
    tb_der_end(wr, seq);
}

/* The first dNSName that fits into a common name; empty when there is none. */
static void cn_choose(const struct tb_leaf *leaf, char out[static IDENT_TEXT_MAX + 1])
{
    out[0] = '\0';
    if (leaf->cn != TB_CN_FIRST_DNS)
        return;
    for (size_t i = 0; i < leaf->num_idents; i++) {
        if (leaf->idents[i].type != TB_IDENT_DNS)
            continue;
        tb_ident_text(out, &leaf->idents[i]);
        if (strlen(out) <= CN_MAX)
            return;
    }
    out[0] = '\0';
}

static void put_subject(struct tb_wr *wr, const char *cn)
{
    size_t name = tb_der_begin(wr, TB_DER_SEQUENCE);

    if (cn[0] != '\0') {
        size_t rdn = tb_der_begin(wr, TB_DER_SET);
        size_t atv = tb_der_begin(wr, TB_DER_SEQUENCE);

        tb_der_put_oid(wr, TB_OID(TB_OID_COMMON_NAME));
        tb_der_put(wr, TB_DER_UTF8_STRING, tb_span_str(cn));
        tb_der_end(wr, atv);
        tb_der_end(wr, rdn);
    }
    tb_der_end(wr, name);
}

/*
 * digitalSignature alone, for RSA as well: TLS 1.3 and every ECDHE suite sign, and key transport is not what a
 * purpose was proved for.
 */
static void put_key_usage(struct tb_wr *wr)
{
    static const uint8_t bits[] = {TB_DER_BIT_STRING, 2, 7, 0x80};
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_KEY_USAGE), true);

    tb_wr_bytes(wr, bits, sizeof(bits));
    tb_ext_end(wr, m);
}

static void put_eku(struct tb_wr *wr, tb_purposes_t purposes)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_EXT_KEY_USAGE), false);
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);

    for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++) {
        if ((purposes & TB_PURPOSE_BIT(p)) != 0) {
            const struct tb_purpose_info *info = tb_purpose_info((enum tb_purpose)p);

            tb_der_put_oid(wr, tb_span_of(info->oid, info->oid_len));
        }
    }
    tb_der_end(wr, seq);
    tb_ext_end(wr, m);
}

static void put_basic_constraints(struct tb_wr *wr)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_BASIC), true);

    tb_der_put(wr, TB_DER_SEQUENCE, tb_span_of(NULL, 0));
    tb_ext_end(wr, m);
}

static int put_ip(struct tb_wr *wr, const char *text)
{
    uint8_t octets[IPV6_LEN];

    if (inet_pton(AF_INET, text, octets) == 1)
        tb_der_put(wr, GN_IP, tb_span_of(octets, IPV4_LEN));
    else if (inet_pton(AF_INET6, text, octets) == 1)
        tb_der_put(wr, GN_IP, tb_span_of(octets, IPV6_LEN));
    else
        return TB_E_INVAL;
    return 0;
}

static int put_name(struct tb_wr *wr, const struct tb_ident *id)
{
    char text[IDENT_TEXT_MAX + 1];

    if (id->type == TB_IDENT_IP && !id->wildcard)
        return put_ip(wr, id->value);
    if (id->type != TB_IDENT_DNS || id->value[0] == '\0')
        return TB_E_INVAL;
    tb_ident_text(text, id);
    tb_der_put(wr, GN_DNS, tb_span_str(text));
    return 0;
}

/* RFC 5280 section 4.2.1.6: critical when the subject is empty. */
static int put_san(struct tb_wr *wr, const struct tb_leaf *leaf, bool critical)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_SUBJECT_ALT), critical);
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);
    int r;

    for (size_t i = 0; i < leaf->num_idents; i++)
        if ((r = put_name(wr, &leaf->idents[i])) < 0)
            return r;
    tb_der_end(wr, seq);
    tb_ext_end(wr, m);
    return 0;
}

static void put_crl_dp(struct tb_wr *wr, const char *uri)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_CRL_DP), false);
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t dp = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t name = tb_der_begin(wr, DP_NAME);
    size_t full = tb_der_begin(wr, DP_NAME_FULL);

    tb_der_put(wr, GN_URI, tb_span_str(uri));
    tb_der_end(wr, full);
    tb_der_end(wr, name);
    tb_der_end(wr, dp);
    tb_der_end(wr, list);
    tb_ext_end(wr, m);
}

static void put_aia(struct tb_wr *wr, const char *uri)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_AIA), false);
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t access = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put_oid(wr, TB_OID(TB_OID_CA_ISSUERS));
    tb_der_put(wr, GN_URI, tb_span_str(uri));
    tb_der_end(wr, access);
    tb_der_end(wr, list);
    tb_ext_end(wr, m);
}

/* Neither is critical: a verifier that does not know them loses nothing that it had without. */
static void put_proofs(struct tb_wr *wr, const struct tb_leaf *leaf)
{
    uint8_t oid[TB_ARC_DER_MAX + 1];
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_POLICIES), false);

    tb_proof_policies_write(wr, leaf->arc, leaf->policies);
    tb_ext_end(wr, m);
    m = tb_ext_begin(wr, tb_span_of(oid, tb_name_proofs_oid(leaf->arc, oid)), false);
    tb_name_proofs_write(wr, leaf->proofs, leaf->num_idents, leaf->purposes);
    tb_ext_end(wr, m);
}

static int put_extensions(struct tb_wr *wr, const struct tb_leaf *leaf, bool subject_empty)
{
    size_t outer = tb_der_begin(wr, TBS_EXTENSIONS);
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);
    int r;

    put_key_usage(wr);
    put_eku(wr, leaf->purposes);
    put_basic_constraints(wr);
    tb_ext_put_aki(wr, leaf->issuer_keyid);
    if (leaf->aia_uri != NULL && leaf->aia_uri[0] != '\0')
        put_aia(wr, leaf->aia_uri);
    if ((r = put_san(wr, leaf, subject_empty)) < 0)
        return r;
    if (leaf->crl_uri != NULL && leaf->crl_uri[0] != '\0')
        put_crl_dp(wr, leaf->crl_uri);
    if (emits_proofs(leaf))
        put_proofs(wr, leaf);
    tb_der_end(wr, list);
    tb_der_end(wr, outer);
    return 0;
}

static void put_version(struct tb_wr *wr)
{
    static const uint8_t v3[] = {TB_DER_INTEGER, 1, VERSION_3};

    tb_der_put(wr, TBS_VERSION, tb_span_of(v3, sizeof(v3)));
}

int tb_tbs_write(struct tb_wr *wr, const struct tb_leaf *leaf)
{
    char cn[IDENT_TEXT_MAX + 1];
    struct tb_span alg;
    size_t start = wr->len;
    size_t tbs;
    int r;

    if (!leaf_ok(leaf))
        return TB_E_INVAL;
    cn_choose(leaf, cn);
    alg = tb_sig_alg_der(leaf->sig_alg);
    tbs = tb_der_begin(wr, TB_DER_SEQUENCE);
    put_version(wr);
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(leaf->serial, TB_SERIAL_LEN));
    tb_wr_bytes(wr, alg.p, alg.len);
    tb_wr_bytes(wr, leaf->issuer_name.p, leaf->issuer_name.len);
    put_validity(wr, leaf);
    put_subject(wr, cn);
    tb_wr_bytes(wr, leaf->spki.p, leaf->spki.len);
    if ((r = put_extensions(wr, leaf, cn[0] == '\0')) < 0) {
        wr->len = start;
        return r;
    }
    tb_der_end(wr, tbs);
    return tb_wr_err(wr);
}
