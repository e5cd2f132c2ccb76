/*
 * keyChange (RFC 8555 section 7.3.5).  The judge verifies both signatures and all that the RFC demands; here is only
 * what the judge cannot know: whether another account of the store has the new key.
 */
#include <string.h>

#include "ca/front/account_op.h"
#include "ca/front/front.h"
#include "lib/acme/url.h"

/* Which account has this key now, or has it in its URL. */
static int find_holder(struct tb_request *rq, const uint8_t *thumbprint, struct tb_account *out)
{
    int r = tb_store_account_find_key(rq->front->store, thumbprint, out);

    return r == TB_E_NOTFOUND ? tb_store_account_find_first(rq->front->store, thumbprint, out) : r;
}

/* Status 409 and the URL of the account that has the key (section 7.3.5). */
static void reply_conflict(struct tb_request *rq, const struct tb_account *holder)
{
    if (holder->state != TB_ACCOUNT_REVOKED)
        tb_account_url(rq->location, rq->front->cfg->base_url, holder->first_thumbprint);
    rq->problem.http_status = 409;
    tb_reply_refuse(rq, TB_P_MALFORMED, "the new key is, or was, the key of an account");
}

void tb_key_change_handle(struct tb_request *rq)
{
    struct tb_jws inner = {0};
    struct tb_account holder;
    int r;

    if (tb_jws_parse(rq->jws.payload, &inner, &rq->problem) < 0 || inner.jwk == NULL) {
        (void)tb_problem_set(&rq->problem, 0, TB_P_MALFORMED, "the payload is no JWS with the new key as its jwk");
        tb_reply_problem(rq);
    } else if ((r = find_holder(rq, tb_jwk_thumbprint(inner.jwk), &holder)) == 0) {
        reply_conflict(rq, &holder);
    } else if (r != TB_E_NOTFOUND) {
        tb_reply_failure(rq, r);
    } else {
        tb_account_op_start(rq, tb_jwk_canonical(inner.jwk));
    }
    tb_jws_clear(&inner);
}
