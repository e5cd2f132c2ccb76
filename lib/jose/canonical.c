#include "lib/jose/canonical.h"

#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"

static const uint8_t pre_p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                   0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t pre_p384[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                   0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};
static const uint8_t pre_ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
/* SEQUENCE { rsaEncryption, NULL } */
static const uint8_t rsa_algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                        0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

static const struct tb_jose_kind kinds[TB_ALG__COUNT] = {
    [TB_ALG_ES256] = {"ES256", "EC", "P-256", "prime256v1", 32, pre_p256, sizeof(pre_p256)},
    [TB_ALG_ES384] = {"ES384", "EC", "P-384", "secp384r1", 48, pre_p384, sizeof(pre_p384)},
    [TB_ALG_EDDSA] = {"EdDSA", "OKP", "Ed25519", NULL, 32, pre_ed25519, sizeof(pre_ed25519)},
    [TB_ALG_RS256] = {"RS256", "RSA", NULL, NULL, 0, NULL, 0},
};

const struct tb_jose_kind *tb_jose_kind(enum tb_jws_alg alg)
{
    return &kinds[alg];
}

const char *tb_jws_alg_name(enum tb_jws_alg alg)
{
    return (unsigned)alg < TB_ALG__COUNT ? kinds[alg].name : NULL;
}

enum tb_jws_alg tb_jws_alg_find(struct tb_span name)
{
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++)
        if (tb_span_eq_str(name, kinds[a].name))
            return (enum tb_jws_alg)a;
    return TB_ALG_NONE;
}

/* ,"name":"base64url" */
static void put_part(struct tb_wr *wr, const char *name, struct tb_span bytes)
{
    char text[TB_B64U_LEN(TB_JOSE_RSA_N_MAX) + 1];

    if (bytes.len > TB_JOSE_RSA_N_MAX) {
        if (wr->err == 0)
            wr->err = TB_E_LIMIT;
        return;
    }
    tb_b64u_encode(text, bytes);
    tb_wr_str(wr, "\"");
    tb_wr_str(wr, name);
    tb_wr_str(wr, "\":\"");
    tb_wr_str(wr, text);
    tb_wr_str(wr, "\"");
}

void tb_jose_write_canonical(struct tb_wr *wr, const struct tb_jose_parts *parts)
{
    const struct tb_jose_kind *k = &kinds[parts->alg];

    tb_wr_str(wr, "{");
    if (k->crv == NULL) {
        put_part(wr, "e", parts->b);
        tb_wr_str(wr, ",\"kty\":\"RSA\",");
        put_part(wr, "n", parts->a);
    } else {
        tb_wr_str(wr, "\"crv\":\"");
        tb_wr_str(wr, k->crv);
        tb_wr_str(wr, "\",\"kty\":\"");
        tb_wr_str(wr, k->kty);
        tb_wr_str(wr, "\",");
        put_part(wr, "x", parts->a);
        if (parts->b.len > 0) {
            tb_wr_str(wr, ",");
            put_part(wr, "y", parts->b);
        }
    }
    tb_wr_str(wr, "}");
}

/* DER is built backwards: then every length is known when its header is written. */
struct back {
    uint8_t buf[TB_JOSE_RSA_N_MAX + TB_JOSE_RSA_E_MAX + 64];
    size_t at;
};

static void back_bytes(struct back *b, const void *p, size_t n)
{
    b->at -= n;
    memcpy(b->buf + b->at, p, n);
}

static void back_byte(struct back *b, uint8_t v)
{
    b->buf[--b->at] = v;
}

/* Tag and length for what stands between here and end. */
static void back_header(struct back *b, uint8_t tag, size_t end)
{
    size_t n = end - b->at;

    back_byte(b, (uint8_t)n);
    if (n > 0xff) {
        back_byte(b, (uint8_t)(n >> 8));
        back_byte(b, 0x82);
    } else if (n > 0x7f) {
        back_byte(b, 0x81);
    }
    back_byte(b, tag);
}

static void back_integer(struct back *b, struct tb_span v)
{
    size_t end = b->at;

    back_bytes(b, v.p, v.len);
    if (v.p[0] & 0x80)
        back_byte(b, 0);
    back_header(b, 0x02, end);
}

static void rsa_spki_digest(uint8_t out[static TB_DIGEST_LEN], struct tb_span n, struct tb_span e)
{
    struct back b = {.at = sizeof(b.buf)};

    back_integer(&b, e);
    back_integer(&b, n);
    back_header(&b, 0x30, sizeof(b.buf));
    back_byte(&b, 0); /* no unused bits */
    back_header(&b, 0x03, sizeof(b.buf));
    back_bytes(&b, rsa_algorithm, sizeof(rsa_algorithm));
    back_header(&b, 0x30, sizeof(b.buf));
    tb_sha256(out, tb_span_of(b.buf + b.at, sizeof(b.buf) - b.at));
}

void tb_jose_spki_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_jose_parts *parts)
{
    const struct tb_jose_kind *k = &kinds[parts->alg];

    if (k->spki_pre == NULL)
        rsa_spki_digest(out, parts->a, parts->b);
    else
        tb_sha256v(out, (struct tb_span[]){tb_span_of(k->spki_pre, k->spki_pre_len), parts->a, parts->b}, 3);
}
