/* Where server configurations name certificates, and for which role. */
#ifndef TB_CLI_CHECK_CONFIG_H
#define TB_CLI_CHECK_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/check/check.h"
#include "lib/base/err.h"

#define TB_CONFIG_USES_MAX  4096 /* certificates named in all files together */
#define TB_CONFIG_VALUE_MAX 1023 /* one path */
#define TB_CONFIG_WORDS_MAX 64   /* of one line */

enum tb_config_kind {
    TB_CONFIG_POSTFIX,
    TB_CONFIG_NGINX,
    TB_CONFIG_HAPROXY,
    TB_CONFIG_KAMAILIO,
    TB_CONFIG_PROSODY,
    TB_CONFIG_ETCD,
    TB_CONFIG_MONGODB,
    TB_CONFIG_KINDS
};

/* One certificate at one place. */
struct tb_config_use {
    const char *file; /* borrowed from the caller of tb_config_scan */
    unsigned line;
    enum tb_config_kind kind;
    char directive[64]; /* as it stands there */
    char *cert;         /* the path as it stands there, variables replaced */
    unsigned roles;     /* bits 1 << enum tb_check_role */
};

struct tb_config_uses {
    struct tb_config_use *use;
    size_t num;
};

/* "Postfix" */
const char *tb_config_kind_text(enum tb_config_kind kind);
/* By the name given ("postfix"), for --config-kind; false when there is none. */
bool tb_config_kind_find(const char *name, enum tb_config_kind *out);
/* By the file's name and content; false when nothing fits. text is NUL-terminated. */
bool tb_config_kind_guess(const char *path, const char *text, enum tb_config_kind *out);
/* Add what one text names. TB_E_LIMIT, TB_E_NOMEM, TB_E_FORMAT (YAML that is none). */
int tb_config_scan(enum tb_config_kind kind, const char *file, const char *text,
                   struct tb_config_uses *uses) TB_MUST_USE;
void tb_config_uses_clear(struct tb_config_uses *uses);

/* For the readers: add one. */
int tb_config_add(struct tb_config_uses *uses, const char *file, unsigned line, enum tb_config_kind kind,
                  const char *directive, const char *cert, unsigned roles) TB_MUST_USE;

/*
 * Report, for each certificate used in both roles, by file and line, where; into doc (an object) when it is not NULL.
 * The number of such certificates.  Two paths are one certificate when they name it equally, or when both files can be
 * read and their leaves are equal.
 */
size_t tb_config_report(FILE *f, const struct tb_config_uses *uses, json_t *doc);

#endif
