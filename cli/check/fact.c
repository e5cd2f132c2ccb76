#include "cli/check/fact.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/compiler.h"

static const struct {
    const char *role;
    const char *purpose;
    int nid;
} roles[] = {
    [TB_CHECK_CLIENT] = {"client", "clientAuth", NID_client_auth},
    [TB_CHECK_SERVER] = {"server", "serverAuth", NID_server_auth},
};
_Static_assert(TB_ARRAY_LEN(roles) == TB_CHECK_ROLES, "a row for each role");

static const char *const verdicts[] = {
    [TB_CHECK_ACCEPTED] = "accepted",
    [TB_CHECK_REFUSED] = "refused",
    [TB_CHECK_UNKNOWN] = "unknown",
};

const char *tb_check_role_text(enum tb_check_role role)
{
    return roles[role].role;
}

const char *tb_check_purpose_text(enum tb_check_role role)
{
    return roles[role].purpose;
}

const char *tb_check_verdict_text(enum tb_check_verdict verdict)
{
    return verdicts[verdict];
}

/* Take what was written into a memory BIO, printable, cut at size - 1. Frees the BIO, which may be NULL. */
static void take_text(BIO *bio, char *out, size_t size)
{
    char *p = NULL;
    long n = bio != NULL ? BIO_get_mem_data(bio, &p) : 0;
    size_t len = 0;

    for (long i = 0; i < n && len < size - 1; i++)
        out[len++] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
    out[len] = '\0';
    if (n > (long)(size - 1))
        memcpy(out + size - 4, "...", 4);
    BIO_free(bio);
}

void tb_check_name_text(const X509_NAME *name, char out[static TB_CHECK_TEXT_MAX + 1])
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio != NULL && X509_NAME_entry_count(name) == 0)
        BIO_puts(bio, "(empty subject)");
    else if (bio != NULL)
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
    take_text(bio, out, TB_CHECK_TEXT_MAX + 1);
}

void tb_check_time_text(const ASN1_TIME *time, char out[static 32])
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) == 1)
        strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm);
    else
        snprintf(out, 32, "(unreadable time)");
}

void tb_check_san_text(X509 *cert, char out[static TB_CHECK_LINE_MAX + 1])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    BIO *bio = BIO_new(BIO_s_mem());

    for (int i = 0; bio != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        if (i > 0)
            BIO_puts(bio, ", ");
        GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
    }
    if (bio != NULL && sk_GENERAL_NAME_num(names) <= 0)
        BIO_puts(bio, "none");
    take_text(bio, out, TB_CHECK_LINE_MAX + 1);
    GENERAL_NAMES_free(names);
}

void tb_check_key_text(EVP_PKEY *key, char out[static 64])
{
    char group[40];
    size_t len;

    if (key == NULL)
        snprintf(out, 64, "unreadable");
    else if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1)
        snprintf(out, 64, "%s %s", EVP_PKEY_get0_type_name(key), group);
    else
        snprintf(out, 64, "%.30s %d", EVP_PKEY_get0_type_name(key) != NULL ? EVP_PKEY_get0_type_name(key) : "?",
                 EVP_PKEY_get_bits(key));
}

bool tb_check_self_issued(X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

static void take_usage(const ASN1_OBJECT *oid, struct tb_check_fact *out, BIO *bio)
{
    int nid = OBJ_obj2nid(oid);
    char dotted[80];

    out->any = out->any || nid == NID_anyExtendedKeyUsage;
    out->email = out->email || nid == NID_email_protect;
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        out->purpose[r] = out->purpose[r] || nid == roles[r].nid;
    OBJ_obj2txt(dotted, sizeof(dotted), oid, 1);
    if (bio != NULL)
        BIO_puts(bio, nid != NID_undef ? OBJ_nid2sn(nid) : dotted);
}

void tb_check_fact_of(X509 *cert, struct tb_check_fact *out)
{
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
    BIO *bio = BIO_new(BIO_s_mem());

    *out = (struct tb_check_fact){.ca = bc != NULL && bc->ca != 0, .has_eku = eku != NULL};
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        if (i > 0 && bio != NULL)
            BIO_puts(bio, ", ");
        take_usage(sk_ASN1_OBJECT_value(eku, i), out, bio);
    }
    if (bio != NULL && sk_ASN1_OBJECT_num(eku) <= 0)
        BIO_puts(bio, "none");
    take_text(bio, out->eku, sizeof(out->eku));
    out->has_ku = X509_get_ext_by_NID(cert, NID_key_usage, -1) >= 0;
    out->sign = (X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) != 0;
    EXTENDED_KEY_USAGE_free(eku);
    BASIC_CONSTRAINTS_free(bc);
}
