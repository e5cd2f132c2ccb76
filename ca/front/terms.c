#include "ca/front/terms.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/hash.h"

/* A text is known by its URL: another text needs another URL. */
static void digest_now(const struct tb_front *f, uint8_t out[static TB_DIGEST_LEN])
{
    tb_sha256(out, tb_span_str(f->cfg->terms_of_service));
}

bool tb_terms_agreed(const struct tb_front *f, const struct tb_account *a)
{
    uint8_t digest[TB_DIGEST_LEN];

    if (f->cfg->terms_of_service[0] == '\0')
        return true;
    digest_now(f, digest);
    return a->terms_agreed && memcmp(digest, a->terms_digest, TB_DIGEST_LEN) == 0;
}

void tb_terms_agree(const struct tb_front *f, struct tb_account *a)
{
    a->terms_agreed = true;
    if (f->cfg->terms_of_service[0] != '\0')
        digest_now(f, a->terms_digest);
}

int tb_terms_check(struct tb_request *rq)
{
    if (tb_terms_agreed(rq->front, &rq->account))
        return 0;
    rq->terms_link = true;
    (void)snprintf(rq->instance, sizeof(rq->instance), "%s/acme/terms", rq->front->cfg->base_url);
    return tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_USER_ACTION_REQUIRED,
                          "the terms of service have changed and must be agreed to anew");
}

/* For people whose client was sent here. */
void tb_terms_handle(struct tb_request *rq)
{
    struct tb_wr *wr = NULL;

    if (rq->front->cfg->terms_of_service[0] == '\0') {
        tb_reply_not_found(rq);
        return;
    }
    wr = tb_reply_body(rq);
    tb_wr_printf(
        wr,
        "The terms of service of this CA are at\n\n    %s\n\n"
        "An account that agreed to an earlier text makes no new orders until it agrees to this one. To agree, let\n"
        "your ACME client register again with the key that it has: a newAccount request with\n"
        "\"termsOfServiceAgreed\": true, signed by that key. The account, its orders and its certificates stay.\n",
        rq->front->cfg->terms_of_service);
    tb_reply(rq, 200, "text/plain; charset=utf-8");
}
