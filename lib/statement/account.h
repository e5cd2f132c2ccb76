/*
 * Account statement: the judge's record of what an account has become after a key change, a deactivation or an
 * external account binding.  Its key is the judge's alone; who else reads one learns, and proves nothing.
 */
#ifndef TB_STATEMENT_ACCOUNT_H
#define TB_STATEMENT_ACCOUNT_H

#include "lib/base/clock.h"
#include "lib/statement/account_limits.h"
#include "lib/statement/audience.h"
#include "lib/statement/statement.h"

#define TB_ACCOUNT_STATEMENT_VERSION 1
#define TB_ACCOUNT_STATEMENT_MAX     12288
#define TB_ACCOUNT_STATEMENT_DOMAIN  "tabard account statement" /* with its NUL before the fields, under the MAC */
#define TB_EAB_KID_MAX               64

/* Wire values: never renumber. */
enum tb_account_standing { TB_STANDING_NONE = 0, TB_STANDING_VALID = 1, TB_STANDING_DEACTIVATED = 2 };

struct tb_account_statement {
    uint8_t ca_id[TB_CA_ID_LEN];
    uint32_t signer;                   /* from 1 */
    char url[TB_ACCOUNT_URL_MAX + 1];  /* of the account: ends in the thumbprint of its first key */
    uint8_t thumbprint[TB_DIGEST_LEN]; /* of its current key */
    enum tb_account_standing standing;
    char eab_kid[TB_EAB_KID_MAX + 1]; /* of the key that bound the account; empty = none, and then no limits */
    struct tb_account_limits limits;
    uint64_t seq;      /* of the judge's log: of two statements about one account the higher counts */
    tb_time_t made_at; /* for people; order is by seq */
};

/* Encode and append the MAC. TB_E_LIMIT. Does not check that the fields suit each other: the reader does. */
int tb_account_statement_write(struct tb_wr *wr, const struct tb_account_statement *s,
                               const struct tb_key *key) TB_MUST_USE;
/* Verify the MAC first (constant time), then decode strictly. TB_E_BADSIG, TB_E_FORMAT, TB_E_UNSUPPORTED (version). */
int tb_account_statement_read(struct tb_span blob, const struct tb_key *key,
                              struct tb_account_statement *out) TB_MUST_USE;
/* Decode as strictly without the key: what it says, from whoever made it. */
int tb_account_statement_peek(struct tb_span blob, struct tb_account_statement *out) TB_MUST_USE;

#endif
