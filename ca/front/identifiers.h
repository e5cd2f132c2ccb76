/* The names of a newOrder or newAuthz request. Pure: JSON in, sorted normal forms or every reason for a refusal out. */
#ifndef TB_CA_FRONT_IDENTIFIERS_H
#define TB_CA_FRONT_IDENTIFIERS_H

#include "ca/policy/policy.h"
#include "lib/json/json.h"

/*
 * RFC 8555 section 7.4.  1 to profile->names_max identifiers, each of which the profile serves with at least one of
 * the enabled methods; the result is sorted and without duplicates, the caller frees it.  A refusal names every bad
 * identifier in a subproblem.
 */
int tb_identifiers_parse(const json_t *arr, const struct tb_policy *policy, const struct tb_profile *profile,
                         tb_methods_t enabled, struct tb_ident **out, size_t *out_num,
                         struct tb_problem *pb) TB_MUST_USE;
/* The same of one identifier. */
int tb_identifier_parse(const json_t *entry, const struct tb_policy *policy, const struct tb_profile *profile,
                        tb_methods_t enabled, struct tb_ident *out, struct tb_problem *pb) TB_MUST_USE;

#endif
