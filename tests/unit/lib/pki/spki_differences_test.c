/*
 * Where our reading of keys and OpenSSL's (d2i_PUBKEY) differ, one input a row.  OpenSSL takes BER, other encodings of
 * a point and other numbers; we take one encoding of a key, so that its digest stands for it.  What we take, OpenSSL
 * takes as the same key.
 */
#include "tests/unit/test.h"

#include "lib/pki/spki.h"
#include "tests/unit/lib/pki/fixture.h"

#include <openssl/core_names.h>
#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/oid.h"

#define BUF_MAX 1200
#define COORD   32 /* octets of a coordinate of P-256 */
#define RSA_N   256

static const uint8_t p256_alg[] = {0x06, 0x07, TB_OID_EC_PUBLIC_KEY, 0x06, 0x08, TB_OID_P256};
static const uint8_t rsa_alg[] = {0x06, 0x09, TB_OID_RSA_ENCRYPTION, 0x05, 0x00};
static const uint8_t ed25519_alg[] = {0x06, 0x03, TB_OID_ED25519};

#define SPAN(array) tb_span_of((array), sizeof(array))

/* --- pieces --- */

/* 04 || x || y of the P-256 key. */
static const uint8_t *point(void)
{
    static uint8_t buf[BUF_MAX];
    struct tb_span der = fix_spki(fix_key(FIX_P256), buf, sizeof(buf));

    return der.p + der.len - (1 + 2 * COORD);
}

static bool y_is_odd(void)
{
    return (point()[2 * COORD] & 1) != 0;
}

/* alg is the content of the AlgorithmIdentifier; bits the content of the BIT STRING, with its octet of unused bits. */
static void spki_raw(struct tb_wr *wr, struct tb_span alg, struct tb_span bits)
{
    size_t mark = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put(wr, TB_DER_SEQUENCE, alg);
    tb_der_put(wr, TB_DER_BIT_STRING, bits);
    tb_der_end(wr, mark);
}

static void spki(struct tb_wr *wr, struct tb_span alg, struct tb_span key)
{
    uint8_t bits[BUF_MAX] = {0};

    memcpy(bits + 1, key.p, key.len);
    spki_raw(wr, alg, tb_span_of(bits, key.len + 1));
}

/* The point with another first octet; len of its octets. */
static void point_as(struct tb_wr *wr, uint8_t form, size_t len)
{
    uint8_t p[1 + 2 * COORD];

    memcpy(p, point(), sizeof(p));
    p[0] = form;
    spki(wr, SPAN(p256_alg), tb_span_of(p, len));
}

/* The RSA key's modulus behind a zero octet for the sign. */
static const uint8_t *modulus(void)
{
    static uint8_t n[1 + RSA_N];
    BIGNUM *bn = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(fix_key(FIX_RSA2048), OSSL_PKEY_PARAM_RSA_N, &bn), 1);
    assert_int_equal(BN_bn2binpad(bn, n + 1, RSA_N), RSA_N);
    BN_free(bn);
    return n;
}

/* What a row changes of an RSA key: contents of the two INTEGERs, and what stands behind them or behind the sequence.
 */
struct rsa {
    struct tb_span alg, n, e, third, behind;
};

static void rsa(struct tb_wr *wr, const struct rsa *r)
{
    static const uint8_t f4[] = {1, 0, 1};
    uint8_t buf[BUF_MAX];
    struct tb_wr key;
    size_t mark;

    tb_wr_fixed(&key, buf, sizeof(buf));
    mark = tb_der_begin(&key, TB_DER_SEQUENCE);
    tb_der_put(&key, TB_DER_INTEGER, r->n.len > 0 ? r->n : tb_span_of(modulus(), 1 + RSA_N));
    tb_der_put(&key, TB_DER_INTEGER, r->e.len > 0 ? r->e : SPAN(f4));
    tb_wr_bytes(&key, r->third.p, r->third.len);
    tb_der_end(&key, mark);
    tb_wr_bytes(&key, r->behind.p, r->behind.len);
    assert_ok(tb_wr_err(&key));
    spki(wr, r->alg.len > 0 ? r->alg : SPAN(rsa_alg), tb_wr_span(&key));
}

