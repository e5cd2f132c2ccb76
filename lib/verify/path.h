/*
 * Certification paths from a leaf to an anchor of the role (RFC 5280 section 6, RFC 4158): every sound one is found,
 * within named limits, so that neither the order of a chain nor a cross-sign decides.
 */
#ifndef TB_VERIFY_PATH_H
#define TB_VERIFY_PATH_H

#include "lib/verify/anchors.h"

#define TB_PATH_ISSUERS_MAX 64

struct tb_path_input {
    const struct tb_vcert *certs; /* leaf first */
    size_t num;
    const struct tabard_anchors *anchors;
    const struct tabard_crls *crls;
    enum tabard_role role;
    enum tabard_revocation revocation;
    int64_t now;
    bool ignore_eku; /* shadow mode asks who would pass without the purpose rules */
};

/* Keys of the CAs on sound paths, each once. */
struct tb_path_issuers {
    uint8_t spki[TB_PATH_ISSUERS_MAX][TB_DIGEST_LEN];
    size_t num;
};

/* True when there is a sound path; else the fault of the path that came farthest. */
bool tb_path_find(const struct tb_path_input *in, struct tb_path_issuers *out, struct tb_fault *fault);

/* Rules over one whole path, leaf first, anchor last (rules.c).  num is at least 2. */
bool tb_rules_check(const struct tb_path_input *in, const struct tb_vcert *const *path, size_t num,
                    struct tb_fault *fault);
/* Rules over one certificate as a leaf, and as an issuer; no signature is looked at. */
bool tb_rules_leaf(const struct tb_path_input *in, const struct tb_vcert *leaf, struct tb_fault *fault);
bool tb_rules_issuer(const struct tb_path_input *in, const struct tb_vcert *ca, bool anchor, int depth,
                     struct tb_fault *fault);
/* Name constraints of ca over cert (names.c). */
bool tb_rules_names(const struct tb_vcert *ca, int ca_depth, const struct tb_vcert *cert, int depth,
                    struct tb_fault *fault);
bool tb_rules_eku(enum tabard_role role, const struct tb_vcert *const *path, size_t num, struct tb_fault *fault);

#endif
