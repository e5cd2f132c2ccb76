/*
 * The rule: for every name and every purpose an unexpired control statement, for clientAuth a use statement as well,
 * and for every dns name a CAA statement that allows account, method and purpose.  Statements that do not fit are
 * passed over, never fatal by themselves: what counts is whether every claim is served.
 */
#ifndef TB_CA_JUDGE_PROOFS_H
#define TB_CA_JUDGE_PROOFS_H

#include "ca/judge/log_record.h"
#include "ca/policy/policy.h"
#include "lib/base/problem.h"
#include "lib/pki/name_proofs.h"
#include "lib/statement/statement.h"

#define TB_CLOCK_SKEW_S            60 /* how far a time of others may lie in the future */
#define TB_STATEMENT_KEYS_MAX      16
#define TB_STATEMENT_KEY_ZONES_MAX 64
#define TB_PROOF_KIND_BIT(k)       (UINT32_C(1) << (k))

/* A key of one perspective (it may have several), and what statements under it may say. */
struct tb_statement_key {
    uint16_t perspective;
    struct tb_key key;
    uint32_t kinds;                                /* TB_PROOF_KIND_BIT */
    tb_methods_t methods;                          /* for control and use */
    const char *zones[TB_STATEMENT_KEY_ZONES_MAX]; /* borrowed; names under one of them; "" = everywhere */
    size_t num_zones;                              /* 0 = nowhere */
};

/* What the statements are held against. All borrowed. */
struct tb_proof_case {
    const struct tb_audience *audience;
    const struct tb_statement_key *keys;
    size_t num_keys;
    const struct tb_profile *profile;
    const struct tb_policy *policy; /* says which domains may stand for the names below them; NULL = none */
    const char *account_url;
    const uint8_t *thumbprint;  /* of the account's current key */
    const uint8_t *spki_digest; /* of the key to be certified */
    const struct tb_ident *idents;
    size_t num_idents;
    tb_time_t now;       /* wall clock: nothing may lie after it */
    tb_time_t now_floor; /* never falls: ages are counted to it */
};

/* The newest fitting statement of its sort; which = index + 1, 0 = none. */
struct tb_proof_slot {
    tb_time_t made_at;
    uint16_t which;
    uint16_t perspective;
    enum tb_dnssec dnssec;
    bool above; /* stated of a domain above the name */
    uint8_t egress_kind;
    uint8_t quorum;                 /* perspectives that stated it, at most TB_QUORUM_MAX */
    uint16_t stated[TB_QUORUM_MAX]; /* which these are */
};
struct tb_proof_name {
    struct tb_proof_slot control[TB_PURPOSE__COUNT][TB_METHOD__COUNT];
    struct tb_proof_slot use[TB_METHOD__COUNT];
    struct tb_proof_slot caa;
    tb_methods_t caa_allows[TB_PURPOSE__COUNT]; /* by that statement, for this account */
};

/* Working memory, too large for a stack and too hot for malloc; after success the evidence is valid. */
struct tb_proofs {
    struct tb_statement statement;
    struct tb_proof_name name[TB_IDENT_NUM_MAX];
    struct tb_name_proofs methods[TB_IDENT_NUM_MAX]; /* of the evidence */
    const char *passed_over;                         /* why the first statement did not count */
    struct tb_evidence evidence[TB_LOG_EVIDENCE_MAX];
    size_t num_evidence;
};

/*
 * 0 when every claim is served.  TB_E_DENIED with a problem and a constant reason word otherwise: the reason why
 * the first statement was passed over, if one was, else what is missing.
 */
int tb_proofs_judge(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t num,
                    struct tb_problem *pb, const char **out_reason) TB_MUST_USE;

/* After success: what the certificate may tell of the proofs for these of the profile's purposes. */
tb_proof_policies_t tb_proofs_policies(const struct tb_proofs *p, size_t num_idents, tb_purposes_t purposes);

/* Control alone, for every name and every purpose of the profile: who may have a certificate of others revoked. */
int tb_proofs_control(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t num,
                      struct tb_problem *pb, const char **out_reason) TB_MUST_USE;

#endif
