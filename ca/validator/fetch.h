/* One HTTP request to one vetted address, on the process's libevent loop. */
#ifndef TB_CA_VALIDATOR_FETCH_H
#define TB_CA_VALIDATOR_FETCH_H

#include <event2/event.h>

#include "ca/resolver/address.h"

#define TB_FETCH_BODY_MAX 128         /* a key authorization has 96 octets */
#define TB_FETCH_PAGE_MAX (64u << 10) /* what comes with another status than 200 */
#define TB_FETCH_HEAD_MAX (16u << 10) /* status line and header fields */
#define TB_FETCH_URL_MAX  2400
#define TB_FETCH_POOL_MAX 128 /* idle handles that are kept */

struct tb_fetcher;
struct tb_fetch;

struct tb_fetch_request {
    const char *url; /* http or https, built by us; copied */
    struct tb_address addr;
    uint16_t port;
    uint32_t connect_ms; /* for the connection alone */
    uint32_t total_ms;
};

/*
 * err: 0, TB_E_CLOSED (no connection), TB_E_TIMEOUT (connected, then late), TB_E_LIMIT (head or body too long),
 * TB_E_CRYPTO (TLS), TB_E_FORMAT (not HTTP), TB_E_IO (everything else).  Borrowed until the callback returns.
 */
struct tb_fetch_result {
    int err;
    long status;
    struct tb_span body;
    const char *redirect_url; /* absolute; NULL when there is none */
};
typedef void tb_fetch_done_fn(void *arg, const struct tb_fetch_result *result);

/* Opens what libcurl and OpenSSL want to read, so call it outside the sandbox. user_agent is copied. */
int tb_fetcher_new(struct event_base *base, const char *user_agent, struct tb_fetcher **out) TB_MUST_USE;
void tb_fetcher_free(struct tb_fetcher *f); /* nothing may be under way; NULL-safe */
uint64_t tb_fetcher_count(const struct tb_fetcher *f);

/* done comes later, from the loop, once; the fetch is gone when it is called. */
int tb_fetch_start(struct tb_fetcher *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done, void *arg,
                   struct tb_fetch **out) TB_MUST_USE;
void tb_fetch_cancel(struct tb_fetch *t); /* done does not come; NULL-safe */

#endif
