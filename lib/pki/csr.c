#include "lib/pki/csr.h"

#include <stdlib.h>

#include "lib/der/der.h"
#include "lib/pki/csr_sig.h"
#include "lib/pki/oid.h"
#include "lib/pki/san.h"

#define CN_MAX    8  /* common names in one subject */
#define ATTRS_MAX 16 /* attributes in one request */
#define EXTS_MAX  32 /* extensions asked for */
#define EKUS_MAX  32 /* extended key usages asked for */

/* What the walk over a request collects before names are made of it. All spans are borrowed. */
struct found {
    struct tb_span cn[CN_MAX];
    size_t num_cn;
    struct tb_span ext_request; /* SET OF content; p NULL when absent */
    struct tb_span san;         /* extension content; p NULL when absent */
    struct tb_span eku;
};

static int refuse(struct tb_problem *pb, int err, const char *why)
{
    return tb_problem_set(pb, err, TB_P_BAD_CSR, "the certificate request is refused: %s", why);
}

/* X520CommonName in a string type whose octets are text; in others it cannot be one of our names. */
static bool cn_is_text(uint8_t tag)
{
    return tag == TB_DER_UTF8_STRING || tag == TB_DER_PRINTABLE_STRING || tag == TB_DER_IA5_STRING;
}

static int rdn_read(struct tb_rd rdn, struct found *f)
{
    struct tb_rd atv;
    struct tb_span oid;
    struct tb_span value;
    uint8_t tag;

    if (rdn.left == 0)
        return TB_E_FORMAT;
    while (rdn.left > 0) {
        if (tb_der_enter(&rdn, TB_DER_SEQUENCE, &atv) < 0 || tb_der_oid(&atv, &oid) < 0 ||
            tb_der_any(&atv, &tag, &value, NULL) < 0 || tb_rd_end(&atv) < 0)
            return TB_E_FORMAT;
        if (!tb_span_eq(oid, TB_OID(TB_OID_COMMON_NAME)) || !cn_is_text(tag))
            continue;
        if (f->num_cn == CN_MAX)
            return TB_E_LIMIT;
        f->cn[f->num_cn++] = value;
    }
    return 0;
}

static int subject_read(struct tb_rd name, struct found *f, struct tb_problem *pb)
{
    struct tb_rd rdn;
    int r;

    while (name.left > 0) {
        if (tb_der_enter(&name, TB_DER_SET, &rdn) < 0)
            return refuse(pb, TB_E_FORMAT, "malformed subject");
        if ((r = rdn_read(rdn, f)) < 0)
            return refuse(pb, r, r == TB_E_LIMIT ? "too many common names" : "malformed subject");
    }
    return 0;
}

static int add_once(struct tb_span *seen, size_t *num, size_t max, struct tb_span oid)
{
    for (size_t i = 0; i < *num; i++)
        if (tb_span_eq(seen[i], oid))
            return TB_E_DUP;
    if (*num == max)
        return TB_E_LIMIT;
    seen[(*num)++] = oid;
    return 0;
}

static int attributes_read(struct tb_rd attrs, struct found *f, struct tb_problem *pb)
{
    struct tb_span seen[ATTRS_MAX];
    size_t num = 0;
    struct tb_rd attr;
    struct tb_span oid;
    struct tb_span values;
    int r;

    while (attrs.left > 0) {
        if (tb_der_enter(&attrs, TB_DER_SEQUENCE, &attr) < 0 || tb_der_oid(&attr, &oid) < 0 ||
            tb_der_get(&attr, TB_DER_SET, &values) < 0 || tb_rd_end(&attr) < 0)
            return refuse(pb, TB_E_FORMAT, "malformed attribute");
        if ((r = add_once(seen, &num, ATTRS_MAX, oid)) < 0)
            return refuse(pb, r, r == TB_E_DUP ? "repeated attribute" : "too many attributes");
        if (tb_span_eq(oid, TB_OID(TB_OID_EXT_REQUEST)))
            f->ext_request = values;
    }
    return 0;
}

