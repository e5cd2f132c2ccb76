/* tb_http_reply_read and tb_http_reply_body: a verdict on a prefix is never taken back; what is borrowed lies inside.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/http/reply.h"

#define CAP 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct tb_http_reply *reply, const uint8_t *p, size_t n)
{
    struct tb_span at = reply->location;

    if (reply->status < 200 || reply->status > 999 || reply->head_len == 0 || reply->head_len > n ||
        reply->head_len > TB_HTTP_REPLY_HEAD_MAX)
        abort();
    if (at.p != NULL && (at.p < p || at.p > p + n || at.len > (size_t)(p + n - at.p)))
        abort();
}

static int body(const struct tb_http_reply *reply, struct tb_span raw, bool closed, uint8_t out[static CAP],
                size_t *len)
{
    int r = tb_http_reply_body(reply, raw, closed, out, CAP, len);

    if (*len > CAP || (r < 0 && *len != 0) || (closed && r == TB_E_AGAIN) || (!closed && r == TB_E_TRUNC))
        abort();
    return r;
}

/* What a part decided, the whole decides alike. */
static void check_bodies(const struct tb_http_reply *reply, struct tb_span raw)
{
    uint8_t whole[CAP], part[CAP];
    size_t whole_len, part_len;
    int r = body(reply, raw, true, whole, &whole_len);

    for (size_t n = 0; n <= raw.len && n < 1024; n++) {
        int at = body(reply, tb_span_of(raw.p, n), false, part, &part_len);

        if (at == TB_E_AGAIN)
            continue;
        if (at != r || part_len != whole_len || memcmp(part, whole, part_len) != 0)
            abort();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size > 0 ? size : 1);
    struct tb_http_reply reply, prefix;
    int r;

    if (p == NULL)
        return 0;
    if (size > 0)
        memcpy(p, data, size);
    r = tb_http_reply_read(tb_span_of(p, size), &reply);
    for (size_t n = 0; n < size && n < 2048; n++) {
        int at = tb_http_reply_read(tb_span_of(p, n), &prefix);

        if (at == TB_E_AGAIN)
            continue;
        if (at != r || prefix.status != reply.status || prefix.head_len != reply.head_len)
            abort();
        break;
    }
    if (r == 0) {
        check_reply(&reply, p, size);
        check_bodies(&reply, tb_span_of(p + reply.head_len, size - reply.head_len));
    }
    free(p);
    return 0;
}
