/* Fill a struct from a YAML tree by its table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/schema.h"
#include "ca/config/value.h"
#include "lib/base/b64u.h"

#define WHERE_MAX  127
#define EXPECT_MAX 255

struct reader {
    const char *path;
    char *why;
    char where[WHERE_MAX + 1]; /* "zones[1].resolvers[0]" */
};

static const char *shape_what(const struct tb_setting *s)
{
    static const char *const what[] = {
        [TB_SHAPE_NUMBER] = "a number",     [TB_SHAPE_DURATION] = "a duration", [TB_SHAPE_BOOL] = "a truth value",
        [TB_SHAPE_HEX] = "a number in hex", [TB_SHAPE_LISTEN] = "an address",   [TB_SHAPE_NET] = "a network",
        [TB_SHAPE_CHOICE] = "known",        [TB_SHAPE_BITS] = "known",          [TB_SHAPE_FLAGS] = "known",
        [TB_SHAPE__COUNT] = NULL,
    };

    return s->what != NULL ? s->what : what[s->shape];
}

static int refuse_value(const struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y, int err)
{
    char found[TB_FOUND_MAX + 8], expect[EXPECT_MAX + 1];

    tb_setting_show(found, y->text);
    tb_setting_expect(expect, sizeof(expect), s);
    return tb_config_refuse(rd->why, rd->path, y->line, "%s: %s is %s%s; expected %s", rd->where, found,
                            err == TB_E_LIMIT ? "out of range" : "not ", err == TB_E_LIMIT ? "" : shape_what(s),
                            expect);
}

static int refuse_kind(const struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y)
{
    static const char *const kinds[] = {
        [TB_YAML_SCALAR] = "a single value", [TB_YAML_MAP] = "a mapping", [TB_YAML_SEQ] = "a sequence"};
    char expect[EXPECT_MAX + 1];
    const char *found = kinds[y->kind];

    if (y->kind == TB_YAML_SCALAR && !y->quoted && y->text[0] == '\0')
        found = "nothing";
    tb_setting_expect(expect, sizeof(expect), s);
    return tb_config_refuse(rd->why, rd->path, y->line, "%s: found %s; expected %s", rd->where, found, expect);
}

/* --- scalars --------------------------------------------------------------------------------------------------- */

static int read_text(const struct tb_setting *s, const char *text, void *out)
{
    char buf[TB_VALUE_TEXT_MAX + 1];
    size_t len = strlen(text);

    if (len < s->min || len > s->max || len >= s->size || len > TB_VALUE_TEXT_MAX)
        return len > s->max ? TB_E_LIMIT : TB_E_FORMAT;
    memcpy(buf, text, len + 1);
    if (s->check != NULL && !s->check(buf))
        return TB_E_FORMAT;
    memcpy(out, buf, strlen(buf) + 1);
    return 0;
}

static int read_number(const struct tb_setting *s, const char *text, void *out)
{
    uint32_t v;
    int err = s->shape == TB_SHAPE_DURATION ? tb_value_duration(text, &v) : tb_value_number(text, &v);
    uint16_t v16 = (uint16_t)v;

    if (err != 0)
        return err;
    if (v < s->min || v > s->max)
        return TB_E_LIMIT;
    if (s->size == sizeof(v16))
        memcpy(out, &v16, sizeof(v16));
    else
        memcpy(out, &v, sizeof(v));
    return 0;
}

static int read_bool(const struct tb_setting *s, const char *text, void *out)
{
    bool v = strcmp(text, "true") == 0;

    (void)s;
    if (!v && strcmp(text, "false") != 0)
        return TB_E_FORMAT;
    memcpy(out, &v, sizeof(v));
    return 0;
}

static int read_hex(const struct tb_setting *s, const char *text, void *out)
{
    return tb_hex_decode(out, s->size, tb_span_str(text));
}

static int read_listen(const struct tb_setting *s, const char *text, void *out)
{
    if (s->min == 0 && strcmp(text, "off") == 0) {
        memset(out, 0, sizeof(struct tb_listen));
        return 0;
    }
    return tb_value_listen(text, out);
}

static int read_net(const struct tb_setting *s, const char *text, void *out)
{
    (void)s;
    return tb_value_net(text, out);
}

