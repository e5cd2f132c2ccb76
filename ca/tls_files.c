#include "ca/tls_files.h"

#include <stdio.h>
#include <string.h>

#include "ca/child.h"
#include "ca/config/pem_file.h"
#include "lib/base/log.h"

#define PEM_MAX   65536u
#define READS_MAX 3 /* a renewal that runs meanwhile changes the files once */

static void forget_key(struct tb_tls_files *f)
{
    tb_free_secret(f->key, f->key_len);
    f->key = NULL;
    f->key_len = 0;
}

void tb_tls_files_clear(struct tb_tls_files *f)
{
    forget_key(f);
    tb_free_secret(f->chain, f->chain_len);
    f->chain = NULL;
    f->chain_len = 0;
}

/* Is there a key at path that belongs to the chain?  Then it is in f. */
static bool take_key(struct tb_tls_files *f, const char *path)
{
    if (tb_pem_file_read(path, PEM_MAX, &f->key, &f->key_len) == 0 &&
        tb_pem_key_fits(tb_span_of(f->chain, f->chain_len), tb_span_of(f->key, f->key_len)))
        return true;
    forget_key(f);
    return false;
}

int tb_tls_files_read(const struct tb_config *cfg, enum tb_state_file chain, enum tb_state_file key,
                      struct tb_tls_files *out)
{
    char chain_path[TB_CONFIG_PATH_MAX + 65], path[TB_CONFIG_PATH_MAX + 65],
        new_path[sizeof(path) + sizeof(TB_NEW_SUFFIX)];
    int r;

    *out = (struct tb_tls_files){0};
    tb_config_file(cfg, chain, chain_path);
    tb_config_file(cfg, key, path);
    snprintf(new_path, sizeof(new_path), "%s%s", path, TB_NEW_SUFFIX);
    for (int i = 0; i < READS_MAX; i++) {
        tb_tls_files_clear(out);
        if ((r = tb_child_read_file(chain_path, PEM_MAX, &out->chain, &out->chain_len)) < 0)
            return r;
        if (take_key(out, path))
            return 0;
        if (take_key(out, new_path)) {
            tb_log(TB_LOG_NOTICE, "renewal-unfinished", TB_F("key", new_path),
                   TB_F("remedy", "tabardd renew-own finishes it"));
            return 0;
        }
    }
    return tb_child_read_file(path, PEM_MAX, &out->key, &out->key_len);
}
