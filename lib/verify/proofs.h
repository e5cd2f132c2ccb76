/* The methods by which an issuer says that it proved a name (doc/formats.md, section 9). */
#ifndef TB_VERIFY_PROOFS_H
#define TB_VERIFY_PROOFS_H

#include "lib/verify/policy.h"

struct tb_vproof {
    enum tb_method control, use; /* use is none for servers */
};

/*
 * What the leaf tells of this name and role.  issuers: of the rules' issuers, those on the path; of them only those
 * that the entry names count, each under the arc that the policy gives it.  False when nothing is told.
 */
bool tb_vproof_find(const struct tb_vrules *rules, uint64_t issuers, const struct tb_ventry *entry,
                    enum tabard_role role, const struct tb_vcert *leaf, const struct tb_vname *name,
                    struct tb_vproof *out);
/* One of the methods wanted for control was it, and one of those for use; where none of a kind is wanted, any. */
bool tb_vproof_serves(const struct tb_vproof *proof, tb_methods_t wanted);
/* "dns-01, tls-client-01", cut at cap. */
void tb_vproof_text(char *out, size_t cap, const struct tb_vproof *proof);
void tb_vmethods_text(char *out, size_t cap, tb_methods_t methods);

#endif
