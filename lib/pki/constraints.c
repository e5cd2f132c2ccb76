#include "lib/pki/constraints.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <string.h>
#include <strings.h>

#define CN_MAX 64 /* ub-common-name, RFC 5280 appendix A.1 */

static struct tb_span ia5(const ASN1_IA5STRING *s)
{
    return tb_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool ends_with(struct tb_span s, struct tb_span end)
{
    return s.len >= end.len && strncasecmp((const char *)s.p + s.len - end.len, (const char *)end.p, end.len) == 0;
}

/*
 * A wildcard SAN stands for every host below it: one of them may lie inside an excluded subtree although the text of
 * the wildcard does not.  OpenSSL compares the text alone.
 */
static bool wildcard_reaches(const GENERAL_NAME *san, const GENERAL_SUBTREE *sub)
{
    struct tb_span name;
    struct tb_span base;

    if (san->type != GEN_DNS || sub->base->type != GEN_DNS)
        return false;
    name = ia5(san->d.dNSName);
    base = ia5(sub->base->d.dNSName);
    if (name.len < 3 || name.p[0] != '*' || name.p[1] != '.' || base.len == 0)
        return false;
    name.p += 1;
    name.len -= 1;
    return ends_with(base, name);
}

static bool wildcards_sound(const NAME_CONSTRAINTS *nc, const GENERAL_NAMES *san)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++)
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(nc->excludedSubtrees); j++)
            if (wildcard_reaches(sk_GENERAL_NAME_value(san, i), sk_GENERAL_SUBTREE_value(nc->excludedSubtrees, j)))
                return false;
    return true;
}

enum tb_constraint tb_constraints_check(NAME_CONSTRAINTS *nc, X509 *cert, const GENERAL_NAMES *san, int *out_code)
{
    int r = NAME_CONSTRAINTS_check(cert, nc);

    if (out_code != NULL)
        *out_code = r;
    if (r == X509_V_OK)
        return wildcards_sound(nc, san) ? TB_CONSTRAINT_KEPT : TB_CONSTRAINT_EXCLUDED;
    if (r == X509_V_ERR_PERMITTED_VIOLATION)
        return TB_CONSTRAINT_OUTSIDE;
    return r == X509_V_ERR_EXCLUDED_VIOLATION ? TB_CONSTRAINT_EXCLUDED : TB_CONSTRAINT_UNKNOWN;
}

int tb_constraints_read(struct tb_span ca_der, NAME_CONSTRAINTS **out)
{
    const unsigned char *p = ca_der.p;
    X509 *x = d2i_X509(NULL, &p, (long)ca_der.len);
    int crit = -1;

    *out = x != NULL ? X509_get_ext_d2i(x, NID_name_constraints, &crit, NULL) : NULL;
    X509_free(x);
    ERR_clear_error();
    /* -1: not there; anything else without an object is malformed or stands twice. */
    return x == NULL || (*out == NULL && crit != -1) ? TB_E_FORMAT : 0;
}

static GENERAL_NAME *general_name(const struct tb_ident *ident, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(ident->type == TB_IDENT_IP ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    uint8_t addr[sizeof(struct in6_addr)];
    bool v6 = strchr(text, ':') != NULL;
    int len = ident->type == TB_IDENT_IP ? (v6 ? 16 : 4) : (int)strlen(text);
    const void *data = text;

    if (ident->type == TB_IDENT_IP)
        data = inet_pton(v6 ? AF_INET6 : AF_INET, text, addr) == 1 ? addr : NULL;
    if (name == NULL || value == NULL || data == NULL || ASN1_STRING_set(value, data, len) != 1) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, ident->type == TB_IDENT_IP ? GEN_IPADD : GEN_DNS, value);
    return name;
}

/* A certificate without key and signature: the constraints look at its names alone. */
static X509 *probe(const GENERAL_NAMES *san, const char *cn)
{
    X509 *x = X509_new();

    if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
        X509_add1_ext_i2d(x, NID_subject_alt_name, (void *)(uintptr_t)san, 0, X509V3_ADD_DEFAULT) != 1 ||
        (cn != NULL && X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8,
                                                  (const unsigned char *)cn, -1, -1, 0) != 1)) {
        X509_free(x);
        return NULL;
    }
    /* Fills what NAME_CONSTRAINTS_check reads. */
    (void)X509_get_extension_flags(x);
    return x;
}

int tb_constraints_check_ident(NAME_CONSTRAINTS *nc, const struct tb_ident *ident, bool cn, enum tb_constraint *out)
{
    char text[TB_IDENT_VALUE_MAX + 3];
    GENERAL_NAMES *san = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name;
    X509 *x = NULL;
    int r = TB_E_NOMEM;

    *out = TB_CONSTRAINT_UNKNOWN;
    tb_ident_text(text, ident);
    name = general_name(ident, text);
    if (name != NULL && (san == NULL || sk_GENERAL_NAME_push(san, name) <= 0)) {
        GENERAL_NAME_free(name);
        name = NULL;
    }
    if (name != NULL)
        x = probe(san, cn && ident->type == TB_IDENT_DNS && strlen(text) <= CN_MAX ? text : NULL);
    if (x != NULL) {
        *out = tb_constraints_check(nc, x, san, NULL);
        r = 0;
    }
    X509_free(x);
    sk_GENERAL_NAME_pop_free(san, GENERAL_NAME_free);
    ERR_clear_error();
    return r;
}
