/*
 * Statement: a perspective's authenticated record of one proof.  The only thing that the judge believes about proofs.
 */
#ifndef TB_STATEMENT_STATEMENT_H
#define TB_STATEMENT_STATEMENT_H

#include "lib/base/clock.h"
#include "lib/dns/caa.h"
#include "lib/profile/method.h"
#include "lib/profile/purpose.h"
#include "lib/statement/audience.h"

#define TB_STATEMENT_VERSION 1
#define TB_STATEMENT_MAX     4096
#define TB_STATEMENT_MAC_LEN TB_DIGEST_LEN
#define TB_STATEMENT_DOMAIN  "tabard statement" /* with its NUL before the fields, under the MAC */
#define TB_ACCOUNT_URL_MAX   383                /* base URL, "/acme/acct/" and 43 characters */

enum tb_dnssec { TB_DNSSEC_NONE = 0, TB_DNSSEC_INSECURE = 1, TB_DNSSEC_SECURE = 2 };

/* Where the connection of a use proof came from. */
enum tb_egress { TB_EGRESS_NONE = 0, TB_EGRESS_PUBLISHED = 1, TB_EGRESS_DECLARED = 2 };

struct tb_statement {
    struct tb_audience audience;
    uint16_t perspective;
    enum tb_proof_kind kind;
    enum tb_method method;                    /* NONE for caa */
    enum tb_purpose purpose;                  /* NONE for caa */
    struct tb_ident ident;                    /* with wildcard flag */
    bool subtree;                             /* control of a dns name: of all names below it, too (RFC 9444) */
    char account_url[TB_ACCOUNT_URL_MAX + 1]; /* empty for caa */
    uint8_t thumbprint[TB_DIGEST_LEN];        /* zero for caa */
    uint8_t spki_digest[TB_DIGEST_LEN];       /* use only; zero otherwise */
    uint8_t token_digest[TB_DIGEST_LEN];      /* SHA-256 of the token text; zero for caa */
    uint8_t peer_addr[16];                    /* v4-mapped form; zero when there was none */
    uint8_t egress_kind;                      /* enum tb_egress; none but for use */
    uint8_t egress_prefix;                    /* declared egress: length of the prefix, 1 to 128; zero otherwise */
    enum tb_dnssec dnssec;
    struct tb_caa_result caa; /* caa only: what the record set allows */
    tb_time_t made_at;
};

/*
 * Encode and append the MAC.  TB_E_LIMIT when larger than TB_STATEMENT_MAX.  Does not check that the fields suit the
 * kind: the reader does, and refuses.
 */
int tb_statement_write(struct tb_wr *wr, const struct tb_statement *s, const struct tb_key *key) TB_MUST_USE;
/* The perspective that a blob claims, before verification, to choose the key. TB_E_FORMAT, TB_E_UNSUPPORTED. */
int tb_statement_perspective(struct tb_span blob, uint16_t *out) TB_MUST_USE;
/*
 * Verify the MAC first (constant time), then decode strictly: present is what the kind has, absent what it has not.
 * Whether method, identifier, scope, age and audience are the right ones is the judge's matter and not checked here.
 * TB_E_BADSIG, TB_E_FORMAT, TB_E_UNSUPPORTED (version).
 */
int tb_statement_read(struct tb_span blob, const struct tb_key *key, struct tb_statement *out) TB_MUST_USE;

/*
 * Decode without verifying the MAC: for showing to people what a perspective saw, never for deciding.  TB_E_FORMAT,
 * TB_E_UNSUPPORTED.
 */
int tb_statement_peek(struct tb_span blob, struct tb_statement *out) TB_MUST_USE;

#endif
