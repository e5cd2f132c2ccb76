/* Trust anchors and CRLs as the caller gave them. */
#ifndef TB_VERIFY_ANCHORS_H
#define TB_VERIFY_ANCHORS_H

#include <stdatomic.h>

#include "lib/verify/cert.h"

struct tb_anchor {
    struct tb_vcert cert;
    unsigned roles; /* TABARD_ROLE_BIT()s */
};

struct tabard_anchors {
    struct tb_anchor *list;
    size_t num;
};

struct tb_vcrl {
    X509_CRL *crl;
    int64_t this_update, next_update;
    bool no_next;
    bool bad; /* an extension, a time or an algorithm that makes it unusable */
    bool only_user, only_ca;
    ISSUING_DIST_POINT *idp;
    AUTHORITY_KEYID *akid;
    /* The key whose signature it is known to carry: a CRL is verified once, not once a decision. */
    atomic_int verified; /* 0 no, 1 being written, 2 spki is valid */
    uint8_t spki[TB_DIGEST_LEN];
};

struct tabard_crls {
    struct tb_vcrl **list;
    size_t num;
};

/* Calls add for each PEM object of the label; another label is TB_E_FORMAT, and so is none at all. */
int tb_pem_each(const void *pem, size_t len, const char *label, int (*add)(void *arg, const void *der, size_t len),
                void *arg) TB_MUST_USE;
/* enum tb_err as enum tabard_err. */
int tb_public_err(int err);

/*
 * What the CRLs say of cert.  True when it is not revoked, or nothing is known and required is false.  depth is that of
 * cert, for the fault.
 */
bool tb_crls_check(const struct tabard_crls *crls, const struct tb_vcert *cert, const struct tb_vcert *issuer,
                   int64_t now, bool required, int depth, struct tb_fault *fault);

#endif
