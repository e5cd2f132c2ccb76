/*
 * The strings of a JSON answer, one after the other, without building anything: what a client of this kind needs of an
 * ACME object is some of its strings.  Reads what servers send; whether that is all good JSON is not judged here.
 */
#ifndef TB_BENCH_JSON_STRINGS_H
#define TB_BENCH_JSON_STRINGS_H

#include "lib/base/bytes.h"

#define TB_LOAD_DEPTH_MAX 8

struct tb_load_strings {
    struct tb_rd rd;
    unsigned depth;
    unsigned objects;
    struct tb_span name[TB_LOAD_DEPTH_MAX + 1]; /* of each level: the member that is being read */
    unsigned object[TB_LOAD_DEPTH_MAX + 1];
    bool bad;
};
struct tb_load_string {
    unsigned depth;      /* objects and arrays around it */
    unsigned object;     /* the innermost object, numbered in the order in which they begin, from 1 */
    struct tb_span name; /* the member whose value it is, or whose array it is in */
    struct tb_span value;
};

struct tb_load_strings tb_load_strings_of(struct tb_span json);
/* The next string that is a value; false at the end, and at what cannot be read (then bad): escapes, too much depth. */
bool tb_load_strings_next(struct tb_load_strings *s, struct tb_load_string *out);

#endif
