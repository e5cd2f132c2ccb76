/*
 * TBSCertificate (RFC 5280 section 4.1.2): our own writer for leaves, and an
 * independent strict reader that the lint and the keyholder use on the result.
 */
#ifndef TB_PKI_TBS_H
#define TB_PKI_TBS_H

#include "lib/base/clock.h"
#include "lib/pki/name_proofs.h"
#include "lib/pki/spki.h"
#include "lib/profile/profile.h"

#define TB_SERIAL_LEN 16
#define TB_TBS_MAX    40000 /* 100 names of 253 characters and the rest */
#define TB_CERT_MAX   41000
#define TB_KEYID_MAX  32
#define TB_URI_MAX    255

/* Signature algorithm of an issuing key. */
enum tb_sig_alg { TB_SIG_NONE = 0, TB_SIG_ECDSA_SHA256, TB_SIG_ECDSA_SHA384, TB_SIG__COUNT };

/* What a leaf is built from.  All spans are borrowed during the call. */
struct tb_leaf {
    uint8_t serial[TB_SERIAL_LEN]; /* content octets: first byte 01..7f, so that it is positive and 16 octets long */
    enum tb_sig_alg sig_alg;
    struct tb_span issuer_name;  /* DER Name of the issuing CA, byte for byte its subject */
    struct tb_span issuer_keyid; /* its subject key identifier */
    tb_time_t not_before, not_after;
    enum tb_cn_mode cn;
    const struct tb_ident *idents;
    size_t num_idents;   /* 1..TB_IDENT_NUM_MAX */
    struct tb_span spki; /* DER, from a parsed tb_spki */
    enum tb_key_kind key_kind;
    tb_purposes_t purposes; /* non-empty */
    const char *crl_uri;    /* NULL or "" = none */
    const char *aia_uri;
    const struct tb_arc *arc; /* of policies and proofs; NULL or empty = neither is written */
    tb_proof_policies_t policies;
    const struct tb_name_proofs *proofs; /* one for each of idents; those of purposes are written */
};

/*
 * Write the TBS: v3; empty subject (SAN critical) or CN; SAN in the order of idents; key usage critical
 * digitalSignature; EKU exactly purposes; basicConstraints critical with cA absent; AKI; CRLDP and AIA
 * when given; policies and evidence of the proofs when there is an arc.  UTCTime until 2049.  TB_E_INVAL when an input
 * breaks its contract.
 */
int tb_tbs_write(struct tb_wr *wr, const struct tb_leaf *leaf) TB_MUST_USE;

/* What a strict re-reading finds in a TBS. Spans are borrowed. */
struct tb_tbs {
    struct tb_span serial; /* content octets */
    enum tb_sig_alg sig_alg;
    struct tb_span issuer_name;
    struct tb_span subject; /* DER Name */
    struct tb_span cn;      /* value of the only RDN, CN; empty when the subject is empty */
    tb_time_t not_before, not_after;
    struct tb_spki spki;
    struct tb_ident *idents; /* owned; as they stand in the SAN */
    size_t num_idents;
    bool san_critical;
    bool has_basic_constraints, is_ca;
    bool has_key_usage;
    uint16_t key_usage; /* bit 0 (0x8000 >> 0) digitalSignature ... */
    tb_purposes_t purposes;
    bool has_eku, eku_unknown;
    struct tb_span aki_keyid;
    char crl_uri[TB_URI_MAX + 1]; /* empty when absent */
    char aia_uri[TB_URI_MAX + 1];
    bool has_policies, policy_unknown;
    tb_proof_policies_t policies;
    struct tb_name_proofs *proofs; /* owned; NULL when the evidence is absent */
    size_t num_proofs;
    tb_purposes_t proof_purposes;
    bool unknown_extension; /* any extension besides those above */
};
/* TB_E_FORMAT for anything but strict DER of a v3 TBS of this shape; repeated extensions are TB_E_DUP. */
int tb_tbs_read(struct tb_span der, struct tb_tbs *out) TB_MUST_USE;
/* The same, and policies and evidence under this arc are read; without one they are unknown extensions. */
int tb_tbs_read_under(struct tb_span der, const struct tb_arc *arc, struct tb_tbs *out) TB_MUST_USE;
void tb_tbs_clear(struct tb_tbs *tbs);

/*
 * Compare a finished TBS with what it was to hold, field by field (lint).  0, or TB_E_DENIED with the first
 * difference as a constant sentence in *out_why.  Not the writer's code: it re-reads.
 */
int tb_tbs_lint(struct tb_span der, const struct tb_leaf *want, const char **out_why) TB_MUST_USE;

/* Certificate := SEQUENCE { tbs, algorithm, BIT STRING sig }; sig is DER for ECDSA. */
int tb_cert_assemble(struct tb_wr *wr, struct tb_span tbs, enum tb_sig_alg alg, struct tb_span sig) TB_MUST_USE;
/* The TBS inside a DER certificate (strict outer shape), borrowed. */
int tb_cert_tbs(struct tb_span cert, struct tb_span *out_tbs) TB_MUST_USE;

#endif
