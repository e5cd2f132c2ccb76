#include "bench/jws.h"

#include <string.h>

#include "lib/base/b64u.h"
#include "lib/der/der.h"

#define HEADER_MAX 4096
#define INPUT_MAX  16384
#define HALF       32 /* octets of r and of s */

int tb_load_jws_init(struct tb_load_jws *j, EVP_PKEY *key)
{
    memset(j, 0, sizeof(*j));
    tb_wr_init(&j->header, HEADER_MAX);
    tb_wr_init(&j->input, INPUT_MAX);
    return tb_signer_new(key, &j->signer);
}

void tb_load_jws_clear(struct tb_load_jws *j)
{
    tb_signer_free(j->signer);
    tb_wr_clear(&j->header);
    tb_wr_clear(&j->input);
    memset(j, 0, sizeof(*j));
}

int tb_load_jws_set_kid(struct tb_load_jws *j, const char *kid)
{
    tb_wr_reset(&j->header);
    tb_wr_str(&j->header, "{\"alg\":\"ES256\",\"kid\":\"");
    tb_wr_str(&j->header, kid);
    tb_wr_str(&j->header, "\",\"nonce\":\"");
    j->same = j->header.len;
    return tb_wr_err(&j->header);
}

static void put_b64u(struct tb_wr *wr, struct tb_span in)
{
    char *to = (char *)tb_wr_reserve(wr, TB_B64U_LEN(in.len) + 1);

    if (to == NULL)
        return;
    tb_b64u_encode(to, in);
    wr->len--; /* the NUL */
}

static int put_half(struct tb_rd *rd, uint8_t out[static HALF])
{
    struct tb_span n;
    int r = tb_der_uint(rd, &n);

    if (r < 0)
        return r;
    if (n.len > HALF)
        return TB_E_CRYPTO;
    memset(out, 0, HALF - n.len);
    memcpy(out + HALF - n.len, n.p, n.len);
    return 0;
}

/* The fixed-width r || s of RFC 7518 section 3.4. */
static int sign(struct tb_load_jws *j, uint8_t out[static 2 * HALF])
{
    uint8_t der[TB_SIG_MAX];
    size_t len = 0;
    struct tb_rd rd, inner;
    int r;

    if ((r = tb_signer_sign(j->signer, TB_SIG_ECDSA_SHA256, tb_wr_span(&j->input), der, &len)) < 0)
        return r;
    rd = tb_rd_of(tb_span_of(der, len));
    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &inner)) < 0 || (r = put_half(&inner, out)) < 0)
        return r;
    return put_half(&inner, out + HALF);
}

int tb_load_jws_make(struct tb_load_jws *j, const char *nonce, const char *url, struct tb_span payload,
                     struct tb_wr *out)
{
    uint8_t sig[2 * HALF];
    struct tb_span in;
    size_t dot;
    int r;

    if (j->same == 0)
        return TB_E_STATE;
    j->header.len = j->same;
    tb_wr_str(&j->header, nonce);
    tb_wr_str(&j->header, "\",\"url\":\"");
    tb_wr_str(&j->header, url);
    tb_wr_str(&j->header, "\"}");
    tb_wr_reset(&j->input);
    put_b64u(&j->input, tb_wr_span(&j->header));
    dot = j->input.len;
    tb_wr_u8(&j->input, '.');
    put_b64u(&j->input, payload);
    if ((r = tb_wr_err(&j->header)) < 0 || (r = tb_wr_err(&j->input)) < 0 || (r = sign(j, sig)) < 0)
        return r;
    in = tb_wr_span(&j->input);
    tb_wr_str(out, "{\"protected\":\"");
    tb_wr_bytes(out, in.p, dot);
    tb_wr_str(out, "\",\"payload\":\"");
    tb_wr_bytes(out, in.p + dot + 1, in.len - dot - 1);
    tb_wr_str(out, "\",\"signature\":\"");
    put_b64u(out, tb_span_of(sig, sizeof(sig)));
    tb_wr_str(out, "\"}");
    return tb_wr_err(out);
}
