#include "lib/jose/eab.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lib/base/b64u.h"
#include "lib/json/json.h"

static int bad(struct tb_problem *pb, const char *why)
{
    return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "externalAccountBinding: %s", why);
}

void tb_eab_clear(struct tb_eab *eab)
{
    if (eab == NULL)
        return;
    tb_jwk_free(eab->jwk);
    free(eab->mem);
    memset(eab, 0, sizeof(*eab));
}

static int get_text(const json_t *header, const char *name, char *out, size_t cap)
{
    struct tb_span s;

    if (tb_json_str(header, name, cap - 1, &s) < 0 || s.len == 0)
        return TB_E_FORMAT;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static int read_header(const json_t *header, struct tb_eab *out, struct tb_problem *pb)
{
    static const char *const algs[] = {[TB_EAB_HS256] = "HS256", [TB_EAB_HS384] = "HS384", [TB_EAB_HS512] = "HS512"};
    static const char *const forbidden[] = {"nonce", "jwk", "crit", "b64"};
    struct tb_span alg;

    for (size_t i = 0; i < TB_ARRAY_LEN(forbidden); i++)
        if (json_object_get(header, forbidden[i]) != NULL)
            return bad(pb, "its header must not hold nonce, jwk, crit or b64");
    if (tb_json_str(header, "alg", 16, &alg) < 0)
        return bad(pb, "its header has no alg");
    for (unsigned i = TB_EAB_HS256; i < TB_ARRAY_LEN(algs); i++)
        if (tb_span_eq_str(alg, algs[i]))
            out->alg = (enum tb_eab_alg)i;
    if (out->alg == TB_EAB_NONE)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_BAD_SIGNATURE_ALGORITHM,
                              "externalAccountBinding: use HS256, HS384 or HS512");
    if (get_text(header, "kid", out->kid, sizeof(out->kid)) < 0 ||
        get_text(header, "url", out->url, sizeof(out->url)) < 0)
        return bad(pb, "its header needs kid and url");
    return 0;
}

/* Decoded into mem, which has room. */
static int decode(struct tb_span text, uint8_t **at, struct tb_span *out)
{
    size_t cap = text.len + 1, n = 0; /* decoded is shorter */

    if (tb_b64u_decode(*at, cap, &n, text) < 0)
        return TB_E_FORMAT;
    *out = tb_span_of(*at, n);
    *at += cap;
    return 0;
}

static int take_members(struct tb_span protected, struct tb_span payload, struct tb_span sig, struct tb_eab *out,
                        struct tb_problem *pb)
{
    size_t input_len = protected.len + 1 + payload.len;
    uint8_t *at = malloc(input_len + protected.len + 1 + payload.len + 1 + sig.len + 1);
    struct tb_span header_text, payload_text;
    json_t *header = NULL;
    int r;

    if (at == NULL)
        return TB_E_NOMEM;
    out->mem = at;
    memcpy(at, protected.p, protected.len);
    at[protected.len] = '.';
    memcpy(at + protected.len + 1, payload.p, payload.len);
    out->signing_input = tb_span_of(at, input_len);
    at += input_len;
    if (decode(protected, &at, &header_text) < 0 || decode(payload, &at, &payload_text) < 0 ||
        decode(sig, &at, &out->mac) < 0)
        return bad(pb, "a member is not base64url");
    if (tb_json_parse(header_text, TB_EAB_MEMBER_MAX, &header) < 0)
        return bad(pb, "its header is no acceptable JSON object");
    r = read_header(header, out, pb);
    json_decref(header);
    if (r == 0 && tb_jwk_parse(payload_text, &out->jwk, NULL) < 0)
        r = bad(pb, "its payload is not the account's key");
    return r;
}

int tb_eab_parse(const json_t *obj, struct tb_eab *out, struct tb_problem *pb)
{
    struct tb_span protected, payload, sig;
    int r;

    memset(out, 0, sizeof(*out));
    if (!json_is_object(obj) || json_object_size(obj) != 3 ||
        tb_json_str(obj, "protected", TB_EAB_MEMBER_MAX, &protected) < 0 ||
        tb_json_str(obj, "payload", TB_EAB_MEMBER_MAX, &payload) < 0 ||
        tb_json_str(obj, "signature", TB_EAB_MEMBER_MAX, &sig) < 0 || protected.len == 0 || payload.len == 0)
        return bad(pb, "it is no flattened JWS");
    if ((r = take_members(protected, payload, sig, out, pb)) < 0)
        tb_eab_clear(out);
    return r;
}

int tb_eab_verify(const struct tb_eab *eab, struct tb_span key)
{
    const EVP_MD *md = eab->alg == TB_EAB_HS256   ? EVP_sha256()
                       : eab->alg == TB_EAB_HS384 ? EVP_sha384()
                       : eab->alg == TB_EAB_HS512 ? EVP_sha512()
                                                  : NULL;
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (md == NULL || HMAC(md, key.p, (int)key.len, eab->signing_input.p, eab->signing_input.len, mac, &n) == NULL)
        return TB_E_BADSIG;
    return n == eab->mac.len && tb_equal_ct(mac, eab->mac.p, n) ? 0 : TB_E_BADSIG;
}
