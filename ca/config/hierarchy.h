/* Hierarchy: what init makes of keys and certificates, in memory, before a file is touched. */
#ifndef TB_CA_CONFIG_HIERARCHY_H
#define TB_CA_CONFIG_HIERARCHY_H

#include "lib/pki/cacert.h"

#define TB_ROOT_LIFETIME_S    (INT64_C(7305) * 86400) /* 20 years */
#define TB_ISSUING_LIFETIME_S (INT64_C(1826) * 86400) /* 5 years */
#define TB_ROOT_CRL_PERIOD_S  (INT64_C(365) * 86400)  /* the next one is due by then */
#define TB_HTTPS_LIFETIME_S   (INT64_C(397) * 86400)

/* One purpose's hierarchy, in PEM. */
struct tb_hierarchy {
    struct tb_wr root, root_key, crl, issuing, issuing_key;
};

/*
 * Root, its first CRL and issuing CA for one issuer.  host and tag (hex) name the CA in the subjects;
 * passphrase enciphers the root key, NULL = it is not enciphered.
 */
int tb_hierarchy_make(struct tb_hierarchy *h, enum tb_issuer issuer, const char *host, const char *tag,
                      const char *passphrase, tb_time_t now) TB_MUST_USE;
void tb_hierarchy_clear(struct tb_hierarchy *h);

/*
 * A key and a serverAuth certificate for these names from the issuing CA of h; chain holds the leaf and the issuing CA.
 * It lives for TB_HTTPS_LIFETIME_S, or until the issuing CA ends.
 */
int tb_https_make(struct tb_wr *chain, struct tb_wr *key, const struct tb_hierarchy *h, const struct tb_ident *names,
                  size_t num_names, tb_time_t now) TB_MUST_USE;

#endif
