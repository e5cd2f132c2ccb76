/*
 * tabard_chain_check against X509_verify_cert.  The input is a recipe for up to 8 certificates, which are made and
 * signed here, or (first bit set) certificates as octets.  What we accept, OpenSSL accepts, at least when it is given
 * that path alone; what only OpenSSL accepts has a reason of doc/verify-differences.md.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/tabard/verify.h"

#define CERTS_MAX 8
#define KEYS      4
#define SPEC_LEN  6
#define NOW       INT64_C(1798761600) /* 2027-01-01T00:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *keys[KEYS];

/* Differences on purpose: doc/verify-differences.md has a row for each. */
static const enum tabard_reason stricter[] = {
    TABARD_R_EKU_ABSENT,
    TABARD_R_EKU_ANY,
    TABARD_R_EKU_ISSUER_ANY,
    TABARD_R_LEAF_IS_CA,
    TABARD_R_SELF_SIGNED,
    TABARD_R_SAN_ABSENT,
    TABARD_R_SAN_NUL,
    TABARD_R_SAN_TRAILING_DOT,
    TABARD_R_SAN_WILDCARD,
    TABARD_R_SAN_EMPTY_LABEL,
    TABARD_R_SAN_NOT_ASCII,
    TABARD_R_SAN_MALFORMED,
    TABARD_R_SAN_TOO_MANY,
    TABARD_R_NAME_CONSTRAINT,
    TABARD_R_CRITICAL_EXTENSION,
    TABARD_R_VERSION,
    TABARD_R_KEY_WEAK,
    TABARD_R_SIGNATURE_WEAK,
    TABARD_R_EXTENSION_MALFORMED,
    TABARD_R_PATH_LOOP,
};

static void add_ext(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (ext == NULL || X509_add_ext(x, ext, -1) != 1)
        abort();
    X509_EXTENSION_free(ext);
}

static void add_eku(X509 *x, unsigned bits)
{
    static const char *const names[] = {"clientAuth", "serverAuth", "emailProtection", "anyExtendedKeyUsage",
                                        "codeSigning"};
    char value[128] = "";

    for (size_t i = 0; i < 5; i++)
        if ((bits & 1u << i) != 0)
            sprintf(value + strlen(value), "%s%s", value[0] != '\0' ? "," : "", names[i]);
    if (value[0] != '\0')
        add_ext(x, NID_ext_key_usage, value);
}

static void set_name(X509_NAME *name, unsigned i)
{
    char cn[16];

    snprintf(cn, sizeof(cn), "Name %u", i);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
}

/* s[0] names and keys, s[1] basic constraints and key usage, s[2] EKU, s[3] SAN and validity, s[4] constraints, AKID.
 */
static X509 *mint(const uint8_t *s, unsigned serial)
{
    static const char *const sans[] = {"DNS:a.example.test",
                                       "DNS:b.other.test",
                                       "DNS:*.example.test",
                                       "IP:192.0.2.1",
                                       "DNS:a.example.test,DNS:b.other.test",
                                       "DNS:*.com",
                                       "email:a@example.test",
                                       "URI:spiffe://example.test/x"};
    static const char *const constraints[] = {
        "permitted;DNS:example.test", "excluded;DNS:a.example.test", "permitted;IP:192.0.2.0/255.255.255.0",
        "excluded;DNS:test",          "permitted;DNS:other.test",    "permitted;URI:example.test",
        "excluded;email:example.test"};
    static const char *const usages[] = {NULL, "critical,keyCertSign,cRLSign", "critical,digitalSignature",
                                         "critical,digitalSignature,keyCertSign"};
    X509 *x = X509_new();
    char basic[64];

    X509_set_version(x, (s[4] & 0x40) != 0 && (s[5] & 3) == 3 ? X509_VERSION_1 : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial + 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), (s[3] & 0x70) == 0x70 ? "20280101000000Z" : "20260101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), (s[3] & 0x70) == 0x60 ? "20261231000000Z" : "20460101000000Z");
    set_name(X509_get_subject_name(x), s[0] & 3);
    set_name(X509_get_issuer_name(x), s[0] >> 2 & 3);
    X509_set_pubkey(x, keys[s[0] >> 4 & 3]);
    snprintf(basic, sizeof(basic), "critical,CA:%s", (s[1] & 1) != 0 ? "TRUE" : "FALSE");
    if ((s[1] & 3) == 3 && (s[1] & 4) != 0)
        sprintf(basic + strlen(basic), ",pathlen:%d", s[1] >> 3 & 3);
    if ((s[1] & 0xe0) != 0xe0)
        add_ext(x, NID_basic_constraints, basic);
    if (usages[s[1] >> 5 & 3] != NULL)
        add_ext(x, NID_key_usage, usages[s[1] >> 5 & 3]);
    add_eku(x, s[2]);
    if ((s[3] & 8) == 0)
        add_ext(x, NID_subject_alt_name, sans[s[3] & 7]);
    if ((s[4] & 7) < 7 && (s[4] & 8) != 0)
        add_ext(x, NID_name_constraints, constraints[s[4] & 7]);
    if ((s[4] & 0x10) != 0)
        add_ext(x, NID_subject_key_identifier, "hash");
    if (X509_sign(x, keys[s[0] >> 6], EVP_sha256()) == 0)
        abort();
    return x;
}

