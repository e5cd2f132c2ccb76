#include "client/revoke.h"

#include <string.h>

#include "lib/base/b64u.h"

static const struct {
    const char *word;
    int code;
} reasons[] = {
    {"unspecified", 0}, {"keyCompromise", 1}, {"affiliationChanged", 3}, {"superseded", 4}, {"cessationOfOperation", 5},
};

int tb_revoke_reason(const char *word, int *out)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(reasons); i++)
        if (strcmp(reasons[i].word, word) == 0) {
            *out = reasons[i].code;
            return 0;
        }
    return TB_E_NOTFOUND;
}

static int write_request(struct tb_wr *wr, X509 *cert, int reason)
{
    struct tb_jw jw = tb_jw_of(wr);
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    char *to;

    if (len <= 0)
        return TB_E_CRYPTO;
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "certificate");
    tb_wr_u8(wr, '"');
    if ((to = (char *)tb_wr_reserve(wr, TB_B64U_LEN((size_t)len) + 1)) != NULL) {
        tb_b64u_encode(to, tb_span_of(der, (size_t)len));
        wr->len--; /* the NUL */
    }
    tb_wr_u8(wr, '"');
    jw.comma = true;
    if (reason >= 0) {
        tb_jw_key(&jw, "reason");
        tb_jw_int(&jw, reason);
    }
    tb_jw_end_obj(&jw);
    OPENSSL_free(der);
    return tb_wr_err(wr);
}

int tb_revoke(struct tb_acme *a, const struct tb_client_chain *chain, int reason, struct tb_keyproc *by_key)
{
    struct tb_https_answer answer;
    struct tb_wr payload;
    int r;

    if (a->dir.revoke_cert[0] == '\0')
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_UNSUPPORTED, "this server has no revokeCert");
    tb_wr_init(&payload, TB_JWS_BODY_MAX);
    if ((r = write_request(&payload, chain->certs[0], reason)) < 0) {
        (void)tb_fail_set(a->fail, TB_EXIT_FAILURE, r, "the request cannot be written: %s", tb_err_text(r));
    } else {
        r = tb_acme_post_by(a, by_key != NULL ? by_key : a->key, by_key != NULL ? NULL : a->account, a->dir.revoke_cert,
                            tb_wr_span(&payload), &answer);
        tb_https_answer_clear(&answer);
    }
    tb_wr_clear(&payload);
    return r;
}
