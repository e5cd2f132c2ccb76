/*
 * Validations in flight: at most one for an authorization; they outlive the request that started them.  Control is
 * shown to the validator.  Use is shown to the responder, in a window: the note that it is armed makes the challenge
 * processing, further notes are refusals that end nothing.  A window that a restart cuts off is opened again, at its
 * full length.
 */
#ifndef TB_CA_FRONT_VALIDATION_H
#define TB_CA_FRONT_VALIDATION_H

#include "ca/front/front.h"

#define TB_VALIDATION_USES_MAX         1024 /* windows open for all accounts */
#define TB_VALIDATION_USES_ACCOUNT_MAX 64   /* for one */
#define TB_VALIDATION_REFUSALS_MAX     16   /* stored of one window */

/* Which process makes tokens and statements for a method. */
enum tb_role tb_validation_role(enum tb_method method);
/*
 * Start proving a by this method.  rq (may be NULL) is answered with the challenge when the validation ends, or, made
 * durable as processing, after TB_FRONT_HOLD_S (of control) or when the responder is armed (of use).  TB_E_EXISTS when
 * one is in flight, TB_E_LIMIT when too many are, TB_E_UNSUPPORTED without a responder; then rq is still the caller's.
 */
int tb_validation_start(struct tb_front *f, const struct tb_authz *a, enum tb_method method,
                        const struct tb_account *account, struct tb_request *rq) TB_MUST_USE;
bool tb_validation_in_flight(const struct tb_front *f, uint64_t authz_id);
/* Take up again what the store has as processing. */
void tb_validation_resume(struct tb_front *f);
/* Reply with a challenge as it is stored now. */
void tb_challenge_reply(struct tb_request *rq, uint64_t authz_id, enum tb_method method);

#endif
