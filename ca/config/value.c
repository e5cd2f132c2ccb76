#include "ca/config/value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static uint16_t *port_of(struct tb_listen *l)
{
    if (l->addr.ss_family == AF_INET6)
        return &((struct sockaddr_in6 *)&l->addr)->sin6_port;
    return &((struct sockaddr_in *)&l->addr)->sin_port;
}

static int fill_address(struct tb_listen *l, const char *host, bool v6)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&l->addr;
    struct sockaddr_in *in = (struct sockaddr_in *)&l->addr;

    if (v6) {
        l->addr.ss_family = AF_INET6;
        l->addr_len = sizeof(*in6);
        if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1 || IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
            return TB_E_FORMAT;
        return 0;
    }
    l->addr.ss_family = AF_INET;
    l->addr_len = sizeof(*in);
    return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? 0 : TB_E_FORMAT;
}

static void fill_text(struct tb_listen *l)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = ntohs(*port_of(l));

    if (l->addr.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&l->addr)->sin6_addr, host, sizeof(host));
        snprintf(l->text, sizeof(l->text), "[%s]:%u", host, port);
        return;
    }
    inet_ntop(AF_INET, &((struct sockaddr_in *)&l->addr)->sin_addr, host, sizeof(host));
    snprintf(l->text, sizeof(l->text), "%s:%u", host, port);
}

int tb_value_listen(const char *s, struct tb_listen *out)
{
    struct tb_listen l = {.on = true};
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(s, ':');
    bool v6 = s[0] == '[';
    size_t len;
    uint32_t port;

    memset(out, 0, sizeof(*out));
    if (colon == NULL || (v6 && (colon < s + 2 || colon[-1] != ']')))
        return TB_E_FORMAT;
    len = (size_t)(colon - s) - (v6 ? 2 : 0);
    if (len >= sizeof(host))
        return TB_E_FORMAT;
    memcpy(host, s + (v6 ? 1 : 0), len);
    host[len] = '\0';
    if (fill_address(&l, host, v6) != 0)
        return TB_E_FORMAT;
    if (tb_value_number(colon + 1, &port) != 0 || port == 0 || port > UINT16_MAX)
        return TB_E_FORMAT;
    *port_of(&l) = htons((uint16_t)port);
    fill_text(&l);
    *out = l;
    return 0;
}

uint16_t tb_value_listen_port(const struct tb_listen *l)
{
    struct tb_listen copy = *l;

    return ntohs(*port_of(&copy));
}

int tb_value_listen_at(const struct tb_listen *l, uint32_t port, struct tb_listen *out)
{
    struct tb_listen copy = *l;

    memset(out, 0, sizeof(*out));
    if (port == 0 || port > UINT16_MAX)
        return TB_E_LIMIT;
    *port_of(&copy) = htons((uint16_t)port);
    fill_text(&copy);
    *out = copy;
    return 0;
}

#define V4_OFFSET     12 /* of an IPv4 address in its v4-mapped form */
#define V4_BITS       96
#define V4_PREFIX_MIN 8
#define V6_PREFIX_MIN 7

static bool is_v4(const struct tb_net *net)
{
    static const uint8_t mapped[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

    return net->prefix >= V4_BITS && memcmp(net->addr, mapped, sizeof(mapped)) == 0;
}

static bool host_bits_zero(const struct tb_net *net)
{
    for (unsigned bit = net->prefix; bit < 128; bit++)
        if ((net->addr[bit / 8] & (0x80 >> (bit % 8))) != 0)
            return false;
    return true;
}

static int fill_net(struct tb_net *net, const char *addr, uint32_t prefix)
{
    if (strchr(addr, ':') != NULL) {
        if (inet_pton(AF_INET6, addr, net->addr) != 1 || prefix < V6_PREFIX_MIN || prefix > 128)
            return TB_E_FORMAT;
        net->prefix = (uint8_t)prefix;
        return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)net->addr) ? TB_E_FORMAT : 0;
    }
    if (inet_pton(AF_INET, addr, net->addr + V4_OFFSET) != 1 || prefix < V4_PREFIX_MIN || prefix > 32)
        return TB_E_FORMAT;
    net->addr[10] = net->addr[11] = 0xff;
    net->prefix = (uint8_t)(prefix + V4_BITS);
    return 0;
}

