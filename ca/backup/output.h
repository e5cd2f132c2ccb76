/* Where an archive goes: a new file, which has its name only when it is whole and on disk, or standard output. */
#ifndef TB_CA_BACKUP_OUTPUT_H
#define TB_CA_BACKUP_OUTPUT_H

#include "ca/config/config.h"

#define TB_OUTPUT_PATH_MAX 1023
#define TB_OUTPUT_WHY_MAX  (TB_OUTPUT_PATH_MAX + 256)

struct tb_output {
    int fd; /* -1 when it is not open */
    bool is_stdout;
    char path[TB_OUTPUT_PATH_MAX + 1];
    char part[TB_OUTPUT_PATH_MAX + 1]; /* its name until then; empty when there is nothing to remove */
};

/* "-" is standard output, but no terminal. Nothing is overwritten: TB_E_EXISTS. TB_E_IO, TB_E_LIMIT, TB_E_DENIED. */
int tb_output_open(struct tb_output *o, const char *path, char why[static TB_OUTPUT_WHY_MAX + 1]) TB_MUST_USE;
/* On disk, and under its name. */
int tb_output_finish(struct tb_output *o, char why[static TB_OUTPUT_WHY_MAX + 1]) TB_MUST_USE;
/* Remove what was not finished; close. */
void tb_output_close(struct tb_output *o);

#endif
