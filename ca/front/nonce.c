#include "ca/front/nonce.h"

#include <stdlib.h>
#include <string.h>

#include "lib/acme/public_id.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"

struct tb_nonces {
    struct tb_public_id *cipher; /* its key is made at start and kept nowhere else */
    uint64_t next;               /* number of the next nonce, from 1 */
    uint8_t used[TB_NONCE_WINDOW / 8];
};

_Static_assert(TB_PUBLIC_ID_LEN <= TB_NONCE_TEXT_MAX, "a nonce is a public id");

int tb_nonces_new(struct tb_nonces **out)
{
    struct tb_nonces *n = calloc(1, sizeof(*n));
    struct tb_key key;
    int r;

    *out = NULL;
    if (n == NULL)
        return TB_E_NOMEM;
    tb_random(&key, sizeof(key));
    r = tb_public_id_new(&key, &n->cipher);
    tb_wipe(&key, sizeof(key));
    if (r < 0) {
        free(n);
        return r;
    }
    n->next = 1;
    *out = n;
    return 0;
}

void tb_nonces_free(struct tb_nonces *n)
{
    if (n == NULL)
        return;
    tb_public_id_free(n->cipher);
    free(n);
}

static uint8_t *slot(struct tb_nonces *n, uint64_t number, uint8_t *out_bit)
{
    uint32_t at = (uint32_t)(number % TB_NONCE_WINDOW);

    *out_bit = (uint8_t)(1u << (at % 8));
    return &n->used[at / 8];
}

void tb_nonces_make(struct tb_nonces *n, char out[static TB_NONCE_TEXT_MAX + 1])
{
    uint8_t bit;
    uint8_t *at = slot(n, n->next, &bit);

    *at &= (uint8_t)~bit; /* the number that had this bit has left the window */
    if (tb_public_id_encode(n->cipher, TB_ID_NONCE, n->next, out) < 0)
        tb_fatal("a nonce cannot be enciphered");
    n->next++;
}

int tb_nonces_use(struct tb_nonces *n, const char *text)
{
    struct tb_span s = tb_span_str(text);
    uint64_t number;
    uint8_t bit;
    uint8_t *at;

    if (!tb_b64u_alphabet(s))
        return TB_E_FORMAT;
    if (tb_public_id_decode(n->cipher, TB_ID_NONCE, s, &number) < 0)
        return TB_E_EXPIRED;
    if (number == 0 || number >= n->next || n->next - number > TB_NONCE_WINDOW)
        return TB_E_EXPIRED;
    at = slot(n, number, &bit);
    if ((*at & bit) != 0)
        return TB_E_EXPIRED;
    *at |= bit;
    return 0;
}
