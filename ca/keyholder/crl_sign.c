#include "ca/keyholder/keyholder.h"

#include <string.h>

/* NULL when the request may be signed. */
static const char *judge_request(const struct tb_keyholder *kh, const struct tb_msg_crl_sign_req *req, tb_time_t now,
                                 struct tb_crl *out, unsigned *out_shard)
{
    struct tb_crl_ceiling c = {.cfg = kh->cfg, .issuer = req->issuer, .now = now};

    if (kh->cfg == NULL || req->issuer <= TB_ISSUER_NONE || req->issuer >= TB_ISSUER__COUNT ||
        !kh->ca[req->issuer].present)
        return "crl-issuer";
    c.ca = &kh->ca[req->issuer].cert;
    c.last_number = kh->crl_number[req->issuer];
    if (tb_crl_tbs_read(req->tbs, out) < 0)
        return "crl-form";
    return tb_crl_ceiling_check(&c, out, out_shard);
}

int tb_keyholder_sign_crl(struct tb_keyholder *kh, const struct tb_msg_crl_sign_req *req, tb_time_t now,
                          struct tb_msg_sign_rsp *out, const char **out_reason)
{
    struct tb_crl crl = {0};
    unsigned shard = 0;
    const char *reason = judge_request(kh, req, now, &crl, &shard);
    int r = reason == NULL ? 0 : TB_E_DENIED;

    memset(out, 0, sizeof(*out));
    *out_reason = reason;
    if (r == 0) {
        r = tb_signer_sign(kh->ca[req->issuer].signer, kh->ca[req->issuer].cert.sig_alg, req->tbs, out->sig,
                           &out->sig_len);
        if (r == 0) {
            kh->crl_number[req->issuer][shard] = crl.number;
            return 0;
        }
        *out_reason = "signing-failed";
        out->sig_len = 0;
    }
    return tb_problem_set(&out->problem, r, TB_P_SERVER_INTERNAL, "The keyholder refused to sign: %s.", *out_reason);
}
