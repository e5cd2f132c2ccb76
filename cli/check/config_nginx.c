/* nginx: directives that end with ";" or "{", over as many lines as they like. */
#include <ctype.h>
#include <string.h>

#include "cli/check/config_read.h"
#include "lib/base/compiler.h"

struct scanner {
    const char *p;
    unsigned line;
};

/* One directive: its first two words. */
struct directive {
    unsigned line;
    size_t words;
    char word[2][TB_CONFIG_VALUE_MAX + 1];
};

static const struct {
    const char *name;
    unsigned roles;
} known[] = {
    {"ssl_certificate", TB_CONFIG_SERVER},
    {"proxy_ssl_certificate", TB_CONFIG_CLIENT},
    {"grpc_ssl_certificate", TB_CONFIG_CLIENT},
    {"uwsgi_ssl_certificate", TB_CONFIG_CLIENT},
};

static void skip_space(struct scanner *s)
{
    for (; *s->p != '\0'; s->p++) {
        if (*s->p == '#')
            s->p += strcspn(s->p, "\n");
        if (*s->p == '\n')
            s->line++;
        else if (!isspace((unsigned char)*s->p))
            return;
    }
}

static int read_word(struct scanner *s, char out[static TB_CONFIG_VALUE_MAX + 1])
{
    char quote = *s->p == '"' || *s->p == '\'' ? *s->p++ : '\0';
    size_t len = 0;

    for (; *s->p != '\0'; s->p++) {
        if (quote != '\0' ? *s->p == quote : isspace((unsigned char)*s->p) || strchr(";{}", *s->p) != NULL)
            break;
        if (*s->p == '\\' && s->p[1] != '\0')
            s->p++;
        if (*s->p == '\n')
            s->line++;
        if (len == TB_CONFIG_VALUE_MAX)
            return TB_E_LIMIT;
        out[len++] = *s->p;
    }
    if (quote != '\0' && *s->p == quote)
        s->p++;
    out[len] = '\0';
    return 0;
}

static int finish(const struct directive *d, const char *file, struct tb_config_uses *uses)
{
    for (size_t k = 0; k < TB_ARRAY_LEN(known); k++)
        if (d->words >= 2 && strcmp(d->word[0], known[k].name) == 0 && strncmp(d->word[1], "data:", 5) != 0)
            return tb_config_add(uses, file, d->line, TB_CONFIG_NGINX, d->word[0], d->word[1], known[k].roles);
    return 0;
}

int tb_config_nginx(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct scanner s = {.p = text, .line = 1};
    struct directive d = {0};
    char rest[TB_CONFIG_VALUE_MAX + 1];
    int r = 0;

    for (skip_space(&s); *s.p != '\0' && r == 0; skip_space(&s)) {
        if (strchr(";{}", *s.p) != NULL) {
            r = finish(&d, file, uses);
            d.words = 0;
            s.p++;
            continue;
        }
        if (d.words == 0)
            d.line = s.line;
        r = read_word(&s, d.words < 2 ? d.word[d.words] : rest);
        d.words++;
    }
    return r;
}
