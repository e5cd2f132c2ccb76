#include "lib/jose/jws.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/jose/jwk_json.h"
#include "lib/jose/outer.h"
#include "lib/json/json.h"

static int bad(struct tb_problem *pb, int err, const char *why)
{
    return tb_problem_set(pb, err, TB_P_MALFORMED, "JWS: %s", why);
}

/* Exactly the three: RFC 8555 section 6.2 forbids "header" and "signatures", and others mean another format. */
static int get_outer(const json_t *obj, struct tb_jose_outer *out, struct tb_problem *pb)
{
    if (tb_json_str(obj, "protected", TB_JWS_BODY_MAX, &out->protected) < 0)
        return bad(pb, TB_E_FORMAT, "\"protected\" is missing or not a string");
    if (tb_json_str(obj, "payload", TB_JWS_BODY_MAX, &out->payload) < 0)
        return bad(pb, TB_E_FORMAT, "\"payload\" is missing or not a string");
    if (tb_json_str(obj, "signature", TB_JWS_BODY_MAX, &out->signature) < 0)
        return bad(pb, TB_E_FORMAT, "\"signature\" is missing or not a string");
    if (json_object_size(obj) != 3)
        return bad(pb, TB_E_FORMAT, "it has members besides \"protected\", \"payload\" and \"signature\"");
    return 0;
}

static int check_outer(const struct tb_jose_outer *o, struct tb_problem *pb)
{
    if (o->protected.len == 0)
        return bad(pb, TB_E_FORMAT, "\"protected\" is empty");
    if (o->protected.len > TB_B64U_LEN(TB_JWS_HEADER_MAX))
        return bad(pb, TB_E_LIMIT, "\"protected\" is too long");
    return 0;
}

/* obj owns what the spans point to, when it is not NULL. */
static int read_outer(struct tb_span body, json_t **obj, struct tb_jose_outer *out, struct tb_problem *pb)
{
    int r;

    if (body.len <= TB_JWS_BODY_MAX && tb_jose_outer_read(body, out))
        return check_outer(out, pb);
    if ((r = tb_json_parse(body, TB_JWS_BODY_MAX, obj)) < 0)
        return tb_problem_set(pb, r, TB_P_MALFORMED, "JWS: the request body is no acceptable JSON object: %s",
                              tb_err_text(r));
    if ((r = get_outer(*obj, out, pb)) < 0)
        return r;
    return check_outer(out, pb);
}

