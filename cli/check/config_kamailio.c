/* Kamailio: tls.cfg has [server:...] and [client:...] sections; modparam("tls", "certificate", ...) is for both. */
#include <stdio.h>
#include <string.h>

#include "cli/check/config_read.h"

static void take_section(const char *s, unsigned *roles)
{
    if (strncmp(s, "[server:", 8) == 0)
        *roles = TB_CONFIG_SERVER;
    else if (strncmp(s, "[client:", 8) == 0)
        *roles = TB_CONFIG_CLIENT;
    else
        *roles = 0;
}

static char *unquote(char *s)
{
    size_t len;

    s = tb_config_trim(s);
    len = strlen(s);
    if (len >= 2 && (s[0] == '"' || s[0] == '\'') && s[len - 1] == s[0]) {
        s[len - 1] = '\0';
        return s + 1;
    }
    return s;
}

static int module_parameter(const char *file, unsigned line, const char *s, struct tb_config_uses *uses)
{
    char path[TB_CONFIG_VALUE_MAX + 1];

    if (sscanf(s, "modparam ( \"tls\" , \"certificate\" , \"%1023[^\"]\"", path) != 1)
        return 0;
    return tb_config_add(uses, file, line, TB_CONFIG_KAMAILIO, "modparam tls certificate", path, TB_CONFIG_BOTH);
}

static int assignment(const char *file, unsigned line, char *s, unsigned roles, struct tb_config_uses *uses)
{
    char *eq = strchr(s, '=');

    if (roles == 0 || eq == NULL)
        return 0;
    *eq = '\0';
    if (strcmp(tb_config_trim(s), "certificate") != 0)
        return 0;
    return tb_config_add(uses, file, line, TB_CONFIG_KAMAILIO,
                         roles == TB_CONFIG_SERVER ? "[server] certificate" : "[client] certificate", unquote(eq + 1),
                         roles);
}

int tb_config_kamailio(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_lines lines = {.next = text};
    unsigned roles = 0;
    int r;

    while ((r = tb_config_line(&lines)) == 1) {
        char *s = tb_config_trim(lines.text);

        if (s[0] == '#' || s[0] == '\0')
            continue;
        if (s[0] == '[')
            take_section(s, &roles);
        else if (strncmp(s, "modparam", 8) == 0)
            r = module_parameter(file, lines.line, s, uses);
        else
            r = assignment(file, lines.line, s, roles, uses);
        if (r < 0)
            break;
    }
    return r;
}
