/* Postfix: main.cf with continued lines and $variables, and "-o name=value" of master.cf (postconf(5), master(5)). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check/config_read.h"
#include "lib/base/compiler.h"

#define PARAMETERS_MAX  4096
#define EXPANSION_DEPTH 8

struct parameter {
    unsigned line;
    char *name;
    char *value;
};

struct parameters {
    struct parameter *p;
    size_t num;
};

static const struct {
    const char *name;
    unsigned roles;
} known[] = {
    {"smtpd_tls_cert_file", TB_CONFIG_SERVER},       {"smtpd_tls_eccert_file", TB_CONFIG_SERVER},
    {"smtpd_tls_dcert_file", TB_CONFIG_SERVER},      {"smtpd_tls_chain_files", TB_CONFIG_SERVER},
    {"tlsproxy_tls_cert_file", TB_CONFIG_SERVER},    {"tlsproxy_tls_eccert_file", TB_CONFIG_SERVER},
    {"tlsproxy_tls_chain_files", TB_CONFIG_SERVER},  {"smtp_tls_cert_file", TB_CONFIG_CLIENT},
    {"smtp_tls_eccert_file", TB_CONFIG_CLIENT},      {"smtp_tls_dcert_file", TB_CONFIG_CLIENT},
    {"smtp_tls_chain_files", TB_CONFIG_CLIENT},      {"lmtp_tls_cert_file", TB_CONFIG_CLIENT},
    {"lmtp_tls_eccert_file", TB_CONFIG_CLIENT},      {"lmtp_tls_chain_files", TB_CONFIG_CLIENT},
    {"tlsproxy_client_cert_file", TB_CONFIG_CLIENT}, {"tlsproxy_client_chain_files", TB_CONFIG_CLIENT},
};

static void clear(struct parameters *all)
{
    for (size_t i = 0; i < all->num; i++) {
        free(all->p[i].name);
        free(all->p[i].value);
    }
    free(all->p);
}

/* The last assignment wins, as in Postfix. */
static const struct parameter *find(const struct parameters *all, const char *name, size_t len)
{
    for (size_t i = all->num; i > 0; i--)
        if (strlen(all->p[i - 1].name) == len && strncmp(all->p[i - 1].name, name, len) == 0)
            return &all->p[i - 1];
    return NULL;
}

static int begin(struct parameters *all, unsigned line, char *text)
{
    char *eq = strchr(text, '=');
    struct parameter *grown;

    if (eq == NULL)
        return 0;
    if (all->num == PARAMETERS_MAX)
        return TB_E_LIMIT;
    grown = realloc(all->p, (all->num + 1) * sizeof(*grown));
    if (grown == NULL)
        return TB_E_NOMEM;
    all->p = grown;
    *eq = '\0';
    grown[all->num] =
        (struct parameter){.line = line, .name = strdup(tb_config_trim(text)), .value = strdup(tb_config_trim(eq + 1))};
    all->num++;
    return grown[all->num - 1].name != NULL && grown[all->num - 1].value != NULL ? 0 : TB_E_NOMEM;
}

static int continue_value(struct parameters *all, char *text)
{
    struct parameter *last = all->num > 0 ? &all->p[all->num - 1] : NULL;
    char *joined = NULL;

    if (last == NULL)
        return 0;
    if (asprintf(&joined, "%s %s", last->value, tb_config_trim(text)) < 0)
        return TB_E_NOMEM;
    free(last->value);
    last->value = joined;
    return strlen(joined) > TB_CHECK_FILE_MAX ? TB_E_LIMIT : 0;
}

/* $name, ${name} and $(name); what has no value stays as it is. */
static size_t expand(const struct parameters *all, const char *s, int depth, char *out, size_t size)
{
    size_t len = 0;

    while (*s != '\0' && len + 1 < size) {
        const char *name = s + 1;
        bool braced = *s == '$' && (*name == '{' || *name == '(');
        const struct parameter *p;
        size_t n = 0;

        name += braced;
        while (*s == '$' && (isalnum((unsigned char)name[n]) || name[n] == '_'))
            n++;
        p = n > 0 && depth < EXPANSION_DEPTH ? find(all, name, n) : NULL;
        if (p == NULL) {
            out[len++] = *s++;
            continue;
        }
        len += expand(all, p->value, depth + 1, out + len, size - len);
        s = name + n + (braced && name[n] != '\0');
    }
    out[len] = '\0';
    return len;
}

static int add_value(const struct parameters *all, const char *file, unsigned line, const char *name, const char *value,
                     struct tb_config_uses *uses)
{
    char expanded[TB_CONFIG_LINE_MAX + 1];
    char *save = NULL;
    size_t k = 0;
    int r = 0;

    while (k < TB_ARRAY_LEN(known) && strcmp(known[k].name, name) != 0)
        k++;
    if (k == TB_ARRAY_LEN(known))
        return 0;
    expand(all, value, 0, expanded, sizeof(expanded));
    for (char *path = strtok_r(expanded, ", \t", &save); path != NULL && r == 0; path = strtok_r(NULL, ", \t", &save))
        if (strcmp(path, "none") != 0)
            r = tb_config_add(uses, file, line, TB_CONFIG_POSTFIX, name, path, known[k].roles);
    return r;
}

/* "-o name=value" on one line of master.cf */
static int add_overrides(const struct parameters *all, const char *file, unsigned line, char *text,
                         struct tb_config_uses *uses)
{
    char *words[TB_CONFIG_WORDS_MAX];
    size_t num = tb_config_words(text, words);
    int r = 0;

    for (size_t i = 0; i + 1 < num && r == 0; i++) {
        char *eq = strcmp(words[i], "-o") == 0 ? strchr(words[i + 1], '=') : NULL;

        if (eq == NULL)
            continue;
        *eq = '\0';
        r = add_value(all, file, line, words[i + 1], eq + 1, uses);
    }
    return r;
}

static int read_line(struct parameters *all, const char *file, struct tb_config_lines *lines, bool *service,
                     struct tb_config_uses *uses)
{
    char *text = lines->text;
    bool indented = isspace((unsigned char)text[0]);
    size_t first = strcspn(text, " \t=");

    if (text[strspn(text, " \t")] == '#' || text[strspn(text, " \t")] == '\0')
        return 0;
    if (!indented) {
        const char *after = text + first + strspn(text + first, " \t");

        *service = *after != '=';
    }
    if (*service)
        return add_overrides(all, file, lines->line, text, uses);
    return indented ? continue_value(all, text) : begin(all, lines->line, text);
}

int tb_config_postfix(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_lines lines = {.next = text};
    struct parameters all = {0};
    bool service = false;
    int r;

    while ((r = tb_config_line(&lines)) == 1)
        if ((r = read_line(&all, file, &lines, &service, uses)) < 0)
            break;
    for (size_t i = 0; i < all.num && r == 0; i++)
        if (find(&all, all.p[i].name, strlen(all.p[i].name)) == &all.p[i])
            r = add_value(&all, file, all.p[i].line, all.p[i].name, all.p[i].value, uses);
    clear(&all);
    return r;
}
