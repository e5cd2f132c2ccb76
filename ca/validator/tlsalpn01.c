#include "ca/validator/tlsalpn01.h"

#include <string.h>

#include "ca/validator/acme_cert.h"
#include "ca/validator/challenge.h"
#include "lib/base/hash.h"

static void shake_hands(struct tb_challenge *c);

static const struct {
    int err;
    enum tb_problem_type type;
    const char *text;
} failures[] = {
    {TB_E_CLOSED, TB_P_CONNECTION, "no connection"},
    {TB_E_TIMEOUT, TB_P_CONNECTION, "connected, but the TLS handshake did not end in time"},
    {TB_E_IO, TB_P_CONNECTION, "the connection broke"},
    {TB_E_CRYPTO, TB_P_TLS, "no TLS connection of version 1.2 or later that offers " TB_TLSALPN01_PROTOCOL},
    {TB_E_DENIED, TB_P_UNAUTHORIZED,
     "the server speaks TLS, but did not choose the protocol " TB_TLSALPN01_PROTOCOL " (RFC 8737 section 3)"},
};

static void failure_problem(struct tb_challenge *c, int err)
{
    enum tb_problem_type type = TB_P_SERVER_INTERNAL;
    const char *text = "the handshake could not be made";
    char addr[TB_ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < TB_ARRAY_LEN(failures); i++)
        if (failures[i].err == err) {
            type = failures[i].type;
            text = failures[i].text;
        }
    tb_address_text(addr, tb_host_addr(&c->tlsalpn01.host));
    (void)tb_problem_set(&c->problem, err, type, "%s at %s, port %u: %s", c->ident->value, addr, c->tlsalpn01.port,
                         text);
}

static void cert_judge(struct tb_challenge *c, struct tb_span cert)
{
    uint8_t digest[TB_DIGEST_LEN];
    const char *why = NULL;
    int r;

    tb_sha256(digest, tb_span_str(c->key_authorization));
    r = tb_acme_cert_check(cert, c->ident, digest, &why);
    if (r < 0)
        (void)tb_problem_set(&c->problem, r, r == TB_E_BADSIG ? TB_P_INCORRECT_RESPONSE : TB_P_UNAUTHORIZED,
                             "the server of %s shows a certificate that %s (RFC 8737 section 3)", c->ident->value, why);
    c->peer = *tb_host_addr(&c->tlsalpn01.host);
    c->has_peer = true;
}

static void shaken(void *arg, const struct tb_handshake_result *res)
{
    struct tb_challenge *c = arg;

    c->tlsalpn01.handshake = NULL;
    /* One fall-back, and only when there was no connection: an answer over IPv6 counts, whatever it says. */
    if (res->err == TB_E_CLOSED && tb_host_fall_back(&c->tlsalpn01.host)) {
        shake_hands(c);
        return;
    }
    if (res->err != 0)
        failure_problem(c, res->err);
    else
        cert_judge(c, res->cert);
    tb_challenge_finish(c);
}

static int shake_begin(struct tb_challenge *c)
{
    struct tb_tlsalpn01 *t = &c->tlsalpn01;
    uint32_t left = tb_challenge_left_ms(c);
    char reverse[TB_ADDRESS_REVERSE_MAX];
    struct tb_handshake_request req = {
        .addr = *tb_host_addr(&t->host),
        .port = t->port,
        .sni = c->ident->value,
        .connect_ms = tb_host_connect_ms(&t->host, left),
        .total_ms = left,
    };

    /* RFC 8738 section 6: server_name holds names only (RFC 6066 section 3), so that of the reverse mapping. */
    if (c->ident->type == TB_IDENT_IP) {
        tb_address_reverse(reverse, &req.addr);
        req.sni = reverse;
    }
    return tb_handshake_start(c->env->handshaker, &req, shaken, c, &t->handshake);
}

static void shake_hands(struct tb_challenge *c)
{
    int r = shake_begin(c);

    if (r == 0)
        return;
    failure_problem(c, r);
    tb_challenge_finish(c);
}

static void resolved(void *arg)
{
    struct tb_challenge *c = arg;
    const struct tb_host *host = &c->tlsalpn01.host;

    if (tb_host_usable(host)) {
        c->dnssec = host->dnssec;
        shake_hands(c);
        return;
    }
    (void)tb_host_problem(host, c->ident->value, &c->problem);
    tb_challenge_finish(c);
}

static int start_at_address(struct tb_challenge *c, const struct tb_zone *zone)
{
    struct tb_host *host = &c->tlsalpn01.host;
    int r;

    if (tb_host_of_address(host, c->ident->value, zone) < 0)
        return tb_problem_set(&c->problem, TB_E_FORMAT, TB_P_MALFORMED, "%s is not an IP address", c->ident->value);
    if (!tb_host_usable(host))
        return tb_host_problem(host, c->ident->value, &c->problem);
    if ((r = shake_begin(c)) < 0)
        failure_problem(c, r);
    return r;
}

static int tlsalpn01_start(struct tb_challenge *c)
{
    bool by_address = c->ident->type == TB_IDENT_IP;
    const struct tb_zone *zone = tb_config_zone(c->env->cfg, by_address ? "" : c->ident->value);
    int r;

    memset(&c->tlsalpn01, 0, sizeof(c->tlsalpn01));
    c->tlsalpn01.port = zone->tls_alpn_port;
    if (by_address)
        return start_at_address(c, zone);
    r = tb_host_resolve(&c->tlsalpn01.host, c->env->resolver, c->ident->value, zone, resolved, c);
    if (r < 0)
        return tb_problem_set(&c->problem, r, TB_P_DNS, "address lookup of %s could not be started: %s",
                              c->ident->value, tb_err_text(r));
    return 0;
}

static void tlsalpn01_cancel(struct tb_challenge *c)
{
    tb_host_cancel(&c->tlsalpn01.host);
    tb_handshake_cancel(c->tlsalpn01.handshake);
    c->tlsalpn01.handshake = NULL;
}

const struct tb_challenge_method tb_tlsalpn01_method = {
    .method = TB_METHOD_TLS_ALPN_01,
    .name = "tls-alpn-01",
    .start = tlsalpn01_start,
    .cancel = tlsalpn01_cancel,
};
