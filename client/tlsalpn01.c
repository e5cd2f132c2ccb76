/* tls-alpn-01 (RFC 8737), answered by ourselves with a key of its own. */
#include <arpa/inet.h>
#include <stdio.h>

#include "client/keys.h"
#include "client/listen.h"
#include "client/proofs.h"
#include "client/self_signed.h"
#include "lib/base/hash.h"

#define HTTPS_PORT  443
#define REVERSE_MAX 80

static bool enabled(const struct tb_proof_options *opt)
{
    return opt->tls_alpn != NULL;
}

/* The name that a validator asks for: that of the reverse mapping for addresses (RFC 8738 section 6). */
static int server_name(const struct tb_ident *id, char *out, size_t cap)
{
    uint8_t b[16];
    size_t at = 0;

    if (id->type == TB_IDENT_DNS) {
        snprintf(out, cap, "%s", id->value);
        return 0;
    }
    if (inet_pton(AF_INET, id->value, b) == 1) {
        snprintf(out, cap, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
        return 0;
    }
    if (inet_pton(AF_INET6, id->value, b) != 1)
        return TB_E_UNSUPPORTED;
    for (int i = 15; i >= 0; i--)
        at += (size_t)snprintf(out + at, cap - at, "%x.%x.", b[i] & 15u, b[i] >> 4);
    snprintf(out + at, cap - at, "ip6.arpa");
    return 0;
}

static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    char name[TB_IDENT_VALUE_MAX + REVERSE_MAX];
    uint8_t digest[TB_DIGEST_LEN];
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    int fd;
    int r;

    if (ps->tls == NULL) {
        if ((r = tb_listen(ps->opt->tls_alpn, HTTPS_PORT, "--tls-alpn", &fd, ps->acme->fail)) < 0 ||
            (r = tb_answerer_tls(fd, &ps->tls)) < 0)
            return r;
    }
    tb_sha256(digest, tb_span_str(p->key_authorization));
    if ((r = server_name(&p->authz.ident, name, sizeof(name))) < 0 || (r = tb_client_key_generate("p256", &key)) < 0)
        return r;
    if ((r = tb_self_signed(key, &p->authz.ident, digest, false, &cert)) < 0) {
        EVP_PKEY_free(key);
        return r;
    }
    return tb_answerer_add_cert(ps->tls, name, cert, key);
}

const struct tb_proof_method tb_proof_tlsalpn01 = {.type = "tls-alpn-01", .enabled = enabled, .prepare = prepare};
