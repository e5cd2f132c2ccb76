#include "cli/check/config_yaml.h"

#include <string.h>
#include <yaml.h>

#define PATH_MAX_LEN 255

struct walk {
    struct {
        bool map;
        bool value;  /* a map: the next scalar is a value */
        size_t path; /* length of the path in front of this level's keys */
    } level[TB_CONFIG_YAML_DEPTH_MAX];
    size_t depth;
    char path[PATH_MAX_LEN + 1];
};

static void put_key(struct walk *w, const char *key)
{
    size_t at = w->level[w->depth - 1].path;
    size_t len = strlen(key);

    if (at + len + 2 > sizeof(w->path))
        len = 0; /* no path that is looked for is so long */
    if (at > 0)
        w->path[at++] = '.';
    memcpy(w->path + at, key, len);
    w->path[at + len] = '\0';
}

static void take(const struct walk *w, const char *value, unsigned line, struct tb_config_scalar *wanted, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (strcmp(wanted[i].path, w->path) == 0) {
            wanted[i].line = line;
            snprintf(wanted[i].value, sizeof(wanted[i].value), "%s", value);
        }
}

/* After a value, the map waits for a key again. */
static void value_done(struct walk *w)
{
    if (w->depth > 0)
        w->level[w->depth - 1].value = false;
}

static int step(struct walk *w, const yaml_event_t *e, struct tb_config_scalar *wanted, size_t num)
{
    bool in_map = w->depth > 0 && w->level[w->depth - 1].map;

    if (e->type == YAML_SCALAR_EVENT) {
        const char *text = (const char *)e->data.scalar.value;

        if (in_map && !w->level[w->depth - 1].value) {
            put_key(w, text);
            w->level[w->depth - 1].value = true;
            return 0;
        }
        if (in_map)
            take(w, text, (unsigned)e->start_mark.line + 1, wanted, num);
        value_done(w);
    } else if (e->type == YAML_ALIAS_EVENT) {
        value_done(w);
    } else if (e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT) {
        if (w->depth == TB_CONFIG_YAML_DEPTH_MAX || (in_map && !w->level[w->depth - 1].value))
            return w->depth == TB_CONFIG_YAML_DEPTH_MAX ? TB_E_LIMIT : TB_E_FORMAT;
        w->level[w->depth].map = e->type == YAML_MAPPING_START_EVENT;
        w->level[w->depth].value = false;
        w->level[w->depth].path = w->depth > 0 ? strlen(w->path) : 0;
        w->depth++;
    } else if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT) {
        w->depth--;
        w->path[w->level[w->depth].path] = '\0';
        value_done(w);
    }
    return 0;
}

int tb_config_yaml(const char *text, struct tb_config_scalar *wanted, size_t num)
{
    yaml_parser_t parser;
    struct walk w = {.depth = 0};
    bool end = false;
    int r = 0;

    if (yaml_parser_initialize(&parser) != 1)
        return TB_E_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    for (int n = 0; !end && r == 0; n++) {
        yaml_event_t e;

        if (n == TB_CONFIG_YAML_EVENTS_MAX || yaml_parser_parse(&parser, &e) != 1) {
            r = n == TB_CONFIG_YAML_EVENTS_MAX ? TB_E_LIMIT : TB_E_FORMAT;
            break;
        }
        end = e.type == YAML_STREAM_END_EVENT || e.type == YAML_DOCUMENT_END_EVENT;
        r = step(&w, &e, wanted, num);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&parser);
    return r;
}
