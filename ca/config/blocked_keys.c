#include "ca/config/blocked_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/pem_file.h"

static int refuse(const char *path, size_t line, int err, char why[static TB_CONFIG_WHY_MAX + 1])
{
    if (err == TB_E_LIMIT)
        (void)snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s:%zu: too long; expected at most %d keys", path, line,
                       TB_BLOCKED_KEYS_MAX);
    else if (err == TB_E_FORMAT)
        (void)snprintf(why, TB_CONFIG_WHY_MAX + 1,
                       "%s:%zu: expected a SHA-256 of a SubjectPublicKeyInfo, 64 hexadecimal digits", path, line);
    else
        (void)snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, tb_err_text(err));
    return err == TB_E_NOMEM ? err : TB_E_CONFIG;
}

int tb_blocked_keys_read(const struct tb_config *cfg, struct tb_weak_keys **out, char why[static TB_CONFIG_WHY_MAX + 1])
{
    char path[TB_CONFIG_PATH_MAX + sizeof(cfg->blocked_keys) + 1] = "";
    uint8_t *text = NULL;
    size_t line = 0;
    size_t len = 0;
    int r;

    *out = NULL;
    why[0] = '\0';
    if (cfg->blocked_keys[0] != '\0') {
        (void)snprintf(path, sizeof(path), "%s%s%s", cfg->blocked_keys[0] == '/' ? "" : cfg->dir,
                       cfg->blocked_keys[0] == '/' ? "" : "/", cfg->blocked_keys);
        if ((r = tb_pem_file_read(path, TB_BLOCKED_TEXT_MAX, &text, &len)) < 0) {
            (void)snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, strerror(errno));
            return r;
        }
    }
    if ((r = tb_weak_keys_new(tb_span_of(text, len), out, &line)) < 0)
        r = refuse(path, line, r, why);
    free(text);
    return r;
}
