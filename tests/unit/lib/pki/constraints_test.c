/* Functions under test: tb_constraints_read, tb_constraints_check_ident. */
#include "lib/pki/cacert.h"
#include "lib/pki/constraints.h"
#include "tests/unit/test.h"

#include <openssl/x509v3.h>
#include <string.h>

static NAME_CONSTRAINTS *constraints(const char *text)
{
    char value[256];
    X509_EXTENSION *ext;
    NAME_CONSTRAINTS *nc;

    strcpy(value, text);
    ext = X509V3_EXT_conf_nid(NULL, NULL, NID_name_constraints, value);
    assert_non_null(ext);
    nc = X509V3_EXT_d2i(ext);
    assert_non_null(nc);
    X509_EXTENSION_free(ext);
    return nc;
}

static enum tb_constraint check(const char *text, const char *name, bool cn)
{
    NAME_CONSTRAINTS *nc = constraints(text);
    enum tb_constraint out;
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_IP, tb_span_str(name), &id, NULL) < 0)
        assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(name), &id, NULL));
    assert_ok(tb_constraints_check_ident(nc, &id, cn, &out));
    NAME_CONSTRAINTS_free(nc);
    return out;
}

static void names_are_held_against_the_subtrees(void **state)
{
    static const struct {
        const char *constraints, *name;
        bool cn;
        enum tb_constraint want;
    } rows[] = {
        {"permitted;DNS:example.org", "example.org", false, TB_CONSTRAINT_KEPT},
        {"permitted;DNS:example.org", "a.example.org", true, TB_CONSTRAINT_KEPT},
        {"permitted;DNS:example.org", "*.example.org", false, TB_CONSTRAINT_KEPT},
        {"permitted;DNS:example.org", "evil-example.org", false, TB_CONSTRAINT_OUTSIDE},
        {"permitted;DNS:example.org", "example.com", false, TB_CONSTRAINT_OUTSIDE},
        {"permitted;DNS:example.org", "192.0.2.1", false, TB_CONSTRAINT_KEPT}, /* no rule about addresses */
        {"excluded;DNS:secret.example.org", "a.secret.example.org", false, TB_CONSTRAINT_EXCLUDED},
        {"excluded;DNS:secret.example.org", "*.example.org", false, TB_CONSTRAINT_EXCLUDED},
        {"excluded;DNS:secret.example.org", "a.example.org", false, TB_CONSTRAINT_KEPT},
        {"permitted;IP:192.0.2.0/255.255.255.0", "192.0.2.7", false, TB_CONSTRAINT_KEPT},
        {"permitted;IP:192.0.2.0/255.255.255.0", "192.0.3.7", false, TB_CONSTRAINT_OUTSIDE},
        {"permitted;IP:192.0.2.0/255.255.255.0", "2001:db8::1", false, TB_CONSTRAINT_OUTSIDE},
        {"permitted;IP:192.0.2.0/255.255.255.0", "a.example.org", false, TB_CONSTRAINT_KEPT},
        {"excluded;IP:0.0.0.0/0.0.0.0", "192.0.2.7", false, TB_CONSTRAINT_EXCLUDED},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (check(rows[i].constraints, rows[i].name, rows[i].cn) != rows[i].want)
            fail_msg("%s and %s: %d", rows[i].constraints, rows[i].name,
                     check(rows[i].constraints, rows[i].name, rows[i].cn));
}

static void a_ca_without_constraints_has_none(void **state)
{
    EVP_PKEY *key = NULL;
    struct tb_cacert ca;
    NAME_CONSTRAINTS *nc = (void *)1;
    struct tb_wr pem;

    (void)state;
    tb_wr_init(&pem, 8192);
    assert_ok(tb_key_generate(TB_CURVE_P256, &key));
    assert_ok(tb_root_make(&pem, key, "Root", 1800000000, 1900000000));
    assert_ok(tb_cacert_read(tb_wr_span(&pem), &ca, NULL));
    assert_ok(tb_constraints_read(tb_span_of(ca.der, ca.der_len), &nc));
    assert_null(nc);
    assert_int_equal(tb_constraints_read(tb_span_of(ca.der, ca.der_len - 1), &nc), TB_E_FORMAT);
    assert_null(nc);
    tb_cacert_clear(&ca);
    tb_wr_clear(&pem);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_held_against_the_subtrees),
        cmocka_unit_test(a_ca_without_constraints_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