static bool find_word(const struct tb_setting *s, const char *text, unsigned *out)
{
    for (unsigned i = 0; i < s->num_words; i++) {
        const char *word = s->word(i);

        if (word != NULL && strcmp(word, text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static int read_word(const struct tb_setting *s, const char *text, void *out)
{
    unsigned i;
    uint32_t bits;
    bool yes = true;

    if (!find_word(s, text, &i))
        return TB_E_FORMAT;
    if (s->shape == TB_SHAPE_CHOICE) {
        memcpy(out, &i, sizeof(i));
    } else if (s->shape == TB_SHAPE_FLAGS) {
        memcpy((bool *)out + i, &yes, sizeof(yes));
    } else {
        memcpy(&bits, out, sizeof(bits));
        bits |= UINT32_C(1) << i;
        memcpy(out, &bits, sizeof(bits));
    }
    return 0;
}
_Static_assert(sizeof(enum tb_issuer) == sizeof(unsigned) && sizeof(enum tb_cn_mode) == sizeof(unsigned),
               "a choice is stored as an unsigned");

static int (*const scalar_readers[])(const struct tb_setting *, const char *, void *) = {
    [TB_SHAPE_TEXT] = read_text,  [TB_SHAPE_NUMBER] = read_number, [TB_SHAPE_DURATION] = read_number,
    [TB_SHAPE_BOOL] = read_bool,  [TB_SHAPE_HEX] = read_hex,       [TB_SHAPE_LISTEN] = read_listen,
    [TB_SHAPE_NET] = read_net,    [TB_SHAPE_CHOICE] = read_word,   [TB_SHAPE_BITS] = read_word,
    [TB_SHAPE_FLAGS] = read_word, [TB_SHAPE__COUNT] = NULL,
};

static int read_scalar(const struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y, void *out)
{
    int err;

    /* "key:" and "key: null" are forgotten values, not empty text. */
    if (y->kind != TB_YAML_SCALAR || (!y->quoted && y->text[0] == '\0'))
        return refuse_kind(rd, s, y);
    err = scalar_readers[s->shape](s, y->text, out);
    return err == 0 ? 0 : refuse_value(rd, s, y, err);
}

/* --- collections ----------------------------------------------------------------------------------------------- */

static int read_map(struct reader *rd, const struct tb_setting *table, const struct tb_yaml *y, unsigned line,
                    void *base);

/* Appends to where, cut at its end; returns the length to go back to. */
static size_t enter(struct reader *rd, const char *key, size_t index)
{
    size_t len = strlen(rd->where);

    if (key != NULL)
        snprintf(rd->where + len, sizeof(rd->where) - len, "%s%s", len > 0 ? "." : "", key);
    else
        snprintf(rd->where + len, sizeof(rd->where) - len, "[%zu]", index);
    return len;
}

static int refuse_repeats(const struct reader *rd, const struct tb_yaml *seq)
{
    for (const struct tb_yaml *a = seq->child; a != NULL; a = a->next)
        for (const struct tb_yaml *b = seq->child; b != a; b = b->next)
            if (a->kind == TB_YAML_SCALAR && b->kind == TB_YAML_SCALAR && strcmp(a->text, b->text) == 0) {
                char found[TB_FOUND_MAX + 8];

                tb_setting_show(found, a->text);
                return tb_config_refuse(rd->why, rd->path, a->line, "%s: %s stands twice; expected each entry once",
                                        rd->where, found);
            }
    return 0;
}

/* What was written differently and means the same: A.example and a.example. */
static int refuse_same(const struct reader *rd, const struct tb_setting *s, const struct tb_yaml *seq,
                       const uint8_t *members)
{
    const struct tb_yaml *e = seq->child;

    for (size_t i = 0; e != NULL; e = e->next, i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(members + i * s->size, members + k * s->size, s->size) == 0) {
                char found[TB_FOUND_MAX + 8];

                tb_setting_show(found, e->text);
                return tb_config_refuse(rd->why, rd->path, e->line, "%s: %s stands twice; expected each entry once",
                                        rd->where, found);
            }
    return 0;
}

static size_t entries_max(const struct tb_setting *s)
{
    return s->word != NULL ? s->num_words : s->max;
}

static int read_entry(struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y, size_t i, uint8_t *base)
{
    uint8_t *member = base + s->offset;
    size_t back = enter(rd, NULL, i);
    int err;

    if (s->shape == TB_SHAPE_MAPS)
        err = read_map(rd, s->sub, y, y->line, member + i * s->size);
    else if (s->shape == TB_SHAPE_LIST)
        err = read_scalar(rd, s->item, y, member + i * s->size);
    else
        err = read_scalar(rd, s, y, member);
    rd->where[back] = '\0';
    return err;
}

static int read_sequence(struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y, uint8_t *base)
{
    size_t i = 0;
    int err;

    if (y->kind != TB_YAML_SEQ)
        return refuse_kind(rd, s, y);
    if (y->num < s->min || y->num > entries_max(s)) {
        char expect[EXPECT_MAX + 1];

        tb_setting_expect(expect, sizeof(expect), s);
        return tb_config_refuse(rd->why, rd->path, y->line, "%s: found %zu entries; expected %s", rd->where, y->num,
                                expect);
    }
    err = refuse_repeats(rd, y);
    for (const struct tb_yaml *e = y->child; err == 0 && e != NULL; e = e->next)
        err = read_entry(rd, s, e, i++, base);
    if (err == 0 && s->shape == TB_SHAPE_LIST)
        err = refuse_same(rd, s, y, base + s->offset);
    if (err == 0 && s->word == NULL)
        memcpy(base + s->num_offset, &i, sizeof(i));
    return err;
}

static int read_setting(struct reader *rd, const struct tb_setting *s, const struct tb_yaml *y, uint8_t *base)
{
    switch (s->shape) {
    case TB_SHAPE_MAP:
        return read_map(rd, s->sub, y, y->line, base + s->offset);
    case TB_SHAPE_MAPS:
    case TB_SHAPE_LIST:
    case TB_SHAPE_BITS:
    case TB_SHAPE_FLAGS:
        return read_sequence(rd, s, y, base);
    case TB_SHAPE_TEXT:
    case TB_SHAPE_NUMBER:
    case TB_SHAPE_DURATION:
    case TB_SHAPE_BOOL:
    case TB_SHAPE_HEX:
    case TB_SHAPE_LISTEN:
    case TB_SHAPE_NET:
    case TB_SHAPE_CHOICE:
        return read_scalar(rd, s, y, base + s->offset);
    case TB_SHAPE__COUNT:
        break;
    }
    return TB_E_INTERNAL;
}

/* The struct is zeroed, which is the preset of every sequence and empty text. */
static int preset_setting(struct reader *rd, const struct tb_setting *s, unsigned line, uint8_t *base)
{
    char expect[EXPECT_MAX + 1];

    if (s->preset == NULL) {
        tb_setting_expect(expect, sizeof(expect), s);
        return tb_config_refuse(rd->why, rd->path, line, "%s: is missing; expected %s", rd->where, expect);
    }
    if (s->shape == TB_SHAPE_MAP)
        return read_map(rd, s->sub, NULL, line, base + s->offset);
    if (s->preset[0] == '\0')
        return 0;
    return scalar_readers[s->shape](s, s->preset, base + s->offset) == 0 ? 0 : TB_E_INTERNAL;
}

static const struct tb_setting *find_setting(const struct tb_setting *table, const char *key)
{
    for (const struct tb_setting *s = table; s->key != NULL; s++)
        if (strcmp(s->key, key) == 0)
            return s;
    return NULL;
}

static int refuse_unknown(const struct reader *rd, const struct tb_setting *table, const struct tb_yaml *map)
{
    char found[TB_FOUND_MAX + 8];

    for (const struct tb_yaml *m = map->child; m != NULL; m = m->next) {
        if (find_setting(table, m->key) != NULL)
            continue;
        tb_setting_show(found, m->key);
        return tb_config_refuse(rd->why, rd->path, m->key_line,
                                "%s%s%s is not a known key; expected one of tabard.yaml(5)", rd->where,
                                rd->where[0] != '\0' ? ": " : "", found);
    }
    return 0;
}

static int read_map(struct reader *rd, const struct tb_setting *table, const struct tb_yaml *y, unsigned line,
                    void *base)
{
    int err = 0;

    if (y != NULL && y->kind != TB_YAML_MAP)
        return tb_config_refuse(rd->why, rd->path, y->line, "%s%sexpected a mapping of keys to values", rd->where,
                                rd->where[0] != '\0' ? ": " : "");
    if (y != NULL)
        err = refuse_unknown(rd, table, y);
    for (const struct tb_setting *s = table; err == 0 && s->key != NULL; s++) {
        const struct tb_yaml *m = tb_yaml_get(y, s->key);
        size_t back = enter(rd, s->key, 0);

        err = m != NULL ? read_setting(rd, s, m, base) : preset_setting(rd, s, line, base);
        rd->where[back] = '\0';
    }
    return err;
}

int tb_schema_read(struct tb_config *cfg, const struct tb_yaml *root, const char *path,
                   char why[static TB_CONFIG_WHY_MAX + 1])
{
    struct reader rd = {.path = path, .why = why};

    return read_map(&rd, tb_schema, root, root->line, cfg);
}

void tb_schema_limits_preset(struct tb_limits *out)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct reader rd = {.path = "", .why = why};

    memset(out, 0, sizeof(*out));
    /* Cannot fail: a preset outside its own range would be a broken table, which the unit test walks. */
    if (read_map(&rd, tb_schema_limits, NULL, 0, out) != 0)
        memset(out, 0, sizeof(*out));
}
