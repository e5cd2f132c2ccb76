/* Memory that holds secrets, and comparison that does not tell them. */
#ifndef TB_BASE_MEM_H
#define TB_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/compiler.h"

#define TB_KEY_LEN    32 /* every symmetric key of ours */
#define TB_DIGEST_LEN 32 /* SHA-256 */

/* A symmetric key; wipe with tb_wipe(&key, sizeof(key)) when its owner goes. */
struct tb_key {
    uint8_t b[TB_KEY_LEN];
};

/* Overwrites; never optimised away. NULL allowed when len is 0. */
void tb_wipe(void *p, size_t len);
/* Wipes, then frees; NULL-safe. */
void tb_free_secret(void *p, size_t len);
/* Constant time in the content. */
bool tb_equal_ct(const void *a, const void *b, size_t len);

#endif
