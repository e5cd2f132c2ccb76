#include "lib/yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* One open collection; last is where the next child is hung. */
struct level {
    struct tb_yaml *node;
    struct tb_yaml *last;
    char *key; /* of a mapping: read, its value is awaited */
    unsigned key_line;
};

struct builder {
    yaml_parser_t *parser;
    struct level stack[TB_YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;
    size_t nodes_max;
    bool started; /* a document was seen */
    struct tb_yaml *root;
    unsigned *out_line;
    char *why;
};

static int refuse(struct builder *b, int err, const yaml_mark_t *mark, const char *why)
{
    *b->out_line = (unsigned)mark->line + 1;
    snprintf(b->why, TB_YAML_WHY_MAX + 1, "%s", why);
    return err;
}

static char *copy_text(const yaml_char_t *p, size_t len)
{
    char *s = malloc(len + 1);

    if (s == NULL)
        return NULL;
    if (len > 0)
        memcpy(s, p, len);
    s[len] = '\0';
    return s;
}

/* Hang a node under the open collection, or make it the root.  Takes the node over in every case. */
static void attach(struct builder *b, struct tb_yaml *node)
{
    struct level *top;

    if (b->depth == 0) {
        b->root = node;
        return;
    }
    top = &b->stack[b->depth - 1];
    if (top->node->kind == TB_YAML_MAP) {
        node->key = top->key;
        node->key_line = top->key_line;
        top->key = NULL;
    }
    if (top->last == NULL)
        top->node->child = node;
    else
        top->last->next = node;
    top->last = node;
    top->node->num++;
}

static int new_node(struct builder *b, enum tb_yaml_kind kind, const yaml_mark_t *mark, struct tb_yaml **out)
{
    struct tb_yaml *node;

    *out = NULL;
    if (b->nodes >= b->nodes_max)
        return refuse(b, TB_E_LIMIT, mark, "too many values in one file");
    node = calloc(1, sizeof(*node));
    if (node == NULL)
        return refuse(b, TB_E_NOMEM, mark, tb_err_text(TB_E_NOMEM));
    node->kind = kind;
    node->line = (unsigned)mark->line + 1;
    b->nodes++;
    *out = node;
    return 0;
}

static int take_key(struct builder *b, const yaml_event_t *ev)
{
    struct level *top = &b->stack[b->depth - 1];
    char why[TB_YAML_WHY_MAX + 1];
    char *key;

    if (ev->data.scalar.length == 0)
        return refuse(b, TB_E_FORMAT, &ev->start_mark, "a key is empty");
    if (ev->data.scalar.length > TB_YAML_KEY_MAX)
        return refuse(b, TB_E_LIMIT, &ev->start_mark, "a key is too long");
    if (top->node->num >= TB_YAML_MEMBERS_MAX)
        return refuse(b, TB_E_LIMIT, &ev->start_mark, "too many keys in one mapping");
    key = copy_text(ev->data.scalar.value, ev->data.scalar.length);
    if (key == NULL)
        return refuse(b, TB_E_NOMEM, &ev->start_mark, tb_err_text(TB_E_NOMEM));
    if (tb_yaml_get(top->node, key) != NULL) {
        snprintf(why, sizeof(why), "key \"%s\" stands twice", key);
        free(key);
        return refuse(b, TB_E_DUP, &ev->start_mark, why);
    }
    top->key = key;
    top->key_line = (unsigned)ev->start_mark.line + 1;
    return 0;
}

static bool wants_key(const struct builder *b)
{
    const struct level *top;

    if (b->depth == 0)
        return false;
    top = &b->stack[b->depth - 1];
    return top->node->kind == TB_YAML_MAP && top->key == NULL;
}

static int on_scalar(struct builder *b, const yaml_event_t *ev)
{
    struct tb_yaml *node = NULL;
    int err;

    if (ev->data.scalar.anchor != NULL)
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "anchors are not accepted");
    if (ev->data.scalar.tag != NULL)
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "tags are not accepted");
    if (ev->data.scalar.length > 0 && memchr(ev->data.scalar.value, '\0', ev->data.scalar.length) != NULL)
        return refuse(b, TB_E_FORMAT, &ev->start_mark, "a value contains a NUL character");
    if (wants_key(b))
        return take_key(b, ev);
    err = new_node(b, TB_YAML_SCALAR, &ev->start_mark, &node);
    if (err != 0)
        return err;
    node->text = copy_text(ev->data.scalar.value, ev->data.scalar.length);
    if (node->text == NULL) {
        tb_yaml_free(node);
        return refuse(b, TB_E_NOMEM, &ev->start_mark, tb_err_text(TB_E_NOMEM));
    }
    node->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    attach(b, node);
    return 0;
}

