/*
 * What the store keeps: accounts, authorizations, orders with their certificate.  Plain data, no pointers into the
 * store. Statements and tokens are opaque here: the judge alone believes them.
 */
#ifndef TB_CA_STORE_OBJECT_H
#define TB_CA_STORE_OBJECT_H

#include "lib/acme/state.h"
#include "lib/acme/url.h"
#include "lib/base/problem.h"
#include "lib/jose/jwk.h"
#include "lib/pki/reason.h"
#include "lib/pki/tbs.h"
#include "lib/profile/validity.h"
#include "lib/statement/token.h"

#define TB_CONTACTS_TEXT_MAX    2048 /* JSON array as text */
#define TB_CHALLENGES_MAX       8
#define TB_AUTHZ_STATEMENTS_MAX 8
#define TB_ORDER_AUTHZ_MAX      (2 * TB_IDENT_NUM_MAX) /* control and use of each name */
#define TB_ACCOUNT_KEPT_MAX     2048 /* an account statement with limits of TB_EAB_LIMITS_LEN_MAX is shorter */

struct tb_account {
    uint64_t id;  /* row number, from 1 */
    uint32_t rev; /* raised by each update */
    enum tb_account_state state;
    uint8_t first_thumbprint[TB_DIGEST_LEN]; /* in the account URL */
    uint8_t thumbprint[TB_DIGEST_LEN];       /* of the current key */
    char jwk[TB_JWK_JSON_MAX];               /* current key, canonical JSON */
    char contacts[TB_CONTACTS_TEXT_MAX];     /* "[]" when none */
    bool terms_agreed;
    uint8_t terms_digest[TB_DIGEST_LEN]; /* of the URL of the terms agreed to; zero = not known */
    tb_time_t created_at;
    size_t statement_len;                   /* 0 = none: the account is as its URL says */
    uint8_t statement[TB_ACCOUNT_KEPT_MAX]; /* of the judge, the newest */
};

struct tb_challenge {
    enum tb_method method;
    enum tb_challenge_state state;
    char token[TB_TOKEN_LEN + 1];
    tb_time_t validated_at; /* 0 = not */
};

struct tb_authz {
    uint64_t id;
    uint32_t rev;
    uint64_t account_id;
    struct tb_ident ident;
    tb_purposes_t purposes;
    enum tb_proof_kind kind;
    bool subtree; /* of ident and all names below it (RFC 9444) */
    enum tb_authz_state state;
    tb_time_t created_at, expires_at;
    uint8_t thumbprint[TB_DIGEST_LEN];    /* of the account's key for which tokens and statements were made */
    uint8_t policy_digest[TB_DIGEST_LEN]; /* validation policy under which tokens and statements were made */
    size_t num_challenges;
    struct tb_challenge challenge[TB_CHALLENGES_MAX];
    struct tb_problem problem; /* of the failed challenge; owned */
    size_t num_statements;
    struct {
        uint8_t *p;
        size_t len;
    } statement[TB_AUTHZ_STATEMENTS_MAX]; /* owned */
    tb_time_t caa_at;                     /* when the CAA statement among them was made; 0 = none */
};
void tb_authz_clear(struct tb_authz *a); /* frees what is owned; NULL-safe */

/* What the client hears about its certificate. Stored: never renumber. */
enum tb_notice { TB_NOTICE_EKU_IGNORED = 0x01, TB_NOTICE_EKU_NARROWED = 0x02 };

struct tb_order {
    tb_order_no_t no;
    uint32_t rev;
    uint64_t account_id;
    char profile[TB_PROFILE_NAME_MAX + 1];
    char version[TB_PROFILE_VERSION_MAX + 1];
    enum tb_order_state state; /* as stored: pending until valid or invalid; ready is computed */
    tb_time_t expires_at;
    size_t num_idents; /* owned arrays; one authorization an identifier, two where its use is
                          proved in the order: those of use last */
    struct tb_ident *ident;
    size_t num_authz;
    uint64_t *authz_id;
    struct tb_problem problem; /* why it is invalid; owned */
    /* RFC 9773 section 5: the certificate that this order is to replace; issuer NONE = none */
    enum tb_issuer replaces_issuer;
    uint8_t replaces_serial[TB_SERIAL_LEN];
    /* when valid */
    struct tb_validity validity; /* that the order asks for */
    uint8_t notices;             /* set of enum tb_notice */
    tb_order_no_t replaced_by;   /* last order that was made to replace its certificate; 0 = none */
    uint64_t seq;                /* of the judge's log; 0 = none */
    enum tb_issuer issuer;
    uint8_t serial[TB_SERIAL_LEN];
    tb_time_t issued_at, not_after;
    uint8_t *cert;
    size_t cert_len;      /* DER, owned */
    uint64_t revoked_seq; /* of the judge's log; 0 = not revoked */
    tb_time_t revoked_at;
    enum tb_reason revoked_for;
};
void tb_order_clear(struct tb_order *o);

#endif
