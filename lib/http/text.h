/* Text of header fields (RFC 9110 section 5), as requests and answers are read. */
#ifndef TB_HTTP_TEXT_H
#define TB_HTTP_TEXT_H

#include "lib/base/bytes.h"

/* ASCII letters of s in either case; lower is in lower case. */
bool tb_http_eq_nocase(struct tb_span s, const char *lower);
/* Without the blanks and tabs around it (OWS). */
struct tb_span tb_http_trim(struct tb_span s);

#endif
