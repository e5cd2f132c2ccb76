#include "lib/profile/profile.h"

#include <string.h>

#include "lib/base/hash.h"

#define LIFETIME_MAX_S (400u * 86400)
#define AGE_MAX_S      (30u * 86400)
#define CAA_AGE_MAX_S  28800u /* CA/Browser Forum BR 3.2.2.8: eight hours */
#define BACKDATE_MAX_S 3600u

const char *tb_csr_eku_mode_name(unsigned mode)
{
    static const char *const words[TB_CSR_EKU__COUNT] = {
        [TB_CSR_EKU_IGNORE] = "ignore", [TB_CSR_EKU_NARROW] = "narrow", [TB_CSR_EKU_REJECT] = "reject"};

    return mode < TB_CSR_EKU__COUNT ? words[mode] : NULL;
}

static bool name_is_sound(const char *s)
{
    size_t n = strnlen(s, TB_PROFILE_NAME_MAX + 1);

    if (n == 0 || n > TB_PROFILE_NAME_MAX || s[0] < 'a' || s[0] > 'z')
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool version_is_sound(const char *s)
{
    size_t n = strnlen(s, TB_PROFILE_VERSION_MAX + 1);

    return n > 0 && n <= TB_PROFILE_VERSION_MAX &&
           strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-") == n;
}

static bool wants_use(const struct tb_profile *p)
{
    return (p->purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)) != 0;
}

/* A recipe that promises a type of identifier has a method that can prove it. */
static bool can_prove(const struct tb_profile *p, enum tb_ident_type type, bool wildcard)
{
    return tb_profile_control_methods(p, &(struct tb_ident){.type = type, .wildcard = wildcard}) != 0;
}

/* Rows of what must hold; the first that does not is the answer. */
int tb_profile_check(const struct tb_profile *p, const char **out_why)
{
    const struct {
        bool holds;
        const char *why;
    } rows[] = {
        {name_is_sound(p->name), "name is not 1 to 31 of a-z, 0-9 and hyphen, beginning with a letter"},
        {version_is_sound(p->version), "version is not 1 to 15 of letters, digits, dot and hyphen"},
        {strnlen(p->description, sizeof(p->description)) <= TB_PROFILE_TEXT_MAX, "description is above 127 octets"},
        {p->purposes != 0, "no purpose: a certificate without purpose would serve for everything"},
        {tb_purposes_known(p->purposes), "a purpose is not known"},
        {p->issuer != TB_ISSUER_NONE && tb_issuer_name(p->issuer) != NULL, "issuer is not known"},
        {(p->purposes & ~tb_issuer_purposes(p->issuer)) == 0, "a purpose is not one of its issuer's"},
        {p->purposes == tb_issuer_purposes(p->issuer), "the purposes are not all of its issuer's"},
        {p->control_methods != 0, "no control method: nothing would show who holds a name"},
        {tb_methods_of_kind(p->control_methods, TB_PROOF_CONTROL), "a control method does not show control"},
        {tb_methods_of_kind(p->use_methods, TB_PROOF_USE), "a use method does not show use"},
        {!wants_use(p) || p->use_methods != 0, "clientAuth without a use method: the usage would not be proved"},
        {wants_use(p) || p->use_methods == 0, "a use method, but no purpose that it proves"},
        {!p->preproved || p->use_methods != 0, "preproved without a use method"},
        {p->ident_dns || p->ident_ip, "no identifier type"},
        {!p->ident_wildcard || p->ident_dns, "wildcards without dns names"},
        {!p->ident_wildcard || !wants_use(p), "wildcards cannot act as a client"},
        {!p->ident_dns || can_prove(p, TB_IDENT_DNS, false), "no control method is for dns names"},
        {!p->ident_wildcard || can_prove(p, TB_IDENT_DNS, true), "no control method is for wildcards"},
        {!p->ident_ip || can_prove(p, TB_IDENT_IP, false), "no control method is for addresses"},
        {p->cn != TB_CN_FIRST_DNS || p->ident_dns, "cn is first-dns without dns names"},
        {p->cn == TB_CN_NONE || p->cn == TB_CN_FIRST_DNS, "cn is neither none nor first-dns"},
        {(unsigned)p->csr_eku < TB_CSR_EKU__COUNT, "csr_eku is not ignore, narrow or reject"},
        {p->lifetime_s >= 300, "lifetime is below 5 minutes"},
        {p->lifetime_s <= LIFETIME_MAX_S, "lifetime is above 400 days"},
        {p->backdate_s <= BACKDATE_MAX_S, "backdate is above one hour"},
        {p->backdate_s < p->lifetime_s, "backdate is not below lifetime"},
        {p->control_age_s > 0 && p->control_age_s <= AGE_MAX_S, "control_age is not from 1 s to 30 days"},
        {!wants_use(p) || (p->use_age_s > 0 && p->use_age_s <= AGE_MAX_S), "use_age is not from 1 s to 30 days"},
        {p->caa_age_s > 0 && p->caa_age_s <= CAA_AGE_MAX_S, "caa_age is not from 1 s to 8 hours"},
        {p->names_max > 0 && p->names_max <= TB_IDENT_NUM_MAX, "names_max is not from 1 to 100"},
    };

    *out_why = NULL;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (!rows[i].holds) {
            *out_why = rows[i].why;
            return TB_E_CONFIG;
        }
    return 0;
}

