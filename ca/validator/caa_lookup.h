/*
 * CAA lookup for one name (RFC 8659 section 3): the name and all its ancestors are asked at once, ancestors only when
 * they were not asked a moment ago; the lowest non-empty
 * set counts, and an error at or below it is a failure.
 */
#ifndef TB_CA_VALIDATOR_CAA_LOOKUP_H
#define TB_CA_VALIDATOR_CAA_LOOKUP_H

#include "ca/validator/caa_cache.h"
#include "lib/base/problem.h"

#define TB_CAA_LEVELS_MAX 32 /* labels of a name that we climb; each is a query that a stranger makes us send */

struct tb_caa_lookup;
typedef void tb_caa_done_fn(struct tb_caa_lookup *l, void *arg);

enum tb_caa_level { TB_CAA_PENDING = 0, TB_CAA_EMPTY, TB_CAA_FOUND, TB_CAA_FAILED };

struct tb_caa_lookup_level {
    struct tb_caa_lookup *lookup;
    struct tb_dns_query *query;
    const char *name; /* suffix of the identifier's value */
    enum tb_caa_level state;
    enum tb_dnssec dnssec;
    int err;
};

/* In the validation's memory; the members below `result` are private. */
struct tb_caa_lookup {
    struct tb_problem problem; /* type NONE: result counts */
    struct tb_caa_result result;
    enum tb_dnssec dnssec;

    const struct tb_config *cfg;
    struct tb_caa_cache *cache;
    const struct tb_ident *ident;
    tb_caa_done_fn *done;
    void *arg;
    size_t num_levels, found; /* found: level that result is of; num_levels = none yet */
    int found_err;
    struct tb_caa_lookup_level level[TB_CAA_LEVELS_MAX];
};

/*
 * ident (a dns name), cfg and cache (may be NULL) must outlive the lookup.  0: done comes later, as the last thing that
 * touches the lookup. Negative: the problem is set, done does not come.
 */
int tb_caa_lookup_start(struct tb_caa_lookup *l, struct tb_resolver *r, struct tb_caa_cache *cache,
                        const struct tb_config *cfg, const struct tb_ident *ident, tb_caa_done_fn *done,
                        void *arg) TB_MUST_USE;
/* Instead of a lookup, where the zone's operator says that there are no records: the result says so. */
void tb_caa_lookup_skip(struct tb_caa_lookup *l);
/* Whenever; also after done and on zeroed memory. Clears the problem too. */
void tb_caa_lookup_cancel(struct tb_caa_lookup *l);
/* RFC 8657: sets the problem when the result does not allow all of these. */
int tb_caa_lookup_allows(struct tb_caa_lookup *l, const char *account_url, enum tb_method method,
                         tb_purposes_t purposes) TB_MUST_USE;

#endif
