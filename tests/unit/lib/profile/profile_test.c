#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/profile/profile.h"

#define SERVER TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)

static const struct tb_profile *builtin(const char *name)
{
    for (size_t i = 0; tb_profile_builtin(i) != NULL; i++)
        if (strcmp(tb_profile_builtin(i)->name, name) == 0)
            return tb_profile_builtin(i);
    fail_msg("no recipe %s", name);
    return NULL;
}

/* The recipes that init writes, as published: a change of one of these is a new version. */

static void the_builtin_recipes(void **state)
{
    static const struct {
        const char *name;
        tb_purposes_t purposes;
        enum tb_issuer issuer;
        enum tb_cn_mode cn;
        bool use, preproved, wildcard, crl, wanted;
        uint32_t lifetime_s;
    } rows[] = {
        {"server", SERVER, TB_ISSUER_SERVER, TB_CN_NONE, false, false, true, true, true, 45 * 86400},
        {"shortlived", SERVER, TB_ISSUER_SERVER, TB_CN_NONE, false, false, true, false, true, 160 * 3600},
        {"client", CLIENT, TB_ISSUER_CLIENT, TB_CN_FIRST_DNS, true, false, false, true, true, 7 * 86400},
        {"client-preproved", CLIENT, TB_ISSUER_CLIENT, TB_CN_FIRST_DNS, true, true, false, true, true, 7 * 86400},
        {"peer", SERVER | CLIENT, TB_ISSUER_PEER, TB_CN_NONE, true, false, false, true, false, 7 * 86400},
    };
    const tb_methods_t control = TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01) |
                                 TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01) | TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01);

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        const struct tb_profile *p = builtin(rows[i].name);
        const char *why;

        assert_ok(tb_profile_check(p, &why));
        assert_null(why);
        assert_string_equal(p->version, "2026-11");
        assert_int_equal(p->purposes, rows[i].purposes);
        assert_int_equal(p->control_methods, control);
        assert_int_equal(p->use_methods, rows[i].use ? TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01) : 0);
        assert_int_equal(p->preproved, rows[i].preproved);
        assert_true(p->ident_dns);
        assert_int_equal(p->ident_wildcard, rows[i].wildcard);
        assert_int_equal(p->ident_ip, strcmp(p->name, "shortlived") == 0);
        assert_int_equal(p->issuer, rows[i].issuer);
        assert_int_equal(p->cn, rows[i].cn);
        assert_int_equal(p->crl_pointer, rows[i].crl);
        assert_int_equal(p->lifetime_s, rows[i].lifetime_s);
        assert_int_equal(p->backdate_s, 3600);
        assert_int_equal(p->control_age_s, 7 * 86400);
        assert_int_equal(p->use_age_s, 86400);
        assert_int_equal(p->caa_age_s, 8 * 3600);
        assert_int_equal(p->wanted, rows[i].wanted);
        assert_false(p->offered);
    }
    assert_null(tb_profile_builtin(TB_ARRAY_LEN(rows)));
    assert_null(tb_profile_builtin(SIZE_MAX));
}

