#include "ca/config/schema_value.h"

#include <string.h>

#include "ca/config/config.h"
#include "ca/config/responder.h"
#include "ca/config/schema.h"
#include "ca/config/value.h"
#include "lib/statement/account_limits.h"

/* --- words ---------------------------------------------------------------------------------------------------- */

const char *tb_word_purpose(unsigned i)
{
    const struct tb_purpose_info *info = tb_purpose_info((enum tb_purpose)i);

    return info != NULL ? info->label : NULL;
}

const char *tb_word_method(unsigned i)
{
    const struct tb_method_info *info = tb_method_info((enum tb_method)i);

    return info != NULL ? info->name : NULL;
}

const char *tb_word_issuer(unsigned i)
{
    return i == TB_ISSUER_NONE ? NULL : tb_issuer_name((enum tb_issuer)i);
}

const char *tb_word_cn(unsigned i)
{
    static const char *const words[] = {[TB_CN_NONE] = "none", [TB_CN_FIRST_DNS] = "first-dns"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

const char *tb_word_zone_caa(unsigned i)
{
    static const char *const words[] = {[TB_ZONE_CAA_REQUIRE] = "require", [TB_ZONE_CAA_SKIP] = "skip"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

const char *tb_external_account_name(unsigned i)
{
    static const char *const words[] = {
        [TB_EXTERNAL_OFF] = "off", [TB_EXTERNAL_OPTIONAL] = "optional", [TB_EXTERNAL_REQUIRED] = "required"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

/* In the order of the members of struct tb_profile. */
const char *tb_word_ident(unsigned i)
{
    static const char *const words[] = {"dns", "wildcard", "ip"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}
_Static_assert(offsetof(struct tb_profile, ident_wildcard) == offsetof(struct tb_profile, ident_dns) + sizeof(bool) &&
                   offsetof(struct tb_profile, ident_ip) == offsetof(struct tb_profile, ident_dns) + 2 * sizeof(bool),
               "identifier flags follow each other");

/* --- checks --------------------------------------------------------------------------------------------------- */

bool tb_check_host(char *text)
{
    struct tb_ident id;

    if (tb_value_host(text, &id) != 0 || strlen(id.value) > strlen(text))
        return false;
    strcpy(text, id.value);
    return true;
}

bool tb_check_domain(char *text)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL) != 0 || id.wildcard)
        return false;
    strcpy(text, id.value);
    return true;
}

/* "." is held as the empty name: every name lies under it. */
bool tb_check_zone(char *text)
{
    if (strcmp(text, ".") == 0) {
        text[0] = '\0';
        return true;
    }
    return tb_check_domain(text);
}

bool tb_check_user(char *text)
{
    return tb_value_user(text);
}

bool tb_check_link(char *text)
{
    return tb_value_link(text);
}

bool tb_check_anchor(char *text)
{
    return tb_value_trust_anchor(text);
}

bool tb_check_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

bool tb_check_list_path(char *text)
{
    return text[0] == '\0' || (text[0] == '/' && tb_check_printable(text));
}

bool tb_check_responder(char *text)
{
    return text[0] == '\0' || tb_responder_address_normalise(text);
}

bool tb_check_profile_name(char *text)
{
    return text[0] >= 'a' && text[0] <= 'z' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

bool tb_check_profile_or_none(char *text)
{
    return text[0] == '\0' || tb_check_profile_name(text);
}

bool tb_check_name_rule(char *text)
{
    return tb_name_rule_normalise(text);
}

/* Names alone: nothing is below an address. */
bool tb_check_ancestor_rule(char *text)
{
    struct tb_ident id;

    return strchr(text, '/') == NULL && tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &id, NULL) < 0 &&
           tb_name_rule_normalise(text);
}

bool tb_check_time(char *text)
{
    tb_time_t t;

    if (tb_rfc3339_parse(text, &t) != 0)
        return false;
    tb_rfc3339_format(text, t); /* no longer than any other form of it */
    return true;
}

bool tb_check_limit_name(char *text)
{
    struct tb_limit_name n;

    return text[0] == '\0' || tb_limit_name_parse(tb_span_str(text), &n) == 0;
}

bool tb_check_arc(char *text)
{
    struct tb_arc arc;

    return text[0] == '\0' || tb_arc_parse(text, &arc) == 0;
}

bool tb_check_version(char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(text);
}
