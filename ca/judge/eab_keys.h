/*
 * Keys for external account binding, as the log has them (record type 5).  The log holds no secret: the MAC key of an
 * id is derived from keys/account.key, which only the judge has.
 */
#ifndef TB_CA_JUDGE_EAB_KEYS_H
#define TB_CA_JUDGE_EAB_KEYS_H

#include "lib/base/hash.h"
#include "lib/statement/account.h"

#define TB_EAB_KEYS_MAX       4096
#define TB_EAB_ACCOUNTS_MAX   1000000
#define TB_EAB_LABEL_MAX      64
#define TB_EAB_LIMITS_LEN_MAX 1400 /* octets of the limits of a key, as they are encoded */
#define TB_EAB_LIFETIME_MAX_S (3650 * INT64_C(86400))

/* Wire values: never renumber. */
enum tb_eab_event { TB_EAB_EVENT_NONE = 0, TB_EAB_ADDED = 1, TB_EAB_REVOKED = 2, TB_EAB_EVENT__COUNT };

/* Body of TB_LOG_REC_EAB. After kid only what adding has. */
struct tb_eab_rec {
    enum tb_eab_event event;
    char kid[TB_EAB_KID_MAX + 1];
    char label[TB_EAB_LABEL_MAX + 1]; /* the operator's own words; may be empty */
    uint32_t accounts_max;            /* 1..TB_EAB_ACCOUNTS_MAX */
    tb_time_t expires_at;             /* from then on it binds no further account */
    struct tb_account_limits limits;
};
void tb_eab_rec_write(struct tb_wr *wr, const struct tb_eab_rec *r);
int tb_eab_rec_read(struct tb_span body, struct tb_eab_rec *out) TB_MUST_USE;

struct tb_eab_key {
    struct tb_eab_rec rec;
    uint32_t accounts; /* bound so far; never falls */
    bool revoked;
};
/* Zeroed = empty. */
struct tb_eab_keys {
    struct tb_eab_key **key;
    size_t num, cap;
};
void tb_eab_keys_clear(struct tb_eab_keys *k);
/* Index, or TB_E_NOTFOUND. */
int tb_eab_keys_find(const struct tb_eab_keys *k, const char *kid, size_t *out) TB_MUST_USE;
/* TB_E_EXISTS (added twice), TB_E_NOTFOUND, TB_E_STATE (revoked twice), TB_E_LIMIT, TB_E_NOMEM; unchanged then. */
int tb_eab_keys_apply(struct tb_eab_keys *k, const struct tb_eab_rec *rec) TB_MUST_USE;
/* NULL, or why it binds no further account at this time. */
const char *tb_eab_key_word(const struct tb_eab_key *k, tb_time_t now);
/* The MAC key that goes with an id. Wipe it. */
void tb_eab_mac_key(const struct tb_key *account_key, const char *kid, struct tb_key *out);

#endif
