/* Renewal of what a directory holds: when its time has come, or when it is forced. */
#ifndef TB_CLIENT_RENEW_H
#define TB_CLIENT_RENEW_H

#include "client/issue.h"

#define TB_LINEAGES_MAX 10000

struct tb_renew_options {
    bool force;   /* whatever the time */
    bool dry_run; /* order and prove, write nothing */
    bool allow_weak_sandbox;
    const struct tb_say *say;
};
enum tb_renew_outcome { TB_RENEW_NOT_DUE, TB_RENEW_WAITS, TB_RENEW_DONE, TB_RENEW_FAILED };

/*
 * One lineage; the lock must be held.  What failed stands in fail, in the settings, and counts for the back-off.  A
 * deploy hook that did not succeed earlier is run again.
 */
enum tb_renew_outcome tb_renew(const struct tb_lineage *l, const struct tb_renew_options *opt, struct tb_fail *fail);

/* Names of the lineages in a directory, sorted; free each and the array. None is success. */
int tb_lineage_list(const char *dir, char ***out, size_t *out_num, struct tb_fail *fail) TB_MUST_USE;
void tb_lineage_list_free(char **names, size_t num);

#endif
