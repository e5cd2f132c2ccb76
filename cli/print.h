/* JSON for people.  Texts come from a process that is not believed: nothing but printable characters reaches the
 * terminal. */
#ifndef TB_CLI_PRINT_H
#define TB_CLI_PRINT_H

#include <jansson.h>
#include <stdio.h>

#define TB_PRINT_COLUMNS_MAX 16

/* "name: value" lines, indented below a name whose members hold blanks; texts of several lines (PEM) last, as they are. */
void tb_print_object(FILE *f, const json_t *obj, const char *indent);
/* An array of objects as a table; the first one's members are the columns. */
void tb_print_table(FILE *f, const json_t *arr);

#endif