static int extension_read(struct tb_rd ext, struct tb_span *out_oid, struct tb_span *out_value)
{
    bool critical;

    if (tb_der_oid(&ext, out_oid) < 0)
        return TB_E_FORMAT;
    /* DER leaves a DEFAULT FALSE out (X.690 section 11.5). */
    if (tb_der_next_is(&ext, TB_DER_BOOLEAN) && (tb_der_bool(&ext, &critical) < 0 || !critical))
        return TB_E_FORMAT;
    if (tb_der_get(&ext, TB_DER_OCTET_STRING, out_value) < 0 || tb_rd_end(&ext) < 0)
        return TB_E_FORMAT;
    return 0;
}

/* RFC 2985 section 5.4.2: extensionRequest has a single value, Extensions. */
static int extensions_read(struct found *f, struct tb_problem *pb)
{
    struct tb_span seen[EXTS_MAX];
    size_t num = 0;
    struct tb_rd set = tb_rd_of(f->ext_request);
    struct tb_rd list;
    struct tb_rd ext;
    struct tb_span oid;
    struct tb_span value;
    int r;

    if (tb_der_enter(&set, TB_DER_SEQUENCE, &list) < 0 || tb_rd_end(&set) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed extension request");
    while (list.left > 0) {
        if (tb_der_enter(&list, TB_DER_SEQUENCE, &ext) < 0 || extension_read(ext, &oid, &value) < 0)
            return refuse(pb, TB_E_FORMAT, "malformed extension");
        if ((r = add_once(seen, &num, EXTS_MAX, oid)) < 0)
            return refuse(pb, r, r == TB_E_DUP ? "repeated extension" : "too many extensions");
        if (tb_span_eq(oid, TB_OID(TB_OID_SUBJECT_ALT)))
            f->san = value;
        else if (tb_span_eq(oid, TB_OID(TB_OID_EXT_KEY_USAGE)))
            f->eku = value;
    }
    return 0;
}

static int eku_read(struct tb_span ext, struct tb_csr *csr, struct tb_problem *pb)
{
    struct tb_span seen[EKUS_MAX];
    size_t num = 0;
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_rd list;
    struct tb_span oid;
    enum tb_purpose purpose;
    int r;

    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &list) < 0 || tb_rd_end(&rd) < 0 || list.left == 0)
        return refuse(pb, TB_E_FORMAT, "malformed extended key usage");
    while (list.left > 0) {
        if (tb_der_oid(&list, &oid) < 0)
            return refuse(pb, TB_E_FORMAT, "malformed extended key usage");
        if ((r = add_once(seen, &num, EKUS_MAX, oid)) < 0)
            return refuse(pb, r, r == TB_E_DUP ? "repeated extended key usage" : "too many extended key usages");
        purpose = tb_purpose_find_oid(oid);
        if (purpose == TB_PURPOSE_NONE)
            csr->eku_unknown = true;
        else
            csr->eku |= TB_PURPOSE_BIT(purpose);
    }
    csr->has_eku = true;
    return 0;
}

static int by_ident(const void *a, const void *b)
{
    return tb_ident_cmp(a, b);
}

static void sort_unique(struct tb_csr *csr)
{
    size_t n = 0;

    qsort(csr->idents, csr->num_idents, sizeof(*csr->idents), by_ident);
    for (size_t i = 0; i < csr->num_idents; i++)
        if (n == 0 || !tb_ident_eq(&csr->idents[n - 1], &csr->idents[i]))
            csr->idents[n++] = csr->idents[i];
    csr->num_idents = n;
}