static void issuers_have_exactly_their_purposes(void **state)
{
    (void)state;
    assert_int_equal(tb_issuer_purposes(TB_ISSUER_SERVER), SERVER);
    assert_int_equal(tb_issuer_purposes(TB_ISSUER_CLIENT), CLIENT);
    assert_int_equal(tb_issuer_purposes(TB_ISSUER_PEER), SERVER | CLIENT);
    assert_int_equal(tb_issuer_purposes(TB_ISSUER_NONE), 0);
    assert_int_equal(tb_issuer_purposes(TB_ISSUER__COUNT), 0);
    for (int i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        assert_int_equal(tb_issuer_find(tb_span_str(tb_issuer_name((enum tb_issuer)i))), i);
    assert_null(tb_issuer_name(TB_ISSUER_NONE));
    assert_null(tb_issuer_name(TB_ISSUER__COUNT));
    assert_int_equal(tb_issuer_find(tb_span_str("Server")), TB_ISSUER_NONE);
    assert_int_equal(tb_issuer_find(tb_span_str("")), TB_ISSUER_NONE);
}

/* tb_profile_check: one member made wrong, everything else sound. */

typedef void change_fn(struct tb_profile *p);

#define CHANGE(fn, statement)                                                                                          \
    static void fn(struct tb_profile *p)                                                                               \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
CHANGE(name_empty, p->name[0] = '\0')
CHANGE(name_digit, p->name[0] = '1')
CHANGE(name_upper, p->name[1] = 'E')
CHANGE(name_dot, p->name[1] = '.')
CHANGE(name_endless, memset(p->name, 'a', sizeof(p->name)))
CHANGE(version_empty, p->version[0] = '\0')
CHANGE(version_slash, p->version[1] = '/')
CHANGE(version_at, p->version[1] = '@')
CHANGE(version_endless, memset(p->version, '1', sizeof(p->version)))
CHANGE(text_endless, memset(p->description, 'a', sizeof(p->description)))
CHANGE(no_purpose, p->purposes = 0)
CHANGE(purpose_any, p->purposes |= TB_PURPOSE_BIT(0))
CHANGE(purpose_unassigned, p->purposes |= TB_PURPOSE_BIT(5))
CHANGE(purpose_of_another_issuer, p->purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CODE_SIGNING))
CHANGE(issuer_none, p->issuer = TB_ISSUER_NONE)
CHANGE(issuer_foreign, p->issuer = TB_ISSUER__COUNT)
CHANGE(no_control, p->control_methods = 0)
CHANGE(control_by_use, p->control_methods |= TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01))
CHANGE(control_unknown, p->control_methods |= TB_METHOD_BIT(31))
CHANGE(use_by_control, p->use_methods |= TB_METHOD_BIT(TB_METHOD_HTTP_01))
CHANGE(no_ident, (p->ident_dns = false, p->ident_wildcard = false, p->cn = TB_CN_NONE))
CHANGE(names_zero, p->names_max = 0)
CHANGE(names_many, p->names_max = TB_IDENT_NUM_MAX + 1)
CHANGE(cn_unknown, p->cn = (enum tb_cn_mode)2)
CHANGE(lifetime_zero, p->lifetime_s = 0)
CHANGE(lifetime_long, p->lifetime_s = 400 * 86400 + 1)
CHANGE(backdate_long, p->backdate_s = 3601)
CHANGE(backdate_swallows, (p->lifetime_s = 3600, p->backdate_s = 3600))
CHANGE(control_age_zero, p->control_age_s = 0)
CHANGE(control_age_endless, p->control_age_s = UINT32_MAX)
CHANGE(caa_age_zero, p->caa_age_s = 0)
CHANGE(caa_age_long, p->caa_age_s = 28801)
CHANGE(wildcard_by_http, (p->control_methods = TB_METHOD_BIT(TB_METHOD_HTTP_01), p->ident_wildcard = true))
CHANGE(wildcard_without_dns, (p->ident_dns = false, p->ident_ip = true, p->ident_wildcard = true, p->cn = TB_CN_NONE))
CHANGE(ip_by_dns, (p->control_methods = TB_METHOD_BIT(TB_METHOD_DNS_01), p->ident_ip = true))
CHANGE(dns_by_mail, p->control_methods = TB_METHOD_BIT(TB_METHOD_EMAIL_REPLY_00))
CHANGE(use_without_client, p->use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01))
CHANGE(preproved_without_use, p->preproved = true)
CHANGE(client_without_use, (p->use_methods = 0, p->preproved = false))
CHANGE(use_age_zero, p->use_age_s = 0)
CHANGE(use_age_endless, p->use_age_s = UINT32_MAX)
CHANGE(client_wildcard, p->ident_wildcard = true)
CHANGE(cn_without_dns, (p->ident_dns = false, p->ident_ip = true, p->cn = TB_CN_FIRST_DNS))

static change_fn *const wrong_always[] = {
    name_empty,
    name_digit,
    name_upper,
    name_dot,
    name_endless,
    version_empty,
    version_slash,
    version_at,
    version_endless,
    text_endless,
    no_purpose,
    purpose_any,
    purpose_unassigned,
    issuer_none,
    purpose_of_another_issuer,
    issuer_foreign,
    no_control,
    control_by_use,
    control_unknown,
    use_by_control,
    no_ident,
    names_zero,
    names_many,
    cn_unknown,
    lifetime_zero,
    lifetime_long,
    backdate_long,
    backdate_swallows,
    control_age_zero,
    control_age_endless,
    caa_age_zero,
    caa_age_long,
    wildcard_by_http,
    wildcard_without_dns,
    ip_by_dns,
    dns_by_mail,
    cn_without_dns,
};
static change_fn *const wrong_server[] = {use_without_client, preproved_without_use};
static change_fn *const wrong_client[] = {client_without_use, use_age_zero, use_age_endless, client_wildcard};

static void refuse_each(const char *name, change_fn *const *changes, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct tb_profile p = *builtin(name);
        const char *why = NULL;
        int r;

        changes[i](&p);
        r = tb_profile_check(&p, &why);
        if (r != TB_E_CONFIG || why == NULL)
            fail_msg("change %zu of %s: %d", i, name, r);
    }
}

