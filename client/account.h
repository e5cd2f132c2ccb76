/* Account (RFC 8555 section 7.3). */
#ifndef TB_CLIENT_ACCOUNT_H
#define TB_CLIENT_ACCOUNT_H

#include "client/session.h"

#define TB_ACCOUNT_CONTACTS_MAX 8

struct tb_acme_registration {
    bool only_existing; /* never make one */
    bool agree_terms;
    const char *contacts[TB_ACCOUNT_CONTACTS_MAX]; /* "mailto:..." */
    size_t num_contacts;
    const char *eab_kid; /* NULL: none */
    struct tb_span eab_key;
};

/*
 * Find the account of the session's key, or make it; a->account is set.  With TB_EXIT_TERMS and the URL when there are
 * terms that were not agreed to.  *out_new (may be NULL) tells whether it was made.
 */
int tb_acme_account(struct tb_acme *a, const struct tb_acme_registration *reg, bool *out_new) TB_MUST_USE;
/* The account object as the server has it; the caller calls json_decref. */
int tb_acme_account_show(struct tb_acme *a, json_t **out) TB_MUST_USE;
/* Contacts replaced; none removes them. */
int tb_acme_account_update(struct tb_acme *a, const char *const *contacts, size_t num) TB_MUST_USE;
int tb_acme_account_deactivate(struct tb_acme *a) TB_MUST_USE;
/* RFC 8555 section 7.3.5: the account gets the key of the other process. */
int tb_acme_account_key_change(struct tb_acme *a, struct tb_keyproc *new_key) TB_MUST_USE;

/* External account binding (RFC 8555 section 7.3.4): a JWS over the account's JWK, HS256 with the CA's key. */
int tb_acme_eab(struct tb_wr *out, const char *kid, struct tb_span key, const char *url,
                struct tb_span jwk) TB_MUST_USE;

#endif
