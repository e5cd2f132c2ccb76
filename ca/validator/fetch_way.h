/* The two ways of a fetch: our own reader for http, libcurl for https. Private to ca/validator/fetch*.c. */
#ifndef TB_CA_VALIDATOR_FETCH_WAY_H
#define TB_CA_VALIDATOR_FETCH_WAY_H

#include "ca/validator/fetch.h"

/* The first member of each way's own. */
struct tb_fetch {
    void (*cancel)(struct tb_fetch *t);
};

struct tb_fetch_plain;
struct tb_fetch_curl;

int tb_fetch_plain_new(struct event_base *base, const char *user_agent, struct tb_fetch_plain **out) TB_MUST_USE;
void tb_fetch_plain_free(struct tb_fetch_plain *f);
int tb_fetch_plain_start(struct tb_fetch_plain *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done,
                         void *arg, struct tb_fetch **out) TB_MUST_USE;

int tb_fetch_curl_new(struct event_base *base, const char *user_agent, struct tb_fetch_curl **out) TB_MUST_USE;
void tb_fetch_curl_free(struct tb_fetch_curl *f);
int tb_fetch_curl_start(struct tb_fetch_curl *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done, void *arg,
                        struct tb_fetch **out) TB_MUST_USE;

#endif
