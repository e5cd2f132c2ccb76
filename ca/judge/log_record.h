/*
 * Records of the issuance log: header of a file, frame of a record, bodies.  doc/log.md is the specification.
 * Pure encoding: no files here.
 */
#ifndef TB_CA_JUDGE_LOG_RECORD_H
#define TB_CA_JUDGE_LOG_RECORD_H

#include "lib/acme/url.h"
#include "lib/base/hash.h"
#include "lib/pki/reason.h"
#include "lib/pki/tbs.h"

#define TB_LOG_MAGIC        "TABARDIL"
#define TB_LOG_MAGIC_LEN    8
#define TB_LOG_FORMAT       1
#define TB_LOG_HEADER_LEN   (TB_LOG_MAGIC_LEN + 2 + TB_CA_ID_LEN + 4 + 4 + 8 + 8 + TB_DIGEST_LEN + TB_DIGEST_LEN)
#define TB_LOG_REC_FIXED    (1 + 8 + 8)   /* type, seq, time: what the length counts besides the body */
#define TB_LOG_BODY_MAX     (192u * 1024) /* 100 names with their evidence, and a certificate of TB_CERT_MAX */
#define TB_LOG_REC_MAX      (4 + TB_LOG_REC_FIXED + TB_LOG_BODY_MAX + TB_DIGEST_LEN)
#define TB_LOG_EVIDENCE_MAX (TB_IDENT_NUM_MAX * 8) /* statements that one issuance rests on */
#define TB_LOG_EVIDENCE_LEN (2 + 1 + 1 + 1 + 2 + 8 + TB_DIGEST_LEN)

/* Wire values: never renumber. */
enum tb_log_type {
    TB_LOG_REC_NONE = 0,
    TB_LOG_REC_PROFILE = 1,
    TB_LOG_REC_ISSUE = 2,
    TB_LOG_REC_REVOKE = 3,
    TB_LOG_REC_ACCOUNT = 4, /* ca/judge/account_record.h */
    TB_LOG_REC_EAB = 5,     /* ca/judge/eab_keys.h */
    TB_LOG_REC__COUNT
};

/* First bytes of each file. */
struct tb_log_header {
    uint8_t ca_id[TB_CA_ID_LEN];
    uint32_t signer;
    uint32_t epoch;
    tb_time_t began_at;            /* when the epoch began: orders made before it are not its own */
    uint64_t first_seq;            /* of the first record of this file */
    uint8_t before[TB_DIGEST_LEN]; /* chain digest at the end of the epoch before; zero in the first */
};
/* Writes TB_LOG_HEADER_LEN bytes; the last TB_DIGEST_LEN of them start the chain. */
void tb_log_header_write(struct tb_wr *wr, const struct tb_log_header *h);
/* TB_E_TRUNC, TB_E_FORMAT (magic, digest), TB_E_UNSUPPORTED (format). */
int tb_log_header_read(struct tb_rd *rd, struct tb_log_header *out) TB_MUST_USE;

/* One record; body is borrowed. */
struct tb_log_rec {
    enum tb_log_type type;
    uint64_t seq;
    tb_time_t time;
    struct tb_span body;
};
/* Appends frame and chain digest and moves chain on; TB_E_LIMIT when body is longer than TB_LOG_BODY_MAX. */
int tb_log_rec_write(struct tb_wr *wr, const struct tb_log_rec *rec, uint8_t chain[static TB_DIGEST_LEN]) TB_MUST_USE;
/*
 * Reads one record and checks it against chain, which moves on.  TB_E_TRUNC when it is not whole, TB_E_FORMAT when its
 * length or type cannot be, TB_E_BADSIG when the digest is not that of the chain; then reader and chain stay.
 */
int tb_log_rec_read(struct tb_rd *rd, struct tb_log_rec *out, uint8_t chain[static TB_DIGEST_LEN]) TB_MUST_USE;

/* Body of TB_LOG_REC_PROFILE: what name@version means from here on. */
struct tb_profile_rec {
    char name[TB_PROFILE_NAME_MAX + 1];
    char version[TB_PROFILE_VERSION_MAX + 1];
    uint8_t digest[TB_DIGEST_LEN]; /* tb_profile_digest */
};
void tb_profile_rec_write(struct tb_wr *wr, const struct tb_profile_rec *r);
int tb_profile_rec_read(struct tb_span body, struct tb_profile_rec *out) TB_MUST_USE;

