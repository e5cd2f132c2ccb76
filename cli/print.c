#include "cli/print.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

#define CELL_MAX (64u << 10)

static void put_text(struct tb_wr *wr, const char *s, bool lines)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        tb_wr_u8(wr, (c >= 0x20 && c < 0x7f) || (lines && c == '\n') ? c : '?');
    }
}

static void put_value(struct tb_wr *wr, const json_t *v, int depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_string(v)) {
        put_text(wr, json_string_value(v), false);
    } else if (json_is_integer(v)) {
        tb_wr_printf(wr, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        tb_wr_printf(wr, "%g", json_real_value(v));
    } else if (json_is_boolean(v)) {
        tb_wr_str(wr, json_is_true(v) ? "yes" : "no");
    } else if (depth == 0) {
        tb_wr_str(wr, "-");
    } else if (json_is_array(v)) {
        json_array_foreach(v, i, item)
        {
            tb_wr_str(wr, i > 0 ? "," : "");
            put_value(wr, item, depth - 1);
        }
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, item)
        {
            tb_wr_str(wr, " ");
            put_text(wr, key, false);
            tb_wr_str(wr, "=");
            put_value(wr, item, depth - 1);
        }
    } else {
        tb_wr_str(wr, "-");
    }
}

/* The caller frees; never NULL. */
static char *text_of(const json_t *v)
{
    struct tb_wr wr;
    uint8_t *text;

    tb_wr_init(&wr, CELL_MAX);
    put_value(&wr, v, 2);
    tb_wr_u8(&wr, '\0');
    text = tb_wr_take(&wr, &(size_t){0});
    tb_wr_clear(&wr);
    if (text == NULL)
        text = (uint8_t *)strdup("?");
    if (text == NULL)
        abort();
    return (char *)text;
}

static bool has_lines(const json_t *v)
{
    return json_is_string(v) && strchr(json_string_value(v), '\n') != NULL;
}

static void print_lines(FILE *f, const json_t *v)
{
    struct tb_wr wr;

    tb_wr_init(&wr, CELL_MAX);
    put_text(&wr, json_string_value(v), true);
    fwrite(wr.buf, 1, wr.len, f);
    tb_wr_clear(&wr);
}

static void print_name(FILE *f, const char *indent, const char *name)
{
    char shown[64];
    size_t n = 0;

    for (; name[n] != '\0' && n < sizeof(shown) - 1; n++)
        shown[n] = name[n] >= 0x20 && name[n] < 0x7f ? name[n] : '?';
    shown[n] = '\0';
    fprintf(f, "%s%s:", indent, shown);
}

/* On one line, members that hold blanks would run into each other. */
static bool needs_lines(const json_t *v)
{
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)v, name, member)
    {
        if (json_is_string(member) && strchr(json_string_value(member), ' ') != NULL)
            return true;
    }
    return false;
}

void tb_print_object(FILE *f, const json_t *obj, const char *indent)
{
    json_t *o = (json_t *)(uintptr_t)obj; /* jansson's iteration does not know const */
    const char *name;
    json_t *v;

    json_object_foreach(o, name, v)
    {
        char *text;

        if (has_lines(v))
            continue;
        print_name(f, indent, name);
        if (needs_lines(v)) {
            fputc('\n', f);
            tb_print_object(f, v, "  ");
            continue;
        }
        text = text_of(v);
        fprintf(f, " %s\n", text);
        free(text);
    }
    json_object_foreach(o, name, v)
    {
        if (has_lines(v))
            print_lines(f, v);
    }
}

static void print_row(FILE *f, char *const *cells, const int *width, size_t num)
{
    for (size_t c = 0; c < num; c++) {
        if (c + 1 < num)
            fprintf(f, "%-*s  ", width[c], cells[c]);
        else
            fprintf(f, "%s\n", cells[c]);
    }
}

static size_t columns_of(const json_t *arr, const char *names[static TB_PRINT_COLUMNS_MAX])
{
    json_t *first = json_array_get(arr, 0);
    const char *name;
    json_t *v;
    size_t num = 0;

    json_object_foreach(first, name, v)
    {
        if (num < TB_PRINT_COLUMNS_MAX && !has_lines(v))
            names[num++] = name;
    }
    return num;
}

static void fill_row(char **cells, const char *const *names, size_t num, const json_t *obj)
{
    for (size_t c = 0; c < num; c++)
        cells[c] = text_of(json_object_get(obj, names[c]));
}

void tb_print_table(FILE *f, const json_t *arr)
{
    const char *names[TB_PRINT_COLUMNS_MAX];
    int width[TB_PRINT_COLUMNS_MAX] = {0};
    size_t num = columns_of(arr, names);
    size_t rows = json_array_size(arr);
    char **cells = num > 0 ? calloc((rows + 1) * num, sizeof(*cells)) : NULL;

    if (cells == NULL)
        return;
    for (size_t c = 0; c < num; c++) {
        json_t *title = json_string(names[c]);

        cells[c] = text_of(title);
        json_decref(title);
    }
    for (size_t i = 0; i < rows; i++)
        fill_row(&cells[(i + 1) * num], names, num, json_array_get(arr, i));
    for (size_t i = 0; i < (rows + 1) * num; i++)
        if ((int)strlen(cells[i]) > width[i % num])
            width[i % num] = (int)strlen(cells[i]);
    for (size_t i = 0; i <= rows; i++)
        print_row(f, &cells[i * num], width, num);
    for (size_t i = 0; i < (rows + 1) * num; i++)
        free(cells[i]);
    free(cells);
}
