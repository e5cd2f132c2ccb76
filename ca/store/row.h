/* Rows: objects in the form in which they are written, queued and cached. Private to the store. */
#ifndef TB_CA_STORE_ROW_H
#define TB_CA_STORE_ROW_H

#include "ca/store/object.h"

enum tb_row_kind { TB_ROW_ACCOUNT, TB_ROW_AUTHZ, TB_ROW_ORDER, TB_ROW__COUNT };

#define TB_ROW_BODY_MAX (256u << 10)

/* Columns that the engine looks at; everything else is in body. Immutable after it was made; loop thread counts. */
struct tb_row {
    unsigned refs;
    enum tb_row_kind kind;
    uint64_t id;
    uint32_t rev;
    int state;
    int64_t expires_at;
    uint64_t num;                /* authz: claim key; order: account */
    bool busy;                   /* authz: a challenge is processing */
    uint8_t key[TB_DIGEST_LEN];  /* account: thumbprint in its URL; order: serial */
    uint8_t key2[TB_DIGEST_LEN]; /* account: thumbprint of the current key */
    uint64_t seq;                /* order: of the judge's log, 0 = none */
    uint64_t revoked;            /* order: likewise of its revocation */
    int64_t not_after;           /* order */
    struct tb_wr body;
    uint8_t *cert; /* order: DER, owned */
    size_t cert_len;
};

int tb_row_of_account(const struct tb_account *a, struct tb_row **out) TB_MUST_USE;
int tb_row_of_authz(const struct tb_authz *a, struct tb_row **out) TB_MUST_USE;
int tb_row_of_order(const struct tb_order *o, struct tb_row **out) TB_MUST_USE;
/* TB_E_FORMAT when a row is not what was written (a damaged database). */
int tb_row_account(const struct tb_row *row, struct tb_account *out) TB_MUST_USE;
int tb_row_authz(const struct tb_row *row, struct tb_authz *out) TB_MUST_USE;
int tb_row_order(const struct tb_row *row, struct tb_order *out) TB_MUST_USE;
struct tb_row *tb_row_ref(struct tb_row *row);
void tb_row_unref(struct tb_row *row); /* NULL-safe */

/* One number for (account, identifier, purposes, kind, scope): the column by which an authorization is found again. */
uint64_t tb_row_claim_key(uint64_t account_id, const struct tb_ident *ident, tb_purposes_t purposes,
                          enum tb_proof_kind kind, bool subtree);

#endif
