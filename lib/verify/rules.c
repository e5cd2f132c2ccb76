#include <stdio.h>

#include "lib/verify/path.h"

static const char *object_at(int depth, bool anchor)
{
    return depth == 0 ? "leaf" : anchor ? "anchor" : "intermediate";
}

static bool check_time(const struct tb_path_input *in, const struct tb_vcert *cert, bool anchor, int depth,
                       struct tb_fault *fault)
{
    char now[24];
    char limit[24];
    char expected[64];
    char seen[64];
    bool early = in->now < cert->not_before;

    /* notAfter itself counts as past, as OpenSSL has it. */
    if (!early && in->now < cert->not_after)
        return true;
    tb_fault_time(now, in->now);
    tb_fault_time(limit, early ? cert->not_before : cert->not_after);
    snprintf(expected, sizeof(expected), "valid at %s", now);
    snprintf(seen, sizeof(seen), "%s %s", early ? "notBefore" : "notAfter", limit);
    tb_fault_set(fault, early ? TABARD_R_NOT_YET_VALID : TABARD_R_EXPIRED, object_at(depth, anchor), depth,
                 cert->subject, expected, seen);
    return false;
}

/* What holds of every certificate below the anchor, and of the anchor but for its own signature. */
static bool check_shape(const struct tb_path_input *in, const struct tb_vcert *cert, bool anchor, int depth,
                        struct tb_fault *fault)
{
    const char *object = object_at(depth, anchor);

    if (cert->bad != TABARD_R_ALLOWED) {
        tb_fault_set(fault, cert->bad, object, depth, cert->subject, "a certificate as RFC 5280 has it",
                     cert->bad_what);
        return false;
    }
    if (!anchor && !cert->v3) {
        tb_fault_set(fault, TABARD_R_VERSION, object, depth, cert->subject, "version 3", "an earlier version");
        return false;
    }
    if (cert->key_weak) {
        tb_fault_set(fault, TABARD_R_KEY_WEAK, object, depth, cert->subject,
                     "RSA of 2048 to 8192 bits, a curve of 256 bits and more, Ed25519, Ed448", "another key");
        return false;
    }
    if (!anchor && cert->sig_weak) {
        tb_fault_set(fault, TABARD_R_SIGNATURE_WEAK, object, depth, cert->subject,
                     "RSA or ECDSA with SHA-256, SHA-384 or SHA-512, Ed25519, Ed448", OBJ_nid2ln(cert->sig_nid));
        return false;
    }
    return check_time(in, cert, anchor, depth, fault);
}

bool tb_rules_leaf(const struct tb_path_input *in, const struct tb_vcert *leaf, struct tb_fault *fault)
{
    const uint32_t client = X509v3_KU_DIGITAL_SIGNATURE | X509v3_KU_KEY_AGREEMENT;
    const uint32_t server = client | X509v3_KU_KEY_ENCIPHERMENT;

    if (!check_shape(in, leaf, false, 0, fault))
        return false;
    if (leaf->ca) {
        tb_fault_set(fault, TABARD_R_LEAF_IS_CA, "leaf", 0, leaf->subject, "an end entity", "basicConstraints with cA");
        return false;
    }
    if (leaf->has_ku && (leaf->ku & (in->role == TABARD_ROLE_CLIENT ? client : server)) == 0) {
        tb_fault_set(fault, TABARD_R_KEY_USAGE, "leaf", 0, leaf->subject, "digitalSignature or keyAgreement",
                     "a keyUsage without them");
        return false;
    }
    return true;
}

bool tb_rules_issuer(const struct tb_path_input *in, const struct tb_vcert *ca, bool anchor, int depth,
                     struct tb_fault *fault)
{
    const char *object = object_at(depth, anchor);

    if (!check_shape(in, ca, anchor, depth, fault))
        return false;
    /* An anchor of version 1 has no extensions to ask; the caller vouches for it. */
    if (!ca->ca && (!anchor || ca->v3)) {
        tb_fault_set(fault, TABARD_R_NOT_A_CA, object, depth, ca->subject, "basicConstraints with cA",
                     ca->has_basic ? "basicConstraints without cA" : "no basicConstraints");
        return false;
    }
    if (ca->has_ku && (ca->ku & X509v3_KU_KEY_CERT_SIGN) == 0) {
        tb_fault_set(fault, TABARD_R_KEY_USAGE, object, depth, ca->subject, "keyCertSign", "a keyUsage without it");
        return false;
    }
    return true;
}

