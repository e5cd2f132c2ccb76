/*
 * A lineage: the certificates that one name of the operator's has had (certbot's word).
 *
 *     DIR/NAME                     symbolic link to the newest version
 *     DIR/archive/NAME/0001/       cert.pem chain.pem fullchain.pem privkey.pem
 *     DIR/archive/NAME/next/       a version that is being made
 *     DIR/renewal/NAME.json        how to renew it, and when
 *     DIR/accounts/HOST_PORT.pem   account keys
 *
 * A version is made whole and durable in "next", which is then renamed, and then the link is switched, by rename: at
 * every instant, and after every crash, certificate and key behind the link belong together.
 */
#ifndef TB_CLIENT_LINEAGE_H
#define TB_CLIENT_LINEAGE_H

#include <openssl/evp.h>

#include "client/chain.h"
#include "client/files.h"

#define TB_LINEAGE_NAME_MAX    253
#define TB_LINEAGE_VERSION_MAX 9999
#define TB_LINEAGE_KEEP        3 /* versions that stay; a reader may still be in the one before */

struct tb_lineage {
    const char *dir; /* borrowed */
    char name[TB_LINEAGE_NAME_MAX + 1];
    char archive[TB_CLIENT_PATH_MAX + 1];
    char next[TB_CLIENT_PATH_MAX + 1];
    char live[TB_CLIENT_PATH_MAX + 1];
    char settings[TB_CLIENT_PATH_MAX + 1];
};

/* Letters, digits, '.', '-', '_' and ':'; not beginning with '.' or '-'; none of the directory's own words. */
bool tb_lineage_name_ok(const char *name);
/* From a certificate's first name: "*.example.org" is "_.example.org". */
void tb_lineage_name_of(const struct tb_ident *ident, char out[static TB_LINEAGE_NAME_MAX + 1]);
/* Paths only; nothing is made. */
int tb_lineage_at(const char *dir, const char *name, struct tb_lineage *out, struct tb_fail *fail) TB_MUST_USE;
/* Waits until nobody else works in the directory; *out_fd is closed to let others in. Makes the directory. */
int tb_lineage_lock(const char *dir, const struct tb_say *say, int *out_fd, struct tb_fail *fail) TB_MUST_USE;

/* A new key of the type, on disk in "next", which is emptied before. */
int tb_lineage_begin(const struct tb_lineage *l, const char *key_type, EVP_PKEY **out_key,
                     struct tb_fail *fail) TB_MUST_USE;
/* The chain beside the key; then the switch. It must be the key's. */
int tb_lineage_finish(const struct tb_lineage *l, const struct tb_client_chain *chain, EVP_PKEY *key,
                      struct tb_fail *fail) TB_MUST_USE;
/* The newest chain; TB_E_NOTFOUND (without a failure when fail is NULL). */
int tb_lineage_chain(const struct tb_lineage *l, struct tb_client_chain *out, struct tb_fail *fail) TB_MUST_USE;

#endif
