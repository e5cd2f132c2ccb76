/*
 * Which names this CA certifies: what the configuration, the list of public suffixes and the CA certificates say, ready
 * for asking.  The front asks before an authorization exists, the judge asks again before it signs, and `tabard ca
 * explain` shows the same answer.
 */
#ifndef TB_CA_POLICY_POLICY_H
#define TB_CA_POLICY_POLICY_H

#include "ca/config/config.h"
#include "lib/base/problem.h"

/* Does not change once made. */
struct tb_policy;

#define TB_POLICY_WHY_MAX 383

/* Why a name is refused. */
struct tb_policy_refusal {
    const char *reason; /* constant word: "name-denied" */
    char why[TB_POLICY_WHY_MAX + 1];
};

/* Lists of names of cfg, which it borrows, and the public suffixes.  TB_E_CONFIG with a sentence in why, TB_E_NOMEM. */
int tb_policy_new(const struct tb_config *cfg, struct tb_policy **out,
                  char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
/* A CA certificate above what the issuer signs: its name constraints hold from now on.  TB_E_FORMAT. */
int tb_policy_add_ca(struct tb_policy *p, enum tb_issuer issuer, struct tb_span der) TB_MUST_USE;
/* The same with roots and issuing CAs of cfg's directory. */
int tb_policy_open(const struct tb_config *cfg, struct tb_policy **out,
                   char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
void tb_policy_free(struct tb_policy *p); /* NULL-safe */

/* Is there a domain of which control may stand for the names below it, under this profile (RFC 9444)? */
bool tb_policy_has_ancestors(const struct tb_policy *p, const struct tb_profile *profile);
/*
 * May control of this domain, in normal form, do that?  0; with *out set TB_E_NOTFOUND when no rule says so, and
 * TB_E_DENIED for a public suffix, whatever the rules say.  That the names themselves are certified is another
 * question.
 */
int tb_policy_ancestor(const struct tb_policy *p, const struct tb_profile *profile, const char *domain,
                       struct tb_policy_refusal *out) TB_MUST_USE;

/* 0; TB_E_DENIED with *out set; TB_E_NOMEM. */
int tb_policy_check(const struct tb_policy *p, const struct tb_profile *profile, const struct tb_ident *ident,
                    struct tb_policy_refusal *out) TB_MUST_USE;

#endif