/* RFC 5280 section 4.2.1.9: self-issued certificates do not count, the leaf neither. */
static bool check_path_length(const struct tb_vcert *const *path, size_t num, struct tb_fault *fault)
{
    long below = 0;

    for (size_t i = 1; i < num; i++) {
        if (path[i]->pathlen >= 0 && below > path[i]->pathlen) {
            char expected[64];
            char seen[64];

            snprintf(expected, sizeof(expected), "at most %ld CA certificates below", path[i]->pathlen);
            snprintf(seen, sizeof(seen), "%ld", below);
            tb_fault_set(fault, TABARD_R_PATH_LENGTH, object_at((int)i, i + 1 == num), (int)i, path[i]->subject,
                         expected, seen);
            return false;
        }
        if (!path[i]->self_issued)
            below++;
    }
    return true;
}

static unsigned role_bit(enum tabard_role role)
{
    return role == TABARD_ROLE_CLIENT ? TB_EKU_CLIENT : TB_EKU_SERVER;
}

static enum tabard_reason leaf_eku(unsigned want, const struct tb_vcert *leaf)
{
    if (!leaf->has_eku)
        return TABARD_R_EKU_ABSENT;
    if ((leaf->eku & TB_EKU_ANY) != 0)
        return TABARD_R_EKU_ANY;
    if (leaf->eku == TB_EKU_EMAIL)
        return TABARD_R_EKU_EMAIL_ONLY;
    return (leaf->eku & want) != 0 ? TABARD_R_ALLOWED : TABARD_R_EKU_OTHER;
}

static enum tabard_reason issuer_eku(unsigned want, const struct tb_vcert *ca, bool anchor)
{
    if (!ca->has_eku)
        return TABARD_R_ALLOWED;
    if (!anchor && (ca->eku & TB_EKU_ANY) != 0)
        return TABARD_R_EKU_ISSUER_ANY;
    if ((ca->eku & want) != 0)
        return TABARD_R_ALLOWED;
    return anchor ? TABARD_R_EKU_ANCHOR : TABARD_R_EKU_ISSUER;
}

bool tb_rules_eku(enum tabard_role role, const struct tb_vcert *const *path, size_t num, struct tb_fault *fault)
{
    unsigned want = role_bit(role);

    for (size_t i = 0; i < num; i++) {
        bool anchor = i + 1 == num;
        enum tabard_reason reason = i == 0 ? leaf_eku(want, path[i]) : issuer_eku(want, path[i], anchor);
        char seen[128];

        if (reason == TABARD_R_ALLOWED)
            continue;
        tb_eku_text(seen, sizeof(seen), path[i]);
        tb_fault_set(fault, reason, object_at((int)i, anchor), (int)i, path[i]->subject,
                     role == TABARD_ROLE_CLIENT ? "clientAuth" : "serverAuth", seen);
        return false;
    }
    return true;
}

static bool check_revocation(const struct tb_path_input *in, const struct tb_vcert *const *path, size_t num,
                             struct tb_fault *fault)
{
    for (size_t i = 0; i + 1 < num; i++) {
        bool required =
            in->revocation == TABARD_REVOCATION_CHAIN || (in->revocation == TABARD_REVOCATION_LEAF && i == 0);

        if (!tb_crls_check(in->crls, path[i], path[i + 1], in->now, required, (int)i, fault))
            return false;
    }
    return true;
}

bool tb_rules_check(const struct tb_path_input *in, const struct tb_vcert *const *path, size_t num,
                    struct tb_fault *fault)
{
    if (!check_path_length(path, num, fault))
        return false;
    for (size_t i = 1; i < num; i++)
        for (size_t j = 0; j < i; j++)
            if ((j == 0 || !path[j]->self_issued) && !tb_rules_names(path[i], (int)i, path[j], (int)j, fault))
                return false;
    return check_revocation(in, path, num, fault) && (in->ignore_eku || tb_rules_eku(in->role, path, num, fault));
}
