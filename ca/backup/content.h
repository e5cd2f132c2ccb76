/* What belongs to a CA's state and so into an archive: every file with its mode and owner.  Everything else is refused.
 */
#ifndef TB_CA_BACKUP_CONTENT_H
#define TB_CA_BACKUP_CONTENT_H

#include "ca/backup/ustar.h"
#include "ca/config/maker.h"

#define TB_CONTENT_CONFIG    "tabard.yaml" /* always the first */
#define TB_CONTENT_STORE     "store/tabard.db"
#define TB_CONTENT_LOG       "log/" /* and the name of a log file */
/* Certificates, keys, CRLs; store and log. */
#define TB_CONTENT_SMALL_MAX (8u << 20)
#define TB_CONTENT_LARGE_MAX (UINT64_C(1) << 42)

struct tb_content {
    char name[TB_USTAR_NAME_MAX + 1]; /* from the state directory */
    mode_t mode;
    enum tb_owner owner;
    uint64_t max;
    bool required; /* the CA does not start without it */
    bool root_key;
};

/*
 * The i-th file that is not of the store or the log: those of every CA, then those in its directory that the
 * configuration names.  TB_E_NOTFOUND beyond the last.
 */
int tb_content_at(const struct tb_config *cfg, size_t i, struct tb_content *out) TB_MUST_USE;
/* What the file of this name is. TB_E_NOTFOUND: it is none of a CA with this configuration. */
int tb_content_find(const struct tb_config *cfg, const char *name, struct tb_content *out) TB_MUST_USE;
/* The i-th file that the configuration names and no archive holds, because it lies elsewhere; NULL beyond the last. */
const char *tb_content_elsewhere(const struct tb_config *cfg, size_t i);

#endif
