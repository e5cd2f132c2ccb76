/*
 * Authentication of a request (RFC 8555 section 6.2), in an order that tells a stranger nothing and burns nobody's
 * nonce: shape, algorithm, key, account, signature, URL, and the nonce last.
 */
#include <string.h>
#include <strings.h>

#include "ca/front/front.h"
#include "ca/front/request.h"
#include "lib/acme/url.h"

static int refuse(struct tb_request *rq, int http_status, enum tb_problem_type type, const char *why)
{
    rq->problem.http_status = http_status;
    return tb_problem_set(&rq->problem, TB_E_DENIED, type, "%s", why);
}

static bool is_jose(struct tb_span type)
{
    static const char want[] = "application/jose+json";
    size_t n = sizeof(want) - 1;

    if (type.len < n || strncasecmp((const char *)type.p, want, n) != 0)
        return false;
    return type.len == n || type.p[n] == ';' || type.p[n] == ' ';
}

static int check_kind(struct tb_request *rq)
{
    if (rq->route->auth == TB_AUTH_ANY)
        return 0;
    if (rq->route->auth == TB_AUTH_JWK && rq->jws.jwk == NULL)
        return refuse(rq, 0, TB_P_MALFORMED, "this request must be signed with jwk, not with kid");
    if (rq->route->auth != TB_AUTH_JWK && rq->jws.jwk != NULL)
        return refuse(rq, 0, TB_P_MALFORMED, "this request must be signed with kid, not with jwk");
    return 0;
}

static int load_account(struct tb_request *rq)
{
    uint8_t thumbprint[TB_DIGEST_LEN];
    int r;

    if (tb_account_url_parse(rq->jws.kid, rq->front->cfg->base_url, thumbprint) < 0)
        return refuse(rq, 0, TB_P_MALFORMED, "kid is not an account URL of this server");
    r = tb_store_account_find_first(rq->front->store, thumbprint, &rq->account);
    if (r == TB_E_NOTFOUND)
        return refuse(rq, 0, TB_P_ACCOUNT_DOES_NOT_EXIST, "there is no account with this URL");
    if (r < 0)
        return refuse(rq, 500, TB_P_SERVER_INTERNAL, "the server could not complete the request");
    if (rq->account.state != TB_ACCOUNT_VALID)
        return refuse(rq, 401, TB_P_UNAUTHORIZED, "the account is deactivated");
    return 0;
}

static int find_key(struct tb_request *rq)
{
    struct tb_jwk *key = rq->jws.jwk;

    if (key == NULL && tb_key_cache_get(rq->front->keys, &rq->account, &key) < 0)
        return refuse(rq, 500, TB_P_SERVER_INTERNAL, "the server could not complete the request");
    if (rq->jws.alg != tb_jwk_alg(key))
        return refuse(rq, 0, TB_P_BAD_SIGNATURE_ALGORITHM, "the algorithm does not belong to the account's key");
    if (rq->route->auth != TB_AUTH_KID_UNVERIFIED)
        rq->key = tb_jwk_ref(key);
    return 0;
}

/* The URL as our configuration has it, never from Host (RFC 8555 section 6.4). */
static int check_url(struct tb_request *rq)
{
    const char *base = rq->front->cfg->base_url;
    size_t n = strlen(base);

    if (strncmp(rq->jws.url, base, n) != 0 || strcmp(rq->jws.url + n, rq->target) != 0)
        return refuse(rq, 0, TB_P_UNAUTHORIZED, "url in the JWS header is not the URL of the request");
    return 0;
}

static int use_nonce(struct tb_request *rq)
{
    int r;

    if (!rq->jws.has_nonce || rq->jws.nonce[0] == '\0')
        return refuse(rq, 0, TB_P_BAD_NONCE, "the JWS has no nonce");
    r = tb_nonces_use(rq->front->nonces, rq->jws.nonce);
    if (r == TB_E_FORMAT)
        return refuse(rq, 0, TB_P_MALFORMED, "the nonce is not base64url");
    if (r < 0)
        return refuse(rq, 0, TB_P_BAD_NONCE, "the nonce is unknown, used or too old");
    return 0;
}

int tb_request_verify(struct tb_request *rq)
{
    struct tb_jwk *key = NULL;

    if (tb_key_cache_get(rq->front->keys, &rq->account, &key) < 0)
        return refuse(rq, 500, TB_P_SERVER_INTERNAL, "the server could not complete the request");
    if (tb_jws_verify(&rq->jws, key) < 0)
        return refuse(rq, 0, TB_P_MALFORMED, "the signature does not verify");
    return 0;
}

int tb_request_auth_begin(struct tb_request *rq)
{
    int r;

    if (!is_jose(rq->content_type))
        return refuse(rq, 415, TB_P_MALFORMED, "Content-Type must be application/jose+json");
    if (rq->body.len > TB_JWS_BODY_MAX)
        return refuse(rq, 413, TB_P_MALFORMED, "the request body is too large");
    if ((r = tb_jws_parse(rq->body, &rq->jws, &rq->problem)) < 0) {
        (void)tb_problem_set(&rq->problem, r, TB_P_MALFORMED, "the body is not an acceptable JWS");
        return r;
    }
    if ((r = check_kind(rq)) < 0 || (rq->jws.jwk == NULL && (r = load_account(rq)) < 0))
        return r;
    return find_key(rq);
}

int tb_request_auth_end(struct tb_request *rq)
{
    int r;

    if (rq->checked < 0)
        return refuse(rq, 0, TB_P_MALFORMED, "the signature does not verify");
    if ((r = check_url(rq)) < 0 || (r = use_nonce(rq)) < 0)
        return r;
    if (rq->route->auth == TB_AUTH_READ && !tb_request_reads(rq))
        return refuse(rq, 0, TB_P_MALFORMED, "this resource is read with an empty payload");
    return 0;
}
