/* libcurl's multi interface on a libevent loop: its sockets and its one timer. */
#ifndef TB_CA_VALIDATOR_CURL_LOOP_H
#define TB_CA_VALIDATOR_CURL_LOOP_H

#include <curl/curl.h>
#include <event2/event.h>

#include "lib/base/compiler.h"
#include "lib/base/err.h"

/* A transfer has ended; it is still in the loop. */
typedef void tb_curl_loop_done_fn(CURL *easy, CURLcode code);

struct tb_curl_loop {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    struct tb_curl_socket *pool; /* sockets that are not watched */
    tb_curl_loop_done_fn *done;
};

/* Zeroed memory before it; to be cleared also on failure. Calls curl_global_init. */
int tb_curl_loop_init(struct tb_curl_loop *l, struct event_base *base, tb_curl_loop_done_fn *done) TB_MUST_USE;
/* Nothing may be in it. A zeroed one too. */
void tb_curl_loop_clear(struct tb_curl_loop *l);
int tb_curl_loop_add(struct tb_curl_loop *l, CURL *easy) TB_MUST_USE;
void tb_curl_loop_remove(struct tb_curl_loop *l, CURL *easy);

#endif
