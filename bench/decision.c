/*
 * What a decision costs beside its signatures: bench_decision [ENTRIES] [ROUNDS].  CPU time; the three measurements
 * alternate, and of each the least of the turns counts.  Exit status 1 above the limit.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "include/tabard/verify.h"
#include "lib/verify/decision.h"

#define TURNS    10
#define LIMIT_US 100.0

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void add_ext(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
}

static X509 *mint(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer, const char *san)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20260101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20460101000000Z");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(x, issuer != NULL ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(x, key);
    add_ext(x, NID_basic_constraints, san == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (san != NULL || issuer != NULL)
        add_ext(x, NID_ext_key_usage, "clientAuth");
    if (san != NULL)
        add_ext(x, NID_subject_alt_name, san);
    X509_sign(x, signer, EVP_sha256());
    return x;
}

static char *policy_text(size_t entries)
{
    char *text = malloc(entries * 200 + 200);
    size_t n = (size_t)sprintf(text, "version: 1\nissuers: {a: sha256:%064d}\nentries:\n", 0);

    for (size_t i = 0; i < entries; i++)
        n += (size_t)sprintf(text + n,
                             "  - {name: n%zu, who: {dns: n%zu.example.test, issuer: any, purpose: clientAuth}, what: "
                             "orders, until: never, as: a%zu}\n",
                             i, i, i);
    strcpy(text + n, "...\n");
    return text;
}

/* Certificates as they come over the wire, and as a connection already holds them. */
static double measure(const struct tabard_request *req, X509 *const *x, bool der, size_t rounds)
{
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_cert certs[2];
    double start;

    for (int i = 0; i < 2; i++) {
        unsigned char *p = NULL;

        certs[i].len = (size_t)i2d_X509(x[i], &p);
        certs[i].der = p;
    }
    start = now_us();
    for (size_t i = 0; i < rounds; i++) {
        struct tb_vcert held[2];
        bool yes;

        if (der) {
            yes = tabard_decide(req, certs, 2, decision);
        } else {
            if (tb_vcert_init(&held[0], x[0]) < 0 || tb_vcert_init(&held[1], x[1]) < 0)
                abort();
            yes = tb_decide_certs(req, held, 2, decision);
            tb_vcert_clear(&held[0]);
            tb_vcert_clear(&held[1]);
        }
        if (!yes) {
            fprintf(stderr, "denied: %s\n", tabard_reason_text(tabard_decision_reason(decision)));
            exit(1);
        }
    }
    start = (now_us() - start) / (double)rounds;
    tabard_decision_free(decision);
    OPENSSL_free((void *)(uintptr_t)certs[0].der);
    OPENSSL_free((void *)(uintptr_t)certs[1].der);
    return start;
}

static double signatures(X509 *const *x, X509 *root, size_t rounds)
{
    double start = now_us();

    for (size_t i = 0; i < rounds; i++)
        if (X509_verify(x[0], X509_get0_pubkey(x[1])) != 1 || X509_verify(x[1], X509_get0_pubkey(root)) != 1)
            abort();
    return (now_us() - start) / (double)rounds;
}

int main(int argc, char **argv)
{
    size_t entries = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
    EVP_PKEY *keys[3] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-256"), EVP_EC_gen("P-256")};
    X509 *root = mint("Root", keys[0], NULL, keys[0], NULL);
    X509 *issuing = mint("Issuing", keys[1], root, keys[0], NULL);
    X509 *leaf = mint("leaf", keys[2], issuing, keys[1], "DNS:n77.example.test");
    X509 *const x[] = {leaf, issuing};
    struct tabard_anchors *anchors = tabard_anchors_new();
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_problem problem = {0};
    struct tabard_request req = {.size = sizeof(req),
                                 .role = TABARD_ROLE_CLIENT,
                                 .resource = "orders",
                                 .time = INT64_C(1798761600),
                                 .anchors = anchors,
                                 .policy = policy,
                                 .revocation = TABARD_REVOCATION_NONE};
    unsigned char *der = NULL;
    int len = i2d_X509(root, &der);
    char *text = policy_text(entries);
    double start = now_us();
    double sig = 1e9;
    double held = 1e9;
    double wire = 1e9;

    tabard_anchors_add_der(anchors, der, (size_t)len, TABARD_ROLE_BIT(TABARD_ROLE_CLIENT));
    if (tabard_policy_load(policy, text, strlen(text), &problem) != 0) {
        fprintf(stderr, "line %u: %s\n", problem.line, problem.why);
        return 1;
    }
    printf("load of %zu entries: %.1f ms\n", entries, (now_us() - start) / 1000);
    measure(&req, x, true, rounds / 10 + 1);
    for (int i = 0; i < TURNS; i++) {
        sig = least(sig, signatures(x, root, rounds / TURNS + 1));
        held = least(held, measure(&req, x, false, rounds / TURNS + 1));
        wire = least(wire, measure(&req, x, true, rounds / TURNS + 1));
    }
    printf("two signatures: %.1f us\n", sig);
    printf("decision, certificates held by a connection: %.1f us, %.1f beside the signatures\n", held, held - sig);
    printf("decision, certificates as DER: %.1f us, %.1f beside the signatures\n", wire, wire - sig);
    return held - sig < LIMIT_US && wire - sig < LIMIT_US ? 0 : 1;
}
