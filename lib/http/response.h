/*
 * Head of an HTTP/1.1 response, written into a tb_wr.  Errors stick to the tb_wr, so ask tb_wr_err once at the end.
 *     tb_http_response_begin(&wr, 201);
 *     tb_http_header(&wr, "Location", url);
 *     tb_http_response_end(&wr, body.len);
 */
#ifndef TB_HTTP_RESPONSE_H
#define TB_HTTP_RESPONSE_H

#include "lib/base/bytes.h"

#define TB_HTTP_RESPONSE_HEAD_MAX 4096 /* max for the tb_wr of a head */

/* Status line.  TB_E_INVAL unless status is 100..599. */
void tb_http_response_begin(struct tb_wr *wr, int status);
/*
 * One field.  TB_E_INVAL, and nothing of the field is written, when name is not a token or value holds a control
 * character other than tab: CR and LF would let a value end the head (response splitting).
 */
void tb_http_header(struct tb_wr *wr, const char *name, const char *value);
void tb_http_header_span(struct tb_wr *wr, const char *name, struct tb_span value);
void tb_http_header_int(struct tb_wr *wr, const char *name, int64_t value);
/* Content-Length and the empty line; what follows is exactly body_len bytes (none in the answer to HEAD). */
void tb_http_response_end(struct tb_wr *wr, size_t body_len);
/* The empty line alone: for 1xx, 204 and 304, which have no Content-Length (RFC 9110 section 8.6). */
void tb_http_response_end_bodiless(struct tb_wr *wr);

#endif
