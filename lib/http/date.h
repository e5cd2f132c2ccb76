/* Dates of HTTP (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef TB_HTTP_DATE_H
#define TB_HTTP_DATE_H

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define TB_HTTP_DATE_LEN 29

/* Years 0 to 9999; others are clamped. */
void tb_http_date_format(char out[static TB_HTTP_DATE_LEN + 1], tb_time_t t);
/* That form or one of the two obsolete ones, of which the one with two digits of the year is read as seen from now. */
int tb_http_date_parse(struct tb_span text, tb_time_t now, tb_time_t *out) TB_MUST_USE;

#endif
