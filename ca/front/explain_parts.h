/* What explain holds while it waits for CAA, and how its parts are found and shown. */
#ifndef TB_CA_FRONT_EXPLAIN_PARTS_H
#define TB_CA_FRONT_EXPLAIN_PARTS_H

#include "ca/front/use.h"
#include "lib/json/json.h"
#include "lib/statement/statement.h"

struct tb_explained {
    char shown[TB_IDENT_VALUE_MAX + 3]; /* as it was asked */
    struct tb_ident ident;
    bool refused; /* problem says why */
    struct tb_problem problem;
    tb_methods_t methods, use_methods; /* any of each that is demanded */
    enum tb_authz_state authz;         /* of the account, for exactly this claim; NONE */
    tb_time_t authz_expires_at;
    char authz_of[TB_IDENT_VALUE_MAX + 1]; /* the domain above that it is of (RFC 9444); "" = the name itself */
    struct tb_use_proofs use; /* of the account, where use is demanded */
    bool has_caa;
    struct tb_caa_result caa;
    struct tb_problem caa_problem;
};

struct tb_explain {
    struct tb_front *front;
    uint32_t id; /* of the control request */
    const struct tb_profile *profile;
    char account_url[TB_ACCOUNT_URL_MAX + 1]; /* "" = nobody in particular */
    struct tb_account account;                /* when there is a URL */
    struct tb_problem account_problem;        /* it may have nothing at all */
    struct tb_explained *name;                /* owned */
    size_t num;
    size_t open; /* CAA answers to come */
    bool has_csr;
    struct tb_problem csr_problem;
    char csr_key[32], csr_eku[160], csr_gets[128];
    bool has_csr_key;
    uint8_t csr_digest[TB_DIGEST_LEN]; /* of its SubjectPublicKeyInfo */
};

/* The CSR in base64url, after the names were read; NULL: none. */
void tb_explain_csr(struct tb_explain *e, const json_t *csr);
/* What is demanded of the names that are served, and what the account has of it. */
void tb_explain_look(struct tb_explain *e);
/* Use: of one name that is served. */
void tb_explain_use_look(struct tb_explain *e, struct tb_explained *x);
bool tb_explain_use_proved(const struct tb_explain *e, const struct tb_explained *x); /* also when none is demanded */
void tb_explain_use_put(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw);
void tb_explain_put(const struct tb_explain *e, struct tb_jw *jw);

#endif
