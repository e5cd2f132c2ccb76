/*
 * URLs that carry authority.  The account URL ends in the thumbprint of the account's first key; the finalize URL
 * carries everything that the judge reads about an order.  Both are read by exact rules, never by search.
 */
#ifndef TB_ACME_URL_H
#define TB_ACME_URL_H

#include "lib/base/clock.h"
#include "lib/profile/profile.h"
#include "lib/statement/statement.h"

#define TB_FINALIZE_URL_MAX 383
#define TB_ORDER_WINDOW_S   (48 * 3600)
#define TB_ORDER_SEQ_BITS   24

/* BASE/acme/acct/<b64u thumbprint of the first key> */
void tb_account_url(char out[static TB_ACCOUNT_URL_MAX + 1], const char *base,
                    const uint8_t thumbprint[static TB_DIGEST_LEN]);
/* TB_E_FORMAT unless url is exactly that under base. */
int tb_account_url_parse(const char *url, const char *base, uint8_t out_thumbprint[static TB_DIGEST_LEN]) TB_MUST_USE;

/* Order number: creation time in seconds << 24 | sequence.  Sequential, so it is also the row number. */
typedef uint64_t tb_order_no_t;
static inline tb_time_t tb_order_no_time(tb_order_no_t no)
{
    return (tb_time_t)(no >> TB_ORDER_SEQ_BITS);
}

/* BASE/acme/finalize/<profile>@<version>/<signer>/<epoch>/<order number>, decimal without leading zeros, from 1. */
struct tb_finalize_ref {
    char profile[TB_PROFILE_NAME_MAX + 1];
    char version[TB_PROFILE_VERSION_MAX + 1];
    uint32_t signer;
    uint32_t epoch;
    tb_order_no_t order;
};
void tb_finalize_url(char out[static TB_FINALIZE_URL_MAX + 1], const char *base, const struct tb_finalize_ref *ref);
/* TB_E_FORMAT unless url is exactly that under base. */
int tb_finalize_url_parse(const char *url, const char *base, struct tb_finalize_ref *out) TB_MUST_USE;

#endif
