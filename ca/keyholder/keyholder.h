/*
 * Keyholder: holds the issuing keys and signs what is within the ceiling, nothing else.  One request, one answer; it
 * knows neither accounts nor proofs.
 */
#ifndef TB_CA_KEYHOLDER_KEYHOLDER_H
#define TB_CA_KEYHOLDER_KEYHOLDER_H

#include "ca/keyholder/ceiling.h"
#include "ca/keyholder/crl_ceiling.h"
#include "ca/keyholder/serials.h"
#include "lib/ipc/msg_crl.h"
#include "lib/ipc/msg_sign.h"
#include "lib/pki/signer.h"

struct tb_keyholder {
    const struct tb_config *cfg; /* borrowed; where CRLs are served */
    struct {
        bool present;
        struct tb_cacert cert;
        struct tb_signer *signer;
    } ca[TB_ISSUER__COUNT];
    uint8_t ca_keys[TB_ISSUER__COUNT][TB_DIGEST_LEN];
    size_t num_ca_keys;
    struct tb_serials *serials;
    uint64_t crl_number[TB_ISSUER__COUNT][TB_CRL_SHARDS]; /* last signed by this process; 0 = none */
};

/*
 * Take an issuing CA: PEM certificate and PEM key, which must belong together and to this issuer's purposes.  On
 * failure the reason is in pb and nothing was taken.
 */
int tb_keyholder_add(struct tb_keyholder *kh, enum tb_issuer issuer, struct tb_span cert_pem, struct tb_span key_pem,
                     struct tb_problem *pb) TB_MUST_USE;
/*
 * Sign or refuse.  0 with the signature in out, or TB_E_DENIED (TB_E_CRYPTO when signing failed) with a problem in out
 * and the constant reason word in *out_reason.
 */
int tb_keyholder_sign(struct tb_keyholder *kh, const struct tb_msg_sign_req *req, tb_time_t now,
                      struct tb_msg_sign_rsp *out, const char **out_reason) TB_MUST_USE;
/* The same for a CRL (crl_sign.c). */
int tb_keyholder_sign_crl(struct tb_keyholder *kh, const struct tb_msg_crl_sign_req *req, tb_time_t now,
                          struct tb_msg_sign_rsp *out, const char **out_reason) TB_MUST_USE;
void tb_keyholder_clear(struct tb_keyholder *kh);

#endif