void tb_profile_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_profile *p)
{
    uint8_t buf[256];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_str16(&wr, "tabard profile 1");
    tb_wr_str16(&wr, p->name);
    tb_wr_str16(&wr, p->version);
    tb_wr_u32(&wr, p->purposes);
    tb_wr_u32(&wr, p->control_methods);
    tb_wr_u32(&wr, p->use_methods);
    tb_wr_u8(&wr, p->preproved);
    tb_wr_u8(&wr, p->ident_dns);
    tb_wr_u8(&wr, p->ident_wildcard);
    tb_wr_u8(&wr, p->ident_ip);
    tb_wr_u8(&wr, (uint8_t)p->issuer);
    tb_wr_u8(&wr, (uint8_t)p->cn);
    tb_wr_u8(&wr, p->crl_pointer);
    tb_wr_u32(&wr, p->lifetime_s);
    tb_wr_u32(&wr, p->backdate_s);
    tb_wr_u32(&wr, p->control_age_s);
    tb_wr_u32(&wr, p->use_age_s);
    tb_wr_u32(&wr, p->caa_age_s);
    tb_wr_u16(&wr, p->names_max);
    if (p->csr_eku != TB_CSR_EKU_IGNORE) { /* so that a profile that was logged before keeps its digest */
        tb_wr_str16(&wr, "csr_eku");
        tb_wr_u8(&wr, (uint8_t)p->csr_eku);
    }
    tb_sha256(out, tb_wr_span(&wr));
}

bool tb_profile_serves(const struct tb_profile *p, const struct tb_ident *ident, const char **out_why)
{
    *out_why = NULL;
    if (ident->type == TB_IDENT_DNS && !p->ident_dns)
        *out_why = "the profile does not name DNS names";
    else if (ident->type == TB_IDENT_DNS && ident->wildcard && !p->ident_wildcard)
        *out_why = "the profile does not name wildcards";
    else if (ident->type == TB_IDENT_IP && !p->ident_ip)
        *out_why = "the profile does not name IP addresses";
    else if (ident->type != TB_IDENT_DNS && ident->type != TB_IDENT_IP)
        *out_why = "the profile does not name identifiers of this type";
    else if (tb_profile_control_methods(p, ident) == 0)
        *out_why = "no method of the profile can show control of it";
    return *out_why == NULL;
}

tb_methods_t tb_profile_control_methods(const struct tb_profile *p, const struct tb_ident *ident)
{
    tb_methods_t out = 0;

    for (int m = TB_METHOD_NONE + 1; m < TB_METHOD__COUNT; m++)
        if ((p->control_methods & TB_METHOD_BIT(m)) != 0 && tb_method_serves((enum tb_method)m, ident))
            out |= TB_METHOD_BIT(m);
    return out;
}

int tb_profile_ref_parse(struct tb_span ref, char name[static TB_PROFILE_NAME_MAX + 1],
                         char version[static TB_PROFILE_VERSION_MAX + 1])
{
    const uint8_t *at = ref.len > 0 ? memchr(ref.p, '@', ref.len) : NULL;
    size_t name_len;
    size_t version_len;

    name[0] = '\0';
    version[0] = '\0';
    if (at == NULL)
        return TB_E_FORMAT;
    name_len = (size_t)(at - ref.p);
    version_len = ref.len - name_len - 1;
    if (name_len > TB_PROFILE_NAME_MAX || version_len > TB_PROFILE_VERSION_MAX || memchr(ref.p, 0, ref.len) != NULL)
        return TB_E_FORMAT;
    memcpy(name, ref.p, name_len);
    name[name_len] = '\0';
    memcpy(version, at + 1, version_len);
    version[version_len] = '\0';
    if (name_is_sound(name) && version_is_sound(version))
        return 0;
    name[0] = '\0';
    version[0] = '\0';
    return TB_E_FORMAT;
}
