/*
 * Strict, bounded reader for HTTP/1.1 and 1.0 requests (RFC 9112).  Bytes in, one
 * request out; no allocation; everything that two implementations may read
 * differently is refused.
 */
#ifndef TB_HTTP_REQUEST_H
#define TB_HTTP_REQUEST_H

#include "lib/base/bytes.h"

#define TB_HTTP_LINE_MAX    8192  /* request line; RFC 9112 section 3 recommends 8000 at least */
#define TB_HTTP_HEAD_MAX    16384 /* request line and header fields */
#define TB_HTTP_HEADERS_MAX 64
#define TB_HTTP_BODY_MAX    65536

enum tb_http_method { TB_HTTP_OTHER = 0, TB_HTTP_GET, TB_HTTP_HEAD, TB_HTTP_POST, TB_HTTP_OPTIONS, TB_HTTP__COUNT };

enum tb_http_scheme { TB_HTTP_SCHEME_NONE = 0, TB_HTTP_SCHEME_HTTP, TB_HTTP_SCHEME_HTTPS };

/* A whole request; spans are borrowed from the input buffer. */
struct tb_http_request {
    enum tb_http_method method;
    struct tb_span target;       /* path and query; starts with '/' */
    enum tb_http_scheme scheme;  /* of a target in absolute-form; the caller holds it against its connection */
    struct tb_span host;         /* of such a target, else the field; empty: HTTP/1.0 without it */
    struct tb_span content_type; /* value without parameters' meaning: as sent, trimmed */
    struct tb_span accept;
    struct tb_span user_agent;
    struct tb_span if_none_match, if_modified_since;
    struct tb_span body;
    bool keep_alive;
    bool expect_continue; /* "100 Continue" is to be sent when the head is complete and the body is not */
};

/*
 * Look at the bytes received so far.  0: a whole request, *out_used bytes long.  TB_E_AGAIN: more bytes are needed
 * (*out_head_done tells whether the head is complete and out->expect_continue valid).  Else the connection must be
 * answered and closed: *out_status holds 400, 405 (never for unknown methods: TB_HTTP_OTHER is returned), 411, 413,
 * 414, 417, 431, 501 or 505, and *out_why a constant sentence.
 * Refused: bare LF or CR, obs-fold, space before the colon, empty or non-token names, control characters in
 * values, repeated or empty Host or one that is no host[:port] (missing: only of HTTP/1.1), repeated Content-Length,
 * one that is not 1*DIGIT, Transfer-Encoding (411 chunked, 501 others before it, else 400), body with GET or HEAD,
 * authority- and asterisk-form, '#', non-printable or non-ASCII characters in the target, HTTP/0.9, 2.0 and others
 * (505), a second Content-Type.
 * HTTP/1.0: never kept alive, no 100 Continue.
 */
int tb_http_request_parse(struct tb_span in, struct tb_http_request *out, size_t *out_used, bool *out_head_done,
                          int *out_status, const char **out_why) TB_MUST_USE;

/* "OK" for 200 and so on; "Error" when unknown. */
const char *tb_http_reason(int status);

#endif
