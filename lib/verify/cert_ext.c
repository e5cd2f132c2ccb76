/* Facts out of the extensions (RFC 5280 section 4.2), the same for both readers of certificates. */
#include "lib/der/der.h"
#include "lib/pki/oid.h"
#include "lib/verify/cert.h"

/* d2i of a whole value: what is left over is a fault. NULL when malformed, which is blamed. */
#define WHOLE(cert, type, value, what)                                                                                 \
    ({                                                                                                                 \
        const unsigned char *p_ = (value).p;                                                                           \
        type *t_ = d2i_##type(NULL, &p_, (long)(value).len);                                                           \
        if (t_ != NULL && p_ != (value).p + (value).len) {                                                             \
            type##_free(t_);                                                                                           \
            t_ = NULL;                                                                                                 \
        }                                                                                                              \
        if (t_ == NULL)                                                                                                \
            tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, what);                                                  \
        t_;                                                                                                            \
    })

static void read_basic(struct tb_vcert *cert, struct tb_span value)
{
    BASIC_CONSTRAINTS *bc = WHOLE(cert, BASIC_CONSTRAINTS, value, "basicConstraints");

    if (bc == NULL)
        return;
    cert->has_basic = true;
    cert->ca = bc->ca != 0;
    if (bc->pathlen != NULL) {
        cert->pathlen = ASN1_INTEGER_get(bc->pathlen);
        if (cert->pathlen < 0 || !cert->ca) {
            tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "basicConstraints");
            cert->pathlen = 0;
        }
    }
    BASIC_CONSTRAINTS_free(bc);
}

static void read_key_usage(struct tb_vcert *cert, struct tb_span value)
{
    ASN1_BIT_STRING *ku = WHOLE(cert, ASN1_BIT_STRING, value, "keyUsage");

    if (ku == NULL)
        return;
    cert->has_ku = true;
    if (ku->length > 0)
        cert->ku = ku->data[0];
    if (ku->length > 1)
        cert->ku |= (uint32_t)ku->data[1] << 8;
    if (cert->ku == 0)
        tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "keyUsage");
    ASN1_BIT_STRING_free(ku);
}

static unsigned eku_bit(struct tb_span oid)
{
    static const struct {
        uint8_t oid[8];
        uint8_t len;
        unsigned bit;
    } known[] = {
        {{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02}, 8, TB_EKU_CLIENT}, /* 1.3.6.1.5.5.7.3.2 */
        {{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01}, 8, TB_EKU_SERVER},
        {{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04}, 8, TB_EKU_EMAIL},
        {{0x55, 0x1d, 0x25, 0x00}, 4, TB_EKU_ANY}, /* 2.5.29.37.0 */
    };

    for (size_t i = 0; i < TB_ARRAY_LEN(known); i++)
        if (tb_span_eq(oid, tb_span_of(known[i].oid, known[i].len)))
            return known[i].bit;
    return TB_EKU_OTHER;
}

static void read_eku(struct tb_vcert *cert, struct tb_span value)
{
    struct tb_rd rd = tb_rd_of(value);
    struct tb_rd seq;
    struct tb_span oid;
    int r;

    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &seq)) == 0)
        r = tb_rd_end(&rd);
    cert->has_eku = r == 0;
    while (r == 0 && seq.left > 0)
        if ((r = tb_der_oid(&seq, &oid)) == 0)
            cert->eku |= eku_bit(oid);
    if (r < 0 || cert->eku == 0)
        tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "extendedKeyUsage");
}

static void read_constraints(struct tb_vcert *cert, struct tb_span value)
{
    const unsigned char *p = value.p;

    cert->constraints = (NAME_CONSTRAINTS *)ASN1_item_d2i(NULL, &p, (long)value.len, ASN1_ITEM_rptr(NAME_CONSTRAINTS));
    if (cert->constraints == NULL || p != value.p + value.len)
        tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "nameConstraints");
}

static void read_akid(struct tb_vcert *cert, struct tb_span value)
{
    cert->akid = WHOLE(cert, AUTHORITY_KEYID, value, "authorityKeyIdentifier");
}

static void read_skid(struct tb_vcert *cert, struct tb_span value)
{
    cert->skid = WHOLE(cert, ASN1_OCTET_STRING, value, "subjectKeyIdentifier");
}

static void read_san(struct tb_vcert *cert, struct tb_span value)
{
    cert->san = WHOLE(cert, GENERAL_NAMES, value, "subjectAltName");
}

static void read_crl_points(struct tb_vcert *cert, struct tb_span value)
{
    cert->crl_points = value;
}

/*
 * What is honoured, and may therefore be critical.  Policy constraints, mappings and inhibitAnyPolicy are not among
 * them: the policy tree of RFC 5280 section 6.1.2 is not built here, so what asks for it is refused.
 */
#define OID(...) .oid = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})

static const struct {
    uint8_t oid[4];
    uint8_t len;
    void (*read)(struct tb_vcert *cert, struct tb_span value); /* NULL: nothing to be asked of it */
} known[] = {
    {OID(TB_OID_BASIC), read_basic},
    {OID(TB_OID_KEY_USAGE), read_key_usage},
    {OID(TB_OID_EXT_KEY_USAGE), read_eku},
    {OID(TB_OID_SUBJECT_ALT), read_san},
    {OID(0x55, 0x1d, 0x1e), read_constraints}, /* 2.5.29.30 nameConstraints */
    {OID(0x55, 0x1d, 0x20), NULL},             /* 2.5.29.32 certificatePolicies */
    {OID(TB_OID_AUTHORITY_KEYID), read_akid},
    {OID(0x55, 0x1d, 0x0e), read_skid}, /* 2.5.29.14 subjectKeyIdentifier */
    {OID(TB_OID_CRL_DP), read_crl_points},
};

static bool stands_before(const struct tb_vext *ext, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (tb_span_eq(ext[i].oid, ext[j].oid))
            return true;
    return false;
}

void tb_vcert_extensions(struct tb_vcert *cert, const struct tb_vext *ext, size_t num)
{
    if (num > 0 && !cert->v3)
        tb_vcert_blame(cert, TABARD_R_VERSION, "extensions without version 3");
    for (size_t i = 0; i < num; i++) {
        size_t k = 0;

        while (k < TB_ARRAY_LEN(known) && !tb_span_eq(ext[i].oid, tb_span_of(known[k].oid, known[k].len)))
            k++;
        if (k == TB_ARRAY_LEN(known) && ext[i].critical)
            tb_vcert_blame(cert, TABARD_R_CRITICAL_EXTENSION, "a critical extension that is not understood");
        else if (k == TB_ARRAY_LEN(known) && cert->num_others < TB_VCERT_OTHERS_MAX)
            cert->others[cert->num_others++] = ext[i];
        if (stands_before(ext, i))
            tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "an extension that stands twice");
        else if (k < TB_ARRAY_LEN(known) && known[k].read != NULL)
            known[k].read(cert, ext[i].value);
    }
}
