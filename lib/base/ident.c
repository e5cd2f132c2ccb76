#include "lib/base/ident.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/base/alabel.h"

static const char *const type_names[TB_IDENT__COUNT] = {
    [TB_IDENT_DNS] = "dns",
    [TB_IDENT_IP] = "ip",
    [TB_IDENT_EMAIL] = "email",
};

const char *tb_ident_type_name(enum tb_ident_type type)
{
    return (unsigned)type < TB_IDENT__COUNT ? type_names[type] : NULL;
}

enum tb_ident_type tb_ident_type_find(struct tb_span name)
{
    for (int t = TB_IDENT_NONE + 1; t < TB_IDENT__COUNT; t++)
        if (tb_span_eq_str(name, type_names[t]))
            return (enum tb_ident_type)t;
    return TB_IDENT_NONE;
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ldh(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

/* One label in lower case; NULL when sound, else what is wrong with it. */
static const char *label_wrong(const char *label, size_t len)
{
    if (len == 0)
        return "has an empty label";
    if (len > TB_DNS_LABEL_MAX)
        return "has a label longer than 63 characters";
    for (size_t i = 0; i < len; i++)
        if (!is_ldh(label[i]))
            return label[i] == '*' ? "has a wildcard elsewhere than as its whole first label"
                                   : "has a character other than letters, digits, hyphens and dots";
    if (label[0] == '-' || label[len - 1] == '-')
        return "has a label that begins or ends with a hyphen";
    /* RFC 5890 section 2.3.1: "--" in third and fourth place is reserved; only A-labels are in use. */
    if (len >= 4 && label[2] == '-' && label[3] == '-' && (memcmp(label, "xn", 2) != 0 || !tb_alabel_ok(label, len)))
        return "has a label with hyphens in third and fourth place that is no A-label";
    return NULL;
}

/* What URL parsers take for the end of an IPv4 address (WHATWG URL, "ends in a number"): digits, or 0x and hex digits.
 */
static bool is_number(const char *s, size_t len)
{
    bool hex = len >= 2 && s[0] == '0' && s[1] == 'x';

    for (size_t i = hex ? 2 : 0; i < len; i++)
        if (!is_digit(s[i]) && !(hex && s[i] >= 'a' && s[i] <= 'f'))
            return false;
    return true;
}

static const char *labels_wrong(const char *name)
{
    const char *label = name;
    unsigned num = 0;

    for (;;) {
        const char *dot = strchrnul(label, '.');
        const char *why = label_wrong(label, (size_t)(dot - label));

        if (why != NULL)
            return *dot == '\0' && dot == label && num > 0 ? "ends with a dot" : why;
        if (++num > TB_DNS_LABELS_MAX)
            return "has more than 127 labels";
        if (*dot == '\0')
            return is_number(label, (size_t)(dot - label)) ? "has a number as its last label, as an address has" : NULL;
        label = dot + 1;
    }
}

static int parse_dns(struct tb_span value, struct tb_ident *out, const char **out_why)
{
    size_t start = 0;

    if (value.len >= 2 && value.p[0] == '*' && value.p[1] == '.') {
        out->wildcard = true;
        start = 2;
    }
    if (value.len > TB_IDENT_VALUE_MAX) {
        *out_why = "is longer than 253 characters";
        return TB_E_FORMAT;
    }
    for (size_t i = start; i < value.len; i++) {
        if (value.p[i] == '\0') {
            *out_why = "contains a NUL";
            return TB_E_FORMAT;
        }
        out->value[i - start] = lower(value.p[i]);
    }
    out->value[value.len - start] = '\0';
    *out_why = value.len == start ? "is empty" : labels_wrong(out->value);
    return *out_why == NULL ? 0 : TB_E_FORMAT;
}

/* One text for one address: RFC 5952 for IPv6, which inet_ntop writes but for mapped and compatible forms. */
static int parse_ip(struct tb_span value, struct tb_ident *out, const char **out_why)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct in_addr v4;

    *out_why = "is not an IP address in text form";
    if (value.len == 0 || value.len >= sizeof(text) || memchr(value.p, 0, value.len) != NULL)
        return TB_E_FORMAT;
    memcpy(text, value.p, value.len);
    text[value.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) {
        inet_ntop(AF_INET, &v4, out->value, sizeof(out->value));
    } else if (inet_pton(AF_INET6, text, &v6) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6)) {
            *out_why = "is an IPv4 address in IPv6 form";
            return TB_E_FORMAT;
        }
        inet_ntop(AF_INET6, &v6, out->value, sizeof(out->value));
    } else {
        return TB_E_FORMAT;
    }
    *out_why = NULL;
    return 0;
}

int tb_ident_parse(enum tb_ident_type type, struct tb_span value, struct tb_ident *out, const char **out_why)
{
    struct tb_ident id = {.type = type};
    const char *why = NULL;
    int r = TB_E_UNSUPPORTED;

    *out = (struct tb_ident){0};
    if (type == TB_IDENT_DNS)
        r = parse_dns(value, &id, &why);
    else if (type == TB_IDENT_IP)
        r = parse_ip(value, &id, &why);
    if (out_why != NULL)
        *out_why = why;
    if (r == 0)
        *out = id;
    return r;
}

void tb_ident_text(char *out, const struct tb_ident *id)
{
    if (id->wildcard) {
        memcpy(out, "*.", 2);
        out += 2;
    }
    memcpy(out, id->value, strlen(id->value) + 1);
}

bool tb_ident_eq(const struct tb_ident *a, const struct tb_ident *b)
{
    return tb_ident_cmp(a, b) == 0;
}

int tb_ident_cmp(const struct tb_ident *a, const struct tb_ident *b)
{
    int r;

    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    r = strcmp(a->value, b->value);
    return r != 0 ? r : (int)a->wildcard - (int)b->wildcard;
}

void tb_ident_write(struct tb_wr *wr, const struct tb_ident *id)
{
    tb_wr_u8(wr, (uint8_t)id->type);
    tb_wr_u8(wr, id->wildcard);
    tb_wr_str16(wr, id->value);
}

int tb_ident_read(struct tb_rd *rd, struct tb_ident *out)
{
    struct tb_rd try = *rd;
    struct tb_ident id;
    struct tb_span value;
    uint8_t type;
    uint8_t wildcard;
    int r;

    *out = (struct tb_ident){0};
    if ((r = tb_rd_u8(&try, &type)) < 0 || (r = tb_rd_u8(&try, &wildcard)) < 0 ||
        (r = tb_rd_var16(&try, TB_IDENT_VALUE_MAX, &value)) < 0)
        return r;
    if (type >= TB_IDENT__COUNT || wildcard > 1 || (wildcard == 1 && type != TB_IDENT_DNS))
        return TB_E_FORMAT;
    if ((r = tb_ident_parse((enum tb_ident_type)type, value, &id, NULL)) < 0)
        return r == TB_E_UNSUPPORTED ? TB_E_FORMAT : r;
    /* What we wrote is normal: anything that parsing would change is not ours. */
    if (id.wildcard || !tb_span_eq_str(value, id.value))
        return TB_E_FORMAT;
    id.wildcard = wildcard == 1;
    *out = id;
    *rd = try;
    return 0;
}

bool tb_dns_name_under(const char *name, const char *domain)
{
    size_t n = strlen(name);
    size_t d = strlen(domain);

    if (d == 0 || d > n || strcmp(name + n - d, domain) != 0)
        return false;
    return n == d || name[n - d - 1] == '.';
}
