/* tb_http_request_parse: a verdict on a prefix is never taken back, and spans lie inside the input. */
#include <stdlib.h>
#include <string.h>

#include "lib/http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct verdict {
    int r;
    struct tb_http_request req;
    size_t used;
    bool head_done;
    int status;
    const char *why;
};

static struct verdict parse(const uint8_t *p, size_t n)
{
    struct verdict v;

    v.r = tb_http_request_parse(tb_span_of(p, n), &v.req, &v.used, &v.head_done, &v.status, &v.why);
    if ((v.r < 0 && v.r != TB_E_AGAIN) != (v.status != 0) || (v.status != 0) != (v.why != NULL))
        abort();
    if (v.r < 0 && v.used != 0)
        abort();
    return v;
}

static void check_span(struct tb_span s, const uint8_t *p, size_t n)
{
    if (s.p != NULL && (s.p < p || s.p > p + n || s.len > (size_t)(p + n - s.p)))
        abort();
}

static void check_request(const struct verdict *v, const uint8_t *p, size_t n)
{
    if (v->used == 0 || v->used > n || !v->head_done || v->req.target.p[0] != '/')
        abort();
    if (v->req.host.len == 0 && v->req.keep_alive) /* only HTTP/1.0 has no Host */
        abort();
    check_span(v->req.target, p, n);
    check_span(v->req.host, p, n);
    check_span(v->req.content_type, p, n);
    check_span(v->req.accept, p, n);
    check_span(v->req.user_agent, p, n);
    check_span(v->req.body, p, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = calloc(1, size + (size == 0));
    struct verdict whole;
    size_t step = size / 64 + 1;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    whole = parse(exact, size);
    if (whole.r == 0)
        check_request(&whole, exact, size);
    for (size_t n = 0; n < size; n += step) {
        struct verdict part = parse(exact, n);

        if (part.r == TB_E_AGAIN) {
            if (whole.r == 0 && n >= whole.used)
                abort();
            continue;
        }
        if (part.r != whole.r || part.status != whole.status || part.used != whole.used)
            abort();
    }
    free(exact);
    return 0;
}