/* One block holds the signing input, the decoded payload and the decoded signature. */
static int decode_outer(const struct tb_jose_outer *o, struct tb_jws *out, struct tb_problem *pb)
{
    size_t input_len = o->protected.len + 1 + o->payload.len;
    size_t payload_cap = TB_B64U_LEN(o->payload.len);
    size_t sig_cap = TB_B64U_LEN(o->signature.len);
    uint8_t *p = malloc(input_len + payload_cap + sig_cap);
    size_t n;

    if (p == NULL)
        return tb_problem_set(pb, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    out->mem = p;
    out->signing_input = tb_span_of(p, input_len);
    memcpy(p, o->protected.p, o->protected.len);
    p[o->protected.len] = '.';
    memcpy(p + o->protected.len + 1, o->payload.p, o->payload.len);
    p += input_len;
    if (tb_b64u_decode(p, payload_cap, &n, o->payload) < 0)
        return bad(pb, TB_E_FORMAT, "\"payload\" is not base64url");
    out->payload = tb_span_of(p, n);
    p += payload_cap;
    if (tb_b64u_decode(p, sig_cap, &n, o->signature) < 0)
        return bad(pb, TB_E_FORMAT, "\"signature\" is not base64url");
    out->sig = tb_span_of(p, n);
    return 0;
}

/* A header member that must be a string of 1 to cap - 1 bytes. TB_E_NOTFOUND without a problem when it is absent. */
static int get_text(const json_t *header, const char *name, char *out, size_t cap, struct tb_problem *pb)
{
    struct tb_span s;
    int r = tb_json_str(header, name, cap - 1, &s);

    if (r == TB_E_NOTFOUND)
        return r;
    if (r == 0 && s.len == 0)
        r = TB_E_FORMAT;
    if (r < 0)
        return tb_problem_set(pb, r, TB_P_MALFORMED, "JWS: \"%s\" of the header is %s", name,
                              r == TB_E_LIMIT ? "too long" : "not a string or empty");
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static int get_alg(const json_t *header, enum tb_jws_alg *out, struct tb_problem *pb)
{
    struct tb_span s;

    if (tb_json_str(header, "alg", 64, &s) < 0 || s.len == 0)
        return bad(pb, TB_E_FORMAT, "\"alg\" of the header is missing or not a short string");
    *out = tb_jws_alg_find(s);
    if (*out == TB_ALG_NONE)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_BAD_SIGNATURE_ALGORITHM,
                              "JWS: algorithm \"%.*s\" is not supported; use ES256, ES384, EdDSA or RS256", (int)s.len,
                              (const char *)s.p);
    return 0;
}

/* RFC 8555 section 6.5.2: a nonce outside the base64url alphabet is malformed, not a bad nonce. */
static int get_nonce(const json_t *header, struct tb_jws *out, struct tb_problem *pb)
{
    int r = get_text(header, "nonce", out->nonce, sizeof(out->nonce), pb);

    if (r == TB_E_NOTFOUND)
        return 0;
    if (r < 0)
        return r;
    out->has_nonce = true;
    return tb_b64u_alphabet(tb_span_str(out->nonce)) ? 0 : bad(pb, TB_E_FORMAT, "\"nonce\" is not base64url");
}

static int get_key(const json_t *header, struct tb_jws *out, struct tb_problem *pb)
{
    const json_t *jwk = json_object_get(header, "jwk");
    int r = get_text(header, "kid", out->kid, sizeof(out->kid), pb);

    if (r < 0 && r != TB_E_NOTFOUND)
        return r;
    if ((jwk != NULL) == (r == 0))
        return bad(pb, TB_E_FORMAT, "exactly one of \"jwk\" and \"kid\" must be in the header");
    return jwk != NULL ? tb_jwk_of_json(jwk, &out->jwk, pb) : 0;
}

/* The cheap members come first, so that a wrong request does not cost a key. */
static int read_header(const json_t *header, struct tb_jws *out, struct tb_problem *pb)
{
    int r;

    if (json_object_get(header, "crit") != NULL || json_object_get(header, "b64") != NULL)
        return bad(pb, TB_E_FORMAT, "\"crit\" and \"b64\" are not supported in the header");
    if ((r = get_alg(header, &out->alg, pb)) < 0)
        return r;
    if ((r = get_text(header, "url", out->url, sizeof(out->url), pb)) < 0)
        return r == TB_E_NOTFOUND ? bad(pb, TB_E_FORMAT, "\"url\" of the header is missing") : r;
    if ((r = get_nonce(header, out, pb)) < 0)
        return r;
    return get_key(header, out, pb);
}

static bool copy_text(char *out, size_t cap, struct tb_span s)
{
    if (s.len == 0 || s.len >= cap)
        return false;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return true;
}

/* Only a header with which nothing is wrong: the reason why another one is refused is read_header's to tell. */
static bool read_plain_header(struct tb_span text, struct tb_jws *out)
{
    struct tb_jose_header h;

    if (!tb_jose_header_read(text, &h) || !copy_text(out->url, sizeof(out->url), h.url) ||
        !copy_text(out->kid, sizeof(out->kid), h.kid))
        return false;
    out->has_nonce = h.nonce.p != NULL;
    if (out->has_nonce && (!copy_text(out->nonce, sizeof(out->nonce), h.nonce) || !tb_b64u_alphabet(h.nonce)))
        return false;
    out->alg = tb_jws_alg_find(h.alg);
    return out->alg != TB_ALG_NONE;
}

static int parse_header(struct tb_span encoded, struct tb_jws *out, struct tb_problem *pb)
{
    uint8_t text[TB_JWS_HEADER_MAX];
    json_t *header = NULL;
    size_t n;
    int r;

    if (tb_b64u_decode(text, sizeof(text), &n, encoded) < 0)
        return bad(pb, TB_E_FORMAT, "\"protected\" is not base64url");
    if (read_plain_header(tb_span_of(text, n), out))
        return 0;
    out->url[0] = out->kid[0] = out->nonce[0] = '\0';
    out->has_nonce = false;
    if ((r = tb_json_parse(tb_span_of(text, n), sizeof(text), &header)) < 0)
        return tb_problem_set(pb, r, TB_P_MALFORMED, "JWS: the protected header is no acceptable JSON object: %s",
                              tb_err_text(r));
    r = read_header(header, out, pb);
    json_decref(header);
    return r;
}

int tb_jws_parse(struct tb_span body, struct tb_jws *out, struct tb_problem *pb)
{
    json_t *obj = NULL;
    struct tb_jose_outer outer;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_outer(body, &obj, &outer, pb)) < 0 || (r = decode_outer(&outer, out, pb)) < 0 ||
        (r = parse_header(outer.protected, out, pb)) < 0)
        tb_jws_clear(out);
    json_decref(obj);
    return r;
}

void tb_jws_clear(struct tb_jws *jws)
{
    if (jws == NULL)
        return;
    tb_jwk_free(jws->jwk);
    free(jws->mem);
    memset(jws, 0, sizeof(*jws));
}

int tb_jws_verify(const struct tb_jws *jws, struct tb_jwk *key)
{
    if (jws->alg != tb_jwk_alg(key))
        return TB_E_BADSIG;
    return tb_jwk_verify(key, jws->signing_input, jws->sig);
}

void tb_jws_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_jws *jws)
{
    tb_sha256v(out, (struct tb_span[]){jws->signing_input, tb_span_of(".", 1), jws->sig}, 3);
}
