/*
 * Prosody: one certificate of a host serves clients, servers that connect, and connections out to other servers
 * (SASL EXTERNAL), unless the module s2s is off.  Only the options of single services are for the server role alone.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/check/config_read.h"

#define NAME_MAX_LEN 63
#define BLOCKS_MAX   16

struct blocks {
    char name[BLOCKS_MAX][NAME_MAX_LEN + 1];
    size_t depth;
};

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The name before "=" that ends at end. */
static void name_before(const char *start, const char *end, char out[static NAME_MAX_LEN + 1])
{
    size_t len = 0;

    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    if (end > start && end[-1] == '=')
        end--;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    while (end > start && is_name(end[-1]) && len < NAME_MAX_LEN) {
        end--;
        len++;
    }
    memcpy(out, end, len);
    out[len] = '\0';
}

static unsigned roles_of(const struct blocks *blocks, const char *option)
{
    const char *block = blocks->depth > 0 && blocks->depth <= BLOCKS_MAX ? blocks->name[blocks->depth - 1] : "";

    if (strcmp(option, "https_certificate") == 0)
        return TB_CONFIG_SERVER;
    if (strcmp(option, "certificate") != 0 && strcmp(option, "certificates") != 0)
        return 0;
    if (strcmp(block, "c2s_ssl") == 0 || strcmp(block, "https_ssl") == 0 || strcmp(block, "c2s_direct_tls_ssl") == 0 ||
        strcmp(block, "legacy_ssl_ssl") == 0)
        return TB_CONFIG_SERVER;
    return TB_CONFIG_BOTH;
}

/* A quoted string at p; the octet after it. */
static const char *take_string(const char *p, char out[static TB_CONFIG_VALUE_MAX + 1])
{
    char quote = *p++;
    size_t len = 0;

    for (; *p != '\0' && *p != quote; p++)
        if (len < TB_CONFIG_VALUE_MAX)
            out[len++] = *p;
    out[len] = '\0';
    return *p == quote ? p + 1 : p;
}

static int read_line(const char *file, unsigned line, const char *text, struct blocks *blocks, unsigned mask,
                     struct tb_config_uses *uses)
{
    char value[TB_CONFIG_VALUE_MAX + 1];
    char option[NAME_MAX_LEN + 1];
    int r = 0;

    for (const char *p = text; *p != '\0' && r == 0;) {
        if (p[0] == '-' && p[1] == '-')
            break;
        if (*p == '"' || *p == '\'') {
            name_before(text, p, option);
            p = take_string(p, value);
            if ((roles_of(blocks, option) & mask) != 0)
                r = tb_config_add(uses, file, line, TB_CONFIG_PROSODY, option, value, roles_of(blocks, option) & mask);
            continue;
        }
        if (*p == '{' && blocks->depth++ < BLOCKS_MAX)
            name_before(text, p, blocks->name[blocks->depth - 1]);
        else if (*p == '}' && blocks->depth > 0)
            blocks->depth--;
        p++;
    }
    return r;
}

/* modules_disabled = { ... "s2s" ... } outside a comment */
static bool without_s2s(const char *text)
{
    const char *p = strstr(text, "modules_disabled");
    const char *end = p != NULL ? strchr(p, '}') : NULL;

    while (p != NULL && end != NULL && p < end) {
        size_t len = strcspn(p, "\n");
        const char *hit = strstr(p, "\"s2s\"");
        const char *comment = strstr(p, "--");

        if (hit != NULL && hit < end && hit < p + len && (comment == NULL || comment > hit))
            return true;
        p += len + (p[len] == '\n');
    }
    return false;
}

int tb_config_prosody(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_lines lines = {.next = text};
    struct blocks blocks = {.depth = 0};
    unsigned mask = without_s2s(text) ? TB_CONFIG_SERVER : TB_CONFIG_BOTH;
    int r;

    while ((r = tb_config_line(&lines)) == 1)
        if ((r = read_line(file, lines.line, lines.text, &blocks, mask, uses)) < 0)
            break;
    return r;
}
