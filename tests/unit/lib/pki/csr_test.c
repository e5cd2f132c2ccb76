#include "tests/unit/test.h"

#include "lib/der/der.h"
#include "lib/pki/csr.h"
#include "lib/pki/oid.h"
#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_REQUESTS 400
#define MUTATIONS       3000

/* What a request asks for. Strings are in the form of OpenSSL's configuration. */
struct ask {
    enum fix_key key;
    const EVP_MD *md;
    const char *cn;
    const char *org;
    const char *email;
    const char *san;
    const char *eku;
    const char *basic;
    const char *usage;
    bool challenge;
};

static void ext_push(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
    X509_EXTENSION *ext;

    if (value == NULL)
        return;
    ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(ext);
    sk_X509_EXTENSION_push(list, ext);
}

static void name_add(X509_NAME *name, const char *field, const char *value)
{
    if (value != NULL)
        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0), 1);
}

static uint8_t *req_der(X509_REQ *req, EVP_PKEY *key, const EVP_MD *md, size_t *out_len)
{
    uint8_t *der = NULL;
    int len;

    assert_true(X509_REQ_sign(req, key, md) > 0);
    len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    *out_len = (size_t)len;
    return der;
}

static uint8_t *request(const struct ask *a, size_t *out_len)
{
    X509_REQ *req = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
    EVP_PKEY *key = fix_key(a->key);
    uint8_t *der;

    X509_REQ_set_version(req, 0);
    X509_REQ_set_pubkey(req, key);
    name_add(X509_REQ_get_subject_name(req), "CN", a->cn);
    name_add(X509_REQ_get_subject_name(req), "O", a->org);
    name_add(X509_REQ_get_subject_name(req), "emailAddress", a->email);
    if (a->challenge)
        X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_ASC, (const unsigned char *)"secret", 6);
    ext_push(exts, NID_subject_alt_name, a->san);
    ext_push(exts, NID_ext_key_usage, a->eku);
    ext_push(exts, NID_basic_constraints, a->basic);
    ext_push(exts, NID_key_usage, a->usage);
    if (sk_X509_EXTENSION_num(exts) > 0)
        X509_REQ_add_extensions(req, exts);
    der = req_der(req, key, a->key == FIX_ED25519 ? NULL : a->md != NULL ? a->md : EVP_sha256(), out_len);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    X509_REQ_free(req);
    return der;
}

/* Parse from a block of exactly the right size, so that a sanitizer sees one byte too many. */
static struct tb_verifier *verifier;

static int parse(const uint8_t *der, size_t len, struct tb_csr *out, uint8_t **out_block)
{
    struct tb_csr again;
    int r;

    *out_block = malloc(len + (len == 0));
    memcpy(*out_block, der, len);
    r = tb_csr_parse(tb_span_of(*out_block, len), out, NULL);
    /* With the verifier that has seen all the other requests it is the same. */
    assert_true(verifier != NULL || tb_verifier_new(&verifier) == 0);
    assert_int_equal(tb_csr_parse_with(verifier, tb_span_of(*out_block, len), &again, NULL), r);
    tb_csr_clear(&again);
    return r;
}

static int parse_ask(const struct ask *a, struct tb_csr *out)
{
    size_t len;
    uint8_t *der = request(a, &len);
    uint8_t *block;
    int r = parse(der, len, out, &block);

    /* the key borrows from the block, which these callers do not look at */
    free(block);
    out->spki = (struct tb_spki){.kind = out->spki.kind, .bits = out->spki.bits};
    OPENSSL_free(der);
    return r;
}

