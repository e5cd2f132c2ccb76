/* Dates of HTTP in their preferred form (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef TB_HTTP_DATE_H
#define TB_HTTP_DATE_H

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define TB_HTTP_DATE_LEN 29

/* Years 0 to 9999; others are clamped. */
void tb_http_date_format(char out[static TB_HTTP_DATE_LEN + 1], tb_time_t t);
/* Exactly that form; TB_E_FORMAT for the obsolete ones, which no cache sends back to us. */
int tb_http_date_parse(struct tb_span text, tb_time_t *out) TB_MUST_USE;

#endif
