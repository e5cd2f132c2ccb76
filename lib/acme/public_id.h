/*
 * Public ids: row numbers enciphered with one AES-128 block, so that they tell nothing and cannot be invented:
 *     AES(kind u8 || seven zero octets || number u64) as base64url, 22 characters.
 * A forged id fails the zero check (56 bits) before the store is asked.  Nonces are made the same way.
 */
#ifndef TB_ACME_PUBLIC_ID_H
#define TB_ACME_PUBLIC_ID_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define TB_PUBLIC_ID_LEN 22

/* In the enciphered block: never renumber (nonces live for one process only). */
enum tb_public_id_kind { TB_ID_NONE = 0, TB_ID_ORDER = 1, TB_ID_AUTHZ = 2, TB_ID_CERT = 3, TB_ID_NONCE = 4 };

/* A keyed cipher; one thread at a time. */
struct tb_public_id;
int tb_public_id_new(const struct tb_key *key, struct tb_public_id **out) TB_MUST_USE; /* uses the first 16 octets */
void tb_public_id_free(struct tb_public_id *p);                                        /* NULL-safe */
/* TB_E_INVAL for a kind that is none. */
int tb_public_id_encode(struct tb_public_id *p, enum tb_public_id_kind kind, uint64_t number,
                        char out[static TB_PUBLIC_ID_LEN + 1]) TB_MUST_USE;
/* TB_E_FORMAT for anything that this key did not make for this kind. */
int tb_public_id_decode(struct tb_public_id *p, enum tb_public_id_kind kind, struct tb_span text,
                        uint64_t *out) TB_MUST_USE;

#endif
