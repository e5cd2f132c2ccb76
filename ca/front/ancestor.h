/*
 * Subdomains (RFC 9444): control of an ancestor domain, shown by a DNS method, stands for the domain and all names
 * below it where the operator has named the domain (tb_policy_ancestor).  What a certificate names is judged as ever:
 * the ancestor itself is no name of it.
 */
#ifndef TB_CA_FRONT_ANCESTOR_H
#define TB_CA_FRONT_ANCESTOR_H

#include "ca/front/authz_make.h"

/* How far above a name an authorization is looked for that the client did not mention; each step is a look-up. */
#define TB_ANCESTOR_LEVELS_MAX 8

/* Is there a domain that may, and an enabled method that shows it? */
bool tb_ancestor_is_served(const struct tb_front *f, const struct tb_profile *p);

/* May this one, in normal form? */
bool tb_ancestor_may(const struct tb_front *f, const struct tb_profile *p, const char *domain);
/* The domain one label up, a part of this one; NULL above a single label. */
const char *tb_ancestor_parent(const char *domain);

/*
 * Section 4.3: member "ancestorDomain" of the identifiers of an order, which ident holds sorted.  out[i] becomes the
 * end of ident[i].value that is the ancestor domain, or NULL; it lives as long as ident.  On failure the problem is
 * set.
 */
int tb_ancestors_parse(const json_t *arr, const struct tb_ident *ident, size_t num, const char **out,
                       struct tb_problem *pb) TB_MUST_USE;

/*
 * Section 4.2: does the request ask for a domain with all names below it, beside or in its identifier?  Then, if the
 * domain may stand for them, *out is true and ident is the domain; otherwise *out is false, and what was asked for is
 * served as if it had been the domain alone.  On failure the problem is set.
 */
int tb_ancestor_asked(struct tb_request *rq, const struct tb_profile *p, enum tb_proof_kind kind, const json_t *obj,
                      struct tb_ident *ident, bool *out) TB_MUST_USE;

/*
 * The nearest domain at or above the name of which the account has a valid authorization that serves the name under
 * this profile now and ends after `after`.  TB_E_NOTFOUND.  *out is the caller's.
 */
int tb_ancestor_find(struct tb_front *f, const struct tb_account *account, const struct tb_profile *p,
                     const struct tb_ident *ident, tb_time_t after, struct tb_authz *out) TB_MUST_USE;

/*
 * Control of a name in an order: where an authorization of a domain above serves it already, or the client names an
 * ancestor that may, the claim becomes one of that domain, with its subtree, which *domain then holds.  A public suffix
 * as ancestor sets the problem.
 */
int tb_ancestor_widen(struct tb_request *rq, const struct tb_profile *p, const char *ancestor, tb_time_t now,
                      struct tb_claim *claim, struct tb_ident *domain) TB_MUST_USE;

#endif
