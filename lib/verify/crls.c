#include <stdlib.h>
#include <string.h>

#include "lib/verify/anchors.h"

struct tabard_crls *tabard_crls_new(void)
{
    return calloc(1, sizeof(struct tabard_crls));
}

static void crl_free(struct tb_vcrl *crl)
{
    if (crl == NULL)
        return;
    ISSUING_DIST_POINT_free(crl->idp);
    AUTHORITY_KEYID_free(crl->akid);
    X509_CRL_free(crl->crl);
    free(crl);
}

void tabard_crls_free(struct tabard_crls *crls)
{
    if (crls == NULL)
        return;
    for (size_t i = 0; i < crls->num; i++)
        crl_free(crls->list[i]);
    free(crls->list);
    free(crls);
}

/* A CRL whose scope is not wholly understood covers nothing (RFC 5280 sections 5.2 and 6.3.3). */
static void read_scope(struct tb_vcrl *crl)
{
    int crit = -1;

    for (int i = 0; i < X509_CRL_get_ext_count(crl->crl); i++) {
        X509_EXTENSION *ext = X509_CRL_get_ext(crl->crl, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

        if (nid == NID_delta_crl || (X509_EXTENSION_get_critical(ext) && nid != NID_issuing_distribution_point &&
                                     nid != NID_authority_key_identifier && nid != NID_crl_number))
            crl->bad = true;
    }
    crl->idp = X509_CRL_get_ext_d2i(crl->crl, NID_issuing_distribution_point, &crit, NULL);
    if (crl->idp == NULL) {
        crl->bad = crl->bad || crit != -1;
    } else {
        crl->only_user = crl->idp->onlyuser > 0;
        crl->only_ca = crl->idp->onlyCA > 0;
        if (crl->idp->indirectCRL > 0 || crl->idp->onlyattr > 0 || crl->idp->onlysomereasons != NULL)
            crl->bad = true;
    }
    crit = -1;
    crl->akid = X509_CRL_get_ext_d2i(crl->crl, NID_authority_key_identifier, &crit, NULL);
    if (crl->akid == NULL && crit != -1)
        crl->bad = true;
}

static bool entries_understood(X509_CRL *crl)
{
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

    for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
        X509_REVOKED *rev = sk_X509_REVOKED_value(list, i);

        for (int j = 0; j < X509_REVOKED_get_ext_count(rev); j++) {
            X509_EXTENSION *ext = X509_REVOKED_get_ext(rev, j);
            int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

            if (X509_EXTENSION_get_critical(ext) && nid != NID_crl_reason && nid != NID_invalidity_date)
                return false;
        }
    }
    return true;
}

static int crl_parse(const void *der, size_t len, struct tb_vcrl **out)
{
    const unsigned char *p = der;
    struct tb_vcrl *crl;

    *out = NULL;
    if (len > TABARD_CRL_MAX)
        return TB_E_LIMIT;
    if (der == NULL || len == 0)
        return TB_E_FORMAT;
    crl = calloc(1, sizeof(*crl));
    if (crl == NULL)
        return TB_E_NOMEM;
    crl->crl = d2i_X509_CRL(NULL, &p, (long)len);
    if (crl->crl == NULL || p != (const unsigned char *)der + len ||
        tb_asn1_time(X509_CRL_get0_lastUpdate(crl->crl), &crl->this_update) < 0) {
        crl_free(crl);
        return TB_E_FORMAT;
    }
    crl->no_next = tb_asn1_time(X509_CRL_get0_nextUpdate(crl->crl), &crl->next_update) < 0;
    read_scope(crl);
    if (!entries_understood(crl->crl))
        crl->bad = true;
    *out = crl;
    return 0;
}

static int crl_add(void *arg, const void *der, size_t len)
{
    struct tabard_crls *crls = arg;
    struct tb_vcrl **list;
    struct tb_vcrl *crl;
    int r;

    if (crls->num >= TABARD_CRLS_MAX)
        return TB_E_LIMIT;
    r = crl_parse(der, len, &crl);
    if (r < 0)
        return r;
    list = realloc(crls->list, (crls->num + 1) * sizeof(struct tb_vcrl *));
    if (list == NULL) {
        crl_free(crl);
        return TB_E_NOMEM;
    }
    crls->list = list;
    list[crls->num++] = crl;
    return 0;
}

int tabard_crls_add_der(struct tabard_crls *crls, const void *der, size_t len)
{
    return crls != NULL ? tb_public_err(crl_add(crls, der, len)) : TABARD_ERR_ARGUMENT;
}

int tabard_crls_add_pem(struct tabard_crls *crls, const void *pem, size_t len)
{
    size_t before;
    int r;

    if (crls == NULL || pem == NULL)
        return TABARD_ERR_ARGUMENT;
    before = crls->num;
    r = tb_pem_each(pem, len, "X509 CRL", crl_add, crls);
    while (r != 0 && crls->num > before)
        crl_free(crls->list[--crls->num]);
    return tb_public_err(r);
}

static bool names_share_uri(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++)
        for (int j = 0; j < sk_GENERAL_NAME_num(b); j++)
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, j)) == 0)
                return true;
    return false;
}

