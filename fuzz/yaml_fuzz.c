/* Under test: tb_yaml_parse, tb_yaml_get, tb_yaml_free. */
#include <stdlib.h>
#include <string.h>

#include "lib/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts nodes and holds the tree to what its header promises. */
static size_t walk(const struct tb_yaml *node, size_t depth)
{
    size_t nodes = 1, children = 0;

    if (depth > TB_YAML_DEPTH_MAX || node->line == 0 || (node->kind == TB_YAML_SCALAR) != (node->text != NULL))
        abort();
    for (const struct tb_yaml *c = node->child; c != NULL; c = c->next) {
        if ((node->kind == TB_YAML_MAP) != (c->key != NULL))
            abort();
        if (c->key != NULL && (strlen(c->key) > TB_YAML_KEY_MAX || tb_yaml_get(node, c->key) != c))
            abort();
        nodes += walk(c, depth + 1);
        children++;
    }
    if (children != node->num || (node->kind == TB_YAML_SCALAR && children > 0))
        abort();
    return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    char why[TB_YAML_WHY_MAX + 1];
    struct tb_yaml *root = NULL;
    unsigned line = 0;
    int err;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    err = tb_yaml_parse(tb_span_of(copy, size), &root, &line, why);
    if ((err == 0) != (root != NULL) || line == 0 || (err != 0 && why[0] == '\0'))
        abort();
    if (root != NULL && walk(root, 0) > TB_YAML_NODES_MAX)
        abort();
    tb_yaml_free(root);
    free(copy);
    return 0;
}
