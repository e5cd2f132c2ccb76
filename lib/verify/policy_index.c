#include <stdlib.h>
#include <string.h>

#include "lib/verify/policy.h"

struct tb_vrules *tb_vrules_new(enum tb_vstate state)
{
    struct tb_vrules *rules = calloc(1, sizeof(*rules));

    if (rules == NULL)
        return NULL;
    atomic_init(&rules->refs, 1);
    rules->state = state;
    return rules;
}

static void counter_release(struct tb_vcounter *counter)
{
    if (counter != NULL && atomic_fetch_sub(&counter->refs, 1) == 1)
        free(counter);
}

void tb_vrules_release(struct tb_vrules *rules)
{
    if (rules == NULL || atomic_fetch_sub(&rules->refs, 1) != 1)
        return;
    for (size_t i = 0; i < rules->num_entries; i++)
        counter_release(rules->entries[i].counter);
    for (size_t i = 0; i < rules->num_items; i++) {
        free((void *)(uintptr_t)rules->items[i].name);
        free((void *)(uintptr_t)rules->items[i].resource);
    }
    for (size_t i = 0; i < TB_VINDEX__COUNT; i++)
        free(rules->buckets[i]);
    free(rules->entries);
    free(rules->items);
    free(rules->issuers);
    free(rules);
}

static uint32_t mix(uint32_t h, const char *s)
{
    for (; *s != '\0'; s++)
        h = (h ^ (uint8_t)*s) * UINT32_C(16777619);
    return (h ^ 0xff) * UINT32_C(16777619);
}

/* FNV-1a: the administrator's words fill the table, so nobody gains by collisions. */
static uint32_t key_hash(enum tb_vname_type type, bool wildcard, const char *name, const char *resource)
{
    uint32_t h = UINT32_C(2166136261) ^ ((uint32_t)type << 1 | wildcard);

    h = mix(h * UINT32_C(16777619), name);
    return resource != NULL ? mix(h, resource) : h;
}

int tb_vrules_add_item(struct tb_vrules *rules, const struct tb_vname *name, const char *resource, uint32_t entry)
{
    struct tb_vitem *item;

    if (rules->num_items >= TB_VPOLICY_ITEMS_MAX)
        return TB_E_LIMIT;
    /* Powers of two, so that a file of n items costs n, not n squared. */
    if ((rules->num_items & (rules->num_items - 1)) == 0) {
        size_t cap = rules->num_items == 0 ? 1 : rules->num_items * 2;
        struct tb_vitem *items = realloc(rules->items, cap * sizeof(*items));

        if (items == NULL)
            return TB_E_NOMEM;
        rules->items = items;
    }
    item = &rules->items[rules->num_items];
    *item = (struct tb_vitem){.type = name->type, .wildcard = name->wildcard, .entry = entry};
    item->name = strdup(name->text);
    item->resource = strdup(resource);
    rules->num_items++;
    return item->name != NULL && item->resource != NULL ? 0 : TB_E_NOMEM;
}

/* False when the item does not belong into the index. */
static bool item_key(const struct tb_vrules *rules, enum tb_vindex index, const struct tb_vitem *item, uint32_t *out)
{
    const char *parent = tb_vname_parent(item->name);

    if (index == TB_VINDEX_PARENT && (item->type != TB_VNAME_DNS || item->wildcard || parent == NULL ||
                                      rules->entries[item->entry].role != TABARD_ROLE_SERVER))
        return false;
    *out = key_hash(item->type, item->wildcard, index == TB_VINDEX_PARENT ? parent : item->name,
                    index == TB_VINDEX_NAME ? NULL : item->resource);
    return true;
}

int tb_vrules_index(struct tb_vrules *rules)
{
    uint32_t size = 16;

    while (size < rules->num_items * 2)
        size *= 2;
    rules->mask = size - 1;
    for (int index = 0; index < TB_VINDEX__COUNT; index++) {
        rules->buckets[index] = calloc(size, sizeof(uint32_t));
        if (rules->buckets[index] == NULL)
            return TB_E_NOMEM;
        /* From the end, so that a bucket ascends: the entry that stands first is told. */
        for (size_t i = rules->num_items; i-- > 0;) {
            uint32_t key;

            if (!item_key(rules, (enum tb_vindex)index, &rules->items[i], &key))
                continue;
            rules->items[i].next[index] = rules->buckets[index][key & rules->mask];
            rules->buckets[index][key & rules->mask] = (uint32_t)i + 1;
        }
    }
    return 0;
}

static bool item_is(enum tb_vindex index, const struct tb_vitem *item, enum tb_vname_type type, bool wildcard,
                    const char *name, const char *resource)
{
    const char *key = index == TB_VINDEX_PARENT ? tb_vname_parent(item->name) : item->name;

    return item->type == type && item->wildcard == wildcard && key != NULL && strcmp(key, name) == 0 &&
           (index == TB_VINDEX_NAME || strcmp(item->resource, resource) == 0);
}

const struct tb_vitem *tb_vrules_first(const struct tb_vrules *rules, enum tb_vindex index, enum tb_vname_type type,
                                       bool wildcard, const char *name, const char *resource)
{
    uint32_t at;

    if (rules->buckets[index] == NULL)
        return NULL;
    at = rules->buckets[index][key_hash(type, wildcard, name, index == TB_VINDEX_NAME ? NULL : resource) & rules->mask];
    for (; at != 0; at = rules->items[at - 1].next[index])
        if (item_is(index, &rules->items[at - 1], type, wildcard, name, resource))
            return &rules->items[at - 1];
    return NULL;
}

const struct tb_vitem *tb_vrules_next(const struct tb_vrules *rules, enum tb_vindex index, const struct tb_vitem *item)
{
    const char *name = index == TB_VINDEX_PARENT ? tb_vname_parent(item->name) : item->name;

    for (uint32_t at = item->next[index]; at != 0; at = rules->items[at - 1].next[index])
        if (item_is(index, &rules->items[at - 1], item->type, item->wildcard, name, item->resource))
            return &rules->items[at - 1];
    return NULL;
}
