/* The flattened JWS around its three members (RFC 7515 section 7.2.2).  Private to lib/jose. */
#ifndef TB_JOSE_OUTER_H
#define TB_JOSE_OUTER_H

#include "lib/base/bytes.h"

/* Still encoded. */
struct tb_jose_outer {
    struct tb_span protected;
    struct tb_span payload;
    struct tb_span signature;
};

/*
 * The shape that every client sends: one object of exactly the three members, each once, in any order, whose strings
 * hold base64url characters alone.  Reading a body as JSON costs twice as much as all other work before the
 * signature, and this shape can be read in one way only.  False means "not of this shape", not "wrong": ask the JSON
 * parser then.  The spans are borrowed from body.
 */
bool tb_jose_outer_read(struct tb_span body, struct tb_jose_outer *out) TB_MUST_USE;

#endif
