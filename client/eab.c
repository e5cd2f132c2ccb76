/* External account binding (RFC 8555 section 7.3.4). */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "client/account.h"
#include "lib/base/b64u.h"

static void put_b64u(struct tb_wr *wr, struct tb_span in)
{
    char *to = (char *)tb_wr_reserve(wr, TB_B64U_LEN(in.len) + 1);

    if (to == NULL)
        return;
    tb_b64u_encode(to, in);
    wr->len--; /* the NUL */
}

static void write_header(struct tb_wr *wr, const char *kid, const char *url)
{
    struct tb_jw jw = tb_jw_of(wr);

    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "alg", "HS256");
    tb_jw_kv(&jw, "kid", kid);
    tb_jw_kv(&jw, "url", url);
    tb_jw_end_obj(&jw);
}

int tb_acme_eab(struct tb_wr *out, const char *kid, struct tb_span key, const char *url, struct tb_span jwk)
{
    uint8_t mac[TB_DIGEST_LEN];
    unsigned mac_len = sizeof(mac);
    struct tb_wr header;
    struct tb_wr input;
    size_t dot;
    int r;

    tb_wr_init(&header, TB_JWS_HEADER_MAX);
    tb_wr_init(&input, TB_JWS_BODY_MAX);
    write_header(&header, kid, url);
    put_b64u(&input, tb_wr_span(&header));
    dot = input.len;
    tb_wr_u8(&input, '.');
    put_b64u(&input, jwk);
    r = tb_wr_err(&header) < 0 ? tb_wr_err(&header) : tb_wr_err(&input);
    if (r == 0 && HMAC(EVP_sha256(), key.p, (int)key.len, input.buf, input.len, mac, &mac_len) == NULL)
        r = TB_E_CRYPTO;
    if (r == 0) {
        tb_wr_str(out, "{\"protected\":\"");
        tb_wr_bytes(out, input.buf, dot);
        tb_wr_str(out, "\",\"payload\":\"");
        tb_wr_bytes(out, input.buf + dot + 1, input.len - dot - 1);
        tb_wr_str(out, "\",\"signature\":\"");
        put_b64u(out, tb_span_of(mac, mac_len));
        tb_wr_str(out, "\"}");
        r = tb_wr_err(out);
    }
    tb_wr_clear(&header);
    tb_wr_clear(&input);
    return r;
}
