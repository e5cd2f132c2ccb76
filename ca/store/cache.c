#include "ca/store/cache.h"

#include <stdlib.h>

#define BUCKETS 4096

struct entry {
    struct entry *chain;         /* in its bucket */
    struct entry *newer, *older; /* by use */
    struct tb_row *row;
    unsigned pending; /* writes of this row that wait */
};

struct tb_cache {
    struct entry *bucket[BUCKETS];
    struct entry *newest, *oldest;
    size_t num;
};

static struct entry **bucket_of(struct tb_cache *c, enum tb_row_kind kind, uint64_t id)
{
    uint64_t h = (id ^ (uint64_t)kind << 60) * UINT64_C(0x9e3779b97f4a7c15);

    return &c->bucket[h >> 52];
}

_Static_assert(BUCKETS == 1 << 12, "the hash gives twelve bits");

int tb_cache_new(struct tb_cache **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? 0 : TB_E_NOMEM;
}

void tb_cache_free(struct tb_cache *c)
{
    struct entry *e;

    if (c == NULL)
        return;
    while ((e = c->newest) != NULL) {
        c->newest = e->older;
        tb_row_unref(e->row);
        free(e);
    }
    free(c);
}

static void unlink_use(struct tb_cache *c, struct entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(struct tb_cache *c, struct entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(c->newest != NULL ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static struct entry *find(struct tb_cache *c, enum tb_row_kind kind, uint64_t id)
{
    struct entry *e = *bucket_of(c, kind, id);

    while (e != NULL && (e->row->id != id || e->row->kind != kind))
        e = e->chain;
    return e;
}

static void drop(struct tb_cache *c, struct entry *e)
{
    struct entry **p = bucket_of(c, e->row->kind, e->row->id);

    while (*p != e)
        p = &(*p)->chain;
    *p = e->chain;
    unlink_use(c, e);
    tb_row_unref(e->row);
    free(e);
    c->num--;
}

static void shrink(struct tb_cache *c)
{
    struct entry *e = c->oldest;

    while (e != NULL && c->num > TB_CACHE_ROWS_MAX) {
        struct entry *next = e->newer;

        if (e->pending == 0)
            drop(c, e);
        e = next;
    }
}

struct tb_row *tb_cache_get(struct tb_cache *c, enum tb_row_kind kind, uint64_t id)
{
    struct entry *e = find(c, kind, id);

    if (e == NULL)
        return NULL;
    unlink_use(c, e);
    link_newest(c, e);
    return e->row;
}

bool tb_cache_pending(struct tb_cache *c, enum tb_row_kind kind, uint64_t id)
{
    struct entry *e = find(c, kind, id);

    return e != NULL && e->pending > 0;
}

int tb_cache_put(struct tb_cache *c, struct tb_row *row, bool pending)
{
    struct entry *e = find(c, row->kind, row->id);

    if (e == NULL) {
        struct entry **bucket = bucket_of(c, row->kind, row->id);

        e = calloc(1, sizeof(*e));
        if (e == NULL)
            return TB_E_NOMEM;
        e->chain = *bucket;
        *bucket = e;
        c->num++;
    } else {
        unlink_use(c, e);
        tb_row_unref(e->row);
    }
    e->row = tb_row_ref(row);
    e->pending += pending;
    link_newest(c, e);
    shrink(c);
    return 0;
}

void tb_cache_settle(struct tb_cache *c, const struct tb_row *row, bool failed)
{
    struct entry *e = find(c, row->kind, row->id);

    if (e == NULL)
        return;
    if (e->pending > 0)
        e->pending--;
    if (failed && e->pending == 0)
        drop(c, e);
}