/* The union of SAN and CN, RFC 8555 section 7.4. A CN that is no name (a person's, a product's) is passed over. */
static int names_make(const struct found *f, struct tb_csr *csr, struct tb_problem *pb)
{
    const char *why = NULL;
    struct tb_ident *id;
    int r;

    if (f->san.p != NULL) {
        r = tb_san_read(f->san, f->num_cn, &csr->idents, &csr->num_idents, &why);
        if (r < 0)
            return tb_problem_set(pb, r, TB_P_BAD_CSR, "the subject alternative name of the request %s", why);
    } else if ((csr->idents = calloc(f->num_cn + 1, sizeof(*csr->idents))) == NULL) {
        return TB_E_NOMEM;
    }
    for (size_t i = 0; i < f->num_cn; i++) {
        id = &csr->idents[csr->num_idents];
        if (tb_ident_parse(TB_IDENT_IP, f->cn[i], id, NULL) == 0 ||
            tb_ident_parse(TB_IDENT_DNS, f->cn[i], id, NULL) == 0)
            csr->num_idents++;
    }
    if (csr->num_idents == 0)
        return refuse(pb, TB_E_FORMAT, "it names nobody: neither a subject alternative name nor a common name");
    sort_unique(csr);
    if (csr->num_idents > TB_IDENT_NUM_MAX)
        return refuse(pb, TB_E_LIMIT, "too many names");
    return 0;
}

/* CertificationRequestInfo, RFC 2986 section 4.1. */
static int info_read(struct tb_rd info, struct tb_csr *csr, struct tb_problem *pb)
{
    struct found f = {0};
    struct tb_rd subject;
    struct tb_rd attrs;
    struct tb_span spki;
    uint32_t version;
    int r;

    if (tb_der_small(&info, 0, &version) < 0)
        return refuse(pb, TB_E_FORMAT, "its version is not v1");
    if (tb_der_enter(&info, TB_DER_SEQUENCE, &subject) < 0 || tb_der_get_whole(&info, TB_DER_SEQUENCE, &spki) < 0 ||
        tb_der_enter(&info, TB_DER_CTX_CONS(0), &attrs) < 0 || tb_rd_end(&info) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed request information");
    if ((r = tb_spki_parse(spki, &csr->spki, pb)) < 0 || (r = subject_read(subject, &f, pb)) < 0 ||
        (r = attributes_read(attrs, &f, pb)) < 0)
        return r;
    if (f.ext_request.p != NULL && (r = extensions_read(&f, pb)) < 0)
        return r;
    if (f.eku.p != NULL && (r = eku_read(f.eku, csr, pb)) < 0)
        return r;
    return names_make(&f, csr, pb);
}

static int request_read(struct tb_span der, bool verify, struct tb_verifier *verifier, struct tb_csr *out,
                        struct tb_problem *pb)
{
    struct tb_csr csr = {0};
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd seq;
    struct tb_rd info;
    struct tb_rd alg;
    struct tb_span tbs;
    struct tb_span sig;
    int r;

    *out = (struct tb_csr){0};
    if (der.len > TB_CSR_DER_MAX)
        return refuse(pb, TB_E_LIMIT, "it is too long");
    if ((r = tb_der_check(der)) < 0)
        return refuse(pb, r, r == TB_E_TRAIL ? "bytes follow it" : "it is not strict DER");
    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0 || tb_der_get_whole(&seq, TB_DER_SEQUENCE, &tbs) < 0 ||
        tb_der_enter(&seq, TB_DER_SEQUENCE, &alg) < 0 || tb_der_bits(&seq, &sig) < 0 || tb_rd_end(&seq) < 0)
        return refuse(pb, TB_E_FORMAT, "it is not a PKCS #10 request");
    rd = tb_rd_of(tbs);
    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &info)) < 0 || (r = info_read(info, &csr, pb)) < 0 ||
        (verify && (r = tb_csr_sig_verify(verifier, &csr.spki, alg, tbs, sig, pb)) < 0)) {
        tb_csr_clear(&csr);
        return r;
    }
    *out = csr;
    return 0;
}

int tb_csr_parse(struct tb_span der, struct tb_csr *out, struct tb_problem *pb)
{
    return tb_csr_parse_with(NULL, der, out, pb);
}

int tb_csr_parse_with(struct tb_verifier *verifier, struct tb_span der, struct tb_csr *out, struct tb_problem *pb)
{
    return request_read(der, true, verifier, out, pb);
}

int tb_csr_read(struct tb_span der, struct tb_csr *out, struct tb_problem *pb)
{
    return request_read(der, false, NULL, out, pb);
}

void tb_csr_clear(struct tb_csr *csr)
{
    if (csr == NULL)
        return;
    free(csr->idents);
    *csr = (struct tb_csr){0};
}
