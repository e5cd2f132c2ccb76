#include "ca/front/map.h"

#include <stdlib.h>

static size_t slot(const struct tb_map *map, uint64_t key)
{
    /* Fibonacci hashing: neighbouring row numbers spread over the table. */
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->num_buckets - 1);
}

int tb_map_init(struct tb_map *map, size_t buckets)
{
    *map = (struct tb_map){0};
    if (buckets == 0 || (buckets & (buckets - 1)) != 0)
        return TB_E_INVAL;
    map->bucket = calloc(buckets, sizeof(struct tb_map_node *));
    if (map->bucket == NULL)
        return TB_E_NOMEM;
    map->num_buckets = buckets;
    return 0;
}

void tb_map_clear(struct tb_map *map)
{
    free(map->bucket);
    *map = (struct tb_map){0};
}

void tb_map_insert(struct tb_map *map, uint64_t key, struct tb_map_node *node)
{
    struct tb_map_node **head = &map->bucket[slot(map, key)];

    node->key = key;
    node->next = *head;
    *head = node;
    map->num++;
}

struct tb_map_node *tb_map_find(const struct tb_map *map, uint64_t key)
{
    struct tb_map_node *n;

    if (map->num_buckets == 0)
        return NULL;
    n = map->bucket[slot(map, key)];
    while (n != NULL && n->key != key)
        n = n->next;
    return n;
}

struct tb_map_node *tb_map_next(const struct tb_map_node *node)
{
    struct tb_map_node *n = node->next;

    while (n != NULL && n->key != node->key)
        n = n->next;
    return n;
}

void tb_map_remove(struct tb_map *map, struct tb_map_node *node)
{
    struct tb_map_node **at = &map->bucket[slot(map, node->key)];

    while (*at != NULL && *at != node)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = node->next;
    node->next = NULL;
    map->num--;
}
