/*
 * What an account may ask for when an external account binding limits it: names and profiles.  A list that is empty
 * allows nothing; "any" is said, never meant by leaving something out.
 */
#ifndef TB_STATEMENT_ACCOUNT_LIMITS_H
#define TB_STATEMENT_ACCOUNT_LIMITS_H

#include "lib/base/ident.h"
#include "lib/profile/profile.h"

#define TB_LIMIT_NAMES_MAX    32
#define TB_LIMIT_PROFILES_MAX 16

struct tb_limit_name {
    bool below; /* names below this dns name, at any depth and wildcards among them, without itself */
    struct tb_ident ident;
};

/* Zeroed = nothing is allowed. */
struct tb_account_limits {
    bool any_name; /* then there are no names */
    uint8_t num_names;
    struct tb_limit_name name[TB_LIMIT_NAMES_MAX];
    bool any_profile; /* then there are no profiles */
    uint8_t num_profiles;
    char profile[TB_LIMIT_PROFILES_MAX][TB_PROFILE_NAME_MAX + 1]; /* every version of it */
};

/*
 * As people write it: a DNS name (also a wildcard), an address, or a dot and a DNS name for what lies below.
 * TB_E_FORMAT.
 */
int tb_limit_name_parse(struct tb_span text, struct tb_limit_name *out) TB_MUST_USE;
bool tb_limit_name_covers(const struct tb_limit_name *n, const struct tb_ident *ident);

bool tb_account_limits_allow_name(const struct tb_account_limits *l, const struct tb_ident *ident);
bool tb_account_limits_allow_profile(const struct tb_account_limits *l, const char *profile);

/* The order of the encoding. */
int tb_limit_name_cmp(const struct tb_limit_name *a, const struct tb_limit_name *b);

void tb_account_limits_write(struct tb_wr *wr, const struct tb_account_limits *l);
/* Refuses what stands twice or out of order, so that there is one encoding. *out is zeroed on failure. */
int tb_account_limits_read(struct tb_rd *rd, struct tb_account_limits *out) TB_MUST_USE;

#endif