/* --- points --- */

static void uncompressed(struct tb_wr *wr)
{
    point_as(wr, 0x04, 1 + 2 * COORD);
}

static void compressed(struct tb_wr *wr)
{
    point_as(wr, y_is_odd() ? 0x03 : 0x02, 1 + COORD);
}

static void hybrid(struct tb_wr *wr)
{
    point_as(wr, y_is_odd() ? 0x07 : 0x06, 1 + 2 * COORD);
}

static void hybrid_of_other_parity(struct tb_wr *wr)
{
    point_as(wr, y_is_odd() ? 0x06 : 0x07, 1 + 2 * COORD);
}

static void infinity(struct tb_wr *wr)
{
    point_as(wr, 0x00, 1);
}

static void infinity_of_full_length(struct tb_wr *wr)
{
    static const uint8_t zero[1 + 2 * COORD];

    spki(wr, SPAN(p256_alg), SPAN(zero));
}

static void no_point(struct tb_wr *wr)
{
    spki(wr, SPAN(p256_alg), tb_span_of("", 0));
}

static void short_point(struct tb_wr *wr)
{
    point_as(wr, 0x04, 2 * COORD);
}

static void long_point(struct tb_wr *wr)
{
    uint8_t p[2 + 2 * COORD] = {0};

    memcpy(p, point(), 1 + 2 * COORD);
    spki(wr, SPAN(p256_alg), SPAN(p));
}

static void off_the_curve(struct tb_wr *wr)
{
    uint8_t p[1 + 2 * COORD];

    memcpy(p, point(), sizeof(p));
    p[2 * COORD] ^= 1;
    spki(wr, SPAN(p256_alg), SPAN(p));
}

/* The coordinate is p + something. */
static void x_above_p(struct tb_wr *wr)
{
    uint8_t p[1 + 2 * COORD];

    memcpy(p, point(), sizeof(p));
    memset(p + 1, 0xff, COORD);
    spki(wr, SPAN(p256_alg), SPAN(p));
}

/* --- algorithms --- */

static void of_key(struct tb_wr *wr, EVP_PKEY *key)
{
    uint8_t buf[BUF_MAX];
    struct tb_span der = fix_spki(key, buf, sizeof(buf));

    tb_wr_bytes(wr, der.p, der.len);
}

static void explicit_parameters(struct tb_wr *wr)
{
    EVP_PKEY *key = EVP_PKEY_dup(fix_key(FIX_P256));

    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    of_key(wr, key);
    EVP_PKEY_free(key);
}

static void without_curve(struct tb_wr *wr)
{
    spki(wr, tb_span_of(p256_alg, 9), tb_span_of(point(), 1 + 2 * COORD));
}

static void null_for_a_curve(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x07, TB_OID_EC_PUBLIC_KEY, 0x05, 0x00};

    spki(wr, SPAN(alg), tb_span_of(point(), 1 + 2 * COORD));
}

static void something_behind_the_curve(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x07, TB_OID_EC_PUBLIC_KEY, 0x06, 0x08, TB_OID_P256, 0x05, 0x00};

    spki(wr, SPAN(alg), tb_span_of(point(), 1 + 2 * COORD));
}

static void another_curve(struct tb_wr *wr)
{
    of_key(wr, fix_key(FIX_OTHER));
}

static void key_agreement_only(struct tb_wr *wr)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");

    of_key(wr, key);
    EVP_PKEY_free(key);
}

/* --- encodings --- */

/* The SPKI of the P-256 key with its header replaced. */
static void with_header(struct tb_wr *wr, const void *header, size_t len, const void *end, size_t end_len)
{
    uint8_t buf[BUF_MAX];
    struct tb_wr whole;

    tb_wr_fixed(&whole, buf, sizeof(buf));
    uncompressed(&whole);
    tb_wr_bytes(wr, header, len);
    tb_wr_bytes(wr, buf + 2, whole.len - 2);
    tb_wr_bytes(wr, end, end_len);
}

static void length_in_two_octets(struct tb_wr *wr)
{
    with_header(wr, "\x30\x81\x59", 3, NULL, 0);
}