static int on_open(struct builder *b, enum tb_yaml_kind kind, const yaml_event_t *ev, const yaml_char_t *anchor,
                   const yaml_char_t *tag)
{
    struct tb_yaml *node = NULL;
    int err;

    if (anchor != NULL)
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "anchors are not accepted");
    if (tag != NULL)
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "tags are not accepted");
    if (wants_key(b))
        return refuse(b, TB_E_FORMAT, &ev->start_mark, "a key must be plain text");
    if (b->depth >= TB_YAML_DEPTH_MAX)
        return refuse(b, TB_E_LIMIT, &ev->start_mark, "nested too deeply");
    err = new_node(b, kind, &ev->start_mark, &node);
    if (err != 0)
        return err;
    attach(b, node);
    b->stack[b->depth++] = (struct level){.node = node};
    return 0;
}

static int on_document(struct builder *b, const yaml_event_t *ev)
{
    if (b->started)
        return refuse(b, TB_E_TRAIL, &ev->start_mark, "a second document starts here; expected one");
    if (ev->data.document_start.version_directive != NULL ||
        ev->data.document_start.tag_directives.start != ev->data.document_start.tag_directives.end)
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "directives are not accepted");
    b->started = true;
    return 0;
}

static int on_event(struct builder *b, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(b, ev);
    case YAML_SCALAR_EVENT:
        return on_scalar(b, ev);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, TB_YAML_MAP, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, TB_YAML_SEQ, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return 0;
    case YAML_ALIAS_EVENT:
        return refuse(b, TB_E_UNSUPPORTED, &ev->start_mark, "aliases are not accepted");
    case YAML_STREAM_END_EVENT:
        if (!b->started)
            return refuse(b, TB_E_FORMAT, &ev->start_mark, "the file is empty");
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return TB_E_INTERNAL;
}

static int refuse_syntax(struct builder *b)
{
    const yaml_parser_t *p = b->parser;
    char why[TB_YAML_WHY_MAX + 1];

    /* Reader errors (encoding) carry a byte offset and no mark of their own; the scanner's mark is the nearest. */
    snprintf(why, sizeof(why), "%s%s%s", p->problem != NULL ? p->problem : "not readable as YAML",
             p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
    return refuse(b, p->error == YAML_MEMORY_ERROR ? TB_E_NOMEM : TB_E_FORMAT,
                  p->error == YAML_READER_ERROR ? &p->mark : &p->problem_mark, why);
}

static int build(struct builder *b)
{
    yaml_event_t ev;
    bool last = false;
    int err = 0;

    while (err == 0 && !last) {
        if (yaml_parser_parse(b->parser, &ev) == 0)
            return refuse_syntax(b);
        last = ev.type == YAML_STREAM_END_EVENT;
        err = on_event(b, &ev);
        yaml_event_delete(&ev);
    }
    return err;
}

int tb_yaml_parse(struct tb_span text, struct tb_yaml **out, unsigned *out_line, char why[static TB_YAML_WHY_MAX + 1])
{
    return tb_yaml_parse_max(text, TB_YAML_NODES_MAX, out, out_line, why);
}

int tb_yaml_parse_max(struct tb_span text, size_t nodes_max, struct tb_yaml **out, unsigned *out_line,
                      char why[static TB_YAML_WHY_MAX + 1])
{
    struct builder b = {.nodes_max = nodes_max, .out_line = out_line, .why = why};
    yaml_parser_t parser;
    int err;

    *out = NULL;
    *out_line = 1;
    why[0] = '\0';
    if (yaml_parser_initialize(&parser) == 0)
        return refuse(&b, TB_E_NOMEM, &(yaml_mark_t){0}, tb_err_text(TB_E_NOMEM));
    /* libyaml would guess UTF-16 from a byte order mark: one encoding only. */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.len > 0 ? text.p : (const uint8_t *)"", text.len);
    b.parser = &parser;
    err = build(&b);
    for (size_t i = 0; i < TB_YAML_DEPTH_MAX; i++)
        free(b.stack[i].key);
    yaml_parser_delete(&parser);
    if (err != 0) {
        tb_yaml_free(b.root);
        return err;
    }
    *out = b.root;
    return 0;
}

/* Recursion ends at TB_YAML_DEPTH_MAX; siblings are a loop. */
void tb_yaml_free(struct tb_yaml *node)
{
    while (node != NULL) {
        struct tb_yaml *next = node->next;

        tb_yaml_free(node->child);
        /* Borrowed for readers, owned here. */
        free((void *)(uintptr_t)node->key);
        free((void *)(uintptr_t)node->text);
        free(node);
        node = next;
    }
}

const struct tb_yaml *tb_yaml_get(const struct tb_yaml *map, const char *key)
{
    if (map == NULL || map->kind != TB_YAML_MAP)
        return NULL;
    for (const struct tb_yaml *m = map->child; m != NULL; m = m->next)
        if (strcmp(m->key, key) == 0)
            return m;
    return NULL;
}
