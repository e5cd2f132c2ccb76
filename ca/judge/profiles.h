/* Profiles as the log knows them: a name@version means one body for ever. */
#ifndef TB_CA_JUDGE_PROFILES_H
#define TB_CA_JUDGE_PROFILES_H

#include "ca/judge/log_record.h"

#define TB_PROFILES_LOGGED_MAX 1024

/* Zeroed = empty. */
struct tb_profiles {
    struct tb_profile_rec *rec;
    size_t num, cap;
};

void tb_profiles_clear(struct tb_profiles *p);
/* From a log record. TB_E_EXISTS when it contradicts an earlier one, TB_E_LIMIT, TB_E_NOMEM. */
int tb_profiles_add(struct tb_profiles *p, const struct tb_profile_rec *rec) TB_MUST_USE;
/*
 * Hold a configured profile against what was logged.  0: known and unchanged; TB_E_NOTFOUND: new, *out is the record
 * to log; TB_E_CONFIG: the body changed under the same name@version.
 */
int tb_profiles_check(const struct tb_profiles *p, const struct tb_profile *profile,
                      struct tb_profile_rec *out) TB_MUST_USE;

#endif
