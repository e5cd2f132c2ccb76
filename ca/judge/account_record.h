/* Account event: body of TB_LOG_REC_ACCOUNT.  doc/log.md is the specification. */
#ifndef TB_CA_JUDGE_ACCOUNT_RECORD_H
#define TB_CA_JUDGE_ACCOUNT_RECORD_H

#include "lib/base/hash.h"
#include "lib/jose/jwk.h"
#include "lib/statement/account.h"

/* Wire values: never renumber. */
enum tb_account_event {
    TB_EVENT_NONE = 0,
    TB_EVENT_KEY_CHANGED = 1,
    TB_EVENT_DEACTIVATED = 2,
    TB_EVENT_BOUND = 3,
    TB_EVENT__COUNT
};

struct tb_account_rec {
    enum tb_account_event event;
    uint8_t first[TB_DIGEST_LEN];      /* thumbprint in the account URL */
    uint8_t thumbprint[TB_DIGEST_LEN]; /* of the account's key from here on */
    uint8_t jws_digest[TB_DIGEST_LEN]; /* of the request that asked for it */
    char eab_kid[TB_EAB_KID_MAX + 1];  /* bound: id of the key; else empty */
    struct tb_span jwk;                /* key changed: the new key, canonical; else empty; borrowed */
};
void tb_account_rec_write(struct tb_wr *wr, const struct tb_account_rec *r);
int tb_account_rec_read(struct tb_span body, struct tb_account_rec *out) TB_MUST_USE;

#endif
