/*
 * Own certificates: what the CA's own listeners show, https.pem and responder.pem.  init makes them from the issuing CA
 * for servers, `renew-own` makes the next.  An operator may have put something else in their place, which stays.
 */
#ifndef TB_CA_CONFIG_OWN_CERT_H
#define TB_CA_CONFIG_OWN_CERT_H

#include "ca/config/hierarchy.h"
#include "ca/config/place.h"

enum tb_own { TB_OWN_HTTPS, TB_OWN_RESPONDER, TB_OWN__COUNT };

/* Where it lies, and what it names. */
struct tb_own_cert {
    enum tb_state_file chain, key;
    struct tb_ident names[2];
    size_t num_names;
};
/* False when the configuration has no responder. */
bool tb_own_cert_of(const struct tb_config *cfg, enum tb_own which, struct tb_own_cert *out);

/* Whose is the certificate that is there? */
enum tb_own_kind {
    TB_OWN_OURS,
    TB_OWN_RENAMED,     /* ours, and it does not name what it should: the configuration has changed */
    TB_OWN_OTHER_CA,    /* not issued by issuing-server.pem */
    TB_OWN_OTHER_NAMES, /* names more than init would have it name */
    TB_OWN_ORDERED,     /* lives no longer than a certificate that was ordered: an ACME client renews it */
    TB_OWN_UNREADABLE,
};
struct tb_own_state {
    enum tb_own_kind kind;
    tb_time_t not_before, not_after; /* 0 when it cannot be read */
};
void tb_own_cert_look(const struct tb_own_cert *own, struct tb_span chain_pem, const struct tb_cacert *issuing,
                      struct tb_own_state *out);

/*
 * Issuing CA and its key, from the state directory, into h: `issuing` and `issuing_key`.  They belong together and make
 * server certificates.  The caller clears h with tb_hierarchy_clear, ca with tb_cacert_clear, in any case.
 */
int tb_own_issuer_read(const struct tb_config *cfg, struct tb_hierarchy *h, struct tb_cacert *ca,
                       tb_place_why why) TB_MUST_USE;

#endif
