/* Purposes: one extended key usage each, with the labels of RFC 9115 section 5.1. */
#ifndef TB_PROFILE_PURPOSE_H
#define TB_PROFILE_PURPOSE_H

#include "lib/base/bytes.h"

/* Wire values (statements, tokens, log): never renumber. */
enum tb_purpose {
    TB_PURPOSE_NONE = 0,
    TB_PURPOSE_SERVER_AUTH = 1,
    TB_PURPOSE_CLIENT_AUTH = 2,
    TB_PURPOSE_CODE_SIGNING = 3,
    TB_PURPOSE_EMAIL_PROTECTION = 4,
    TB_PURPOSE_TIME_STAMPING = 8,
    TB_PURPOSE__COUNT = 9
};

/* A set of purposes: bit n is purpose n. */
typedef uint32_t tb_purposes_t;
#define TB_PURPOSE_BIT(p) (UINT32_C(1) << (p))

struct tb_purpose_info {
    const char *label;  /* "serverAuth" */
    const uint8_t *oid; /* DER content octets */
    size_t oid_len;
};

/* NULL for NONE and unassigned values. */
const struct tb_purpose_info *tb_purpose_info(enum tb_purpose purpose);
/* NONE when unknown. */
enum tb_purpose tb_purpose_find(struct tb_span label);
enum tb_purpose tb_purpose_find_oid(struct tb_span oid);
/* Is every member of the set an assigned purpose?  True of the empty set. */
bool tb_purposes_known(tb_purposes_t set);
/* "serverAuth, clientAuth" into out (NUL-terminated, without the labels that do not fit into cap); for messages. */
void tb_purposes_text(char *out, size_t cap, tb_purposes_t set);

#endif
