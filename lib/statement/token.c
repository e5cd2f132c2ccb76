#include "lib/statement/token.h"

#include <string.h>

#include "lib/base/hash.h"

#define VERSION     1
#define NONCE_LEN   16
#define EXPIRY_LEN  6
#define MAC_LEN     16
#define BODY_LEN    (1 + NONCE_LEN + EXPIRY_LEN)
#define CONTEXT_MAX 2048

_Static_assert(BODY_LEN + MAC_LEN == TB_TOKEN_RAW_LEN, "token layout");
_Static_assert(TB_B64U_LEN(TB_TOKEN_RAW_LEN) == TB_TOKEN_LEN, "token text");

/* The domain string keeps this MAC apart from every other use of the construction. */
static int token_mac(const struct tb_key *key, const struct tb_token_context *ctx, const uint8_t body[static BODY_LEN],
                     uint8_t out[static MAC_LEN])
{
    uint8_t buf[CONTEXT_MAX];
    uint8_t mac[TB_DIGEST_LEN];
    struct tb_wr wr;

    /* Over an empty set of purposes nothing can be proved. */
    if (tb_method_info(ctx->method) == NULL || ctx->purposes == 0)
        return TB_E_INVAL;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_str16(&wr, "tabard challenge token");
    tb_wr_bytes(&wr, body, BODY_LEN);
    tb_audience_write(&wr, ctx->audience);
    tb_wr_u8(&wr, (uint8_t)ctx->method);
    tb_ident_write(&wr, ctx->ident);
    tb_wr_u32(&wr, ctx->purposes);
    tb_wr_str16(&wr, ctx->account_url);
    tb_wr_bytes(&wr, ctx->thumbprint, TB_DIGEST_LEN);
    if (ctx->subtree) /* so that a token for one name is what it was before there was another scope */
        tb_wr_u8(&wr, 1);
    if (tb_wr_err(&wr) < 0)
        return TB_E_INVAL;
    tb_hmac_sha256(mac, key, tb_wr_span(&wr));
    memcpy(out, mac, MAC_LEN);
    return 0;
}

int tb_token_make(const struct tb_key *key, const struct tb_token_context *ctx, tb_time_t expiry,
                  char out[static TB_TOKEN_LEN + 1])
{
    uint8_t raw[TB_TOKEN_RAW_LEN] = {VERSION};
    int r;

    out[0] = '\0';
    if (expiry < 0 || expiry >= INT64_C(1) << (8 * EXPIRY_LEN))
        return TB_E_INVAL;
    tb_random(raw + 1, NONCE_LEN);
    for (int i = 0; i < EXPIRY_LEN; i++)
        raw[1 + NONCE_LEN + i] = (uint8_t)(expiry >> (8 * (EXPIRY_LEN - 1 - i)));
    if ((r = token_mac(key, ctx, raw, raw + BODY_LEN)) < 0)
        return r;
    tb_b64u_encode(out, tb_span_of(raw, sizeof(raw)));
    return 0;
}

int tb_token_check(const struct tb_key *key, const struct tb_token_context *ctx, struct tb_span token, tb_time_t now)
{
    uint8_t raw[TB_TOKEN_RAW_LEN];
    uint8_t mac[MAC_LEN];
    tb_time_t expiry = 0;
    size_t n;

    if (token.len != TB_TOKEN_LEN || tb_b64u_decode(raw, sizeof(raw), &n, token) < 0 || n != sizeof(raw) ||
        raw[0] != VERSION)
        return TB_E_FORMAT;
    if (token_mac(key, ctx, raw, mac) < 0 || !tb_equal_ct(mac, raw + BODY_LEN, MAC_LEN))
        return TB_E_BADSIG;
    for (int i = 0; i < EXPIRY_LEN; i++)
        expiry = expiry << 8 | raw[1 + NONCE_LEN + i];
    return now < expiry ? 0 : TB_E_EXPIRED;
}

void tb_key_authorization(char out[static TB_KEY_AUTHORIZATION_LEN + 1], const char *token,
                          const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    size_t n = strnlen(token, TB_TOKEN_LEN);

    memcpy(out, token, n);
    out[n] = '.';
    tb_b64u_encode(out + n + 1, tb_span_of(thumbprint, TB_DIGEST_LEN));
}
