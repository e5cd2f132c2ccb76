/* HAProxy: "bind ... crt FILE" shows it to clients, "server ... crt FILE" to servers. */
#include <stdio.h>
#include <string.h>

#include "cli/check/config_read.h"
#include "lib/base/compiler.h"

static const struct {
    const char *word;
    unsigned roles;
} known[] = {
    {"bind", TB_CONFIG_SERVER},
    {"server", TB_CONFIG_CLIENT},
    {"default-server", TB_CONFIG_CLIENT},
    {"server-template", TB_CONFIG_CLIENT},
};

static int add_crt(const char *file, unsigned line, const char *word, const char *base, const char *path,
                   unsigned roles, struct tb_config_uses *uses)
{
    char full[2 * TB_CONFIG_VALUE_MAX + 2];
    char directive[64];

    /* crt-base goes in front of what is not absolute; "@" names no file. */
    snprintf(full, sizeof(full), "%s%s%s", path[0] == '/' || path[0] == '@' ? "" : base,
             path[0] == '/' || path[0] == '@' || base[0] == '\0' ? "" : "/", path);
    snprintf(directive, sizeof(directive), "%s crt", word);
    return tb_config_add(uses, file, line, TB_CONFIG_HAPROXY, directive, full, roles);
}

static int read_line(const char *file, unsigned line, const char *base, char *const *words, size_t num,
                     struct tb_config_uses *uses)
{
    unsigned roles = 0;
    int r = 0;

    for (size_t k = 0; k < TB_ARRAY_LEN(known); k++)
        if (num > 0 && strcmp(words[0], known[k].word) == 0)
            roles = known[k].roles;
    for (size_t i = 1; roles != 0 && i + 1 < num && r == 0; i++)
        if (strcmp(words[i], "crt") == 0)
            r = add_crt(file, line, words[0], base, words[i + 1], roles, uses);
    return r;
}

int tb_config_haproxy(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_lines lines = {.next = text};
    char base[TB_CONFIG_VALUE_MAX + 1] = "";
    int r;

    while ((r = tb_config_line(&lines)) == 1) {
        char *words[TB_CONFIG_WORDS_MAX];
        size_t num = tb_config_words(lines.text, words);

        if (num == 2 && strcmp(words[0], "crt-base") == 0)
            snprintf(base, sizeof(base), "%s", words[1]);
        if ((r = read_line(file, lines.line, base, words, num, uses)) < 0)
            break;
    }
    return r;
}
