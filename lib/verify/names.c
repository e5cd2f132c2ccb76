#include "lib/verify/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ident.h"

static enum tabard_reason bytes_wrong(struct tb_span s)
{
    if (s.len > 0 && memchr(s.p, 0, s.len) != NULL)
        return TABARD_R_SAN_NUL;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] >= 0x80)
            return TABARD_R_SAN_NOT_ASCII;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= 0x20 || s.p[i] == 0x7f)
            return TABARD_R_SAN_MALFORMED;
    return TABARD_R_ALLOWED;
}

/* The whole first label, once, with two labels or more after it (RFC 9525 section 6.3, made stricter). */
static bool wildcard_wrong(struct tb_span s)
{
    const uint8_t *star = memchr(s.p, '*', s.len);

    if (star == NULL)
        return false;
    return star != s.p || s.len < 3 || s.p[1] != '.' || memchr(s.p + 1, '*', s.len - 1) != NULL ||
           memchr(s.p + 2, '.', s.len - 2) == NULL;
}

static enum tabard_reason parse_dns(struct tb_span s, struct tb_vname *out)
{
    enum tabard_reason reason = bytes_wrong(s);
    struct tb_ident id;

    if (reason != TABARD_R_ALLOWED)
        return reason;
    if (s.len == 0)
        return TABARD_R_SAN_EMPTY_LABEL;
    if (s.p[0] == '.' || memmem(s.p, s.len, "..", 2) != NULL)
        return TABARD_R_SAN_EMPTY_LABEL;
    if (s.p[s.len - 1] == '.')
        return TABARD_R_SAN_TRAILING_DOT;
    if (wildcard_wrong(s))
        return TABARD_R_SAN_WILDCARD;
    if (tb_ident_parse(TB_IDENT_DNS, s, &id, NULL) < 0)
        return TABARD_R_SAN_MALFORMED;
    out->wildcard = id.wildcard;
    memcpy(out->text, id.value, strlen(id.value) + 1);
    return TABARD_R_ALLOWED;
}

static enum tabard_reason parse_ip(struct tb_span s, struct tb_vname *out)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_IP, s, &id, NULL) < 0)
        return TABARD_R_SAN_MALFORMED;
    memcpy(out->text, id.value, strlen(id.value) + 1);
    return TABARD_R_ALLOWED;
}

/* Compared byte by byte: a URI is not normalised (RFC 5280 section 7.4 asks for more only between equal authorities).
 */
static enum tabard_reason parse_uri(struct tb_span s, struct tb_vname *out)
{
    enum tabard_reason reason = bytes_wrong(s);
    const uint8_t *colon = s.len > 0 ? memchr(s.p, ':', s.len) : NULL;

    if (reason != TABARD_R_ALLOWED)
        return reason;
    if (colon == NULL || colon == s.p || colon + 1 == s.p + s.len || s.len > TB_FAULT_NAME_MAX)
        return TABARD_R_SAN_MALFORMED;
    memcpy(out->text, s.p, s.len);
    out->text[s.len] = '\0';
    return TABARD_R_ALLOWED;
}

enum tabard_reason tb_vname_parse(enum tb_vname_type type, struct tb_span text, struct tb_vname *out)
{
    static enum tabard_reason (*const parsers[])(struct tb_span, struct tb_vname *) = {
        [TB_VNAME_DNS] = parse_dns,
        [TB_VNAME_IP] = parse_ip,
        [TB_VNAME_URI] = parse_uri,
    };

    out->type = type;
    out->wildcard = false;
    out->text[0] = '\0';
    return parsers[type](text, out);
}

static enum tabard_reason read_octets(struct tb_span s, struct tb_vname *out)
{
    char text[INET6_ADDRSTRLEN];

    out->type = TB_VNAME_IP;
    if ((s.len != 4 && s.len != 16) || inet_ntop(s.len == 4 ? AF_INET : AF_INET6, s.p, text, sizeof(text)) == NULL)
        return TABARD_R_SAN_MALFORMED;
    return tb_vname_parse(TB_VNAME_IP, tb_span_str(text), out);
}

