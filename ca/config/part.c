#include "ca/config/part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 4

static const struct {
    const char *word;
    enum tb_state_file files[FILES_MAX]; /* without the root's key, which may be offline */
} parts[] = {
    [TB_PART_RESPONDER] = {"responder",
                           {TB_FILE_RESPONDER_TOKEN_KEY, TB_FILE_RESPONDER_STATEMENT_KEY, TB_FILE_RESPONDER_CHAIN,
                            TB_FILE_RESPONDER_KEY}},
    [TB_PART_PEER] = {"peer",
                      {TB_FILE_ROOT_PEER, TB_FILE_ROOT_PEER_CRL, TB_FILE_ISSUING_PEER, TB_FILE_ISSUING_PEER_KEY}},
};
_Static_assert(TB_ARRAY_LEN(parts) == TB_PART__COUNT, "every part is described");

const char *tb_part_word(enum tb_part part)
{
    return parts[part].word;
}

bool tb_part_wanted(const struct tb_config *cfg, enum tb_part part)
{
    return part == TB_PART_RESPONDER ? cfg->responder.on : cfg->peer_hierarchy;
}

/* What cannot be looked at is somebody else's complaint. */
static bool is_missing(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 && errno == ENOENT;
}

bool tb_part_lacks(const struct tb_config *cfg, enum tb_part part, char path[static TB_CONFIG_PATH_MAX + 65])
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        char new_path[TB_CONFIG_PATH_MAX + 65 + sizeof(TB_NEW_SUFFIX)];

        tb_config_file(cfg, parts[part].files[i], path);
        snprintf(new_path, sizeof(new_path), "%s%s", path, TB_NEW_SUFFIX);
        /* A TLS key may wait beside its place (ca/tls_files.h). */
        if (is_missing(path) && (parts[part].files[i] != TB_FILE_RESPONDER_KEY || is_missing(new_path)))
            return true;
    }
    path[0] = '\0';
    return false;
}