static void names_are_the_union(void **state)
{
    struct tb_csr csr;

    (void)state;
    assert_ok(parse_ask(&(struct ask){.cn = "C.example.ORG",
                                      .san = "DNS:b.example.org,DNS:a.example.org,DNS:B.example.org,IP:2001:db8::1"},
                        &csr));
    assert_int_equal(csr.num_idents, 4);
    assert_string_equal(csr.idents[0].value, "a.example.org");
    assert_string_equal(csr.idents[1].value, "b.example.org");
    assert_string_equal(csr.idents[2].value, "c.example.org");
    assert_string_equal(csr.idents[3].value, "2001:db8::1");
    tb_csr_clear(&csr);
    assert_ok(parse_ask(&(struct ask){.cn = "a.example.org", .san = "DNS:a.example.org"}, &csr));
    assert_int_equal(csr.num_idents, 1);
    tb_csr_clear(&csr);
    assert_ok(parse_ask(&(struct ask){.cn = "192.0.2.1"}, &csr));
    assert_int_equal(csr.idents[0].type, TB_IDENT_IP);
    tb_csr_clear(&csr);
    assert_ok(parse_ask(&(struct ask){.cn = "John Doe", .san = "DNS:*.example.org"}, &csr));
    assert_int_equal(csr.num_idents, 1);
    assert_true(csr.idents[0].wildcard);
    tb_csr_clear(&csr);
}

static void asked_usage_is_seen(void **state)
{
    struct tb_csr csr;

    (void)state;
    assert_ok(parse_ask(&(struct ask){.cn = "a.example", .eku = "serverAuth,clientAuth"}, &csr));
    assert_true(csr.has_eku);
    assert_false(csr.eku_unknown);
    assert_int_equal(csr.eku, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH));
    tb_csr_clear(&csr);
    assert_ok(parse_ask(&(struct ask){.cn = "a.example", .eku = "anyExtendedKeyUsage"}, &csr));
    assert_true(csr.eku_unknown);
    assert_int_equal(csr.eku, 0);
    tb_csr_clear(&csr);
    assert_int_equal(parse_ask(&(struct ask){.cn = "a.example", .eku = "serverAuth,clientAuth,serverAuth"}, &csr),
                     TB_E_DUP);
    assert_int_equal(parse_ask(&(struct ask){.cn = "a.example", .eku = "1.2.3,1.2.3"}, &csr), TB_E_DUP);
    tb_csr_clear(&csr);
}

static void every_key_and_hash(void **state)
{
    static const struct {
        enum fix_key key;
        enum tb_key_kind kind;
        unsigned bits;
    } rows[] = {{FIX_P256, TB_KEY_P256, 256},
                {FIX_P384, TB_KEY_P384, 384},
                {FIX_ED25519, TB_KEY_ED25519, 256},
                {FIX_RSA2048, TB_KEY_RSA, 2048},
                {FIX_RSA4096, TB_KEY_RSA, 4096}};
    const EVP_MD *const mds[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    struct tb_csr csr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        for (size_t h = 0; h < TB_ARRAY_LEN(mds); h++) {
            assert_ok(parse_ask(&(struct ask){.key = rows[i].key, .md = mds[h], .cn = "a.example"}, &csr));
            assert_int_equal(csr.spki.kind, rows[i].kind);
            assert_int_equal(csr.spki.bits, rows[i].bits);
            tb_csr_clear(&csr);
        }
    }
    assert_int_equal(parse_ask(&(struct ask){.key = FIX_OTHER, .cn = "a.example"}, &csr), TB_E_UNSUPPORTED);
    assert_int_equal(parse_ask(&(struct ask){.md = EVP_sha1(), .cn = "a.example"}, &csr), TB_E_UNSUPPORTED);
    assert_int_equal(parse_ask(&(struct ask){.key = FIX_RSA2048, .md = EVP_sha1(), .cn = "a.example"}, &csr),
                     TB_E_UNSUPPORTED);
}

static void refused_names(void **state)
{
    static const struct ask rows[] = {
        {.org = "nobody"},
        {.cn = "John Doe"},
        {.cn = "a.example", .san = "email:a@a.example"},
        {.cn = "a.example", .san = "DNS:a.example,URI:https://a.example"},
        {.cn = "a.example", .san = "otherName:1.2.3.4;UTF8:a.example"},
        {.cn = "a.example", .san = "DNS:a_b.example"},
        {.cn = "a.example", .san = "DNS:a.example."},
        {.cn = "a.example", .san = "DNS:a.*.example"},
        {.cn = "a.example", .san = "IP:::ffff:192.0.2.1"},
        {.cn = "a.example", .san = "DER:30:00"},
        {.cn = "a.example", .san = "DER:30:05:87:03:01:02:03"},
        {.cn = "a.example", .san = "DER:30:06:82:04:61:00:2e:62"},
        {.cn = "a.example", .eku = "DER:30:00"},
        {.cn = "a.example", .eku = "DER:30:02:05:00"},
        {.cn = "a.example", .eku = "DER:30:03:06:01:80"},
        {.cn = "a.example", .eku = "DER:06:01:2a"},
    };
    struct tb_csr csr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        int r = parse_ask(&rows[i], &csr);

        if (r != TB_E_FORMAT && r != TB_E_UNSUPPORTED)
            fail_msg("row %zu: %d", i, r);
        assert_null(csr.idents);
    }
}

