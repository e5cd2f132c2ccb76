/*
 * Profile: a named, dated, immutable recipe: purposes, the proofs that each
 * purpose needs, issuer, lifetime, contents.  Data only; the judge enforces it.
 */
#ifndef TB_PROFILE_PROFILE_H
#define TB_PROFILE_PROFILE_H

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/profile/method.h"
#include "lib/profile/purpose.h"

#define TB_PROFILE_NAME_MAX    31 /* [a-z][a-z0-9-]* */
#define TB_PROFILE_VERSION_MAX 15 /* [0-9A-Za-z.-]+, customarily a date */
#define TB_PROFILE_NUM_MAX     16
#define TB_PROFILE_TEXT_MAX    127

/* Issuing CAs, one per purpose.  Wire values: never renumber. */
enum tb_issuer { TB_ISSUER_NONE = 0, TB_ISSUER_SERVER = 1, TB_ISSUER_CLIENT = 2, TB_ISSUER_PEER = 3, TB_ISSUER__COUNT };
const char *tb_issuer_name(enum tb_issuer issuer); /* "server"; also in file names */
enum tb_issuer tb_issuer_find(struct tb_span name);
/* The EKU set that an issuing CA certificate carries, exactly. */
tb_purposes_t tb_issuer_purposes(enum tb_issuer issuer);

/* What becomes of extended key usages that a CSR asks for, when they are not the profile's. */
enum tb_csr_eku_mode { TB_CSR_EKU_IGNORE = 0, TB_CSR_EKU_NARROW = 1, TB_CSR_EKU_REJECT = 2, TB_CSR_EKU__COUNT };
const char *tb_csr_eku_mode_name(unsigned mode); /* the configuration's word; NULL beyond */

enum tb_cn_mode { TB_CN_NONE = 0, TB_CN_FIRST_DNS = 1 };

struct tb_profile {
    char name[TB_PROFILE_NAME_MAX + 1];
    char version[TB_PROFILE_VERSION_MAX + 1];
    char description[TB_PROFILE_TEXT_MAX + 1]; /* shown in the directory's meta.profiles */
    tb_purposes_t purposes;
    tb_methods_t control_methods; /* any of these shows control */
    tb_methods_t use_methods;     /* clientAuth: any of these shows use; 0 = none demanded */
    bool preproved;               /* the use proof is made before the order (newOrder shows control only) */
    bool ident_dns;
    bool ident_wildcard;
    bool ident_ip;
    enum tb_issuer issuer;
    enum tb_cn_mode cn;
    enum tb_csr_eku_mode csr_eku;
    bool crl_pointer; /* CRL distribution point in the leaf, if CRLs are served */
    uint32_t lifetime_s;
    uint32_t backdate_s;    /* at most 3600 */
    uint32_t control_age_s; /* oldest control statement accepted at signing */
    uint32_t use_age_s;
    uint32_t caa_age_s; /* at most 28800 */
    uint16_t names_max;
    bool wanted;  /* the configuration wants it offered */
    bool offered; /* wanted, and what it needs is there */
};

/* The recipes that init writes; NULL after the last. */
const struct tb_profile *tb_profile_builtin(size_t i);
/*
 * Is the recipe sound: name and version well-formed, purposes non-empty and within the issuer's, every purpose
 * with a proof (clientAuth with a use proof), lifetimes non-zero and below the caps (400 d), ages non-zero?
 * On failure TB_E_CONFIG and a constant sentence in *out_why.
 */
int tb_profile_check(const struct tb_profile *p, const char **out_why) TB_MUST_USE;
/* Digest over every member but `wanted`, `offered` and `description`: two bodies are the same recipe iff it is equal.
 */
void tb_profile_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_profile *p);
/* May the profile name this identifier? On no, *out_why gets a constant sentence part. */
bool tb_profile_serves(const struct tb_profile *p, const struct tb_ident *ident, const char **out_why);
/* Methods of the profile that can show control of this identifier. */
tb_methods_t tb_profile_control_methods(const struct tb_profile *p, const struct tb_ident *ident);
/* "name@version" to its parts; TB_E_FORMAT. */
int tb_profile_ref_parse(struct tb_span ref, char name[static TB_PROFILE_NAME_MAX + 1],
                         char version[static TB_PROFILE_VERSION_MAX + 1]) TB_MUST_USE;

#endif