/* One statement that an issuance rests on. */
struct tb_evidence {
    uint16_t name;           /* index into the names */
    enum tb_purpose purpose; /* the claim it serves; NONE for caa, which serves all claims of the name */
    enum tb_proof_kind kind;
    enum tb_method method; /* NONE for caa */
    uint16_t perspective;
    tb_time_t made_at;
    uint8_t digest[TB_DIGEST_LEN]; /* SHA-256 over the statement, MAC included */
};
void tb_evidence_write(struct tb_wr *wr, const struct tb_evidence *e);
int tb_evidence_read(struct tb_rd *rd, struct tb_evidence *out) TB_MUST_USE;

/* Body of TB_LOG_REC_ISSUE.  Spans are borrowed. */
struct tb_issue_rec {
    struct tb_finalize_ref ref;
    uint8_t jws_digest[TB_DIGEST_LEN];
    char account_url[TB_ACCOUNT_URL_MAX + 1];
    uint8_t thumbprint[TB_DIGEST_LEN];
    enum tb_issuer issuer;
    uint8_t serial[TB_SERIAL_LEN];
    size_t num_names;
    const struct tb_ident *names; /* writing only */
    struct tb_span names_wire;    /* reading only: num_names times tb_ident_read */
    size_t num_evidence;
    const struct tb_evidence *evidence; /* writing only */
    struct tb_span evidence_wire;       /* reading only: num_evidence times tb_evidence_read */
    struct tb_span cert;                /* DER; empty when only the part before it is written */
};
/* Everything before the certificate; the caller completes the body with tb_wr_var32(wr, cert). */
void tb_issue_rec_write_head(struct tb_wr *wr, const struct tb_issue_rec *r);
void tb_issue_rec_write(struct tb_wr *wr, const struct tb_issue_rec *r);
int tb_issue_rec_read(struct tb_span body, struct tb_issue_rec *out) TB_MUST_USE;
/* Only the first fields, order number and JWS digest: enough for the used set, and cheap. */
int tb_issue_rec_peek(struct tb_span body, tb_order_no_t *out_order, struct tb_span *out_jws_digest) TB_MUST_USE;

/* Who had the right to demand a revocation (RFC 8555 section 7.6).  Wire values: never renumber. */
enum tb_revoker {
    TB_REVOKER_NONE = 0,
    TB_REVOKER_ACCOUNT = 1,        /* the account that ordered the certificate */
    TB_REVOKER_AUTHORIZATIONS = 2, /* an account that proved control of all its names */
    TB_REVOKER_KEY = 3,            /* the certificate's own key */
    TB_REVOKER_OPERATOR = 4,       /* the control socket */
    TB_REVOKER__COUNT
};

/* Body of TB_LOG_REC_REVOKE (revoke_record.c).  The time of the revocation is the record's. */
struct tb_revoke_rec {
    enum tb_issuer issuer;
    uint8_t serial[TB_SERIAL_LEN];
    tb_time_t not_after; /* of the certificate */
    enum tb_reason reason;
    enum tb_revoker who;
    uint64_t issuance;                        /* sequence number of the issuance record; never 0 */
    uint8_t spki_digest[TB_DIGEST_LEN];       /* of the certificate's key */
    char account_url[TB_ACCOUNT_URL_MAX + 1]; /* empty for key and operator */
    uint8_t jws_digest[TB_DIGEST_LEN];        /* of the revokeCert request; zero for operator */
};
void tb_revoke_rec_write(struct tb_wr *wr, const struct tb_revoke_rec *r);
int tb_revoke_rec_read(struct tb_span body, struct tb_revoke_rec *out) TB_MUST_USE;
/* The key proved itself compromised, or the operator said so: it is not certified again. */
bool tb_revoke_rec_blocks_key(const struct tb_revoke_rec *r);
/* Does it say more than a revocation before, with this reason by this revoker?  Only that the key is compromised does.
 */
bool tb_revoke_rec_says_more(const struct tb_revoke_rec *r, enum tb_reason reason, enum tb_revoker who);

#endif