int tb_value_net(const char *s, struct tb_net *out)
{
    struct tb_net net = {0};
    char addr[INET6_ADDRSTRLEN];
    const char *slash = strchr(s, '/');
    uint32_t prefix;

    memset(out, 0, sizeof(*out));
    if (slash == NULL || (size_t)(slash - s) >= sizeof(addr))
        return TB_E_FORMAT;
    memcpy(addr, s, (size_t)(slash - s));
    addr[slash - s] = '\0';
    if (tb_value_number(slash + 1, &prefix) != 0 || fill_net(&net, addr, prefix) != 0 || !host_bits_zero(&net))
        return TB_E_FORMAT;
    *out = net;
    return 0;
}

void tb_value_net_text(char out[static 64], const struct tb_net *net)
{
    char addr[INET6_ADDRSTRLEN] = "";
    bool v4 = is_v4(net);

    inet_ntop(v4 ? AF_INET : AF_INET6, net->addr + (v4 ? V4_OFFSET : 0), addr, sizeof(addr));
    snprintf(out, 64, "%s/%d", addr, net->prefix - (v4 ? V4_BITS : 0));
}

int tb_value_host(const char *s, struct tb_ident *out)
{
    int err = tb_ident_parse(TB_IDENT_IP, tb_span_str(s), out, NULL);

    if (err == TB_E_FORMAT)
        err = tb_ident_parse(TB_IDENT_DNS, tb_span_str(s), out, NULL);
    if (err == 0 && out->wildcard) {
        memset(out, 0, sizeof(*out));
        return TB_E_FORMAT;
    }
    return err;
}

int tb_value_base_url(char out[static TB_BASE_URL_MAX + 1], const struct tb_ident *host, uint16_t port)
{
    bool v6 = host->type == TB_IDENT_IP && strchr(host->value, ':') != NULL;
    char tail[8] = "";
    int n;

    if (port != 443)
        snprintf(tail, sizeof(tail), ":%u", port);
    n = snprintf(out, TB_BASE_URL_MAX + 1, "https://%s%s%s%s", v6 ? "[" : "", host->value, v6 ? "]" : "", tail);
    if (n < 0 || n > TB_BASE_URL_MAX) {
        out[0] = '\0';
        return TB_E_LIMIT;
    }
    return 0;
}

bool tb_value_base_url_of(const char *s, const struct tb_ident *host)
{
    char want[TB_BASE_URL_MAX + 1];
    const char *end = s + strlen(s);
    const char *colon = strrchr(s, ':');
    uint32_t port;

    if (tb_value_base_url(want, host, 443) == 0 && strcmp(want, s) == 0)
        return true;
    if (colon == NULL || colon + 1 == end || tb_value_number(colon + 1, &port) != 0 || port == 0 || port > UINT16_MAX)
        return false;
    return tb_value_base_url(want, host, (uint16_t)port) == 0 && strcmp(want, s) == 0;
}

bool tb_value_link(const char *s)
{
    const char *rest;

    if (s[0] == '\0')
        return true;
    if (strncmp(s, "https://", 8) == 0)
        rest = s + 8;
    else if (strncmp(s, "http://", 7) == 0)
        rest = s + 7;
    else
        return false;
    if (rest[0] == '\0' || rest[0] == '/')
        return false;
    for (; *rest != '\0'; rest++)
        if (*rest <= ' ' || *rest > '~' || strchr("\"\\<>", *rest) != NULL)
            return false;
    return true;
}

bool tb_value_user(const char *s)
{
    size_t len = strlen(s);

    if (len == 0)
        return true;
    if (len > 32 || !((s[0] >= 'a' && s[0] <= 'z') || s[0] == '_'))
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}
