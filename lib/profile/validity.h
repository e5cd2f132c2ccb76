/* The validity of a certificate: the profile's, or a part of it that the client asked for. */
#ifndef TB_PROFILE_VALIDITY_H
#define TB_PROFILE_VALIDITY_H

#include "lib/profile/profile.h"

#define TB_VALIDITY_AHEAD_S 300 /* notBefore may lie so far ahead */
#define TB_VALIDITY_LEFT_S  300 /* notAfter lies at least so far ahead */

/* 0 = not asked for. */
struct tb_validity {
    tb_time_t not_before, not_after;
};

/*
 * What a certificate signed now gets: the profile's backdate and lifetime where nothing is asked for, and exactly what
 * is asked for where it lies within them.  TB_E_DENIED and a constant sentence part in *out_why otherwise.
 */
int tb_validity_narrow(const struct tb_profile *p, tb_time_t now, const struct tb_validity *want,
                       struct tb_validity *out, const char **out_why) TB_MUST_USE;

#endif
