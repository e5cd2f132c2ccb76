/*
 * Rules about names, matched label by label, and addresses, matched by network.
 *
 *   example.org      this name
 *   *.example.org    every name with one label more
 *   .example.org     every name below, however many labels more; "." alone: every DNS name
 *   192.0.2.1        this address
 *   192.0.2.0/24     every address in this network; 0.0.0.0/0 and ::/0: every one of its family
 *
 * A wildcard is the set of the names with one label more.  A rule covers it when it covers all of them, and touches it
 * when it covers one of them: to allow takes covering, to deny touching is enough.
 */
#ifndef TB_POLICY_NAME_RULES_H
#define TB_POLICY_NAME_RULES_H

#include "lib/base/ident.h"

#define TB_NAME_RULE_MAX      (TB_IDENT_VALUE_MAX + 2) /* "*." and a name */
#define TB_NAME_RULES_NUM_MAX 128                      /* in one list */

typedef char tb_name_rule_text[TB_NAME_RULE_MAX + 1];

/* A list, ready for comparing.  Does not change once made. */
struct tb_name_rules;

/* Is the text a rule?  Then it is in its one normal form afterwards, and not longer than before. */
bool tb_name_rule_normalise(char *text);
/* Of normal forms, which it borrows.  TB_E_FORMAT, TB_E_LIMIT, TB_E_NOMEM. */
int tb_name_rules_new(const tb_name_rule_text *text, size_t num, struct tb_name_rules **out) TB_MUST_USE;
void tb_name_rules_free(struct tb_name_rules *rules); /* NULL-safe */

/* A rule that covers the identifier, or touches it, as it was written; NULL when there is none.  Nothing is allocated.
 */
const char *tb_name_rules_cover(const struct tb_name_rules *rules, const struct tb_ident *ident);
const char *tb_name_rules_touch(const struct tb_name_rules *rules, const struct tb_ident *ident);

#endif
