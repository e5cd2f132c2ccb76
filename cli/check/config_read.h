/* The readers of single kinds of configuration, and what they share. */
#ifndef TB_CLI_CHECK_CONFIG_READ_H
#define TB_CLI_CHECK_CONFIG_READ_H

#include "cli/check/config.h"

#define TB_CONFIG_LINE_MAX 4095

#define TB_CONFIG_CLIENT (1u << TB_CHECK_CLIENT)
#define TB_CONFIG_SERVER (1u << TB_CHECK_SERVER)
#define TB_CONFIG_BOTH   (TB_CONFIG_CLIENT | TB_CONFIG_SERVER)

int tb_config_postfix(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_nginx(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_haproxy(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_kamailio(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_prosody(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_etcd(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;
int tb_config_mongodb(const char *file, const char *text, struct tb_config_uses *uses) TB_MUST_USE;

/* Lines of a text. */
struct tb_config_lines {
    const char *next; /* start: the text */
    unsigned line;    /* of the one returned; from 1 */
    char text[TB_CONFIG_LINE_MAX + 1];
};
/* 1: lines->text is the next line, without its end; 0: there is none; TB_E_LIMIT: it is too long. */
int tb_config_line(struct tb_config_lines *lines);
/*
 * Split in place at white space, with "..." and '...' as one word; a # that begins a word ends the line.  The number
 * of words; those beyond the maximum are left out.
 */
size_t tb_config_words(char *line, char *words[static TB_CONFIG_WORDS_MAX]);
/* Cut white space off both ends, in place. */
char *tb_config_trim(char *s);

#endif
