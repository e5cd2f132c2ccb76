/* One certificate from nothing to its files: account, key, order, proofs, request, download, switch, deploy hook. */
#ifndef TB_CLIENT_ISSUE_H
#define TB_CLIENT_ISSUE_H

#include "client/account.h"
#include "client/settings.h"

struct tb_issue {
    const struct tb_lineage *lineage;
    struct tb_settings *settings; /* its timing is reset on success, and written */
    const struct tb_acme_registration *registration;
    const struct tb_say *say;
    bool allow_weak_sandbox;
    bool dry_run; /* order and prove, do not finalize; nothing is written */
};

/* DIR/accounts/HOST_PORT.pem of the server, unless the settings name another. */
int tb_issue_account_path(const char *dir, const struct tb_settings *s, char out[static TB_CLIENT_PATH_MAX + 1],
                          struct tb_fail *fail) TB_MUST_USE;
/* Open a session as the settings say; the account key is made when create is set and there is none. */
int tb_issue_open(const char *dir, const struct tb_settings *s, bool create, bool allow_weak_sandbox,
                  const struct tb_say *say, struct tb_acme *out, struct tb_fail *fail) TB_MUST_USE;
/* The lock must be held. out_chain (may be NULL) gets the new chain. */
int tb_issue(const struct tb_issue *job, struct tb_client_chain *out_chain, struct tb_fail *fail) TB_MUST_USE;
/* The deploy hook, if there is one: PROGRAM NAME DIR/NAME. On success deploy_pending is cleared and written. */
int tb_issue_deploy(const struct tb_lineage *l, struct tb_settings *s, const struct tb_say *say,
                    struct tb_fail *fail) TB_MUST_USE;

#endif
