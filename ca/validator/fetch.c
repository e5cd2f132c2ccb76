#include "ca/validator/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "ca/validator/fetch_way.h"

struct tb_fetcher {
    struct tb_fetch_plain *plain;
    struct tb_fetch_curl *curl;
    uint64_t num_fetches;
};

int tb_fetcher_new(struct event_base *base, const char *user_agent, struct tb_fetcher **out)
{
    struct tb_fetcher *f = calloc(1, sizeof(*f));
    int r = TB_E_NOMEM;

    *out = NULL;
    if (f == NULL || (r = tb_fetch_plain_new(base, user_agent, &f->plain)) < 0 ||
        (r = tb_fetch_curl_new(base, user_agent, &f->curl)) < 0) {
        tb_fetcher_free(f);
        return r;
    }
    *out = f;
    return 0;
}

void tb_fetcher_free(struct tb_fetcher *f)
{
    if (f == NULL)
        return;
    tb_fetch_plain_free(f->plain);
    tb_fetch_curl_free(f->curl);
    free(f);
}

uint64_t tb_fetcher_count(const struct tb_fetcher *f)
{
    return f->num_fetches;
}

int tb_fetch_start(struct tb_fetcher *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done, void *arg,
                   struct tb_fetch **out)
{
    int r;

    *out = NULL;
    /* libcurl takes zero for "no limit". */
    if (req->connect_ms == 0 || req->total_ms == 0)
        return TB_E_TIMEOUT;
    r = strncmp(req->url, "http://", 7) == 0 ? tb_fetch_plain_start(f->plain, req, done, arg, out)
                                             : tb_fetch_curl_start(f->curl, req, done, arg, out);
    f->num_fetches += r == 0;
    return r;
}

void tb_fetch_cancel(struct tb_fetch *t)
{
    if (t != NULL)
        t->cancel(t);
}
