/*
 * Public suffixes: names under which strangers register.  A wildcard just below one would speak for all of them
 * (CA/Browser Forum BR 3.2.2.6).  Only the list's ICANN section counts, as the BR have it; a name that no rule of the
 * list mentions falls under its default rule: a single label is a public suffix.
 */
#ifndef TB_POLICY_PUBLIC_SUFFIX_H
#define TB_POLICY_PUBLIC_SUFFIX_H

#include "lib/base/ident.h"

struct tb_public_suffix;

/*
 * path: a list in text or DAFSA form; NULL or empty: the newer of the distribution's list and the one that libpsl was
 * built with.  TB_E_NOTFOUND when there is none or it cannot be read.
 */
int tb_public_suffix_open(const char *path, struct tb_public_suffix **out) TB_MUST_USE;
void tb_public_suffix_free(struct tb_public_suffix *ps); /* NULL-safe */
/* Would this wildcard stand just below a public suffix?  False for what is no wildcard. */
bool tb_public_suffix_forbids(const struct tb_public_suffix *ps, const struct tb_ident *ident);

#endif
