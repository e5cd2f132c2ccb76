/* Print a configuration by the schema, with its comments. */
#include <stdio.h>
#include <string.h>

#include "ca/config/schema.h"
#include "ca/config/schema_parts.h"
#include "ca/config/value.h"
#include "lib/base/b64u.h"

static void write_quoted(struct tb_wr *wr, const char *s)
{
    tb_wr_str(wr, "\"");
    for (; *s != '\0'; s++)
        tb_wr_printf(wr, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
    tb_wr_str(wr, "\"");
}

/* Numbers, durations and truth values. */
static void value_text(char out[static 16], const struct tb_setting *s, const void *member)
{
    uint32_t v = 0;
    uint16_t v16;
    bool b;

    if (s->shape == TB_SHAPE_BOOL) {
        memcpy(&b, member, sizeof(b));
        snprintf(out, 16, "%s", b ? "true" : "false");
        return;
    }
    if (s->size == sizeof(v16)) {
        memcpy(&v16, member, sizeof(v16));
        v = v16;
    } else {
        memcpy(&v, member, sizeof(v));
    }
    if (s->shape == TB_SHAPE_DURATION)
        tb_value_duration_text(out, v);
    else
        snprintf(out, 16, "%u", v);
}

static bool has_word(const struct tb_setting *s, const uint8_t *member, unsigned i)
{
    uint32_t bits;
    bool flag;

    if (s->shape == TB_SHAPE_FLAGS) {
        memcpy(&flag, member + i * sizeof(flag), sizeof(flag));
        return flag;
    }
    memcpy(&bits, member, sizeof(bits));
    return s->shape == TB_SHAPE_CHOICE ? bits == i : (bits >> i & 1) != 0;
}

static void write_words(struct tb_wr *wr, const struct tb_setting *s, const uint8_t *member)
{
    bool first = true;

    for (unsigned i = 0; i < s->num_words; i++) {
        const char *word = s->word(i);

        if (word == NULL || !has_word(s, member, i))
            continue;
        tb_wr_printf(wr, "%s%s", first ? "" : ", ", word);
        first = false;
    }
}

static void write_scalar(struct tb_wr *wr, const struct tb_setting *s, const uint8_t *member)
{
    const struct tb_listen *listen = (const void *)member;
    char text[2 * TB_CA_ID_LEN + 1];
    char net[64];

    switch (s->shape) {
    case TB_SHAPE_TEXT:
        write_quoted(wr, *member == '\0' && s->empty != NULL ? s->empty : (const char *)member);
        return;
    case TB_SHAPE_NUMBER:
    case TB_SHAPE_DURATION:
    case TB_SHAPE_BOOL:
        value_text(text, s, member);
        tb_wr_str(wr, text);
        return;
    case TB_SHAPE_HEX:
        tb_hex_encode(text, tb_span_of(member, TB_CA_ID_LEN));
        write_quoted(wr, text);
        return;
    case TB_SHAPE_LISTEN:
        if (listen->on)
            write_quoted(wr, listen->text);
        else
            tb_wr_str(wr, "off");
        return;
    case TB_SHAPE_NET:
        tb_value_net_text(net, (const void *)member);
        write_quoted(wr, net);
        return;
    case TB_SHAPE_CHOICE:
        write_words(wr, s, member);
        return;
    case TB_SHAPE_BITS:
    case TB_SHAPE_FLAGS:
        tb_wr_str(wr, "[");
        write_words(wr, s, member);
        tb_wr_str(wr, "]");
        return;
    case TB_SHAPE_LIST:
    case TB_SHAPE_MAP:
    case TB_SHAPE_MAPS:
    case TB_SHAPE__COUNT:
        return;
    }
}

static void write_comment(struct tb_wr *wr, const struct tb_setting *s, const char *indent)
{
    char expect[256];

    for (const char *line = s->comment; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\n");

        tb_wr_printf(wr, "%s# %.*s\n", indent, (int)len, line);
        line += len + (line[len] == '\n' ? 1 : 0);
    }
    if (s->shape == TB_SHAPE_NUMBER || s->shape == TB_SHAPE_DURATION || s->shape == TB_SHAPE_LISTEN) {
        tb_setting_expect(expect, sizeof(expect), s);
        tb_wr_printf(wr, "%s# Value: %s.\n", indent, expect);
    }
    if (s->preset != NULL && s->preset[0] != '\0')
        tb_wr_printf(wr, "%s# Default: %s.\n", indent, s->preset);
}

static size_t count_of(const struct tb_setting *s, const uint8_t *base)
{
    size_t n;

    memcpy(&n, base + s->num_offset, sizeof(n));
    return n;
}

static void write_list(struct tb_wr *wr, const struct tb_setting *s, const uint8_t *base)
{
    size_t n = count_of(s, base);

    tb_wr_str(wr, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            tb_wr_str(wr, ", ");
        write_scalar(wr, s->item, base + s->offset + i * s->size);
    }
    tb_wr_str(wr, "]");
}

/* Members of one entry of a sequence or of a mapping: "first" and then "rest" begin the lines. */
static void write_members(struct tb_wr *wr, const struct tb_setting *table, const uint8_t *base, const char *first,
                          const char *rest)
{
    for (const struct tb_setting *s = table; s->key != NULL; s++) {
        if (s->comment != NULL)
            write_comment(wr, s, rest);
        tb_wr_printf(wr, "%s%s: ", s == table ? first : rest, s->key);
        if (s->shape == TB_SHAPE_LIST)
            write_list(wr, s, base);
        else
            write_scalar(wr, s, base + s->offset);
        tb_wr_str(wr, "\n");
    }
}

void tb_config_write_profile(struct tb_wr *wr, const struct tb_profile *p)
{
    write_members(wr, tb_schema_profile, (const uint8_t *)p, "  - ", "    ");
}

static void write_maps(struct tb_wr *wr, const struct tb_setting *s, const uint8_t *base)
{
    size_t n = count_of(s, base);

    tb_wr_printf(wr, "%s:%s\n", s->key, n == 0 ? " []" : "");
    for (size_t i = 0; i < n; i++)
        write_members(wr, s->sub, base + s->offset + i * s->size, "  - ", "    ");
}

void tb_config_write(struct tb_wr *wr, const struct tb_config *cfg)
{
    const uint8_t *base = (const uint8_t *)cfg;

    tb_wr_str(wr, "# Configuration of tabardd; tabard.yaml(5) describes every key.\n"
                  "# Check a change with: tabardd check-config --config FILE\n");
    for (const struct tb_setting *s = tb_schema; s->key != NULL; s++) {
        tb_wr_str(wr, "\n");
        write_comment(wr, s, "");
        if (s->shape == TB_SHAPE_MAPS) {
            write_maps(wr, s, base);
        } else if (s->shape == TB_SHAPE_MAP) {
            tb_wr_printf(wr, "%s:\n", s->key);
            write_members(wr, s->sub, base + s->offset, "  ", "  ");
        } else if (s->shape == TB_SHAPE_LIST) {
            tb_wr_printf(wr, "%s: ", s->key);
            write_list(wr, s, base);
            tb_wr_str(wr, "\n");
        } else {
            tb_wr_printf(wr, "%s: ", s->key);
            write_scalar(wr, s, base + s->offset);
            tb_wr_str(wr, "\n");
        }
    }
}
