/* Intrusive hash table from a number to a node, for what the front looks up by request id, row number or digest. */
#ifndef TB_CA_FRONT_MAP_H
#define TB_CA_FRONT_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* First member of what is stored. Several nodes may have one key: the caller compares the rest. */
struct tb_map_node {
    struct tb_map_node *next;
    uint64_t key;
};
struct tb_map {
    struct tb_map_node **bucket;
    size_t num_buckets; /* a power of two */
    size_t num;
};

/* buckets: a power of two, chosen for the expected number of nodes; the table does not grow. */
int tb_map_init(struct tb_map *map, size_t buckets) TB_MUST_USE;
/* Frees the table, never the nodes. */
void tb_map_clear(struct tb_map *map);
void tb_map_insert(struct tb_map *map, uint64_t key, struct tb_map_node *node);
/* First node of a key, then the next one with the same key; NULL at the end. */
struct tb_map_node *tb_map_find(const struct tb_map *map, uint64_t key);
struct tb_map_node *tb_map_next(const struct tb_map_node *node);
/* Takes out a node that is in the table. */
void tb_map_remove(struct tb_map *map, struct tb_map_node *node);

#endif
