/* Keys made before anything is measured, and requests for certificates over them. */
#ifndef TB_BENCH_KEYS_H
#define TB_BENCH_KEYS_H

#include <openssl/evp.h>

#include "lib/base/bytes.h"
#include "lib/pki/signer.h"

#define TB_LOAD_POOL      64 /* certificate keys, used in turn */
#define TB_LOAD_CSR_MAX   1024
#define TB_LOAD_SPKI_P256 91

struct tb_load_key {
    EVP_PKEY *key;
    struct tb_signer *signer;
    uint8_t spki[TB_LOAD_SPKI_P256];
};
struct tb_load_pool {
    struct tb_load_key key[TB_LOAD_POOL];
    size_t next;
};
int tb_load_pool_init(struct tb_load_pool *pool) TB_MUST_USE;
void tb_load_pool_clear(struct tb_load_pool *pool);
const struct tb_load_key *tb_load_pool_next(struct tb_load_pool *pool);
/* P-256, for accounts. */
int tb_load_key_make(EVP_PKEY **out) TB_MUST_USE;
/* PKCS #10 (RFC 2986) with an empty subject and one dNSName, appended to out. */
int tb_load_csr_make(struct tb_wr *out, const struct tb_load_key *key, const char *name) TB_MUST_USE;

#endif
