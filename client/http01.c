/* http-01 (RFC 8555 section 8.3), answered by ourselves. */
#include "client/listen.h"
#include "client/proofs.h"

#define HTTP_PORT 80

static bool enabled(const struct tb_proof_options *opt)
{
    return opt->http_set ||
           (opt->webroot == NULL && opt->tls_alpn == NULL && opt->dns_hook == NULL && opt->dns_update == NULL);
}

static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    int fd;
    int r;

    if (ps->http == NULL) {
        if ((r = tb_listen(ps->opt->http, HTTP_PORT, "--http", &fd, ps->acme->fail)) < 0 ||
            (r = tb_answerer_http(fd, &ps->http)) < 0)
            return r;
    }
    return tb_answerer_add_token(ps->http, p->challenge.token, p->key_authorization);
}

const struct tb_proof_method tb_proof_http01 = {.type = "http-01", .enabled = enabled, .prepare = prepare};
