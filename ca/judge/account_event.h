/*
 * The decision about one request that changes an account: keyChange (RFC 8555 section 7.3.5), deactivation (section
 * 7.3.6), newAccount with an external account binding (section 7.3.4).  Pure, as that about finalize is: the judge
 * verifies what the client signed, and believes nothing else.
 */
#ifndef TB_CA_JUDGE_ACCOUNT_EVENT_H
#define TB_CA_JUDGE_ACCOUNT_EVENT_H

#include "ca/judge/finalize.h"
#include "lib/ipc/msg_account.h"

#define TB_KEY_CHANGE_PATH  "/acme/key-change"
#define TB_NEW_ACCOUNT_PATH "/acme/new-acct"

enum tb_account_verdict {
    TB_ACCOUNT_REFUSE = 0, /* problem and reason are set */
    TB_ACCOUNT_LOG,        /* rec is to be logged and applied */
    TB_ACCOUNT_AGAIN       /* it is so already: the client asks a second time */
};

struct tb_account_decision {
    enum tb_account_verdict verdict;
    const char *reason; /* constant word; NULL unless refused */
    struct tb_problem problem;
    char account_url[TB_ACCOUNT_URL_MAX + 1];
    struct tb_account_rec rec; /* borrows from inner */
    struct tb_jws inner;       /* of keyChange */
    tb_time_t now;
};

/* *out is always set; clear it with tb_account_decision_clear. Changes the floor of time and the cache of keys only. */
void tb_judge_decide_account(struct tb_judge_state *s, const struct tb_msg_account_req *req, tb_time_t now,
                             struct tb_account_decision *out);
void tb_account_decision_clear(struct tb_account_decision *d);

/* The key that bound the account; NULL when none did. */
const struct tb_eab_key *tb_judge_binding(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN]);
/* An event that is in the log, or about to be: to the table of accounts, and counted for the key that bound one. */
int tb_judge_apply_account(struct tb_judge_state *s, const struct tb_account_rec *rec, uint64_t seq,
                           tb_time_t time) TB_MUST_USE;
/* What the account is now, MACed. TB_E_NOTFOUND when the judge knows nothing that its URL does not say. */
int tb_judge_account_statement(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN],
                               struct tb_wr *out) TB_MUST_USE;
/*
 * May a request of this account come from this key?  NULL, or a constant word.  statement is what the front has about
 * the account: it decides nothing, but one that is not the newest is refused.
 */
const char *tb_judge_account_word(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN],
                                  const uint8_t thumbprint[static TB_DIGEST_LEN], struct tb_span statement);

#endif
