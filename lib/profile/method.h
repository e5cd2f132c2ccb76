/* Validation methods (challenge types): what each proves and for which identifiers it may serve. */
#ifndef TB_PROFILE_METHOD_H
#define TB_PROFILE_METHOD_H

#include "lib/base/ident.h"

/* Wire values: never renumber. */
enum tb_method {
    TB_METHOD_NONE = 0,
    TB_METHOD_HTTP_01 = 1,
    TB_METHOD_DNS_01 = 2,
    TB_METHOD_TLS_ALPN_01 = 3,
    TB_METHOD_DNS_ACCOUNT_01 = 4,
    TB_METHOD_DNS_PERSIST_01 = 5,
    TB_METHOD_TLS_CLIENT_01 = 6,
    TB_METHOD_EMAIL_REPLY_00 = 7,
    TB_METHOD__COUNT
};
typedef uint32_t tb_methods_t;
#define TB_METHOD_BIT(m) (UINT32_C(1) << (m))

enum tb_proof_kind { TB_PROOF_NONE = 0, TB_PROOF_CONTROL = 1, TB_PROOF_USE = 2, TB_PROOF_CAA = 3, TB_PROOF__COUNT };

struct tb_method_info {
    const char *name;      /* ACME challenge type, "http-01" */
    const char *caa_label; /* RFC 8657 validationmethods label */
    enum tb_proof_kind kind;
    bool for_dns;
    bool for_wildcard;
    bool for_ip;
    bool for_subtree; /* may show control of a domain with all names below it (RFC 9444) */
};

const struct tb_method_info *tb_method_info(enum tb_method method);
enum tb_method tb_method_find(struct tb_span name);
/* Is every member of the set a known method of this kind?  True of the empty set. */
bool tb_methods_of_kind(tb_methods_t set, enum tb_proof_kind kind);
/* The members of the set that may show control of a whole subtree. */
tb_methods_t tb_methods_for_subtree(tb_methods_t set);
/* May this method prove this identifier at all? */
bool tb_method_serves(enum tb_method method, const struct tb_ident *ident);

#endif