static void too_many_names(void **state)
{
    char san[TB_IDENT_NUM_MAX * 16 + 32] = "";
    struct tb_csr csr;

    (void)state;
    for (size_t i = 0; i < TB_IDENT_NUM_MAX; i++)
        snprintf(san + strlen(san), 24, "%sDNS:n%zu.example", i == 0 ? "" : ",", i);
    assert_ok(parse_ask(&(struct ask){.cn = "n5.example", .san = san}, &csr));
    assert_int_equal(csr.num_idents, TB_IDENT_NUM_MAX);
    tb_csr_clear(&csr);
    assert_int_equal(parse_ask(&(struct ask){.cn = "one-more.example", .san = san}, &csr), TB_E_LIMIT);
    strcat(san, ",DNS:x.example");
    assert_int_equal(parse_ask(&(struct ask){.san = san}, &csr), TB_E_LIMIT);
}

/* Requests that OpenSSL does not make: the attributes are given in DER, the rest is sound. */
static int parse_by_hand(uint8_t version, struct tb_span attrs)
{
    static const uint8_t alg[] = {TB_DER_SEQUENCE, 10, TB_DER_OID, 8, TB_OID_ECDSA_SHA256};
    uint8_t spki[100];
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
    struct tb_span key = fix_spki(fix_key(FIX_P256), spki, sizeof(spki));
    struct tb_wr wr;
    struct tb_wr info;
    struct tb_csr csr;
    uint8_t *block;
    size_t mark;
    int r;

    tb_wr_init(&wr, TB_CSR_DER_MAX);
    tb_wr_init(&info, TB_CSR_DER_MAX);
    mark = tb_der_begin(&info, TB_DER_SEQUENCE);
    tb_der_put(&info, TB_DER_INTEGER, tb_span_of(&version, 1));
    tb_der_put(&info, TB_DER_SEQUENCE, tb_span_of(NULL, 0));
    tb_wr_bytes(&info, key.p, key.len);
    if (attrs.p != NULL)
        tb_der_put(&info, TB_DER_CTX_CONS(0), attrs);
    tb_der_end(&info, mark);
    assert_ok(tb_key_sign(fix_key(FIX_P256), TB_SIG_ECDSA_SHA256, tb_wr_span(&info), sig, &sig_len));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, info.buf, info.len);
    tb_wr_bytes(&wr, alg, sizeof(alg));
    tb_der_put_bits(&wr, tb_span_of(sig, sig_len));
    tb_der_end(&wr, mark);
    assert_ok(tb_wr_err(&wr));
    r = parse(wr.buf, wr.len, &csr, &block);
    tb_csr_clear(&csr);
    free(block);
    tb_wr_clear(&info);
    tb_wr_clear(&wr);
    return r;
}