struct chain {
    X509 *x[CERTS_MAX];
    bool anchor[CERTS_MAX];
    uint8_t *der[CERTS_MAX]; /* exact-size copies */
    size_t len[CERTS_MAX];
    size_t num;
    enum tabard_role role;
};

static void chain_add(struct chain *c, X509 *x, bool anchor)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x, &der);

    if (len <= 0) {
        X509_free(x);
        return;
    }
    c->der[c->num] = malloc((size_t)len);
    memcpy(c->der[c->num], der, (size_t)len);
    c->len[c->num] = (size_t)len;
    c->anchor[c->num] = anchor;
    c->x[c->num++] = x;
    OPENSSL_free(der);
}

static void chain_read(struct chain *c, const uint8_t *data, size_t size)
{
    bool raw = size > 0 && (data[0] & 0x80) != 0;

    if (size == 0)
        return;
    c->role = (data[0] & 1) != 0 ? TABARD_ROLE_SERVER : TABARD_ROLE_CLIENT;
    data++;
    size--;
    while (!raw && size >= SPEC_LEN && c->num < CERTS_MAX) {
        chain_add(c, mint(data, (unsigned)c->num), (data[5] & 0x80) != 0);
        data += SPEC_LEN;
        size -= SPEC_LEN;
    }
    while (raw && size > 0 && c->num < CERTS_MAX) {
        uint8_t *copy = malloc(size);
        const unsigned char *p = copy;
        X509 *x;
        size_t used;

        memcpy(copy, data, size);
        x = d2i_X509(NULL, &p, (long)size);
        used = x != NULL ? (size_t)(p - copy) : size;
        free(copy);
        if (x == NULL)
            break;
        /* The last one of a raw chain is the anchor. */
        chain_add(c, x, size == used);
        data += used;
        size -= used;
    }
}

static int pass_on(int ok, X509_STORE_CTX *ctx)
{
    (void)ctx;
    return ok;
}

/* Which certificates OpenSSL may use: bit i is certificate i. */
static int openssl_says(const struct chain *c, unsigned use)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_VERIFY_PARAM *param;
    int r;

    for (size_t i = 0; i < c->num; i++) {
        if ((use & 1u << i) == 0)
            continue;
        if (c->anchor[i])
            X509_STORE_add_cert(store, c->x[i]);
        else if (i > 0)
            sk_X509_push(untrusted, c->x[i]);
    }
    X509_STORE_CTX_init(ctx, store, c->x[0], untrusted);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)NOW);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_purpose(param,
                                  c->role == TABARD_ROLE_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
    X509_STORE_CTX_set_verify_cb(ctx, pass_on);
    r = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    sk_X509_free(untrusted);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return r;
}

/* OpenSSL follows one path; given another selection of certificates it may find the one that we found. */
static bool openssl_accepts_some(const struct chain *c)
{
    for (unsigned use = 1; use < 1u << c->num; use += 2)
        if (openssl_says(c, use) == X509_V_OK)
            return true;
    return false;
}

static bool is_stricter(enum tabard_reason reason)
{
    for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
        if (stricter[i] == reason)
            return true;
    return false;
}

static void differ(const struct chain *c, const struct tabard_decision *d, int theirs)
{
    fprintf(stderr, "we: %s (%s %d: %s / %s), OpenSSL: %s\n", tabard_reason_text(tabard_decision_reason(d)),
            tabard_decision_object(d), tabard_decision_depth(d), tabard_decision_expected(d), tabard_decision_seen(d),
            X509_verify_cert_error_string(theirs));
    for (size_t i = 0; i < c->num; i++)
        X509_print_ex_fp(stderr, c->x[i], 0, X509_FLAG_NO_SIGDUMP | X509_FLAG_NO_PUBKEY);
    abort();
}

static void compare(const struct chain *c)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_cert certs[CERTS_MAX];
    struct tabard_request req = {
        .size = sizeof(req), .role = c->role, .time = NOW, .anchors = anchors, .revocation = TABARD_REVOCATION_NONE};
    size_t num = 0;
    int theirs = openssl_says(c, ~0u);
    bool sound;

    for (size_t i = 0; i < c->num; i++) {
        if (c->anchor[i])
            tabard_anchors_add_der(anchors, c->der[i], c->len[i], TABARD_ROLE_BIT(c->role));
        if (!c->anchor[i] || i == 0)
            certs[num++] = (struct tabard_cert){.der = c->der[i], .len = c->len[i]};
    }
    tabard_chain_check(&req, certs, num, decision);
    sound = tabard_decision_reason(decision) == TABARD_R_CHAIN_SOUND;
    if (tabard_decision_allowed(decision))
        abort();
    if (sound && theirs != X509_V_OK && !openssl_accepts_some(c))
        differ(c, decision, theirs);
    if (!sound && theirs == X509_V_OK && !is_stricter(tabard_decision_reason(decision)))
        differ(c, decision, theirs);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chain c = {0};

    for (size_t i = 0; i < KEYS; i++)
        if (keys[i] == NULL)
            keys[i] = EVP_EC_gen("P-256");
    chain_read(&c, data, size);
    if (c.num > 0)
        compare(&c);
    for (size_t i = 0; i < c.num; i++) {
        X509_free(c.x[i]);
        free(c.der[i]);
    }
    return 0;
}
