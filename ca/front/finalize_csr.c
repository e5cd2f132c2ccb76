/* What of a finalize request the front looks at before the judge does: it saves work, and gives the better sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/finalize.h"
#include "ca/front/objects.h"
#include "ca/front/use.h"
#include "lib/base/b64u.h"
#include "lib/jose/thumbprint.h"
#include "lib/pki/csr_eku.h"

static int check_eku(const struct tb_profile *p, const struct tb_csr *csr, uint8_t *out_notices, struct tb_problem *pb)
{
    tb_purposes_t purposes;
    bool differs;
    int r;

    if ((r = tb_csr_eku(p, csr, &purposes, &differs, pb)) == 0 && differs)
        *out_notices |= purposes == p->purposes ? TB_NOTICE_EKU_IGNORED : TB_NOTICE_EKU_NARROWED;
    return r;
}

static bool same_names(const struct tb_csr *csr, const struct tb_order *o)
{
    bool same = csr->num_idents == o->num_idents;

    for (size_t i = 0; same && i < csr->num_idents; i++)
        same = tb_ident_eq(&csr->idents[i], &o->ident[i]);
    return same;
}

/*
 * RFC 8555 section 11.1: the key of an account is never certified, whosever it is.  The judge looks at the caller's;
 * the others are known here alone, and told of to nobody but the account that signed.
 */
static int check_account_keys(struct tb_request *rq, const struct tb_spki *spki)
{
    uint8_t thumbprint[TB_DIGEST_LEN];
    struct tb_account holder;
    int r = tb_jwk_thumbprint_of_spki(thumbprint, spki);

    if (r == 0)
        r = tb_store_account_find_key(rq->front->store, thumbprint, &holder);
    if (r == 0 && (r = tb_request_verify(rq)) == 0)
        r = tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_BAD_CSR, "the CSR's key is the key of an account");
    return r == TB_E_NOTFOUND ? 0 : r;
}

/* The names of the request are the order's, in the order in which both are sorted. */
static int check_csr(struct tb_request *rq, const struct tb_order *o, struct tb_span der, struct tb_finalize_csr *out)
{
    const struct tb_profile *p = tb_config_profile(rq->front->cfg, o->profile, o->version);
    struct tb_csr csr;
    int r = tb_csr_read(der, &csr, &rq->problem);

    if (r < 0)
        return tb_problem_set(&rq->problem, r, TB_P_BAD_CSR, "the CSR cannot be read");
    if (!same_names(&csr, o))
        r = tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_BAD_CSR, "the names of the CSR are not the order's");
    else if (p == NULL)
        r = tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_INVALID_PROFILE,
                           "the order's profile is not offered any more");
    else if ((r = check_eku(p, &csr, &out->notices, &rq->problem)) == 0 && (r = check_account_keys(rq, &csr.spki)) == 0)
        r = tb_use_check_key(rq, p, o, csr.spki.digest);
    if (r == 0)
        memcpy(out->key, csr.spki.digest, TB_DIGEST_LEN);
    tb_csr_clear(&csr);
    return r;
}

static int check_payload(struct tb_request *rq, const struct tb_order *o, struct tb_finalize_csr *out)
{
    json_t *obj = NULL;
    struct tb_span text;
    uint8_t *der = NULL;
    size_t len = 0;
    int r = tb_request_json(rq, &obj);

    if (r < 0)
        return r;
    if (tb_json_str(obj, "csr", TB_B64U_LEN(TB_CSR_DER_MAX), &text) < 0)
        r = tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "csr must be a string of acceptable length");
    else if ((der = malloc(text.len + 1)) == NULL)
        r = TB_E_NOMEM;
    else if (tb_b64u_decode(der, text.len + 1, &len, text) < 0)
        r = tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "csr is not base64url");
    else
        r = check_csr(rq, o, tb_span_of(der, len), out);
    free(der);
    json_decref(obj);
    return r;
}

static int add_missing(struct tb_request *rq, const struct tb_order *o)
{
    struct tb_authz a;
    int r = 0;

    for (size_t i = 0; i < o->num_authz && (r = tb_store_authz_get(rq->front->store, o->authz_id[i], &a)) == 0; i++) {
        if (a.state == TB_AUTHZ_PENDING)
            tb_problem_add(&rq->problem, TB_P_ORDER_NOT_READY, &a.ident, "%s is not proved yet",
                           a.kind == TB_PROOF_USE ? "use" : "control");
        tb_authz_clear(&a);
    }
    return r;
}

/* To the account that signed, and to nobody else, it is told what stands between the order and its certificate. */
static int refuse_state(struct tb_request *rq, const struct tb_order *o, enum tb_order_state state)
{
    struct tb_problem *pb = &rq->problem;
    char name[TB_IDENT_VALUE_MAX + 3];
    int r;

    if (state == TB_ORDER_PENDING && ((r = tb_request_verify(rq)) < 0 || (r = add_missing(rq, o)) < 0))
        return r;
    if (pb->num_sub == 0)
        return tb_problem_set(pb, TB_E_STATE, TB_P_ORDER_NOT_READY, "the order is %s, not ready",
                              tb_order_state_name(state));
    tb_ident_text(name, &pb->sub[0].ident);
    (void)snprintf(pb->detail, sizeof(pb->detail), "the order is %s, not ready: %s: %.64s%s",
                   tb_order_state_name(state), name, pb->sub[0].detail, pb->num_sub > 1 ? "; see the subproblems" : "");
    return TB_E_STATE;
}

int tb_finalize_check(struct tb_request *rq, const struct tb_order *o, struct tb_finalize_csr *out)
{
    enum tb_order_state state;
    int r = tb_order_state_now(rq->front, o, &state);

    if (r < 0)
        return r;
    if (state != TB_ORDER_READY)
        return refuse_state(rq, o, state);
    *out = (struct tb_finalize_csr){0};
    return check_payload(rq, o, out);
}
