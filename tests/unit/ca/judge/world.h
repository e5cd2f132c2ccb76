/*
 * A small world for the judge's tests: one CA, two accounts, and a finalize request that is right in every respect.  A
 * test changes one thing and looks at the reason.
 */
#ifndef TB_TESTS_UNIT_CA_JUDGE_WORLD_H
#define TB_TESTS_UNIT_CA_JUDGE_WORLD_H

#include <openssl/evp.h>

#include "ca/judge/finalize.h"

#define W_BASE       "https://ca.example:14000"
#define W_NOW        w_time
#define W_STATEMENTS 32
#define W_PEM_MAX    8192
#define W_CSR_MAX    8192
#define W_CA_LIFE_S  (400 * 86400)

/* When the world's story plays; set before w_new where the real clock is read. */
extern tb_time_t w_time;

/* A statement and the key that it is MACed with. */
struct w_statement {
    struct tb_statement s;
    const struct tb_key *key;
};

/* What a CSR asks for; zeroed = just a.example for the subject key. */
struct w_csr {
    const char *names[TB_IDENT_NUM_MAX + 1]; /* as OpenSSL writes SANs: "DNS:a.example" */
    size_t num_names;
    const char *cn;
    const char *extra_ext[4][2]; /* name and value for OpenSSL's X509V3_EXT_conf */
    EVP_PKEY *key;               /* NULL = the subject key */
};

struct world {
    struct tb_config *cfg;
    struct tb_judge_state *s;
    struct tb_profile *server, *shortlived, *client, *hidden, *preproved, *peer;
    EVP_PKEY *account, *other_account, *subject, *other_subject;
    EVP_PKEY *ca_key[TB_ISSUER__COUNT];
    char ca_pem[TB_ISSUER__COUNT][W_PEM_MAX], ca_key_pem[TB_ISSUER__COUNT][W_PEM_MAX];
    struct tb_key key, foreign_key;
    char account_url[TB_ACCOUNT_URL_MAX + 1], other_account_url[TB_ACCOUNT_URL_MAX + 1];
    uint8_t thumbprint[TB_DIGEST_LEN], other_thumbprint[TB_DIGEST_LEN];

    /* The request, as the next w_decide sends it. */
    tb_time_t now;
    struct tb_finalize_ref ref;
    const char *base;    /* of the finalize URL */
    const char *url;     /* NULL = from base and ref */
    const char *kid;     /* NULL = embed the key */
    EVP_PKEY *signer;    /* signs the JWS */
    EVP_PKEY *jwk;       /* goes along as the account's key */
    const char *payload; /* NULL = {"csr": ...} */
    struct tb_span account_statement;
    struct w_csr csr;
    struct w_statement st[W_STATEMENTS];
    size_t num_st;
    bool resend; /* send the JWS of the time before, bit for bit */
    struct tb_wr jws;
};

struct world *w_new(void);
void w_free(struct world *w);
/* Append a fitting control, use or CAA statement for a name ("*.a.example", "192.0.2.1") and return it for changes. */
struct tb_statement *w_control(struct world *w, const char *name, enum tb_purpose purpose, enum tb_method method);
struct tb_statement *w_use(struct world *w, const char *name);
struct tb_statement *w_caa(struct world *w, const char *name);
void w_name(struct world *w, const char *san);
/* The body of the finalize message. */
void w_request(struct world *w, struct tb_wr *out);
/* The judge's policy again, after a change of the configuration. */
void w_policy(struct world *w);
/* Send. The decision is to be cleared by the caller. */
void w_decide(struct world *w, struct tb_decision *d);
/* Send and assert. */
void w_refused(struct world *w, const char *reason);
void w_signed(struct world *w);
/* The server issuer's certificate with name constraints as OpenSSL writes them; malloced DER and its length.
 */
int w_constrained_ca(struct world *w, const char *constraints, uint8_t **out);
/* SPKI digest of a key. */
void w_spki(EVP_PKEY *key, uint8_t out[static TB_DIGEST_LEN]);

#endif
