/*
 * A strict subset of YAML on libyaml's events: mappings, sequences, scalars; every node knows its line.
 * Refused: duplicate keys, anchors, aliases, tags, directives, several documents, an empty document, encodings other
 * than UTF-8, NUL characters, and what is beyond the maxima below.
 */
#ifndef TB_YAML_YAML_H
#define TB_YAML_YAML_H

#include "lib/base/bytes.h"

#define TB_YAML_DEPTH_MAX   8
#define TB_YAML_NODES_MAX   20000
#define TB_YAML_MEMBERS_MAX 64 /* of one mapping: the search for duplicates is linear */
#define TB_YAML_KEY_MAX     64
#define TB_YAML_WHY_MAX     255

enum tb_yaml_kind { TB_YAML_SCALAR, TB_YAML_MAP, TB_YAML_SEQ };

struct tb_yaml {
    enum tb_yaml_kind kind;
    unsigned line;   /* from 1 */
    const char *key; /* of a member of a mapping; NULL otherwise */
    unsigned key_line;
    const char *text; /* scalar; NUL-free by construction */
    bool quoted;
    struct tb_yaml *child; /* first child */
    struct tb_yaml *next;  /* sibling */
    size_t num;            /* children */
};

/* Parse a text; the tree is freed with tb_yaml_free.  On failure *out_line and why tell where and what. */
int tb_yaml_parse(struct tb_span text, struct tb_yaml **out, unsigned *out_line,
                  char why[static TB_YAML_WHY_MAX + 1]) TB_MUST_USE;
/* The same with another maximum of nodes, for files that are long by nature. */
int tb_yaml_parse_max(struct tb_span text, size_t nodes_max, struct tb_yaml **out, unsigned *out_line,
                      char why[static TB_YAML_WHY_MAX + 1]) TB_MUST_USE;
void tb_yaml_free(struct tb_yaml *root); /* NULL-safe */
/* Member of a mapping; NULL when absent. */
const struct tb_yaml *tb_yaml_get(const struct tb_yaml *map, const char *key);

#endif
