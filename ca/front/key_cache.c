#include "ca/front/key_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ca/front/map.h"

/* A key's thumbprint names it completely, so entries never go stale: a rolled-over account asks for another one. */
struct entry {
    struct tb_map_node node; /* first: by the first octets of the thumbprint */
    TAILQ_ENTRY(entry) lru;  /* most recent first */
    struct tb_jwk *jwk;
};
TAILQ_HEAD(entry_list, entry);

struct tb_key_cache {
    struct tb_map map;
    struct entry_list lru;
    size_t max;
};

static uint64_t key_of(const uint8_t *thumbprint)
{
    uint64_t k;

    memcpy(&k, thumbprint, sizeof(k));
    return k;
}

int tb_key_cache_new(size_t max, struct tb_key_cache **out)
{
    struct tb_key_cache *kc = NULL;
    int r;

    *out = NULL;
    if (max == 0)
        return TB_E_INVAL;
    kc = calloc(1, sizeof(*kc));
    if (kc == NULL)
        return TB_E_NOMEM;
    if ((r = tb_map_init(&kc->map, TB_KEY_CACHE_MAX)) < 0) {
        free(kc);
        return r;
    }
    TAILQ_INIT(&kc->lru);
    kc->max = max;
    *out = kc;
    return 0;
}

static void drop(struct tb_key_cache *kc, struct entry *e)
{
    tb_map_remove(&kc->map, &e->node);
    TAILQ_REMOVE(&kc->lru, e, lru);
    tb_jwk_free(e->jwk);
    free(e);
}

void tb_key_cache_free(struct tb_key_cache *kc)
{
    struct entry *e = NULL;

    if (kc == NULL)
        return;
    while ((e = TAILQ_FIRST(&kc->lru)) != NULL)
        drop(kc, e);
    tb_map_clear(&kc->map);
    free(kc);
}

static struct entry *find(struct tb_key_cache *kc, const uint8_t *thumbprint)
{
    struct tb_map_node *n = tb_map_find(&kc->map, key_of(thumbprint));

    while (n != NULL && memcmp(tb_jwk_thumbprint(((struct entry *)n)->jwk), thumbprint, TB_DIGEST_LEN) != 0)
        n = tb_map_next(n);
    return (struct entry *)n;
}

/* Takes jwk on success only. */
static int insert(struct tb_key_cache *kc, struct tb_jwk *jwk)
{
    struct entry *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return TB_E_NOMEM;
    if (kc->map.num >= kc->max)
        drop(kc, TAILQ_LAST(&kc->lru, entry_list));
    e->jwk = jwk;
    tb_map_insert(&kc->map, key_of(tb_jwk_thumbprint(jwk)), &e->node);
    TAILQ_INSERT_HEAD(&kc->lru, e, lru);
    return 0;
}

int tb_key_cache_get(struct tb_key_cache *kc, const struct tb_account *a, struct tb_jwk **out)
{
    struct entry *e = find(kc, a->thumbprint);
    struct tb_jwk *jwk = NULL;
    int r;

    *out = NULL;
    if (e != NULL) {
        TAILQ_REMOVE(&kc->lru, e, lru);
        TAILQ_INSERT_HEAD(&kc->lru, e, lru);
        *out = e->jwk;
        return 0;
    }
    if ((r = tb_jwk_parse(tb_span_str(a->jwk), &jwk, NULL)) < 0)
        return r;
    if (memcmp(tb_jwk_thumbprint(jwk), a->thumbprint, TB_DIGEST_LEN) != 0)
        r = TB_E_INTERNAL; /* the row contradicts itself */
    else
        r = insert(kc, jwk);
    if (r < 0)
        tb_jwk_free(jwk);
    else
        *out = jwk;
    return r;
}

void tb_key_cache_put(struct tb_key_cache *kc, struct tb_jwk *jwk)
{
    if (jwk != NULL && (find(kc, tb_jwk_thumbprint(jwk)) != NULL || insert(kc, jwk) < 0))
        tb_jwk_free(jwk);
}

size_t tb_key_cache_num(const struct tb_key_cache *kc)
{
    return kc->map.num;
}
