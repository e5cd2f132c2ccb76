/* Terms of service: who agreed to which text (RFC 8555 section 7.3.3). */
#ifndef TB_CA_FRONT_TERMS_H
#define TB_CA_FRONT_TERMS_H

#include "ca/front/front.h"

/* Did the account agree to the terms that are configured now?  Yes when there are none. */
bool tb_terms_agreed(const struct tb_front *f, const struct tb_account *a);
/* It agrees to them now. */
void tb_terms_agree(const struct tb_front *f, struct tb_account *a);
/* Before new business of the caller: userActionRequired in rq->problem when it agreed to another text. */
int tb_terms_check(struct tb_request *rq) TB_MUST_USE;

#endif