static void length_with_a_zero(struct tb_wr *wr)
{
    with_header(wr, "\x30\x82\x00\x59", 4, NULL, 0);
}

static void indefinite_length(struct tb_wr *wr)
{
    with_header(wr, "\x30\x80", 2, "\0", 2);
}

static void something_behind(struct tb_wr *wr)
{
    with_header(wr, "\x30\x59", 2, "\0", 1);
}

static void something_behind_the_bits(struct tb_wr *wr)
{
    with_header(wr, "\x30\x5b", 2, "\x05\0", 2);
}

static void a_set(struct tb_wr *wr)
{
    with_header(wr, "\x31\x59", 2, NULL, 0);
}

static void one_octet_too_few(struct tb_wr *wr)
{
    uint8_t buf[BUF_MAX];
    struct tb_wr whole;

    tb_wr_fixed(&whole, buf, sizeof(buf));
    uncompressed(&whole);
    tb_wr_bytes(wr, buf, whole.len - 1);
}

/* As the bits of a point end with those of y: a key whose y is even keeps it. */
static void an_unused_bit(struct tb_wr *wr)
{
    uint8_t bits[2 + 2 * COORD] = {1};
    EVP_PKEY *key = NULL;
    uint8_t buf[BUF_MAX];
    struct tb_span der;

    do {
        EVP_PKEY_free(key);
        key = EVP_EC_gen("P-256");
        der = fix_spki(key, buf, sizeof(buf));
    } while ((der.p[der.len - 1] & 1) != 0);
    memcpy(bits + 1, der.p + der.len - (1 + 2 * COORD), 1 + 2 * COORD);
    spki_raw(wr, SPAN(p256_alg), SPAN(bits));
    EVP_PKEY_free(key);
}

static void eight_unused_bits(struct tb_wr *wr)
{
    uint8_t bits[2 + 2 * COORD] = {8};

    memcpy(bits + 1, point(), 1 + 2 * COORD);
    spki_raw(wr, SPAN(p256_alg), SPAN(bits));
}

static void bits_in_pieces(struct tb_wr *wr)
{
    size_t mark = tb_der_begin(wr, TB_DER_SEQUENCE);
    uint8_t bits[2 + 2 * COORD] = {0};
    size_t inner;

    memcpy(bits + 1, point(), 1 + 2 * COORD);
    tb_der_put(wr, TB_DER_SEQUENCE, SPAN(p256_alg));
    inner = tb_der_begin(wr, TB_DER_BIT_STRING | 0x20);
    tb_der_put(wr, TB_DER_BIT_STRING, SPAN(bits));
    tb_der_end(wr, inner);
    tb_der_end(wr, mark);
}

/* --- RSA --- */

static void rsa_sound(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){0});
}

static void rsa_without_parameters(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.alg = tb_span_of(rsa_alg, 11)});
}

static void rsa_with_other_parameters(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x09, TB_OID_RSA_ENCRYPTION, 0x02, 0x01, 0x00};

    rsa(wr, &(struct rsa){.alg = SPAN(alg)});
}

static void rsa_with_a_null_that_holds_something(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x09, TB_OID_RSA_ENCRYPTION, 0x05, 0x01, 0x00};

    rsa(wr, &(struct rsa){.alg = SPAN(alg)});
}

static void rsa_negative(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.n = tb_span_of(modulus() + 1, RSA_N)});
}

static void rsa_padded(struct tb_wr *wr)
{
    uint8_t n[2 + RSA_N] = {0};

    memcpy(n + 1, modulus(), 1 + RSA_N);
    rsa(wr, &(struct rsa){.n = SPAN(n)});
}

static void rsa_padded_exponent(struct tb_wr *wr)
{
    static const uint8_t e[] = {0, 1, 0, 1};

    rsa(wr, &(struct rsa){.e = SPAN(e)});
}

static void rsa_even(struct tb_wr *wr)
{
    uint8_t n[1 + RSA_N];

    memcpy(n, modulus(), sizeof(n));
    n[RSA_N] &= 0xfe;
    rsa(wr, &(struct rsa){.n = SPAN(n)});
}

