/* The problem document (RFC 8555 section 6.7, RFC 7807): of an answer, or of a challenge's or order's "error". */
#ifndef TB_ACME_PROBLEM_JSON_H
#define TB_ACME_PROBLEM_JSON_H

#include "lib/base/problem.h"
#include "lib/json/json.h"

#define TB_PROBLEM_URN      "urn:ietf:params:acme:error:"
/* Enough for every problem: each byte of a detail may become an escape of two. */
#define TB_PROBLEM_JSON_MAX ((size_t)(TB_PROBLEM_SUB_MAX + 1) * (2 * TB_PROBLEM_DETAIL_MAX + TB_IDENT_VALUE_MAX + 192))

/*
 * Writes one JSON object as the next value: type, detail, status; subproblems with identifier; algorithms when
 * the type is badSignatureAlgorithm.  When the status is 500 or more the detail is a constant and subproblems are
 * left out, because what broke inside is nobody's business outside; a problem of type NONE is a serverInternal.
 */
void tb_problem_json(struct tb_jw *jw, const struct tb_problem *pb);
/* With the URL of a page for people (RFC 8555 section 7.3.3); NULL = none. */
void tb_problem_json_instance(struct tb_jw *jw, const struct tb_problem *pb, const char *instance);

#endif
