/*
 * Answers that need no query: which row an account URL names, and how many open orders an account has.  Direct-mapped,
 * so the size is fixed; a miss only costs the query. Private to the store.
 */
#ifndef TB_CA_STORE_MEMO_H
#define TB_CA_STORE_MEMO_H

#include "ca/store/row.h"

#define TB_MEMO_SLOTS 4096 /* a power of two */

struct tb_memo {
    struct {
        uint8_t thumbprint[TB_DIGEST_LEN];
        uint64_t account_id; /* 0 = empty */
    } first[TB_MEMO_SLOTS];
    struct {
        uint64_t account_id; /* 0 = empty */
        uint32_t num;        /* orders stored as pending, expired ones among them: never too low */
    } open[TB_MEMO_SLOTS];
};

/* The binding of an account URL never changes, so what was once read stays right. 0 = not known. */
uint64_t tb_memo_account(const struct tb_memo *m, const uint8_t thumbprint[static TB_DIGEST_LEN]);
void tb_memo_account_set(struct tb_memo *m, const uint8_t thumbprint[static TB_DIGEST_LEN], uint64_t account_id);

bool tb_memo_open(const struct tb_memo *m, uint64_t account_id, uint32_t *out);
void tb_memo_open_set(struct tb_memo *m, uint64_t account_id, uint32_t num);
/* An order row is being written over `old` (NULL: not in memory). */
void tb_memo_open_write(struct tb_memo *m, const struct tb_row *old, const struct tb_row *row);
void tb_memo_open_forget(struct tb_memo *m, uint64_t account_id);

#endif
