#include "lib/base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>

void tb_wipe(void *p, size_t len)
{
    if (len > 0)
        OPENSSL_cleanse(p, len);
}

void tb_free_secret(void *p, size_t len)
{
    if (p == NULL)
        return;
    tb_wipe(p, len);
    free(p);
}

bool tb_equal_ct(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
