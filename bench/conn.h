/* TLS client connections to one server, one request at a time on each. */
#ifndef TB_BENCH_CONN_H
#define TB_BENCH_CONN_H

#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "bench/response.h"
#include "bench/stats.h"

#define TB_LOAD_HOST_MAX  255
#define TB_LOAD_TIMEOUT_S 30 /* without a byte from the server */

/* Where all connections go. */
struct tb_load_dialer {
    struct event_base *base;
    struct tb_load_stats *stats;
    SSL_CTX *ctx;
    char authority[TB_LOAD_HOST_MAX + 8]; /* host[:port], as in the URL */
    char host[TB_LOAD_HOST_MAX + 1];
    struct sockaddr_storage addr;
    socklen_t addr_len;
};
/* Reads scheme and authority of url, resolves, loads ca (NULL: verify nothing). Reason on standard error. */
int tb_load_dialer_init(struct tb_load_dialer *d, struct event_base *base, struct tb_load_stats *stats, const char *url,
                        const char *ca) TB_MUST_USE;
void tb_load_dialer_clear(struct tb_load_dialer *d);
/* Path and query of a URL of this server; NULL when it is of another one. */
const char *tb_load_dialer_target(const struct tb_load_dialer *d, const char *url);

/* rs is NULL when why (a constant word) tells what went wrong. Spans of rs die with the next request. */
typedef void tb_load_answer_fn(void *arg, const struct tb_load_response *rs, const char *why);

struct tb_load_conn;
int tb_load_conn_new(struct tb_load_dialer *d, tb_load_answer_fn *answer, void *arg,
                     struct tb_load_conn **out) TB_MUST_USE;
void tb_load_conn_free(struct tb_load_conn *c); /* NULL-safe */
/*
 * Send a request, on a new connection unless one is open.  The answer comes from the event loop, never from here.  A
 * kept connection that the server closed meanwhile is opened again once.
 */
int tb_load_conn_send(struct tb_load_conn *c, const char *method, const char *target, const char *content_type,
                      struct tb_span body) TB_MUST_USE;
void tb_load_conn_close(struct tb_load_conn *c);
bool tb_load_conn_open(const struct tb_load_conn *c);

#endif
