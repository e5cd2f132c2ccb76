#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verify/decision.h"

static int compare_certs(const void *a, const void *b)
{
    return memcmp(((const struct tb_vcert *)a)->digest, ((const struct tb_vcert *)b)->digest, TB_DIGEST_LEN);
}

/* OpenSSL's server leaves the leaf out of the chain, its client does not: equal certificates are left out here. */
static int take_chain(SSL *ssl, X509 *leaf, struct tb_vcert *certs, size_t *out_num)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int r = tb_vcert_init(&certs[0], leaf);

    *out_num = r == 0;
    for (int i = 0; r == 0 && i < sk_X509_num(chain); i++) {
        X509 *x = sk_X509_value(chain, i);

        if (X509_cmp(x, leaf) == 0)
            continue;
        if (*out_num >= TABARD_CHAIN_MAX)
            return TB_E_LIMIT;
        r = tb_vcert_init(&certs[*out_num], x);
        *out_num += r == 0;
    }
    if (r == 0 && *out_num > 2)
        qsort(certs + 1, *out_num - 1, sizeof(*certs), compare_certs);
    return r;
}

static bool decide_leaf(const struct tabard_request *req, SSL *ssl, X509 *leaf, struct tabard_decision *out)
{
    struct tb_vcert *certs = calloc(TABARD_CHAIN_MAX, sizeof(*certs));
    size_t num = 0;
    bool ok = false;
    int r = certs != NULL ? take_chain(ssl, leaf, certs, &num) : TB_E_NOMEM;

    if (r == TB_E_LIMIT)
        tb_decision_deny(out, TABARD_R_CHAIN_TOO_LONG, "request", "at most 16 certificates", "more");
    else if (r < 0)
        tb_decision_deny(out, r == TB_E_NOMEM ? TABARD_R_MEMORY : TABARD_R_CERTIFICATE_MALFORMED, "request", "", "");
    else
        ok = tb_decide_certs(req, certs, num, out);
    for (size_t i = 0; i < num; i++)
        tb_vcert_clear(&certs[i]);
    free(certs);
    return ok;
}

bool tabard_decide_ssl(const struct tabard_request *request, struct ssl_st *ssl, struct tabard_decision *decision)
{
    struct tabard_decision own;
    struct tabard_decision *out = decision != NULL ? decision : &own;
    struct tabard_request asked;
    struct tabard_request req;
    X509 *leaf;
    bool ok;

    if (request == NULL || ssl == NULL || request->size < sizeof(asked) || request->size > TB_REQUEST_SIZE_MAX ||
        !tb_request_tail_zero(request) || SSL_is_init_finished(ssl) != 1)
        return tb_decision_deny(out, TABARD_R_ARGUMENT, "request", "a request and a connection after its handshake",
                                "something less");
    asked = *request;
    asked.size = sizeof(asked);
    if (asked.role == 0)
        asked.role = SSL_is_server(ssl) ? TABARD_ROLE_CLIENT : TABARD_ROLE_SERVER;
    /* The role is what the connection says, never what is wished. */
    if (asked.role != (SSL_is_server(ssl) ? TABARD_ROLE_CLIENT : TABARD_ROLE_SERVER) ||
        tb_request_read(&asked, true, &req) < 0)
        return tb_decision_deny(out, TABARD_R_ARGUMENT, "request", "a complete request",
                                "a member is missing or wrong");
    leaf = SSL_get1_peer_certificate(ssl);
    if (leaf == NULL)
        return tb_decision_deny(out, TABARD_R_NO_CERTIFICATE, "request", "a certificate", "none");
    ok = decide_leaf(&req, ssl, leaf, out);
    X509_free(leaf);
    return ok;
}
