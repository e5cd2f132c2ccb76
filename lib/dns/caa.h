/*
 * CAA (RFC 8659) with account and method parameters (RFC 8657): parsing of record data, and the decision, kept as
 * a result that can be stated now and judged later for an account, a method and a purpose.
 */
#ifndef TB_DNS_CAA_H
#define TB_DNS_CAA_H

#include "lib/base/bytes.h"
#include "lib/base/ident.h"
#include "lib/profile/method.h"
#include "lib/profile/purpose.h"

#define TB_CAA_RECORDS_MAX    64 /* records of one set that we look at; more is a refusal */
#define TB_CAA_VALUE_MAX      1024
#define TB_CAA_GRANTS_MAX     8 /* properties that name us; more are ignored (narrower, never wider) */
#define TB_CAA_URI_MAX        383
#define TB_CAA_IDENTITIES_MAX 8

/* One property that names us and whose syntax is sound. */
struct tb_caa_grant {
    bool has_account;
    char account_url[TB_CAA_URI_MAX + 1];
    bool has_methods;
    tb_methods_t methods; /* of those we know; may be empty: then nothing satisfies it */
    bool has_purposes;    /* our own parameter "purposes" (doc/formats.md), of issue and issuewild alike */
    tb_purposes_t purposes;
};

/* The outcome for one name.  unrestricted, or satisfied by any one of the grants; neither = nobody of us. */
struct tb_caa_result {
    bool unrestricted; /* no relevant record set, or one without an applicable property */
    bool not_asked;    /* only with unrestricted: nothing was looked up, the zone's operator says that there is none */
    uint8_t num_grants;
    struct tb_caa_grant grants[TB_CAA_GRANTS_MAX];
};

/* Raw record data of one CAA record. */
struct tb_caa_rdata {
    uint8_t flags;
    struct tb_span tag;
    struct tb_span value;
};
/* TB_E_FORMAT; TB_E_LIMIT for a value longer than TB_CAA_VALUE_MAX. */
int tb_caa_rdata_parse(struct tb_span rdata, struct tb_caa_rdata *out) TB_MUST_USE;

/*
 * Evaluate the relevant record set (first non-empty one while climbing) for ident (wildcard flag counts).
 * rdata/num: every record of the set; num 0 = no set found = unrestricted.  identities: our issuer domain names.
 * TB_E_DENIED: a critical property that we do not know, a malformed record, too many records.  TB_E_INVAL: an ident
 * that is no dns name.
 */
int tb_caa_evaluate(const struct tb_span *rdata, size_t num, const struct tb_ident *ident,
                    const char *const *identities, size_t num_identities, struct tb_caa_result *out) TB_MUST_USE;
/* Does the result allow this account, method and purpose?  Never an unknown method or purpose. */
bool tb_caa_allows(const struct tb_caa_result *r, const char *account_url, enum tb_method method,
                   enum tb_purpose purpose);

/* Wire form: doc/formats.md.  The reader is strict, and leaves what follows unread. TB_E_TRUNC, TB_E_LIMIT,
 * TB_E_FORMAT. */
void tb_caa_result_write(struct tb_wr *wr, const struct tb_caa_result *r);
int tb_caa_result_read(struct tb_rd *rd, struct tb_caa_result *out) TB_MUST_USE;

#endif