#define SAN_EXT     0x30, 0x0c, 0x06, 0x03, TB_OID_SUBJECT_ALT, 0x04, 0x05, 0x30, 0x03, 0x82, 0x01, 'a'
#define SAN_EXT_LEN 14
/* extensionRequest with n octets of extensions */
#define REQ_ATTR(n) 0x30, 15 + (n), 0x06, 0x09, TB_OID_EXT_REQUEST, 0x31, 2 + (n), 0x30, (n)
#define BYTES(...)  tb_span_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void shapes_are_strict(void **state)
{
    (void)state;
    assert_ok(parse_by_hand(0, BYTES(REQ_ATTR(SAN_EXT_LEN), SAN_EXT)));
    assert_int_equal(parse_by_hand(1, BYTES(REQ_ATTR(SAN_EXT_LEN), SAN_EXT)), TB_E_FORMAT);
    assert_int_equal(parse_by_hand(0, tb_span_of(NULL, 0)), TB_E_FORMAT);
    /* the same extension twice, the same attribute twice, two values, none */
    assert_int_equal(parse_by_hand(0, BYTES(REQ_ATTR(2 * SAN_EXT_LEN), SAN_EXT, SAN_EXT)), TB_E_DUP);
    assert_int_equal(parse_by_hand(0, BYTES(REQ_ATTR(SAN_EXT_LEN), SAN_EXT, REQ_ATTR(SAN_EXT_LEN), SAN_EXT)), TB_E_DUP);
    assert_int_equal(parse_by_hand(0, BYTES(0x30, 17 + SAN_EXT_LEN, 0x06, 0x09, TB_OID_EXT_REQUEST, 0x31,
                                            4 + SAN_EXT_LEN, 0x30, SAN_EXT_LEN, SAN_EXT, 0x30, 0)),
                     TB_E_FORMAT);
    assert_int_equal(parse_by_hand(0, BYTES(0x30, 13, 0x06, 0x09, TB_OID_EXT_REQUEST, 0x31, 0)), TB_E_FORMAT);
    /* critical FALSE written out, TRUE as 01 */
    assert_ok(parse_by_hand(0, BYTES(REQ_ATTR(17), 0x30, 15, 0x06, 0x03, TB_OID_SUBJECT_ALT, 1, 1, 0xff, 0x04, 0x05,
                                     0x30, 0x03, 0x82, 0x01, 'a')));
    assert_int_equal(parse_by_hand(0, BYTES(REQ_ATTR(17), 0x30, 15, 0x06, 0x03, TB_OID_SUBJECT_ALT, 1, 1, 0x00, 0x04,
                                            0x05, 0x30, 0x03, 0x82, 0x01, 'a')),
                     TB_E_FORMAT);
    assert_int_equal(parse_by_hand(0, BYTES(REQ_ATTR(17), 0x30, 15, 0x06, 0x03, TB_OID_SUBJECT_ALT, 1, 1, 0x01, 0x04,
                                            0x05, 0x30, 0x03, 0x82, 0x01, 'a')),
                     TB_E_FORMAT);
}

/* OpenSSL's view of the same names, sorted, each "type:text\n" once. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t openssl_names(X509_REQ *req, char **out)
{
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(req);
    GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
    char cn[128];
    struct tb_ident id;
    size_t n = 0;
    size_t unique = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *s = g->d.ia5;

        assert_true(g->type == GEN_DNS || g->type == GEN_IPADD);
        out[n] = calloc(1, 300);
        if (g->type == GEN_DNS)
            for (int j = 0; j < ASN1_STRING_length(s); j++)
                out[n][j] = (char)(ASN1_STRING_get0_data(s)[j] | (ASN1_STRING_get0_data(s)[j] >= 'A' ? 0x20 : 0));
        else
            for (int j = 0; j < ASN1_STRING_length(s); j++)
                snprintf(out[n] + strlen(out[n]), 8, "#%02x", ASN1_STRING_get0_data(s)[j]);
        n++;
    }
    if (X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(req), NID_commonName, cn, sizeof(cn)) > 0 &&
        tb_ident_parse(TB_IDENT_DNS, tb_span_str(cn), &id, NULL) == 0) {
        out[n] = calloc(1, 300);
        tb_ident_text(out[n++], &id);
    }
    qsort(out, n, sizeof(*out), by_text);
    for (size_t i = 0; i < n; i++) {
        if (unique > 0 && strcmp(out[unique - 1], out[i]) == 0)
            free(out[i]);
        else
            out[unique++] = out[i];
    }
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return unique;
}

static void our_text(const struct tb_ident *id, char *out)
{
    ASN1_OCTET_STRING *ip;

    if (id->type == TB_IDENT_DNS) {
        tb_ident_text(out, id);
        return;
    }
    ip = a2i_IPADDRESS(id->value);
    out[0] = '\0';
    for (int j = 0; j < ASN1_STRING_length(ip); j++)
        snprintf(out + strlen(out), 8, "#%02x", ASN1_STRING_get0_data(ip)[j]);
    ASN1_OCTET_STRING_free(ip);
}

/* OpenSSL accepts and verifies it, and reads the same key and names. */
static void openssl_agrees(const uint8_t *der, size_t len, const struct tb_csr *csr)
{
    const unsigned char *p = der;
    X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)len);
    char *theirs[TB_IDENT_NUM_MAX + 1];
    char *ours[TB_IDENT_NUM_MAX + 1];
    EVP_PKEY *key = NULL;
    size_t n;

    assert_non_null(req);
    assert_ptr_equal(p, der + len);
    assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
    assert_ok(tb_spki_pkey(&csr->spki, &key));
    assert_int_equal(EVP_PKEY_eq(key, X509_REQ_get0_pubkey(req)), 1);
    EVP_PKEY_free(key);
    n = openssl_names(req, theirs);
    assert_int_equal(n, csr->num_idents);
    for (size_t i = 0; i < n; i++) {
        ours[i] = malloc(300);
        our_text(&csr->idents[i], ours[i]);
    }
    qsort(ours, n, sizeof(*ours), by_text);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(ours[i], theirs[i]);
        free(ours[i]);
        free(theirs[i]);
    }
    X509_REQ_free(req);
}