/* A partitioned CRL speaks only of certificates that name its distribution point. */
static bool point_covers(const struct tb_vcrl *crl, const struct tb_vcert *cert)
{
    const DIST_POINT_NAME *want = crl->idp != NULL ? crl->idp->distpoint : NULL;
    const unsigned char *p = cert->crl_points.p;
    CRL_DIST_POINTS *points;
    bool covers = false;

    if (want == NULL)
        return true;
    if (want->type != 0)
        return false;
    points = cert->crl_points.len > 0 ? d2i_CRL_DIST_POINTS(NULL, &p, (long)cert->crl_points.len) : NULL;
    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT *dp = sk_DIST_POINT_value(points, i);

        if (dp->distpoint != NULL && dp->distpoint->type == 0 && dp->reasons == NULL && dp->CRLissuer == NULL &&
            names_share_uri(want->name.fullname, dp->distpoint->name.fullname))
            covers = true;
    }
    CRL_DIST_POINTS_free(points);
    return covers;
}

static bool crl_signed_by(struct tb_vcrl *crl, const struct tb_vcert *issuer)
{
    int expected = 0;

    if (atomic_load_explicit(&crl->verified, memory_order_acquire) == 2 &&
        memcmp(crl->spki, issuer->spki, sizeof(crl->spki)) == 0)
        return true;
    if (X509_CRL_verify(crl->crl, issuer->key) != 1)
        return false;
    if (atomic_compare_exchange_strong(&crl->verified, &expected, 1)) {
        memcpy(crl->spki, issuer->spki, sizeof(crl->spki));
        atomic_store_explicit(&crl->verified, 2, memory_order_release);
    }
    return true;
}

static bool crl_of(const struct tb_vcrl *crl, const struct tb_vcert *issuer)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(crl->crl), issuer->subject) == 0 && tb_vcert_akid_fits(issuer, crl->akid);
}

static bool strong_digest(X509_CRL *crl)
{
    int md = NID_undef;
    int nid = X509_CRL_get_signature_nid(crl);

    if (nid == NID_ED25519 || nid == NID_ED448 || nid == NID_rsassaPss)
        return true;
    return OBJ_find_sigid_algs(nid, &md, NULL) == 1 && (md == NID_sha256 || md == NID_sha384 || md == NID_sha512);
}

/* TABARD_R_ALLOWED: a current CRL that covers cert does not list it. */
static enum tabard_reason crl_judge(struct tb_vcrl *crl, const struct tb_vcert *cert, const struct tb_vcert *issuer,
                                    int64_t now)
{
    X509_REVOKED *rev = NULL;

    if (crl->bad || !strong_digest(crl->crl) || (issuer->has_ku && (issuer->ku & X509v3_KU_CRL_SIGN) == 0) ||
        (crl->only_user && cert->ca) || (crl->only_ca && !cert->ca) || !point_covers(crl, cert) ||
        !crl_signed_by(crl, issuer))
        return TABARD_R_CRL_INVALID;
    /* Even a stale list tells the truth about what it lists. */
    if (X509_CRL_get0_by_serial(crl->crl, &rev, cert->serial) != 0)
        return TABARD_R_REVOKED;
    if (now < crl->this_update)
        return TABARD_R_CRL_FUTURE;
    return crl->no_next || now >= crl->next_update ? TABARD_R_CRL_STALE : TABARD_R_ALLOWED;
}

static void crl_blame(struct tb_fault *fault, enum tabard_reason reason, const struct tb_vcert *cert,
                      const struct tb_vcrl *crl, int64_t now, int depth)
{
    char seen[64] = "no CRL of the issuer";
    char stamp[24];

    if (crl != NULL) {
        memcpy(seen, "nextUpdate ", 12);
        tb_fault_time(stamp, crl->no_next ? 0 : crl->next_update);
        memcpy(seen + 11, crl->no_next ? "absent" : stamp, strlen(crl->no_next ? "absent" : stamp) + 1);
    }
    if (reason == TABARD_R_REVOKED) {
        tb_fault_set(fault, reason, depth == 0 ? "leaf" : "intermediate", depth, cert->subject,
                     "a certificate not revoked", "its serial number in its issuer's CRL");
        return;
    }
    tb_fault_time(stamp, now);
    tb_fault_set(fault, reason, "crl", depth, cert->subject,
                 "a valid CRL of the issuer, current at the time asked about", seen);
}

bool tb_crls_check(const struct tabard_crls *crls, const struct tb_vcert *cert, const struct tb_vcert *issuer,
                   int64_t now, bool required, int depth, struct tb_fault *fault)
{
    enum tabard_reason worst = TABARD_R_ALLOWED;
    const struct tb_vcrl *at = NULL;
    bool sound = false;

    for (size_t i = 0; crls != NULL && i < crls->num; i++) {
        enum tabard_reason reason;

        if (!crl_of(crls->list[i], issuer))
            continue;
        reason = crl_judge(crls->list[i], cert, issuer, now);
        if (reason == TABARD_R_REVOKED) {
            crl_blame(fault, reason, cert, crls->list[i], now, depth);
            return false;
        }
        sound = sound || reason == TABARD_R_ALLOWED;
        if (reason != TABARD_R_ALLOWED && (worst == TABARD_R_ALLOWED || reason < worst)) {
            worst = reason;
            at = crls->list[i];
        }
    }
    if (sound || (worst == TABARD_R_ALLOWED && !required))
        return true;
    crl_blame(fault, worst != TABARD_R_ALLOWED ? worst : TABARD_R_CRL_ABSENT, cert, at, now, depth);
    return false;
}
