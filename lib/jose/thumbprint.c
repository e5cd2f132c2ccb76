#include "lib/jose/thumbprint.h"

#include "lib/base/hash.h"
#include "lib/jose/canonical.h"

static const enum tb_jws_alg algs[TB_KEY__COUNT] = {
    [TB_KEY_P256] = TB_ALG_ES256,
    [TB_KEY_P384] = TB_ALG_ES384,
    [TB_KEY_ED25519] = TB_ALG_EDDSA,
    [TB_KEY_RSA] = TB_ALG_RS256,
};

static struct tb_jose_parts parts_of(const struct tb_spki *spki)
{
    struct tb_jose_parts parts = {.alg = algs[spki->kind]};
    size_t width = tb_jose_kind(parts.alg)->coord_len;

    if (parts.alg == TB_ALG_RS256) {
        parts.a = spki->rsa_n;
        parts.b = spki->rsa_e;
    } else if (parts.alg == TB_ALG_EDDSA) {
        parts.a = spki->point;
    } else {
        parts.a = tb_span_of(spki->point.p + 1, width); /* behind the octet that says "uncompressed" */
        parts.b = tb_span_of(spki->point.p + 1 + width, width);
    }
    return parts;
}

int tb_jwk_thumbprint_of_spki(uint8_t out[static TB_DIGEST_LEN], const struct tb_spki *spki)
{
    char text[TB_JWK_JSON_MAX];
    struct tb_jose_parts parts;
    struct tb_wr wr;
    int r;

    if ((unsigned)spki->kind >= TB_KEY__COUNT || algs[spki->kind] == TB_ALG_NONE)
        return TB_E_UNSUPPORTED;
    parts = parts_of(spki);
    tb_wr_fixed(&wr, text, sizeof(text));
    tb_jose_write_canonical(&wr, &parts);
    if ((r = tb_wr_err(&wr)) == 0)
        tb_sha256(out, tb_wr_span(&wr));
    return r;
}