static const char *pick(const char *const *list, size_t n)
{
    return list[fix_rand((uint32_t)n)];
}
#define PICK(...)                                                                                                      \
    pick((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static struct ask random_ask(char *san, size_t cap)
{
    /* P-256 mostly: P-384 and RSA 4096 cost a hundred times as much */
    static const enum fix_key keys[] = {FIX_P256, FIX_P256, FIX_P256,    FIX_P256,   FIX_P256,
                                        FIX_P256, FIX_P384, FIX_ED25519, FIX_RSA2048};
    uint32_t n = 1 + fix_rand(8);

    san[0] = '\0';
    for (uint32_t i = 0; i < n; i++) {
        size_t at = strlen(san);

        switch (fix_rand(5)) {
        case 0:
            snprintf(san + at, cap - at, "%sIP:192.0.2.%u", i ? "," : "", fix_rand(256));
            break;
        case 1:
            snprintf(san + at, cap - at, "%sIP:2001:db8::%x:%x", i ? "," : "", fix_rand(65536), fix_rand(4));
            break;
        case 2:
            snprintf(san + at, cap - at, "%sDNS:*.W%u.Example", i ? "," : "", fix_rand(9));
            break;
        default:
            snprintf(san + at, cap - at, "%sDNS:Host-%u.example.ORG", i ? "," : "", fix_rand(20));
        }
    }
    return (struct ask){.key = keys[fix_rand(TB_ARRAY_LEN(keys))],
                        .cn = PICK(NULL, "host-1.example.org", "Evil Corp", "new.example"),
                        .org = PICK(NULL, "EVILORG"),
                        .email = PICK(NULL, "evil@evilmail.example"),
                        .san = san,
                        .eku = PICK(NULL, "clientAuth", "serverAuth,clientAuth", "anyExtendedKeyUsage,codeSigning"),
                        .basic = PICK(NULL, "critical,CA:TRUE", "CA:TRUE,pathlen:0"),
                        .usage = PICK(NULL, "keyCertSign,cRLSign", "critical,digitalSignature,keyEncipherment"),
                        .challenge = fix_rand(3) == 0};
}

static bool holds(struct tb_span in, const char *what)
{
    return memmem(in.p, in.len, what, strlen(what)) != NULL;
}

/* Invariant 12: what a TBS made from a request states is the wish's usage and the request's names, nothing else. */
static void nothing_reaches_a_tbs(const struct tb_csr *csr)
{
    static const uint8_t issuer[] = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55,
                                     0x04, 0x03, 0x0c, 0x04, 'T',  'e',  's',  't'};
    struct tb_leaf leaf = {.serial = {1},
                           .sig_alg = TB_SIG_ECDSA_SHA256,
                           .issuer_name = tb_span_of(issuer, sizeof(issuer)),
                           .issuer_keyid = tb_span_of(issuer, 20 - 3),
                           .not_before = FIX_NOW,
                           .not_after = FIX_NOW + 1,
                           .cn = fix_rand(2) ? TB_CN_NONE : TB_CN_FIRST_DNS,
                           .idents = csr->idents,
                           .num_idents = csr->num_idents,
                           .spki = csr->spki.der,
                           .key_kind = csr->spki.kind,
                           .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)};
    struct tb_wr wr;
    struct tb_tbs t;
    const char *why;

    tb_wr_init(&wr, TB_TBS_MAX);
    assert_ok(tb_tbs_write(&wr, &leaf));
    assert_ok(tb_tbs_lint(tb_wr_span(&wr), &leaf, &why));
    assert_ok(tb_tbs_read(tb_wr_span(&wr), &t));
    assert_int_equal(t.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    assert_false(t.is_ca || t.eku_unknown || t.unknown_extension);
    assert_int_equal(t.key_usage, 0x8000);
    assert_false(holds(tb_wr_span(&wr), "EVILORG") || holds(tb_wr_span(&wr), "evilmail") ||
                 holds(tb_wr_span(&wr), "Evil Corp") || holds(tb_wr_span(&wr), "secret"));
    tb_tbs_clear(&t);
    tb_wr_clear(&wr);
}

static void invariant_12_random_requests(void **state)
{
    char san[512];

    (void)state;
    for (int i = 0; i < RANDOM_REQUESTS; i++) {
        struct ask a = random_ask(san, sizeof(san));
        struct tb_csr csr;
        uint8_t *block;
        size_t len;
        uint8_t *der = request(&a, &len);

        if (parse(der, len, &csr, &block) != 0)
            fail_msg("refused: CN=%s SAN=%s", a.cn ? a.cn : "-", san);
        openssl_agrees(der, len, &csr);
        nothing_reaches_a_tbs(&csr);
        tb_csr_clear(&csr);
        free(block);
        OPENSSL_free(der);
    }
}

static void mutated_requests(void **state)
{
    static const struct ask a = {.cn = "a.example", .san = "DNS:b.example,IP:192.0.2.1", .eku = "clientAuth"};
    struct tb_csr csr;
    uint8_t *block;
    size_t len;
    uint8_t *der = request(&a, &len);

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_not_equal(parse(der, cut, &csr, &block), 0);
        free(block);
    }
    for (int i = 0; i < MUTATIONS; i++) {
        uint8_t *bad = malloc(len + 1);
        size_t bad_len = len + (fix_rand(16) == 0);

        memcpy(bad, der, len);
        bad[len] = 0;
        for (uint32_t flips = 1 + fix_rand(3); flips > 0 && bad_len == len; flips--)
            bad[fix_rand((uint32_t)len)] ^= (uint8_t)(1U << fix_rand(8));
        if (parse(bad, bad_len, &csr, &block) == 0)
            openssl_agrees(bad, bad_len, &csr);
        tb_csr_clear(&csr);
        free(block);
        free(bad);
    }
    OPENSSL_free(der);
}

