/*
 * JSON: strict reading on jansson behind limits that are checked before it
 * parses, and a small bounded writer for answers.
 */
#ifndef TB_JSON_JSON_H
#define TB_JSON_JSON_H

#include <jansson.h>

#include "lib/base/bytes.h"

#define TB_JSON_DEPTH_MAX   16
#define TB_JSON_MEMBERS_MAX 1024  /* values in the whole text */
#define TB_JSON_STRING_MAX  65535 /* bytes between two quotes, as sent */

/*
 * Parse one object.  Refuses: text over max bytes, depth, number of values or a string over the limits (counted
 * before the parser sees the text), duplicate member names, invalid UTF-8, trailing text, NUL in strings, any top level
 * but an object.  TB_E_FORMAT, TB_E_LIMIT, TB_E_NOMEM.  The caller calls json_decref on *out.
 */
int tb_json_parse(struct tb_span text, size_t max, json_t **out) TB_MUST_USE;
/*
 * Member that must be a string of at most max bytes: 0 and *out (borrowed from obj), TB_E_NOTFOUND when absent,
 * TB_E_FORMAT when of another type, TB_E_LIMIT.
 */
int tb_json_str(const json_t *obj, const char *name, size_t max, struct tb_span *out) TB_MUST_USE;

/*
 * Writer on a tb_wr: commas and escapes are its business, nesting the caller's.
 *     tb_jw_obj(&jw); tb_jw_key(&jw, "status"); tb_jw_str(&jw, "valid"); tb_jw_end_obj(&jw);
 * Strings are escaped; bytes that are not valid UTF-8 become U+FFFD.  Errors stick to the tb_wr.
 */
struct tb_jw {
    struct tb_wr *wr;
    bool comma;
};

struct tb_jw tb_jw_of(struct tb_wr *wr);
void tb_jw_obj(struct tb_jw *jw);
void tb_jw_end_obj(struct tb_jw *jw);
void tb_jw_arr(struct tb_jw *jw);
void tb_jw_end_arr(struct tb_jw *jw);
void tb_jw_key(struct tb_jw *jw, const char *name);
void tb_jw_str(struct tb_jw *jw, const char *s);
void tb_jw_span(struct tb_jw *jw, struct tb_span s);
void tb_jw_int(struct tb_jw *jw, int64_t v);
void tb_jw_bool(struct tb_jw *jw, bool v);
/* Name and value in one call. */
void tb_jw_kv(struct tb_jw *jw, const char *name, const char *s);
/* Already serialised JSON. */
void tb_jw_raw(struct tb_jw *jw, struct tb_span json);

#endif
