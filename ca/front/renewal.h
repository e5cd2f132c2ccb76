/* Renewal information and replacement (RFC 9773). */
#ifndef TB_CA_FRONT_RENEWAL_H
#define TB_CA_FRONT_RENEWAL_H

#include "ca/front/front.h"

/*
 * The member "replaces" of newOrder into o, whose identifiers are set: a certificate of the caller that has a name in
 * common and that no order replaces which is not invalid (section 5).  Reason in rq->problem.
 */
int tb_replaces_read(struct tb_request *rq, const json_t *obj, struct tb_order *o) TB_MUST_USE;
/* In the transaction that makes o: takes the certificate's slot. Looks again, as others may have been faster. */
int tb_replaces_claim(struct tb_request *rq, struct tb_store_tx *tx, const struct tb_order *o) TB_MUST_USE;
/* The member "replaces" of an order. */
void tb_replaces_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_order *o);

#endif
