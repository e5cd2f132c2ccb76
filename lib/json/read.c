#include "lib/json/json.h"

#include <stdatomic.h>
#include <string.h>

#include "lib/base/hash.h"

/* What the scan has met so far. */
struct scan {
    const uint8_t *p;
    const uint8_t *end;
    size_t depth;
    size_t values;
    bool opened; /* the last token opened an object or array, so the next value is its first */
};

/* From the opening quote to behind the closing one.  A quote closes when an even number of backslashes precedes it. */
static int scan_string(struct scan *sc)
{
    const uint8_t *start = sc->p + 1;
    const uint8_t *from = start;
    const uint8_t *quote;

    while ((quote = memchr(from, '"', (size_t)(sc->end - from))) != NULL) {
        const uint8_t *b = quote;

        while (b > from && b[-1] == '\\')
            b--;
        from = quote + 1;
        if ((quote - b) % 2 != 0)
            continue;
        sc->p = from;
        return (size_t)(quote - start) <= TB_JSON_STRING_MAX ? 0 : TB_E_LIMIT;
    }
    return TB_E_FORMAT;
}

static int scan_token(struct scan *sc)
{
    uint8_t c = *sc->p;

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        sc->p++;
        return 0;
    }
    if (c == ',' || (sc->opened && c != '}' && c != ']'))
        sc->values++;
    sc->opened = c == '{' || c == '[';
    if (c == '"')
        return scan_string(sc);
    if (sc->opened && ++sc->depth > TB_JSON_DEPTH_MAX)
        return TB_E_LIMIT;
    if ((c == '}' || c == ']') && sc->depth-- == 0)
        return TB_E_FORMAT;
    sc->p++;
    return 0;
}

/*
 * Bounds what the parser may allocate and recurse.  It splits tokens as the parser does, and up to the first error of
 * grammar counts what the parser would build; grammar itself is left to the parser.
 */
static int scan_limits(struct tb_span text)
{
    struct scan sc = {.p = text.p, .end = text.p + text.len, .values = 1};
    int r;

    while (sc.p < sc.end) {
        if ((r = scan_token(&sc)) < 0)
            return r;
        if (sc.values > TB_JSON_MEMBERS_MAX)
            return TB_E_LIMIT;
    }
    return 0;
}

/* Otherwise jansson opens /dev/urandom at its first object, which a sandbox forbids, and falls back to the time. */
static void seed_hash_tables(void)
{
    static atomic_bool done;
    uint32_t seed;

    if (atomic_load_explicit(&done, memory_order_acquire))
        return;
    tb_random(&seed, sizeof(seed));
    json_object_seed(seed | 1); /* 0 would mean "make one yourself"; a second call does nothing */
    atomic_store_explicit(&done, true, memory_order_release);
}

int tb_json_parse(struct tb_span text, size_t max, json_t **out)
{
    json_error_t error;
    json_t *v;
    int r;

    *out = NULL;
    if (text.len > max)
        return TB_E_LIMIT;
    if (text.len == 0)
        return TB_E_FORMAT;
    if ((r = scan_limits(text)) < 0)
        return r;
    seed_hash_tables();
    v = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &error);
    if (v == NULL)
        return json_error_code(&error) == json_error_out_of_memory ? TB_E_NOMEM : TB_E_FORMAT;
    if (!json_is_object(v)) {
        json_decref(v);
        return TB_E_FORMAT;
    }
    *out = v;
    return 0;
}

int tb_json_str(const json_t *obj, const char *name, size_t max, struct tb_span *out)
{
    const json_t *v = json_object_get(obj, name);

    *out = (struct tb_span){0};
    if (v == NULL)
        return TB_E_NOTFOUND;
    if (!json_is_string(v))
        return TB_E_FORMAT;
    if (json_string_length(v) > max)
        return TB_E_LIMIT;
    *out = tb_span_of(json_string_value(v), json_string_length(v));
    return 0;
}
