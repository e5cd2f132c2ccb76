#include "lib/pki/tbs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/alg.h"
#include "lib/pki/ext_read.h"
#include "lib/pki/oid.h"
#include "lib/pki/san.h"

#define VERSION_3       2
#define SERIAL_MAX      20 /* RFC 5280 section 4.1.2.2 */
#define EXTS_MAX        16
#define PATH_LEN_MAX    255
#define TBS_VERSION     TB_DER_CTX_CONS(0)
#define TBS_EXTENSIONS  TB_DER_CTX_CONS(3)
#define DP_NAME         TB_DER_CTX_CONS(0)
#define DP_NAME_FULL    TB_DER_CTX_CONS(0)
#define IDENT_TEXT_SIZE (TB_IDENT_VALUE_MAX + 3)

static int key_usage_read(struct tb_span value, struct tb_tbs *out)
{
    struct tb_rd rd = tb_rd_of(value);
    int r = tb_der_named_bits(&rd, &out->key_usage);

    out->has_key_usage = true;
    return r < 0 ? r : tb_rd_end(&rd);
}

static int eku_read(struct tb_span value, struct tb_tbs *out)
{
    struct tb_rd list;
    struct tb_span oid;
    enum tb_purpose purpose;
    int r;

    if ((r = tb_ext_enter(value, &list)) < 0)
        return r;
    if (list.left == 0)
        return TB_E_FORMAT;
    while (list.left > 0) {
        if ((r = tb_der_oid(&list, &oid)) < 0)
            return r;
        purpose = tb_purpose_find_oid(oid);
        if (purpose == TB_PURPOSE_NONE) {
            out->eku_unknown = true;
            continue;
        }
        if ((out->purposes & TB_PURPOSE_BIT(purpose)) != 0)
            return TB_E_DUP;
        out->purposes |= TB_PURPOSE_BIT(purpose);
    }
    out->has_eku = true;
    return 0;
}

static int basic_read(struct tb_span value, struct tb_tbs *out)
{
    struct tb_rd seq;
    uint32_t path_len;
    int r;

    if ((r = tb_ext_enter(value, &seq)) < 0)
        return r;
    out->has_basic_constraints = true;
    if (seq.left == 0)
        return 0;
    if ((r = tb_der_bool(&seq, &out->is_ca)) < 0)
        return r;
    if (!out->is_ca) /* a DEFAULT is not written */
        return TB_E_FORMAT;
    if (seq.left > 0 && (r = tb_der_small(&seq, PATH_LEN_MAX, &path_len)) < 0)
        return r;
    return tb_rd_end(&seq);
}

static int aki_read(struct tb_span value, struct tb_tbs *out)
{
    return tb_ext_aki_read(value, &out->aki_keyid);
}

/* One distribution point with one URI: RFC 5280 section 4.2.1.13. */
static int crl_dp_read(struct tb_span value, struct tb_tbs *out)
{
    struct tb_rd list;
    struct tb_rd dp;
    struct tb_rd name;
    struct tb_rd full;
    int r;

    if ((r = tb_ext_enter(value, &list)) < 0 || (r = tb_der_enter(&list, TB_DER_SEQUENCE, &dp)) < 0 ||
        (r = tb_rd_end(&list)) < 0 || (r = tb_der_enter(&dp, DP_NAME, &name)) < 0 || (r = tb_rd_end(&dp)) < 0 ||
        (r = tb_der_enter(&name, DP_NAME_FULL, &full)) < 0 || (r = tb_rd_end(&name)) < 0)
        return r;
    return tb_ext_uri_read(&full, out->crl_uri);
}

/* One caIssuers URI: RFC 5280 section 4.2.2.1. */
static int aia_read(struct tb_span value, struct tb_tbs *out)
{
    struct tb_rd list;
    struct tb_rd access;
    struct tb_span method;
    int r;

    if ((r = tb_ext_enter(value, &list)) < 0 || (r = tb_der_enter(&list, TB_DER_SEQUENCE, &access)) < 0 ||
        (r = tb_rd_end(&list)) < 0 || (r = tb_der_oid(&access, &method)) < 0)
        return r;
    if (!tb_span_eq(method, TB_OID(TB_OID_CA_ISSUERS)))
        return TB_E_FORMAT;
    return tb_ext_uri_read(&access, out->aia_uri);
}

static int policies_read(struct tb_span value, const struct tb_arc *arc, struct tb_tbs *out)
{
    out->has_policies = true;
    return tb_proof_policies_read(value, arc, &out->policies, &out->policy_unknown);
}

static int evidence_read(struct tb_span value, struct tb_tbs *out)
{
    out->proofs = calloc(TB_IDENT_NUM_MAX, sizeof(*out->proofs));
    if (out->proofs == NULL)
        return TB_E_NOMEM;
    return tb_name_proofs_read(value, out->proofs, TB_IDENT_NUM_MAX, &out->num_proofs, &out->proof_purposes);
}

