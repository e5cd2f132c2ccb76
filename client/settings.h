/* How a lineage is renewed: the options of its first order, in DIR/renewal/NAME.json, and when. */
#ifndef TB_CLIENT_SETTINGS_H
#define TB_CLIENT_SETTINGS_H

#include "client/lineage.h"
#include "client/proofs.h"

#define TB_SETTINGS_TEXT_MAX  1023
#define TB_SETTINGS_JSON_MAX  65536
#define TB_SETTINGS_ERROR_MAX 511

/* Texts; empty means not given. One row of the table in settings.c each. */
struct tb_settings {
    char server[TB_SETTINGS_TEXT_MAX + 1];
    char ca[TB_SETTINGS_TEXT_MAX + 1];
    char proxy[TB_SETTINGS_TEXT_MAX + 1];
    char profile[TB_SETTINGS_TEXT_MAX + 1];
    char ancestor[TB_SETTINGS_TEXT_MAX + 1]; /* a DNS name in normal form */
    char key_type[TB_SETTINGS_TEXT_MAX + 1];
    char account_key[TB_SETTINGS_TEXT_MAX + 1];
    char http[TB_SETTINGS_TEXT_MAX + 1];
    char webroot[TB_SETTINGS_TEXT_MAX + 1];
    char tls_alpn[TB_SETTINGS_TEXT_MAX + 1];
    char dns_hook[TB_SETTINGS_TEXT_MAX + 1];
    char dns_update[TB_SETTINGS_TEXT_MAX + 1];
    char dns_key[TB_SETTINGS_TEXT_MAX + 1];
    char deploy_hook[TB_SETTINGS_TEXT_MAX + 1];
    size_t num_names;
    struct tb_ident names[TB_IDENT_NUM_MAX];
    /* when */
    bool deploy_pending; /* the certificate is in place, its hook has not succeeded */
    int64_t failures;    /* in a row */
    int64_t next_try_s;  /* after a failure: not before */
    int64_t renew_at_s;  /* 0: not chosen yet */
    int64_t ari_next_s;  /* ask the server's renewalInfo again */
    char last_error[TB_SETTINGS_ERROR_MAX + 1];
};

/* TB_E_FORMAT, TB_E_LIMIT; *out_what names the member. */
int tb_settings_parse(struct tb_span json, struct tb_settings *out, const char **out_what) TB_MUST_USE;
int tb_settings_read(const struct tb_lineage *l, struct tb_settings *out, struct tb_fail *fail) TB_MUST_USE;
/* Mode 0600, replaced as a whole. */
int tb_settings_write(const struct tb_lineage *l, const struct tb_settings *s, struct tb_fail *fail) TB_MUST_USE;
/* Borrowed views of the texts. */
struct tb_proof_options tb_settings_proofs(const struct tb_settings *s);

#endif
