/*
 * The two objects of a JWS as every client sends them: the flattened one around it (RFC 7515 section 7.2.2), and its
 * protected header with a kid.  Private to lib/jose.
 *
 * Reading them as JSON costs more than all other work before the signature, and these shapes can be read in one way
 * only: one object, members of known names, each at most once and in any order, strings without escapes.  False means
 * "not of this shape", not "wrong": ask the JSON parser then.  The spans are borrowed from the text.
 */
#ifndef TB_JOSE_OUTER_H
#define TB_JOSE_OUTER_H

#include "lib/base/bytes.h"

/* Still encoded. */
struct tb_jose_outer {
    struct tb_span protected;
    struct tb_span payload;
    struct tb_span signature;
};
/* Exactly the three members, all of base64url characters alone. */
bool tb_jose_outer_read(struct tb_span body, struct tb_jose_outer *out) TB_MUST_USE;

struct tb_jose_header {
    struct tb_span alg;
    struct tb_span kid;
    struct tb_span nonce; /* p is NULL when it is absent */
    struct tb_span url;
};
/* alg, kid and url, with or without nonce, and nothing else; printable ASCII alone. */
bool tb_jose_header_read(struct tb_span text, struct tb_jose_header *out) TB_MUST_USE;

#endif