/* Invariant: the octets in the certificate are the normal form, not something that merely normalises to it. */
static int san_normal(struct tb_span value, const struct tb_tbs *tbs)
{
    struct tb_rd rd = tb_rd_of(value);
    struct tb_rd list;
    struct tb_span name;
    char text[IDENT_TEXT_SIZE];
    uint8_t tag;
    int r = tb_der_enter(&rd, TB_DER_SEQUENCE, &list);

    for (size_t i = 0; r == 0 && i < tbs->num_idents; i++) {
        r = tb_der_any(&list, &tag, &name, NULL);
        if (r < 0 || tbs->idents[i].type != TB_IDENT_DNS)
            continue;
        tb_ident_text(text, &tbs->idents[i]);
        if (!tb_span_eq_str(name, text))
            return TB_E_FORMAT;
    }
    return r;
}

static int san_read(struct tb_span value, struct tb_tbs *out)
{
    const char *why;
    int r = tb_san_read(value, 0, &out->idents, &out->num_idents, &why);

    if (r < 0)
        return r == TB_E_NOMEM ? r : TB_E_FORMAT;
    return san_normal(value, out);
}

enum criticality { CRITICAL_NO, CRITICAL_YES, CRITICAL_EITHER };

struct ext_info {
    uint8_t oid[8];
    size_t oid_len;
    enum criticality critical;
    int (*read)(struct tb_span value, struct tb_tbs *out);
};

#define OID_OF(...) .oid = {__VA_ARGS__}, .oid_len = sizeof((const uint8_t[]){__VA_ARGS__})

static const struct ext_info exts[] = {
    {OID_OF(TB_OID_KEY_USAGE), CRITICAL_YES, key_usage_read},
    {OID_OF(TB_OID_SUBJECT_ALT), CRITICAL_EITHER, san_read},
    {OID_OF(TB_OID_BASIC), CRITICAL_YES, basic_read},
    {OID_OF(TB_OID_CRL_DP), CRITICAL_NO, crl_dp_read},
    {OID_OF(TB_OID_AUTHORITY_KEYID), CRITICAL_NO, aki_read},
    {OID_OF(TB_OID_EXT_KEY_USAGE), CRITICAL_NO, eku_read},
    {OID_OF(TB_OID_AIA), CRITICAL_NO, aia_read},
};

static const struct ext_info *ext_find(struct tb_span oid)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(exts); i++)
        if (tb_span_eq(oid, tb_span_of(exts[i].oid, exts[i].oid_len)))
            return &exts[i];
    return NULL;
}

/* What no table knows: under an arc there are two more, and neither is critical. */
static int other_read(struct tb_span oid, struct tb_span value, bool critical, const struct tb_arc *arc,
                      struct tb_tbs *out)
{
    bool known = arc != NULL && arc->len > 0 && !critical;

    if (known && tb_span_eq(oid, TB_OID(TB_OID_POLICIES)))
        return policies_read(value, arc, out);
    if (known && tb_name_proofs_oid_is(arc, oid))
        return evidence_read(value, out);
    out->unknown_extension = true;
    return 0;
}

static int extension_read(struct tb_rd ext, struct tb_span oid, const struct tb_arc *arc, struct tb_tbs *out)
{
    const struct ext_info *info = ext_find(oid);
    struct tb_span value;
    bool critical;
    int r;

    if ((r = tb_ext_rest_read(&ext, &critical, &value)) < 0)
        return r;
    if (info == NULL)
        return other_read(oid, value, critical, arc, out);
    if (info->critical != CRITICAL_EITHER && critical != (info->critical == CRITICAL_YES))
        return TB_E_FORMAT;
    if (info->read == san_read)
        out->san_critical = critical;
    return info->read(value, out);
}

static int extensions_read(struct tb_rd list, const struct tb_arc *arc, struct tb_tbs *out)
{
    struct tb_span seen[EXTS_MAX];
    struct tb_rd ext;
    int r;

    if (list.left == 0)
        return TB_E_FORMAT;
    for (size_t n = 0; list.left > 0; n++) {
        if (n == EXTS_MAX)
            return TB_E_LIMIT;
        if ((r = tb_der_enter(&list, TB_DER_SEQUENCE, &ext)) < 0 || (r = tb_der_oid(&ext, &seen[n])) < 0)
            return r;
        for (size_t i = 0; i < n; i++)
            if (tb_span_eq(seen[i], seen[n]))
                return TB_E_DUP;
        if ((r = extension_read(ext, seen[n], arc, out)) < 0)
            return r;
    }
    return 0;
}

