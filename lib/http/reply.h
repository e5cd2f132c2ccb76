/*
 * Bounded reader for HTTP/1 responses to a GET on a connection that serves one request (RFC 9112).  Bytes in, head and
 * body out; no allocation.  Of the fields only those count that say where the body ends or where to go instead.
 */
#ifndef TB_HTTP_REPLY_H
#define TB_HTTP_REPLY_H

#include "lib/base/bytes.h"

#define TB_HTTP_REPLY_HEAD_MAX   16384 /* with interim responses */
#define TB_HTTP_REPLY_FIELDS_MAX 128   /* likewise */
#define TB_HTTP_INTERIM_MAX      4     /* 1xx before the final one */

enum tb_http_framing { TB_HTTP_UNTIL_CLOSE = 0, TB_HTTP_LENGTH, TB_HTTP_CHUNKED };

struct tb_http_reply {
    int status; /* 200..999 */
    enum tb_http_framing framing;
    uint64_t length;         /* LENGTH; huge when it is more than 2^32 */
    size_t head_len;         /* the body follows */
    struct tb_span location; /* borrowed from the input; NULL when there is none */
};

/*
 * Head of the bytes received so far: 0; TB_E_AGAIN, more are needed; TB_E_LIMIT, too long or too many fields;
 * TB_E_FORMAT.  More can only be said when another line feed has come.
 * Refused: versions but 1.0 and 1.1, a status line without three digits, CR inside a line, obs-fold, names that are no
 * tokens, control characters, Content-Length that is not 1*DIGIT or comes with two values, two Locations,
 * Transfer-Encoding but one "chunked" (none with 1.0), 101.  A line may end in LF alone (RFC 9112 section 2.2):
 * nothing follows on this connection that another reader could take for a response of its own.
 */
int tb_http_reply_read(struct tb_span in, struct tb_http_reply *out) TB_MUST_USE;

/*
 * Body of what stands behind the head so far, into out.  0: whole; TB_E_AGAIN: more is needed, unless closed says that
 * no more comes (TB_E_TRUNC); TB_E_LIMIT: longer than cap; TB_E_FORMAT: no chunk where one must be.  Trailers are not
 * waited for, and what follows a whole body is not looked at.
 */
int tb_http_reply_body(const struct tb_http_reply *reply, struct tb_span raw, bool closed, uint8_t *out, size_t cap,
                       size_t *out_len) TB_MUST_USE;

#endif
