/*
 * etcd: a member is a client of the other members with its peer certificate, and its gateway is a client of itself
 * with the server's certificate when clients must show one (--client-cert-file says otherwise).  YAML, or the
 * environment file of a service.
 */
#include <string.h>

#include "cli/check/config_read.h"
#include "cli/check/config_yaml.h"
#include "lib/base/compiler.h"

enum { CERT, AUTH, CLIENT_CERT, PEER_CERT, PEER_CLIENT_CERT, SETTINGS };

static const struct {
    const char *path;
    const char *variable;
} settings[] = {
    [CERT] = {"client-transport-security.cert-file", "ETCD_CERT_FILE"},
    [AUTH] = {"client-transport-security.client-cert-auth", "ETCD_CLIENT_CERT_AUTH"},
    [CLIENT_CERT] = {"client-transport-security.client-cert-file", "ETCD_CLIENT_CERT_FILE"},
    [PEER_CERT] = {"peer-transport-security.cert-file", "ETCD_PEER_CERT_FILE"},
    [PEER_CLIENT_CERT] = {"peer-transport-security.client-cert-file", "ETCD_PEER_CLIENT_CERT_FILE"},
};
_Static_assert(TB_ARRAY_LEN(settings) == SETTINGS, "a row for each setting");

static void take_variable(char *s, unsigned line, struct tb_config_scalar *found)
{
    char *eq = strchr(s, '=');
    size_t len;

    if (strncmp(s, "export ", 7) == 0)
        s += 7;
    if (s[0] == '#' || eq == NULL)
        return;
    *eq++ = '\0';
    eq = tb_config_trim(eq);
    len = strlen(eq);
    if (len >= 2 && (eq[0] == '"' || eq[0] == '\'') && eq[len - 1] == eq[0]) {
        eq[len - 1] = '\0';
        eq++;
    }
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(tb_config_trim(s), settings[i].variable) == 0) {
            found[i].line = line;
            snprintf(found[i].value, sizeof(found[i].value), "%s", eq);
        }
}

static int read_environment(const char *text, struct tb_config_scalar *found)
{
    struct tb_config_lines lines = {.next = text};
    int r;

    while ((r = tb_config_line(&lines)) == 1)
        take_variable(tb_config_trim(lines.text), lines.line, found);
    return r;
}

int tb_config_etcd(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_scalar found[SETTINGS] = {0};
    bool environment = strncmp(text, "ETCD_", 5) == 0 || strstr(text, "\nETCD_") != NULL;
    unsigned roles[SETTINGS] = {[CLIENT_CERT] = TB_CONFIG_CLIENT, [PEER_CLIENT_CERT] = TB_CONFIG_CLIENT};
    int r;

    for (size_t i = 0; i < SETTINGS; i++)
        found[i].path = settings[i].path;
    r = environment ? read_environment(text, found) : tb_config_yaml(text, found, SETTINGS);
    roles[CERT] = strcmp(found[AUTH].value, "true") == 0 && found[CLIENT_CERT].value[0] == '\0' ? TB_CONFIG_BOTH
                                                                                                : TB_CONFIG_SERVER;
    roles[PEER_CERT] = found[PEER_CLIENT_CERT].value[0] == '\0' ? TB_CONFIG_BOTH : TB_CONFIG_SERVER;
    for (size_t i = 0; i < SETTINGS && r == 0; i++)
        if (roles[i] != 0 && found[i].line != 0)
            r = tb_config_add(uses, file, found[i].line, TB_CONFIG_ETCD,
                              environment ? settings[i].variable : settings[i].path, found[i].value, roles[i]);
    return r;
}
