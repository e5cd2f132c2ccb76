/* Finalize (RFC 8555 section 7.4) in flight, and what the judge's answers do to orders. */
#ifndef TB_CA_FRONT_FINALIZE_H
#define TB_CA_FRONT_FINALIZE_H

#include "ca/front/front.h"

/* Has a client been told that this order is being processed? */
bool tb_finalize_is_processing(const struct tb_front *f, tb_order_no_t no);

/* What the front has seen in a CSR. */
struct tb_finalize_csr {
    uint8_t notices;            /* set of enum tb_notice */
    uint8_t key[TB_DIGEST_LEN]; /* SHA-256 of its SubjectPublicKeyInfo */
};
/* Is the order ready, and the CSR of the payload one for its names, usages and keys proved?  Reason in rq->problem. */
int tb_finalize_check(struct tb_request *rq, const struct tb_order *o, struct tb_finalize_csr *out) TB_MUST_USE;

/* At the end: drops those that waited for another one of their order. */
void tb_finalize_drop_waiting(struct tb_front *f);

/*
 * Give the order its certificate, as the judge's log has it; done runs when that is durable.  TB_E_EXISTS when the
 * order has it already, TB_E_NOTFOUND for an unknown order; then done does not run.
 */
int tb_order_issue(struct tb_front *f, const struct tb_issued *is, uint8_t notices, tb_store_done_fn *done,
                   void *arg) TB_MUST_USE;

/* Fetch what the judge's log has and the store has not. */
void tb_sync_start(struct tb_front *f);

#endif
