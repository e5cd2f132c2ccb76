/* Router: from the path of a request to the one entry that serves it. Pure: knows nothing of connections. */
#ifndef TB_CA_FRONT_ROUTER_H
#define TB_CA_FRONT_ROUTER_H

#include "lib/base/bytes.h"
#include "lib/http/request.h"

#define TB_ROUTE_PARAMS_MAX 4
#define TB_METHOD_MASK(m)   (1u << (m))

/* Who may call: nobody in particular, the holder of the key in the JWS, an account. */
enum tb_auth {
    TB_AUTH_NONE,
    TB_AUTH_READ, /* as NONE for GET and HEAD, as KID for POST, whose payload must be empty (RFC 8555 section 6.3) */
    TB_AUTH_JWK,
    TB_AUTH_KID,
    TB_AUTH_ANY,            /* as KID or JWK, as the JWS has it; of a JWK the handler says whose it must be */
    TB_AUTH_KID_UNVERIFIED, /* as KID, but the judge verifies the signature: nothing is verified twice */
};

struct tb_request;
struct tb_route {
    const char *name;    /* label in metrics */
    const char *pattern; /* "/acme/order/?": '?' stands for one whole, non-empty segment */
    unsigned methods;    /* TB_METHOD_MASK() of those served */
    enum tb_auth auth;
    void (*handle)(struct tb_request *rq); /* replies exactly once, now or later */
};

struct tb_route_params {
    size_t num;
    struct tb_span param[TB_ROUTE_PARAMS_MAX]; /* segments under '?', borrowed from the path */
};

/* Does path, without a query, match the pattern? */
bool tb_route_match(const char *pattern, struct tb_span path, struct tb_route_params *out);
/* First route whose pattern matches; NULL when none does. The method is the caller's to compare. */
const struct tb_route *tb_route_find(const struct tb_route *table, size_t num, struct tb_span path,
                                     struct tb_route_params *out);
/* The path part of a target: up to the first '?'. */
struct tb_span tb_route_path(struct tb_span target);
/* "GET, HEAD" of a set, for Allow; cut at cap. */
void tb_route_allow(char *out, size_t cap, unsigned methods);

#endif
