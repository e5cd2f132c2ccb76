/* When a certificate should be renewed (RFC 9773 section 4.2). Pure. */
#ifndef TB_CA_FRONT_RENEWAL_WINDOW_H
#define TB_CA_FRONT_RENEWAL_WINDOW_H

#include "lib/base/clock.h"

#define TB_RENEWAL_RETRY_MIN_S 60
#define TB_RENEWAL_RETRY_MAX_S (6 * 3600)

struct tb_renewal_window {
    tb_time_t start, end; /* end lies after start */
    unsigned retry_after_s;
};

/*
 * From two thirds of the life for a twelfth of it, so that a quarter is left when the last client begins.  A
 * certificate that was revoked, or that has ended, is overdue.  revoked_at: 0 = it was not.
 */
void tb_renewal_window(struct tb_renewal_window *out, tb_time_t issued_at, tb_time_t not_after, tb_time_t revoked_at,
                       tb_time_t now);

/* Another window, for a reason of the operator's: of both, begin and end count that come first. */
void tb_renewal_hasten(struct tb_renewal_window *w, tb_time_t start, tb_time_t end);

#endif
