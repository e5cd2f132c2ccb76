#include "ca/front/urls.h"

#include <stdio.h>
#include <string.h>

#include "lib/acme/public_id.h"
#include "lib/acme/url.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"

static const struct {
    const char *path;
    enum tb_public_id_kind kind;
} kinds[TB_URL__COUNT] = {
    [TB_URL_ORDER] = {"/acme/order/", TB_ID_ORDER},
    [TB_URL_AUTHZ] = {"/acme/authz/", TB_ID_AUTHZ},
    [TB_URL_CERT] = {"/acme/cert/", TB_ID_CERT},
    [TB_URL_CHALL] = {"/acme/chall/", TB_ID_AUTHZ},
};

void tb_url_make(const struct tb_front *f, enum tb_url_kind kind, uint64_t id, char out[static TB_URL_MAX + 1])
{
    char text[TB_PUBLIC_ID_LEN + 1];

    if (tb_public_id_encode(f->ids, kinds[kind].kind, id, text) < 0)
        tb_fatal("a row number cannot be enciphered");
    (void)snprintf(out, TB_URL_MAX + 1, "%s%s%s", f->cfg->base_url, kinds[kind].path, text);
}

void tb_url_challenge(const struct tb_front *f, uint64_t authz_id, enum tb_method method,
                      char out[static TB_URL_MAX + 1])
{
    size_t n;

    tb_url_make(f, TB_URL_CHALL, authz_id, out);
    n = strlen(out);
    (void)snprintf(out + n, TB_URL_MAX + 1 - n, "/%s", tb_method_info(method)->name);
}

void tb_url_finalize(const struct tb_front *f, const struct tb_order *o, char out[static TB_FINALIZE_URL_MAX + 1])
{
    struct tb_finalize_ref ref = {.signer = f->judge.signer, .epoch = f->judge.epoch, .order = o->no};

    memcpy(ref.profile, o->profile, sizeof(ref.profile));
    memcpy(ref.version, o->version, sizeof(ref.version));
    tb_finalize_url(out, f->cfg->base_url, &ref);
}

void tb_url_orders(const struct tb_front *f, const struct tb_account *a, char out[static TB_URL_MAX + 1])
{
    char text[TB_B64U_LEN(TB_DIGEST_LEN) + 1];

    tb_b64u_encode(text, tb_span_of(a->first_thumbprint, TB_DIGEST_LEN));
    (void)snprintf(out, TB_URL_MAX + 1, "%s/acme/orders/%s", f->cfg->base_url, text);
}

int tb_url_id(const struct tb_front *f, enum tb_url_kind kind, struct tb_span text, uint64_t *out)
{
    return tb_public_id_decode(f->ids, kinds[kind].kind, text, out) < 0 ? TB_E_FORMAT : 0;
}