static void an_unsound_recipe_is_refused(void **state)
{
    (void)state;
    refuse_each("server", wrong_always, TB_ARRAY_LEN(wrong_always));
    refuse_each("client", wrong_always, TB_ARRAY_LEN(wrong_always));
    refuse_each("server", wrong_server, TB_ARRAY_LEN(wrong_server));
    refuse_each("client", wrong_client, TB_ARRAY_LEN(wrong_client));
    refuse_each("peer", wrong_client, TB_ARRAY_LEN(wrong_client));
}

static void limits_themselves_are_allowed(void **state)
{
    struct tb_profile p = *builtin("shortlived");
    const char *why;

    (void)state;
    memset(p.name, 'a', TB_PROFILE_NAME_MAX);
    memset(p.version, 'Z', TB_PROFILE_VERSION_MAX);
    memset(p.description, 'd', TB_PROFILE_TEXT_MAX);
    p.lifetime_s = 400 * 86400;
    p.backdate_s = 3600;
    p.caa_age_s = 28800;
    p.names_max = TB_IDENT_NUM_MAX;
    p.ident_ip = true;
    assert_ok(tb_profile_check(&p, &why));
    p.backdate_s = 0;
    p.names_max = 1;
    p.caa_age_s = 1;
    p.control_age_s = 1;
    assert_ok(tb_profile_check(&p, &why));
}

/* Digest. */

CHANGE(digest_name, p->name[0] = 'x')
CHANGE(digest_name_longer, p->name[strlen(p->name)] = 'x')
CHANGE(digest_version, p->version[0] = 'x')
CHANGE(digest_purposes, p->purposes ^= SERVER)
CHANGE(digest_control, p->control_methods ^= 2)
CHANGE(digest_use, p->use_methods ^= 2)
CHANGE(digest_preproved, p->preproved = !p->preproved)
CHANGE(digest_csr_eku_narrow, p->csr_eku = TB_CSR_EKU_NARROW)
CHANGE(digest_csr_eku_reject, p->csr_eku = TB_CSR_EKU_REJECT)
CHANGE(digest_dns, p->ident_dns = !p->ident_dns)
CHANGE(digest_wildcard, p->ident_wildcard = !p->ident_wildcard)
CHANGE(digest_ip, p->ident_ip = !p->ident_ip)
CHANGE(digest_issuer, p->issuer = TB_ISSUER_PEER)
CHANGE(digest_cn, p->cn = TB_CN_FIRST_DNS)
CHANGE(digest_crl, p->crl_pointer = !p->crl_pointer)
CHANGE(digest_lifetime, p->lifetime_s++)
CHANGE(digest_backdate, p->backdate_s++)
CHANGE(digest_control_age, p->control_age_s++)
CHANGE(digest_use_age, p->use_age_s++)
CHANGE(digest_caa_age, p->caa_age_s++)
CHANGE(digest_names, p->names_max--)

static change_fn *const members[] = {
    digest_name,           digest_name_longer, digest_version,   digest_purposes,
    digest_control,        digest_use,         digest_preproved, digest_csr_eku_narrow,
    digest_csr_eku_reject, digest_dns,         digest_wildcard,  digest_ip,
    digest_issuer,         digest_cn,          digest_crl,       digest_lifetime,
    digest_backdate,       digest_control_age, digest_use_age,   digest_caa_age,
    digest_names,
};

static void every_member_but_text_and_offer_is_in_the_digest(void **state)
{
    uint8_t digest[TB_ARRAY_LEN(members) + 1][TB_DIGEST_LEN];
    uint8_t same[TB_DIGEST_LEN];
    struct tb_profile p = *builtin("server");

    (void)state;
    tb_profile_digest(digest[0], &p);
    p.offered = !p.offered;
    strcpy(p.description, "another text");
    tb_profile_digest(same, &p);
    assert_memory_equal(digest[0], same, TB_DIGEST_LEN);
    for (size_t i = 0; i < TB_ARRAY_LEN(members); i++) {
        p = *builtin("server");
        members[i](&p);
        tb_profile_digest(digest[i + 1], &p);
        for (size_t k = 0; k <= i; k++)
            assert_memory_not_equal(digest[i + 1], digest[k], TB_DIGEST_LEN);
    }
}

static void name_and_version_do_not_run_together(void **state)
{
    struct tb_profile a = *builtin("server"), b = a;
    uint8_t da[TB_DIGEST_LEN], db[TB_DIGEST_LEN];

    (void)state;
    strcpy(a.name, "ab");
    strcpy(a.version, "c");
    strcpy(b.name, "a");
    strcpy(b.version, "bc");
    tb_profile_digest(da, &a);
    tb_profile_digest(db, &b);
    assert_memory_not_equal(da, db, TB_DIGEST_LEN);
}

