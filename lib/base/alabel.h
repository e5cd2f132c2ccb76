/* A-labels, the form of an internationalised label in the DNS (RFC 5890 section 2.3.2.1). */
#ifndef TB_BASE_ALABEL_H
#define TB_BASE_ALABEL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is a label in lower case that begins with "xn--" what the encoder of RFC 3492 makes of some label that is not all
 * ASCII, and has no control characters?  Which others IDNA2008 admits, by its tables of Unicode, is not looked at.
 */
bool tb_alabel_ok(const char *label, size_t len);

#endif
