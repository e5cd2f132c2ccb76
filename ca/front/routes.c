#include "ca/front/routes.h"

#include "ca/front/front.h"

#define GET  (TB_METHOD_MASK(TB_HTTP_GET) | TB_METHOD_MASK(TB_HTTP_HEAD))
#define POST TB_METHOD_MASK(TB_HTTP_POST)
#define READ (GET | POST)

static const struct tb_route acme[] = {
    {"directory", "/directory", READ, TB_AUTH_READ, tb_directory_handle},
    {"directory-profile", "/?/directory", READ, TB_AUTH_READ, tb_directory_handle},
    {"renewal-info", "/acme/renewal-info/?", GET, TB_AUTH_NONE, tb_renewal_info_handle},
    {"terms", "/acme/terms", GET, TB_AUTH_NONE, tb_terms_handle},
    {"new-nonce", "/acme/new-nonce", READ, TB_AUTH_READ, tb_nonce_handle},
    {"new-acct", "/acme/new-acct", POST, TB_AUTH_JWK, tb_account_new_handle},
    {"acct", "/acme/acct/?", POST, TB_AUTH_KID, tb_account_handle},
    {"orders", "/acme/orders/?", POST, TB_AUTH_KID, tb_orders_handle},
    {"orders-page", "/acme/orders/?/?", POST, TB_AUTH_KID, tb_orders_handle},
    {"key-change", "/acme/key-change", POST, TB_AUTH_KID, tb_key_change_handle},
    {"revoke-cert", "/acme/revoke-cert", POST, TB_AUTH_ANY, tb_revoke_handle},
    {"new-order", "/acme/new-order", POST, TB_AUTH_KID, tb_order_new_handle},
    {"new-order-profile", "/?/new-order", POST, TB_AUTH_KID, tb_order_new_handle},
    {"new-authz", "/acme/new-authz", POST, TB_AUTH_KID, tb_authz_new_handle},
    {"new-authz-profile", "/?/new-authz", POST, TB_AUTH_KID, tb_authz_new_handle},
    {"order", "/acme/order/?", POST, TB_AUTH_KID, tb_order_handle},
    {"authz", "/acme/authz/?", POST, TB_AUTH_KID, tb_authz_handle},
    {"chall", "/acme/chall/?/?", POST, TB_AUTH_KID, tb_challenge_handle},
    {"finalize", "/acme/finalize/?/?/?/?", POST, TB_AUTH_KID_UNVERIFIED, tb_finalize_handle},
    {"cert", "/acme/cert/?", POST, TB_AUTH_KID, tb_certificate_handle},
    {"cert-alternate", "/acme/cert/?/?", POST, TB_AUTH_KID, tb_certificate_handle},
};
static const struct tb_route metrics[] = {
    {"metrics", "/metrics", GET, TB_AUTH_NONE, tb_metrics_handle},
};
static const struct tb_route http[] = {
    {"crl", "/crl/?/?", GET, TB_AUTH_NONE, tb_crl_handle},
    {"root-crl", "/crl/?", GET, TB_AUTH_NONE, tb_root_crl_handle},
    {"issuing", "/aia/?", GET, TB_AUTH_NONE, tb_issuing_handle},
};
#define NUM_ACME    (sizeof(acme) / sizeof(acme[0]))
#define NUM_METRICS (sizeof(metrics) / sizeof(metrics[0]))
#define NUM_HTTP    (sizeof(http) / sizeof(http[0]))
_Static_assert(NUM_ACME + NUM_METRICS + NUM_HTTP <= TB_FRONT_ROUTES_MAX, "counters have a row for every route");

static const struct {
    const struct tb_route *route;
    size_t num;
} tables[] = {
    [TB_CONN_ACME] = {acme, NUM_ACME},
    [TB_CONN_METRICS] = {metrics, NUM_METRICS},
    [TB_CONN_HTTP] = {http, NUM_HTTP},
};

const struct tb_route *tb_routes(enum tb_conn_kind kind, size_t *out_num)
{
    *out_num = tables[kind].num;
    return tables[kind].route;
}

size_t tb_route_index(const struct tb_route *route)
{
    size_t before = 0;

    for (size_t i = 0; i < TB_ARRAY_LEN(tables); i++) {
        for (size_t k = 0; k < tables[i].num; k++)
            if (route == &tables[i].route[k])
                return before + k;
        before += tables[i].num;
    }
    return TB_FRONT_ROUTES_MAX;
}

const char *tb_route_label(size_t index)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(tables); i++) {
        if (index < tables[i].num)
            return tables[i].route[index].name;
        index -= tables[i].num;
    }
    return NULL;
}