static void rsa_of_2047_bits(struct tb_wr *wr)
{
    uint8_t n[RSA_N];

    memcpy(n, modulus() + 1, sizeof(n));
    n[0] = 0x7f;
    rsa(wr, &(struct rsa){.n = SPAN(n)});
}

static void rsa_of_1024_bits(struct tb_wr *wr)
{
    uint8_t n[1 + RSA_N / 2];

    memcpy(n, modulus(), sizeof(n));
    n[1] |= 0x80;
    n[RSA_N / 2] |= 1;
    rsa(wr, &(struct rsa){.n = SPAN(n)});
}

static void rsa_with_exponent_3(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.e = tb_span_of("\x03", 1)});
}

static void rsa_with_exponent_1(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.e = tb_span_of("\x01", 1)});
}

static void rsa_with_exponent_0(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.e = tb_span_of("\0", 1)});
}

static void rsa_with_an_even_exponent(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.e = tb_span_of("\x01\x00\x02", 3)});
}

static void rsa_with_an_exponent_of_65_bits(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.e = tb_span_of("\1\0\0\0\0\0\0\0\1", 9)});
}

static void rsa_with_a_third_number(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.third = tb_span_of("\x02\x01\x01", 3)});
}

static void rsa_with_something_behind_the_key(struct tb_wr *wr)
{
    rsa(wr, &(struct rsa){.behind = tb_span_of("\0", 1)});
}

static void rsa_for_pss(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};

    rsa(wr, &(struct rsa){.alg = SPAN(alg)});
}

/* --- Ed25519 --- */

static void ed25519_sound(struct tb_wr *wr)
{
    of_key(wr, fix_key(FIX_ED25519));
}

static void ed25519_with_null(struct tb_wr *wr)
{
    static const uint8_t alg[] = {0x06, 0x03, TB_OID_ED25519, 0x05, 0x00};
    uint8_t buf[BUF_MAX];
    struct tb_span der = fix_spki(fix_key(FIX_ED25519), buf, sizeof(buf));

    spki(wr, SPAN(alg), tb_span_of(der.p + der.len - 32, 32));
}

static void ed25519_short(struct tb_wr *wr)
{
    spki(wr, SPAN(ed25519_alg), tb_span_of(point(), 31));
}

static void ed25519_long(struct tb_wr *wr)
{
    spki(wr, SPAN(ed25519_alg), tb_span_of(point(), 33));
}

/* --- what each says --- */

#define REFUSES false
#define TAKES   true

