/*
 * What a relying party may read about proofs: policy identifiers that speak of the whole certificate, and the evidence
 * extension, which tells the methods for each name.  doc/formats.md, section 9.
 */
#ifndef TB_PKI_NAME_PROOFS_H
#define TB_PKI_NAME_PROOFS_H

#include "lib/base/ident.h"
#include "lib/pki/arc.h"
#include "lib/profile/method.h"
#include "lib/profile/purpose.h"

#define TB_QUORUM_MAX 4 /* perspectives that a policy identifier can tell of */

/* A strength stands when it holds for every name and purpose, a weakness when it holds for one. */
enum tb_proof_policy {
    TB_POLICY_CONTROL_DNS = 0,     /* 1.1: control was shown in the DNS of the name itself */
    TB_POLICY_USE_PUBLISHED = 1,   /* 1.2: use came from an address that the name has */
    TB_POLICY_QUORUM_2 = 2,        /* 1.3.2: two perspectives or more stated each proof */
    TB_POLICY_QUORUM_3 = 3,        /* 1.3.3 */
    TB_POLICY_QUORUM_4 = 4,        /* 1.3.4 */
    TB_POLICY_EGRESS_DECLARED = 5, /* 2.1: use came from an address that is only declared */
    TB_POLICY_QUORUM_1 = 6,        /* 2.2: one perspective alone stated a proof */
    TB_POLICY_DNS_INSECURE = 7,    /* 2.3: DNS without DNSSEC was relied on */
    TB_POLICY_CONTROL_ABOVE = 8,   /* 2.4: control was shown of a domain above the name */
    TB_POLICY__COUNT
};
typedef uint32_t tb_proof_policies_t;
#define TB_POLICY_BIT(p) (UINT32_C(1) << (p))

/* "control-dns"; NULL for none. */
const char *tb_proof_policy_name(enum tb_proof_policy policy);

/* The methods by which one name was proved, by purpose: enum tb_method. */
struct tb_name_proofs {
    uint8_t control[TB_PURPOSE__COUNT];
    uint8_t use[TB_PURPOSE__COUNT]; /* clientAuth only */
};

/* Are these the methods that a name with these purposes needs: control for each, use for clientAuth, nothing else? */
bool tb_name_proofs_ok(const struct tb_name_proofs *proofs, tb_purposes_t purposes);
/* Only what concerns these purposes. */
struct tb_name_proofs tb_name_proofs_narrow(const struct tb_name_proofs *proofs, tb_purposes_t purposes);
/* Is nothing in the set contradicted by the methods and the other members? */
bool tb_proof_policies_ok(tb_proof_policies_t set, const struct tb_name_proofs *proofs, size_t num,
                          tb_purposes_t purposes);

/* OID of the extension: the arc and 3.  Content octets. */
size_t tb_name_proofs_oid(const struct tb_arc *arc, uint8_t out[static TB_ARC_DER_MAX + 1]);
bool tb_name_proofs_oid_is(const struct tb_arc *arc, struct tb_span oid);

/* Values of the extensions: ProofEvidence, and certificatePolicies of a set that is not empty. */
void tb_name_proofs_write(struct tb_wr *wr, const struct tb_name_proofs *proofs, size_t num, tb_purposes_t purposes);
void tb_proof_policies_write(struct tb_wr *wr, const struct tb_arc *arc, tb_proof_policies_t set);

/*
 * ProofEvidence, whole, into at most max entries: each sound for the same set of purposes.  TB_E_FORMAT, TB_E_LIMIT.
 */
int tb_name_proofs_read(struct tb_span value, struct tb_name_proofs *out, size_t max, size_t *out_num,
                        tb_purposes_t *out_purposes) TB_MUST_USE;
/*
 * certificatePolicies without qualifiers.  What is not under the arc, or not assigned there, or not in ascending
 * order sets *out_unknown.  TB_E_FORMAT.
 */
int tb_proof_policies_read(struct tb_span value, const struct tb_arc *arc, tb_proof_policies_t *out,
                           bool *out_unknown) TB_MUST_USE;

#endif