static void refusals_say_why(void **state)
{
    static const struct ask a = {.cn = "a.example"};
    struct tb_problem pb = {0};
    struct tb_csr csr;
    size_t len;
    uint8_t *der = request(&a, &len);

    (void)state;
    assert_ok(tb_csr_parse(tb_span_of(der, len), &csr, &pb));
    assert_int_equal(pb.type, TB_P_NONE);
    tb_csr_clear(&csr);
    der[len - 1] ^= 1;
    assert_int_equal(tb_csr_parse(tb_span_of(der, len), &csr, &pb), TB_E_BADSIG);
    assert_int_equal(pb.type, TB_P_BAD_CSR);
    assert_non_null(strstr(pb.detail, "signature"));
    assert_null(csr.idents);
    assert_null(csr.spki.der.p);
    tb_problem_clear(&pb);
    OPENSSL_free(der);
    der = calloc(1, TB_CSR_DER_MAX + 1);
    assert_int_equal(tb_csr_parse(tb_span_of(der, TB_CSR_DER_MAX + 1), &csr, NULL), TB_E_LIMIT);
    free(der);
    tb_csr_clear(NULL);
}

static int teardown(void **state)
{
    (void)state;
    tb_verifier_free(verifier);
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_union),
        cmocka_unit_test(asked_usage_is_seen),
        cmocka_unit_test(every_key_and_hash),
        cmocka_unit_test(refused_names),
        cmocka_unit_test(too_many_names),
        cmocka_unit_test(shapes_are_strict),
        cmocka_unit_test(invariant_12_random_requests),
        cmocka_unit_test(mutated_requests),
        cmocka_unit_test(refusals_say_why),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
