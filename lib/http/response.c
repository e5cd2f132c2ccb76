#include "lib/http/response.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/http/request.h"
#include "lib/http/token.h"

static void put_uint(struct tb_wr *wr, uint64_t v)
{
    char digits[24];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    tb_wr_bytes(wr, digits + at, sizeof(digits) - at);
}

void tb_http_response_begin(struct tb_wr *wr, int status)
{
    if (status < 100 || status > 599) {
        if (wr->err == 0)
            wr->err = TB_E_INVAL;
        return;
    }
    tb_wr_str(wr, "HTTP/1.1 ");
    put_uint(wr, (uint64_t)status);
    tb_wr_u8(wr, ' ');
    tb_wr_str(wr, tb_http_reason(status));
    tb_wr_str(wr, "\r\n");
}

void tb_http_header_span(struct tb_wr *wr, const char *name, struct tb_span value)
{
    if (!tb_http_token(tb_span_str(name)) || !tb_http_value(value)) {
        if (wr->err == 0)
            wr->err = TB_E_INVAL;
        return;
    }
    tb_wr_str(wr, name);
    tb_wr_str(wr, ": ");
    tb_wr_bytes(wr, value.p, value.len);
    tb_wr_str(wr, "\r\n");
}

void tb_http_header(struct tb_wr *wr, const char *name, const char *value)
{
    tb_http_header_span(wr, name, tb_span_str(value));
}

void tb_http_header_int(struct tb_wr *wr, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    tb_http_header(wr, name, text);
}

void tb_http_response_end(struct tb_wr *wr, size_t body_len)
{
    tb_wr_str(wr, "Content-Length: ");
    put_uint(wr, body_len);
    tb_wr_str(wr, "\r\n\r\n");
}

void tb_http_response_end_bodiless(struct tb_wr *wr)
{
    tb_wr_str(wr, "\r\n");
}
