#include "cli/check/stacks.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "cli/check/fact.h"
#include "lib/base/compiler.h"

/* How far up the chain a stack looks for the purpose. */
enum reach { LEAF_ONLY, BELOW_ANCHOR, ANCHOR_TOO };

struct rule {
    const char *stack;
    enum reach reach;
    bool leaf_any;  /* anyExtendedKeyUsage in the leaf is enough */
    bool ca_any;    /* the same in a CA */
    bool ca_either; /* a CA needs one of the two TLS purposes, no matter which */
    const char *note;
    const char *source;
};

/* A certificate without the extension serves every purpose in all of them. */
static const struct rule rules[] = {
    {"GnuTLS", BELOW_ANCHOR, true, false, false,
     "when the application asks for the purpose; one that does not ask accepts every extended key usage",
     "GnuTLS manual, gnutls_certificate_verify_peers and GNUTLS_DT_KEY_PURPOSE_OID"},
    {"Go", ANCHOR_TOO, true, true, false, "", "https://pkg.go.dev/crypto/x509#VerifyOptions, KeyUsages"},
    {"Java", LEAF_ONLY, true, true, false, "JSSE's default trust manager",
     "OpenJDK, sun.security.validator.EndEntityChecker, checkTLSClient and checkTLSServer"},
    {"NSS", BELOW_ANCHOR, false, false, true, "CERT_VerifyCertificate; Firefox's own verifier is stricter",
     "NSS, lib/certdb/certdb.c, cert_ComputeCertType"},
    {"Schannel", ANCHOR_TOO, true, true, false, "anchors may also be limited in the certificate store",
     "https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-cert_usage_match"},
    {"Envoy", ANCHOR_TOO, false, false, false, "default validator, on BoringSSL",
     "Envoy, cert_validator/default_validator.cc; BoringSSL, crypto/x509/v3_purp.cc"},
};
_Static_assert(TB_ARRAY_LEN(rules) == TB_CHECK_STACKS, "the header says how many");

static bool serves(const struct rule *rule, const struct tb_check_fact *fact, enum tb_check_role role, bool leaf)
{
    if (!fact->has_eku || fact->purpose[role])
        return true;
    if (fact->any && (leaf ? rule->leaf_any : rule->ca_any))
        return true;
    return !leaf && rule->ca_either && (fact->purpose[TB_CHECK_CLIENT] || fact->purpose[TB_CHECK_SERVER]);
}

static void judge(const struct rule *rule, STACK_OF(X509) * path, enum tb_check_role role,
                  struct tb_check_documented *out)
{
    int last = rule->reach == LEAF_ONLY ? 0 : sk_X509_num(path) - (rule->reach == BELOW_ANCHOR ? 2 : 1);

    out->verdict = TB_CHECK_ACCEPTED;
    out->depth = -1;
    /* An anchor may be the leaf itself: its purpose counts all the same. */
    for (int i = 0; i == 0 || i <= last; i++) {
        struct tb_check_fact fact;

        tb_check_fact_of(sk_X509_value(path, i), &fact);
        if (serves(rule, &fact, role, i == 0))
            continue;
        out->verdict = TB_CHECK_REFUSED;
        out->depth = i;
        snprintf(out->why, sizeof(out->why), "the extended key usage at depth %d is %s", i, fact.eku);
        return;
    }
}

void tb_check_stacks(const struct tb_check_measure *m, enum tb_check_role role,
                     struct tb_check_documented out[static TB_CHECK_STACKS])
{
    bool judged = sk_X509_num(m->path) > 0 && (m->error == X509_V_OK || m->error == X509_V_ERR_INVALID_PURPOSE);

    for (size_t i = 0; i < TB_CHECK_STACKS; i++) {
        out[i] = (struct tb_check_documented){.stack = rules[i].stack,
                                              .source = rules[i].source,
                                              .note = rules[i].note,
                                              .verdict = TB_CHECK_UNKNOWN,
                                              .depth = -1};
        if (judged)
            judge(&rules[i], m->path, role, &out[i]);
        else
            snprintf(out[i].why, sizeof(out[i].why), "the fault found is none of purpose, and comes first");
    }
}