static const struct {
    const char *name;
    void (*make)(struct tb_wr *wr);
    int parse, pkey; /* of ours; pkey counts when parse is 0 */
    bool openssl;
} rows[] = {
    {"uncompressed", uncompressed, 0, 0, TAKES},
    {"compressed", compressed, TB_E_FORMAT, 0, TAKES},
    {"hybrid", hybrid, TB_E_FORMAT, 0, TAKES},
    {"hybrid, other parity", hybrid_of_other_parity, TB_E_FORMAT, 0, REFUSES},
    {"infinity", infinity, TB_E_FORMAT, 0, TAKES},
    {"infinity, full length", infinity_of_full_length, TB_E_FORMAT, 0, REFUSES},
    {"no point", no_point, TB_E_FORMAT, 0, REFUSES},
    {"short point", short_point, TB_E_FORMAT, 0, REFUSES},
    {"long point", long_point, TB_E_FORMAT, 0, REFUSES},
    {"off the curve", off_the_curve, 0, TB_E_CRYPTO, REFUSES},
    {"x above p", x_above_p, 0, TB_E_CRYPTO, REFUSES},
    {"explicit parameters", explicit_parameters, TB_E_UNSUPPORTED, 0, TAKES},
    {"without curve", without_curve, TB_E_UNSUPPORTED, 0, REFUSES},
    {"null for a curve", null_for_a_curve, TB_E_UNSUPPORTED, 0, REFUSES},
    {"behind the curve", something_behind_the_curve, TB_E_FORMAT, 0, REFUSES},
    {"another curve", another_curve, TB_E_UNSUPPORTED, 0, TAKES},
    {"key agreement only", key_agreement_only, TB_E_UNSUPPORTED, 0, TAKES},
    {"length in two octets", length_in_two_octets, TB_E_FORMAT, 0, TAKES},
    {"length with a zero", length_with_a_zero, TB_E_FORMAT, 0, TAKES},
    {"indefinite length", indefinite_length, TB_E_FORMAT, 0, TAKES},
    {"behind the whole", something_behind, TB_E_FORMAT, 0, TAKES}, /* it leaves the rest to its caller */
    {"behind the bits", something_behind_the_bits, TB_E_FORMAT, 0, REFUSES},
    {"a set", a_set, TB_E_FORMAT, 0, REFUSES},
    {"one octet too few", one_octet_too_few, TB_E_FORMAT, 0, REFUSES},
    {"an unused bit", an_unused_bit, TB_E_FORMAT, 0, TAKES},
    {"eight unused bits", eight_unused_bits, TB_E_FORMAT, 0, REFUSES},
    {"bits in pieces", bits_in_pieces, TB_E_FORMAT, 0, TAKES},
    {"rsa", rsa_sound, 0, 0, TAKES},
    {"rsa without parameters", rsa_without_parameters, TB_E_FORMAT, 0, TAKES},
    {"rsa with other parameters", rsa_with_other_parameters, TB_E_FORMAT, 0, TAKES},
    {"rsa, full null", rsa_with_a_null_that_holds_something, TB_E_FORMAT, 0, REFUSES},
    {"rsa negative", rsa_negative, TB_E_FORMAT, 0, TAKES},
    {"rsa padded", rsa_padded, TB_E_FORMAT, 0, TAKES},
    {"rsa padded exponent", rsa_padded_exponent, TB_E_FORMAT, 0, TAKES},
    {"rsa even", rsa_even, TB_E_FORMAT, 0, TAKES},
    {"rsa 2047 bits", rsa_of_2047_bits, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa 1024 bits", rsa_of_1024_bits, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa exponent 3", rsa_with_exponent_3, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa exponent 1", rsa_with_exponent_1, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa exponent 0", rsa_with_exponent_0, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa even exponent", rsa_with_an_even_exponent, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa exponent of 65 bits", rsa_with_an_exponent_of_65_bits, TB_E_UNSUPPORTED, 0, TAKES},
    {"rsa third number", rsa_with_a_third_number, TB_E_FORMAT, 0, REFUSES},
    {"rsa behind the key", rsa_with_something_behind_the_key, TB_E_FORMAT, 0, TAKES},
    {"rsa for pss", rsa_for_pss, TB_E_UNSUPPORTED, 0, TAKES},
    {"ed25519", ed25519_sound, 0, 0, TAKES},
    {"ed25519 with null", ed25519_with_null, TB_E_FORMAT, 0, REFUSES},
    {"ed25519 short", ed25519_short, TB_E_FORMAT, 0, REFUSES},
    {"ed25519 long", ed25519_long, TB_E_FORMAT, 0, REFUSES},
};

static void each_says_what_stands_here(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        EVP_PKEY *ours = NULL, *theirs;
        uint8_t buf[BUF_MAX];
        const uint8_t *p = buf;
        struct tb_spki key;
        struct tb_wr wr;
        int parse, pkey = 0;

        tb_wr_fixed(&wr, buf, sizeof(buf));
        rows[i].make(&wr);
        assert_ok(tb_wr_err(&wr));
        if ((parse = tb_spki_parse(tb_wr_span(&wr), &key, NULL)) == 0)
            pkey = tb_spki_pkey(&key, &ours);
        theirs = d2i_PUBKEY(NULL, &p, (long)wr.len);
        if (parse != rows[i].parse || pkey != rows[i].pkey || (theirs != NULL) != rows[i].openssl) {
            print_error("%s: parse %d, pkey %d; OpenSSL %s\n", rows[i].name, parse, pkey,
                        theirs != NULL ? "takes it" : "refuses it");
            wrong++;
        }
        if (ours != NULL)
            assert_int_equal(EVP_PKEY_eq(ours, theirs), 1);
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
    }
    assert_int_equal(wrong, 0);
}

static int teardown(void **state)
{
    (void)state;
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_says_what_stands_here)};

    return cmocka_run_group_tests(tests, NULL, teardown);
}
