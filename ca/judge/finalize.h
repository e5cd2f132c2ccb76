/*
 * The decision about one finalize request: pure, without loop and without files, so that every case is a unit test.
 * Nothing that the front says is believed; what is read about the order comes from the client's signed JWS.
 */
#ifndef TB_CA_JUDGE_FINALIZE_H
#define TB_CA_JUDGE_FINALIZE_H

#include "ca/config/config.h"
#include "ca/judge/accounts.h"
#include "ca/judge/eab_keys.h"
#include "ca/judge/key_set.h"
#include "ca/judge/proofs.h"
#include "ca/judge/revoked.h"
#include "ca/judge/standing.h"
#include "ca/judge/used.h"
#include "ca/policy/policy.h"
#include "lib/ipc/msg_judge.h"
#include "lib/pki/cacert.h"
#include "lib/pki/csr.h"
#include "lib/pki/shared_factor.h"
#include "lib/pki/weak_key.h"

#define TB_FOREIGN_KEYS_MAX 16

/* What decisions rest on. Set up by the judge (or a test); tb_judge_decide changes floor and the used set only. */
struct tb_judge_state {
    const struct tb_config *cfg; /* borrowed */
    struct tb_audience audience;
    uint32_t signer, epoch;
    tb_time_t epoch_began_at; /* older orders belong to an epoch whose used orders are not known here */
    tb_time_t floor;          /* latest time seen or logged: a clock step backwards revives nothing */
    struct tb_accounts *accounts;
    struct tb_standings standings; /* accounts that are not what their URL says */
    struct tb_eab_keys eab;
    struct tb_key account_key; /* of account statements */
    struct tb_used used;
    struct tb_revoked revoked;
    struct tb_key_set blocked; /* compromised keys */
    struct tb_statement_key keys[TB_STATEMENT_KEYS_MAX];
    size_t num_keys;
    bool has_ca[TB_ISSUER__COUNT];
    struct tb_cacert ca[TB_ISSUER__COUNT];
    uint8_t foreign[TB_FOREIGN_KEYS_MAX][TB_DIGEST_LEN]; /* SPKI digests never certified: CA keys, the HTTPS key */
    size_t num_foreign;
    struct tb_verifier *verifier;     /* of requests */
    struct tb_policy *policy;         /* owned; without name constraints until the judge reads its CAs */
    struct tb_weak_keys *weak;        /* owned; with nothing blocked until the judge reads the list */
    struct tb_shared_factors *shared; /* owned; moduli of what was certified */
    struct tb_proofs proofs;          /* of the last decision */
    uint8_t csr_der[TB_CSR_DER_MAX];  /* of the last decision */
};

enum tb_verdict {
    TB_VERDICT_REFUSE = 0, /* problem and reason are set */
    TB_VERDICT_SIGN,       /* leaf and evidence are set; the order is FLYING in the used set */
    TB_VERDICT_JOIN,       /* the same JWS is being signed already */
    TB_VERDICT_AGAIN       /* the same JWS has its certificate: the record at offset */
};

struct tb_decision {
    enum tb_verdict verdict;
    const char *reason; /* constant word; NULL unless refused */
    struct tb_problem problem;
    struct tb_finalize_ref ref;
    char account_url[TB_ACCOUNT_URL_MAX + 1];
    uint8_t thumbprint[TB_DIGEST_LEN];
    uint8_t jws_digest[TB_DIGEST_LEN];
    const struct tb_profile *profile;
    struct tb_csr csr;
    char crl_uri[TB_URI_MAX + 1], aia_uri[TB_URI_MAX + 1]; /* of leaf */
    struct tb_leaf leaf;                                   /* borrows from state and csr until the next decision */
    uint64_t offset;
    tb_time_t now; /* that counts: never before anything seen or logged */
};

int tb_judge_state_init(struct tb_judge_state *s, const struct tb_config *cfg, uint32_t epoch) TB_MUST_USE;
void tb_judge_state_clear(struct tb_judge_state *s);

/* now: the wall clock.  *out is always set; clear it with tb_decision_clear. */
void tb_judge_decide(struct tb_judge_state *s, const struct tb_msg_finalize_req *req, tb_time_t now,
                     struct tb_decision *out);
void tb_decision_clear(struct tb_decision *d);

#endif