/* Identifiers. */

static const struct tb_ident name = {.type = TB_IDENT_DNS, .value = "a.example"};
static const struct tb_ident wildcard = {.type = TB_IDENT_DNS, .wildcard = true, .value = "a.example"};
static const struct tb_ident address = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
static const struct tb_ident mail = {.type = TB_IDENT_EMAIL, .value = "a@a.example"};
static const struct tb_ident none = {0};

static void a_profile_serves_what_it_says(void **state)
{
    struct tb_profile p = *builtin("server");
    const char *why;

    (void)state;
    assert_true(tb_profile_serves(&p, &name, &why));
    assert_null(why);
    assert_true(tb_profile_serves(&p, &wildcard, &why));
    assert_false(tb_profile_serves(&p, &address, &why));
    assert_non_null(why);
    assert_false(tb_profile_serves(&p, &mail, &why));
    assert_non_null(why);
    assert_false(tb_profile_serves(&p, &none, &why));
    assert_false(tb_profile_serves(builtin("client"), &wildcard, &why));
    assert_true(tb_profile_serves(builtin("client"), &name, &why));
    p.ident_ip = true;
    assert_true(tb_profile_serves(&p, &address, &why));
    p.control_methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    assert_false(tb_profile_serves(&p, &address, &why));
    assert_non_null(why);
    p.ident_dns = false;
    assert_false(tb_profile_serves(&p, &name, &why));
    assert_false(tb_profile_serves(&p, &wildcard, &why));
}

static void wildcards_are_shown_by_dns_alone(void **state)
{
    const struct tb_profile *p = builtin("server");

    (void)state;
    assert_int_equal(tb_profile_control_methods(p, &name), p->control_methods);
    assert_int_equal(tb_profile_control_methods(p, &wildcard),
                     TB_METHOD_BIT(TB_METHOD_DNS_01) | TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01));
    assert_int_equal(tb_profile_control_methods(p, &address),
                     TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01));
    assert_int_equal(tb_profile_control_methods(p, &mail), 0);
    assert_int_equal(tb_profile_control_methods(p, &none), 0);
}

/* References. */

static void references_have_one_form(void **state)
{
    static const char *const bad[] = {
        "",
        "@",
        "server",
        "server@",
        "@2026-11",
        "server@2026-11@",
        "a@b@c",
        "1a@b",
        "Server@1",
        "ser ver@1",
        "server@1/",
        "server@1_2",
        "-a@1",
        "a.b@1",
        "server@ 1",
        "server@1 ",
        "\xc3\xa4@1",
        "abcdefghijklmnopqrstuvwxyzabcdef@1",
        "a@1234567890123456",
    };
    char n[TB_PROFILE_NAME_MAX + 1], v[TB_PROFILE_VERSION_MAX + 1];

    (void)state;
    assert_ok(tb_profile_ref_parse(tb_span_str("client-preproved@2026-11"), n, v));
    assert_string_equal(n, "client-preproved");
    assert_string_equal(v, "2026-11");
    assert_ok(tb_profile_ref_parse(tb_span_str("abcdefghijklmnopqrstuvwxyzabcde@12345678901.a-Z"), n, v));
    assert_int_equal(strlen(n), TB_PROFILE_NAME_MAX);
    assert_int_equal(strlen(v), TB_PROFILE_VERSION_MAX);
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        strcpy(n, "old");
        strcpy(v, "old");
        if (tb_profile_ref_parse(tb_span_str(bad[i]), n, v) != TB_E_FORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_string_equal(n, "");
        assert_string_equal(v, "");
    }
    assert_int_equal(tb_profile_ref_parse(tb_span_of("a@1\0", 4), n, v), TB_E_FORMAT);
    assert_int_equal(tb_profile_ref_parse(tb_span_of("a\0@1", 4), n, v), TB_E_FORMAT);
    assert_int_equal(tb_profile_ref_parse(tb_span_of(NULL, 0), n, v), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_builtin_recipes),
        cmocka_unit_test(issuers_have_exactly_their_purposes),
        cmocka_unit_test(an_unsound_recipe_is_refused),
        cmocka_unit_test(limits_themselves_are_allowed),
        cmocka_unit_test(every_member_but_text_and_offer_is_in_the_digest),
        cmocka_unit_test(name_and_version_do_not_run_together),
        cmocka_unit_test(a_profile_serves_what_it_says),
        cmocka_unit_test(wildcards_are_shown_by_dns_alone),
        cmocka_unit_test(references_have_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