static struct tb_span span_of(const ASN1_STRING *s)
{
    return tb_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* *out_kept: it is a name that a policy can speak of. */
static enum tabard_reason read_name(const GENERAL_NAME *name, struct tb_vname *out, bool *out_kept, struct tb_span *raw)
{
    *out_kept = true;
    *raw = (struct tb_span){0};
    switch (name->type) {
    case GEN_DNS:
        *raw = span_of(name->d.dNSName);
        return tb_vname_parse(TB_VNAME_DNS, *raw, out);
    case GEN_URI:
        *raw = span_of(name->d.uniformResourceIdentifier);
        return tb_vname_parse(TB_VNAME_URI, *raw, out);
    case GEN_IPADD:
        *raw = span_of(name->d.iPAddress);
        return read_octets(*raw, out);
    case GEN_EMAIL:
        *out_kept = false;
        *raw = span_of(name->d.rfc822Name);
        return bytes_wrong(*raw);
    default:
        *out_kept = false;
        return TABARD_R_ALLOWED;
    }
}

static int compare(const void *pa, const void *pb)
{
    const struct tb_vname *a = pa;
    const struct tb_vname *b = pb;
    int r = strcmp(a->text, b->text);

    if (r != 0)
        return r;
    return a->type != b->type ? (int)a->type - (int)b->type : (int)a->wildcard - (int)b->wildcard;
}

/* The first fault in the order of reasons, not of names. */
static void keep_worst(struct tb_fault *fault, enum tabard_reason reason, const struct tb_vcert *leaf,
                       struct tb_span raw)
{
    char seen[TB_FAULT_TEXT_MAX + 1];

    tb_fault_escape(seen, sizeof(seen), raw);
    if (fault->reason != TABARD_R_ALLOWED &&
        (fault->reason < reason || (fault->reason == reason && strcmp(fault->seen, seen) <= 0)))
        return;
    tb_fault_set(fault, reason, "leaf", 0, leaf->subject, "subject alternative names without fault", seen);
    snprintf(fault->name, sizeof(fault->name), "%s", seen);
}

bool tb_vnames_read(const struct tb_vcert *leaf, struct tb_vname **out, size_t *out_num, struct tb_fault *fault)
{
    int num = sk_GENERAL_NAME_num(leaf->san);

    *out = NULL;
    *out_num = 0;
    tb_fault_clear(fault);
    if (num <= 0 || num > TABARD_SANS_MAX) {
        tb_fault_set(fault, num <= 0 ? TABARD_R_SAN_ABSENT : TABARD_R_SAN_TOO_MANY, "leaf", 0, leaf->subject,
                     "1 to 100 subject alternative names", num <= 0 ? "none" : "more");
        return false;
    }
    *out = calloc((size_t)num, sizeof(**out));
    if (*out == NULL) {
        tb_fault_set(fault, TABARD_R_MEMORY, "request", -1, NULL, "", "");
        return false;
    }
    for (int i = 0; i < num; i++) {
        bool kept;
        struct tb_span raw;
        enum tabard_reason reason = read_name(sk_GENERAL_NAME_value(leaf->san, i), &(*out)[*out_num], &kept, &raw);

        if (reason != TABARD_R_ALLOWED)
            keep_worst(fault, reason, leaf, raw);
        (*out)[*out_num].san = (uint8_t)i;
        *out_num += kept && reason == TABARD_R_ALLOWED;
    }
    qsort(*out, *out_num, sizeof(**out), compare);
    return fault->reason == TABARD_R_ALLOWED;
}

const char *tb_vname_parent(const char *text)
{
    const char *dot = strchr(text, '.');

    return dot != NULL ? dot + 1 : NULL;
}

void tb_vname_text(char out[static TB_FAULT_NAME_MAX + 1], const struct tb_vname *name)
{
    snprintf(out, TB_FAULT_NAME_MAX + 1, "%s%s", name->wildcard ? "*." : "", name->text);
}
