/* What this process writes to its log, for tests that cause it. */
#ifndef TB_TESTS_UNIT_SAID_H
#define TB_TESTS_UNIT_SAID_H

#include <stdbool.h>

/* From here on standard error goes to memory; said_end gives it back. */
void said_start(void);
void said_end(void);
/* Was this word logged since said_start?  Asked in the same process or, after its end, about one that it forked. */
bool said(const char *word);

#endif
