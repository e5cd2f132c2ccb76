#include "cli/check/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/check/config_read.h"
#include "lib/base/compiler.h"

#define HINTS 5

/* Names and words that only this kind has. */
static const struct {
    const char *word;
    const char *name;
    int (*read)(const char *file, const char *text, struct tb_config_uses *uses);
    const char *file_names[HINTS];
    const char *contents[HINTS];
} kinds[] = {
    [TB_CONFIG_POSTFIX] =
        {"postfix", "Postfix", tb_config_postfix, {"main.cf", "master.cf"}, {"smtpd_tls_", "smtp_tls_"}},
    [TB_CONFIG_NGINX] = {"nginx", "nginx", tb_config_nginx, {"nginx.conf"}, {"ssl_certificate"}},
    [TB_CONFIG_HAPROXY] =
        {"haproxy", "HAProxy", tb_config_haproxy, {"haproxy.cfg"}, {"\nfrontend ", "\nbackend ", "\nlisten "}},
    [TB_CONFIG_KAMAILIO] = {"kamailio",
                            "Kamailio",
                            tb_config_kamailio,
                            {"kamailio.cfg", "tls.cfg"},
                            {"[server:", "[client:", "modparam(\"tls\""}},
    [TB_CONFIG_PROSODY] =
        {"prosody", "Prosody", tb_config_prosody, {"prosody.cfg.lua"}, {"VirtualHost \"", "VirtualHost '"}},
    [TB_CONFIG_ETCD] = {"etcd",
                        "etcd",
                        tb_config_etcd,
                        {"etcd.conf", "etcd.conf.yml", "etcd.conf.yaml"},
                        {"client-transport-security:", "peer-transport-security:", "ETCD_CERT_FILE",
                         "ETCD_PEER_CERT_FILE"}},
    [TB_CONFIG_MONGODB] = {"mongodb",
                           "MongoDB",
                           tb_config_mongodb,
                           {"mongod.conf", "mongos.conf"},
                           {"certificateKeyFile:", "PEMKeyFile:"}},
};
_Static_assert(TB_ARRAY_LEN(kinds) == TB_CONFIG_KINDS, "a row for each kind");

const char *tb_config_kind_text(enum tb_config_kind kind)
{
    return kinds[kind].name;
}

bool tb_config_kind_find(const char *name, enum tb_config_kind *out)
{
    for (size_t k = 0; k < TB_CONFIG_KINDS; k++)
        if (strcasecmp(kinds[k].word, name) == 0) {
            *out = (enum tb_config_kind)k;
            return true;
        }
    return false;
}

static bool named(const char *const names[static HINTS], const char *base)
{
    for (size_t i = 0; i < HINTS && names[i] != NULL; i++)
        if (strcmp(names[i], base) == 0)
            return true;
    return false;
}

static bool contained(const char *const words[static HINTS], const char *text)
{
    for (size_t i = 0; i < HINTS && words[i] != NULL; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

bool tb_config_kind_guess(const char *path, const char *text, enum tb_config_kind *out)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;

    for (size_t k = 0; k < TB_CONFIG_KINDS; k++)
        if (named(kinds[k].file_names, base)) {
            *out = (enum tb_config_kind)k;
            return true;
        }
    for (size_t k = 0; k < TB_CONFIG_KINDS; k++)
        if (contained(kinds[k].contents, text)) {
            *out = (enum tb_config_kind)k;
            return true;
        }
    return false;
}

int tb_config_scan(enum tb_config_kind kind, const char *file, const char *text, struct tb_config_uses *uses)
{
    return kinds[kind].read(file, text, uses);
}

int tb_config_add(struct tb_config_uses *uses, const char *file, unsigned line, enum tb_config_kind kind,
                  const char *directive, const char *cert, unsigned roles)
{
    struct tb_config_use *grown;
    struct tb_config_use *use;

    if (cert[0] == '\0' || strlen(cert) > TB_CONFIG_VALUE_MAX)
        return cert[0] == '\0' ? 0 : TB_E_LIMIT;
    if (uses->num == TB_CONFIG_USES_MAX)
        return TB_E_LIMIT;
    grown = realloc(uses->use, (uses->num + 1) * sizeof(*grown));
    if (grown == NULL)
        return TB_E_NOMEM;
    uses->use = grown;
    use = &grown[uses->num];
    *use = (struct tb_config_use){.file = file, .line = line, .kind = kind, .roles = roles};
    snprintf(use->directive, sizeof(use->directive), "%s", directive);
    if ((use->cert = strdup(cert)) == NULL)
        return TB_E_NOMEM;
    uses->num++;
    return 0;
}

void tb_config_uses_clear(struct tb_config_uses *uses)
{
    for (size_t i = 0; i < uses->num; i++)
        free(uses->use[i].cert);
    free(uses->use);
    *uses = (struct tb_config_uses){0};
}

int tb_config_line(struct tb_config_lines *lines)
{
    size_t len = strcspn(lines->next, "\n");

    if (lines->next[0] == '\0')
        return 0;
    lines->line++;
    if (len > TB_CONFIG_LINE_MAX)
        return TB_E_LIMIT;
    memcpy(lines->text, lines->next, len);
    lines->text[len] = '\0';
    if (len > 0 && lines->text[len - 1] == '\r')
        lines->text[len - 1] = '\0';
    lines->next += len + (lines->next[len] == '\n');
    return 1;
}

size_t tb_config_words(char *line, char *words[static TB_CONFIG_WORDS_MAX])
{
    size_t num = 0;
    char *p = line;

    for (;;) {
        char quote = '\0';

        while (isspace((unsigned char)*p))
            p++;
        if (*p == '\0' || *p == '#' || num == TB_CONFIG_WORDS_MAX)
            return num;
        if (*p == '"' || *p == '\'')
            quote = *p++;
        words[num++] = p;
        while (*p != '\0' && (quote != '\0' ? *p != quote : !isspace((unsigned char)*p)))
            p++;
        if (*p != '\0')
            *p++ = '\0';
    }
}

char *tb_config_trim(char *s)
{
    size_t len;

    while (isspace((unsigned char)*s))
        s++;
    len = strlen(s);
    while (len > 0 && isspace((unsigned char)s[len - 1]))
        s[--len] = '\0';
    return s;
}