/* Empty, or one RDN with one common name as UTF8String. */
static int subject_read(struct tb_rd *rd, struct tb_tbs *out)
{
    struct tb_rd name;
    struct tb_rd rdn;
    struct tb_rd atv;
    struct tb_span oid;
    int r;

    if ((r = tb_der_get_whole(rd, TB_DER_SEQUENCE, &out->subject)) < 0)
        return r;
    name = tb_rd_of(out->subject);
    if ((r = tb_der_enter(&name, TB_DER_SEQUENCE, &name)) < 0 || name.left == 0)
        return r;
    if ((r = tb_der_enter(&name, TB_DER_SET, &rdn)) < 0 || (r = tb_rd_end(&name)) < 0 ||
        (r = tb_der_enter(&rdn, TB_DER_SEQUENCE, &atv)) < 0 || (r = tb_rd_end(&rdn)) < 0 ||
        (r = tb_der_oid(&atv, &oid)) < 0 || (r = tb_der_get(&atv, TB_DER_UTF8_STRING, &out->cn)) < 0 ||
        (r = tb_rd_end(&atv)) < 0)
        return r;
    return tb_span_eq(oid, TB_OID(TB_OID_COMMON_NAME)) && out->cn.len > 0 ? 0 : TB_E_FORMAT;
}

static int version_serial_read(struct tb_rd *rd, struct tb_tbs *out)
{
    struct tb_rd inner;
    uint32_t version;
    struct tb_rd serial = {0};
    struct tb_span magnitude;
    int r;

    if ((r = tb_der_enter(rd, TBS_VERSION, &inner)) < 0 || (r = tb_der_small(&inner, VERSION_3, &version)) < 0 ||
        (r = tb_rd_end(&inner)) < 0)
        return r;
    serial = *rd;
    if ((r = tb_der_uint(&serial, &magnitude)) < 0 || (r = tb_der_get(rd, TB_DER_INTEGER, &out->serial)) < 0)
        return r;
    if (version != VERSION_3 || out->serial.len > SERIAL_MAX || (magnitude.len == 1 && magnitude.p[0] == 0))
        return TB_E_FORMAT;
    return 0;
}

static int validity_read(struct tb_rd *rd, struct tb_tbs *out)
{
    struct tb_rd seq;
    int r;

    if ((r = tb_der_enter(rd, TB_DER_SEQUENCE, &seq)) < 0 || (r = tb_der_time(&seq, &out->not_before)) < 0 ||
        (r = tb_der_time(&seq, &out->not_after)) < 0)
        return r;
    return tb_rd_end(&seq);
}

static int body_read(struct tb_rd rd, const struct tb_arc *arc, struct tb_tbs *out)
{
    struct tb_span alg;
    struct tb_span spki;
    struct tb_rd outer;
    struct tb_rd list;
    int r;

    if ((r = version_serial_read(&rd, out)) < 0 || (r = tb_der_get_whole(&rd, TB_DER_SEQUENCE, &alg)) < 0)
        return r;
    out->sig_alg = tb_sig_alg_find(alg);
    if (out->sig_alg == TB_SIG_NONE)
        return TB_E_FORMAT;
    if ((r = tb_der_get_whole(&rd, TB_DER_SEQUENCE, &out->issuer_name)) < 0 || (r = validity_read(&rd, out)) < 0 ||
        (r = subject_read(&rd, out)) < 0 || (r = tb_der_get_whole(&rd, TB_DER_SEQUENCE, &spki)) < 0)
        return r;
    if (tb_spki_parse(spki, &out->spki, NULL) < 0)
        return TB_E_FORMAT;
    if ((r = tb_der_enter(&rd, TBS_EXTENSIONS, &outer)) < 0 || (r = tb_rd_end(&rd)) < 0 ||
        (r = tb_der_enter(&outer, TB_DER_SEQUENCE, &list)) < 0 || (r = tb_rd_end(&outer)) < 0)
        return r;
    return extensions_read(list, arc, out);
}

int tb_tbs_read(struct tb_span der, struct tb_tbs *out)
{
    return tb_tbs_read_under(der, NULL, out);
}

int tb_tbs_read_under(struct tb_span der, const struct tb_arc *arc, struct tb_tbs *out)
{
    struct tb_tbs tbs = {0};
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd seq;
    int r;

    *out = (struct tb_tbs){0};
    if (der.len > TB_TBS_MAX || tb_der_check(der) < 0 || tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0)
        return TB_E_FORMAT;
    r = body_read(seq, arc, &tbs);
    if (r < 0) {
        tb_tbs_clear(&tbs);
        return r == TB_E_DUP || r == TB_E_NOMEM ? r : TB_E_FORMAT;
    }
    *out = tbs;
    return 0;
}

void tb_tbs_clear(struct tb_tbs *tbs)
{
    if (tbs == NULL)
        return;
    free(tbs->idents);
    free(tbs->proofs);
    *tbs = (struct tb_tbs){0};
}
