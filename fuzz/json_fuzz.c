/* tb_json_parse and the tb_jw writer: what is read and written again is read as the same value. */
#include <stdlib.h>
#include <string.h>

#include "lib/json/json.h"

#define MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct tb_jw *jw, const json_t *v);

static void write_object(struct tb_jw *jw, json_t *obj)
{
    const char *name;
    json_t *member;

    tb_jw_obj(jw);
    json_object_foreach(obj, name, member)
    {
        tb_jw_key(jw, name);
        write_value(jw, member);
    }
    tb_jw_end_obj(jw);
}

static void write_array(struct tb_jw *jw, const json_t *arr)
{
    tb_jw_arr(jw);
    for (size_t i = 0; i < json_array_size(arr); i++)
        write_value(jw, json_array_get(arr, i));
    tb_jw_end_arr(jw);
}

/* The writer has no reals and no null: they are written as integers on both ways. */
static void write_value(struct tb_jw *jw, const json_t *v)
{
    if (json_is_object(v))
        write_object(jw, (json_t *)(uintptr_t)v);
    else if (json_is_array(v))
        write_array(jw, v);
    else if (json_is_string(v))
        tb_jw_span(jw, tb_span_of(json_string_value(v), json_string_length(v)));
    else if (json_is_boolean(v))
        tb_jw_bool(jw, json_is_true(v));
    else
        tb_jw_int(jw, json_is_integer(v) ? json_integer_value(v) : 0);
}

static struct tb_wr print(const json_t *v)
{
    struct tb_jw jw;
    struct tb_wr wr;

    tb_wr_init(&wr, 16 * MAX);
    jw = tb_jw_of(&wr);
    write_value(&jw, v);
    if (tb_wr_err(&wr) != 0)
        abort();
    return wr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    json_t *v = NULL;
    json_t *again = NULL;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    if (tb_json_parse(tb_span_of(exact, size), MAX, &v) == 0) {
        struct tb_wr one = print(v);
        struct tb_wr two;

        /* An escape of six for one byte may push a string over its limit; nothing else may go wrong. */
        switch (tb_json_parse(tb_wr_span(&one), 16 * MAX, &again)) {
        case 0:
            two = print(again);
            if (json_object_size(v) != json_object_size(again) || one.len != two.len)
                abort();
            tb_wr_clear(&two);
            break;
        case TB_E_LIMIT:
            if (size < TB_JSON_STRING_MAX / 6)
                abort();
            break;
        default:
            abort();
        }
        tb_wr_clear(&one);
    } else if (v != NULL) {
        abort();
    }
    json_decref(again);
    json_decref(v);
    free(exact);
    return 0;
}
