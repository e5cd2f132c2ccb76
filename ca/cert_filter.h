/*
 * Which certificates an operator asks for: the members of a control request that list (front, by its store) and export
 * (judge, by its log) have in common.
 */
#ifndef TB_CA_CERT_FILTER_H
#define TB_CA_CERT_FILTER_H

#include <jansson.h>

#include "lib/base/clock.h"
#include "lib/statement/account_limits.h"

#define TB_CERT_FILTER_EXPIRING_MAX_S (INT64_C(100) * 365 * 86400)

/* Zeroed = every certificate. */
struct tb_cert_filter {
    bool has_name;
    struct tb_limit_name name;
    char profile[TB_PROFILE_NAME_MAX + 1]; /* any version; "" = any profile */
    bool valid;                            /* neither expired nor revoked */
    tb_time_t now;
    tb_time_t ends_by; /* 0 = whenever */
};

/*
 * {"name":N,"profile":P,"expiring_s":S,"valid":BOOL}, each may be absent; expiring_s takes what is valid and ends
 * within so many seconds.  NULL, or a sentence about what is wrong.
 */
const char *tb_cert_filter_read(struct tb_cert_filter *out, const json_t *req, tb_time_t now);
/* Everything but names. */
bool tb_cert_filter_takes(const struct tb_cert_filter *f, const char *profile, tb_time_t not_after, bool revoked);
/* Is this the name, or one of those, that are asked for?  A certificate is taken when one of its names is. */
bool tb_cert_filter_names(const struct tb_cert_filter *f, const struct tb_ident *ident);

#endif
