/* Validations in flight: at most one for an authorization; they outlive the request that started them. */
#ifndef TB_CA_FRONT_VALIDATION_H
#define TB_CA_FRONT_VALIDATION_H

#include "ca/front/front.h"

/*
 * Start proving a by this method.  rq (may be NULL) is answered with the challenge when the validation ends, or, made
 * durable as processing, after TB_FRONT_HOLD_S.  TB_E_EXISTS when one is in flight, TB_E_LIMIT when too many are; then
 * rq is still the caller's.
 */
int tb_validation_start(struct tb_front *f, const struct tb_authz *a, enum tb_method method,
                        const struct tb_account *account, struct tb_request *rq) TB_MUST_USE;
bool tb_validation_in_flight(const struct tb_front *f, uint64_t authz_id);
/* Take up again what the store has as processing. */
void tb_validation_resume(struct tb_front *f);
/* Reply with a challenge as it is stored now. */
void tb_challenge_reply(struct tb_request *rq, uint64_t authz_id, enum tb_method method);

#endif
