/* tabard policy: is a policy file sound, and what does it say of a chain? */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "include/tabard/verify.h"
#include "lib/base/clock.h"
#include "lib/base/compiler.h"

#define FILE_MAX (8u << 20)
#define CRLS_MAX 16

/* Exit statuses of "policy test" and "policy check": the answer, or that there is none. */
enum { POLICY_YES = 0, POLICY_NO = 1, POLICY_ERROR = 2 };

struct options {
    const char *file, *cert, *anchors, *role, *resource, *time, *crl[CRLS_MAX];
    size_t num_crls;
    bool json;
};

struct inputs {
    struct tabard_policy *policy;
    struct tabard_anchors *anchors;
    struct tabard_crls *crls;
    struct tabard_cert certs[TABARD_CHAIN_MAX + 1];
    size_t num;
};

static void usage(FILE *f)
{
    fputs("usage: tabard policy check FILE [--json]\n"
          "       tabard policy test FILE --cert CHAIN.pem --anchors ROOT.pem --role client|server --resource R\n"
          "                    [--crl FILE]... [--time 2027-01-01T00:00:00Z] [--json]\n\n"
          "Exit status: 0 sound or allowed, 1 unsound or denied, 2 the question could not be asked.\n",
          f);
}

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "tabard: %s: %s\n", what, why);
    return POLICY_ERROR;
}

/* Owned by the caller; NULL with a message. */
static char *slurp(const char *path, size_t *out_len)
{
    FILE *f = fopen(path, "rb");
    char *buf = f != NULL ? malloc(FILE_MAX + 1) : NULL;

    *out_len = buf != NULL ? fread(buf, 1, FILE_MAX + 1, f) : 0;
    if (buf == NULL || ferror(f) != 0 || *out_len > FILE_MAX) {
        complain(path, buf != NULL && *out_len > FILE_MAX ? "is larger than 8 MiB" : strerror(errno));
        free(buf);
        buf = NULL;
    }
    if (f != NULL)
        fclose(f);
    return buf;
}

static int load_anchors(const char *path, unsigned roles, struct tabard_anchors *anchors)
{
    size_t len;
    char *pem = slurp(path, &len);
    int r;

    if (pem == NULL)
        return POLICY_ERROR;
    r = tabard_anchors_add_pem(anchors, pem, len, roles);
    free(pem);
    return r == 0 ? 0 : complain(path, "expected certificates in PEM form");
}

static int load_crl(const char *path, struct tabard_crls *crls)
{
    size_t len;
    char *pem = slurp(path, &len);
    int r;

    if (pem == NULL)
        return POLICY_ERROR;
    r = tabard_crls_add_pem(crls, pem, len);
    if (r != 0)
        r = tabard_crls_add_der(crls, pem, len);
    free(pem);
    return r == 0 ? 0 : complain(path, "expected CRLs in PEM or DER form");
}

/* One certificate more than the library takes is kept, for the library to refuse. */
static int load_chain(const char *path, struct inputs *in)
{
    size_t len;
    char *pem = slurp(path, &len);
    BIO *bio = pem != NULL ? BIO_new_mem_buf(pem, (int)len) : NULL;
    char *name;
    char *header;
    unsigned char *der;
    long n;

    while (bio != NULL && in->num < TB_ARRAY_LEN(in->certs) && PEM_read_bio(bio, &name, &header, &der, &n) == 1) {
        if (strcmp(name, "CERTIFICATE") == 0)
            in->certs[in->num++] = (struct tabard_cert){.der = der, .len = (size_t)n};
        else
            OPENSSL_clear_free(der, (size_t)n);
        OPENSSL_free(name);
        OPENSSL_free(header);
    }
    BIO_free(bio);
    if (pem == NULL)
        return POLICY_ERROR;
    free(pem);
    return in->num > 0 ? 0 : complain(path, "expected a chain of certificates in PEM form, leaf first");
}

static void clear(struct inputs *in)
{
    tabard_policy_free(in->policy);
    tabard_anchors_free(in->anchors);
    tabard_crls_free(in->crls);
    for (size_t i = 0; i < in->num; i++)
        OPENSSL_free((void *)(uintptr_t)in->certs[i].der);
}

static void print_text(const struct tabard_decision *d)
{
    bool yes = tabard_decision_strict(d);
    enum tabard_reason reason = tabard_decision_reason(d);
    const char *rfc = tabard_reason_rfc(reason);

    printf("%s\n%s: %s%s%s%s\n", tabard_reason_text(reason), yes ? "allow" : "deny", tabard_reason_sentence(reason),
           rfc[0] != '\0' ? " (" : "", rfc, rfc[0] != '\0' ? ")" : "");
    if (tabard_decision_depth(d) >= 0)
        printf("object: %s, depth %d: %s\n", tabard_decision_object(d), tabard_decision_depth(d),
               tabard_decision_subject(d));
    else if (tabard_decision_object(d)[0] != '\0')
        printf("object: %s\n", tabard_decision_object(d));
    if (tabard_decision_expected(d)[0] != '\0')
        printf("expected: %s\nseen: %s\n", tabard_decision_expected(d), tabard_decision_seen(d));
    if (tabard_decision_name(d)[0] != '\0')
        printf("name: %s\n", tabard_decision_name(d));
    if (tabard_decision_entry(d)[0] != '\0')
        printf("entry: %s\n", tabard_decision_entry(d));
    if (tabard_decision_account(d)[0] != '\0')
        printf("account: %s\n", tabard_decision_account(d));
    if (tabard_decision_allowed(d) != yes)
        puts("enforced: allow, because the entry is in shadow mode");
}

static int print_json(json_t *answer)
{
    int r = answer != NULL ? json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) : -1;

    json_decref(answer);
    return r == 0 && putchar('\n') != EOF ? 0 : POLICY_ERROR;
}

static json_t *decision_json(const struct tabard_decision *d)
{
    enum tabard_reason reason = tabard_decision_reason(d);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "reason",
                     tabard_reason_text(reason), "decision", tabard_decision_strict(d) ? "allow" : "deny", "enforced",
                     tabard_decision_allowed(d) ? "allow" : "deny", "sentence", tabard_reason_sentence(reason), "rfc",
                     tabard_reason_rfc(reason), "object", tabard_decision_object(d), "depth", tabard_decision_depth(d),
                     "subject", tabard_decision_subject(d), "expected", tabard_decision_expected(d), "seen",
                     tabard_decision_seen(d), "name", tabard_decision_name(d), "entry", tabard_decision_entry(d),
                     "account", tabard_decision_account(d));
}

/* An error of ours is no answer about the chain. */
static bool no_answer(enum tabard_reason reason)
{
    return reason == TABARD_R_ARGUMENT || reason == TABARD_R_MEMORY;
}

static int test_policy(const struct options *opt, struct inputs *in, tb_time_t now)
{
    enum tabard_role role = strcmp(opt->role, "client") == 0 ? TABARD_ROLE_CLIENT : TABARD_ROLE_SERVER;
    struct tabard_request req = {.size = sizeof(req),
                                 .role = role,
                                 .resource = opt->resource,
                                 .time = now,
                                 .anchors = in->anchors,
                                 .policy = in->policy,
                                 .revocation = opt->num_crls > 0 ? TABARD_REVOCATION_LEAF : TABARD_REVOCATION_NONE,
                                 .crls = in->crls};
    struct tabard_decision *decision = tabard_decision_new();
    int status;

    if (decision == NULL)
        return complain("memory", strerror(ENOMEM));
    tabard_decide(&req, in->certs, in->num, decision);
    status = tabard_decision_strict(decision)              ? POLICY_YES
             : no_answer(tabard_decision_reason(decision)) ? POLICY_ERROR
                                                           : POLICY_NO;
    if (!opt->json)
        print_text(decision);
    else if (print_json(decision_json(decision)) != 0)
        status = POLICY_ERROR;
    tabard_decision_free(decision);
    return status;
}

static int load_inputs(const struct options *opt, struct inputs *in)
{
    struct tabard_problem problem = {0};
    unsigned role = strcmp(opt->role, "client") == 0 ? TABARD_ROLE_CLIENT : TABARD_ROLE_SERVER;
    int r = 0;

    in->policy = tabard_policy_new();
    in->anchors = tabard_anchors_new();
    in->crls = tabard_crls_new();
    if (in->policy == NULL || in->anchors == NULL || in->crls == NULL)
        return complain("memory", strerror(ENOMEM));
    r = tabard_policy_load_file(in->policy, opt->file, &problem);
    if (r == TABARD_ERR_IO || r == TABARD_ERR_MEMORY)
        return complain(opt->file, strerror(errno));
    /* What is broken denies everybody: an answer, with its reason here. */
    if (r != 0)
        fprintf(stderr, "tabard: %s:%u: %s\n", opt->file, problem.line, problem.why);
    if ((r = load_anchors(opt->anchors, TABARD_ROLE_BIT(role), in->anchors)) != 0 ||
        (r = load_chain(opt->cert, in)) != 0)
        return r;
    for (size_t i = 0; r == 0 && i < opt->num_crls; i++)
        r = load_crl(opt->crl[i], in->crls);
    return r;
}

static int misuse(const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return POLICY_ERROR;
}

static int run_test(const struct options *opt)
{
    struct inputs in = {0};
    tb_time_t now = tb_clock_now_s();
    int status;

    if (opt->cert == NULL || opt->anchors == NULL || opt->role == NULL || opt->resource == NULL)
        return misuse("policy test needs --cert, --anchors, --role and --resource");
    if (strcmp(opt->role, "client") != 0 && strcmp(opt->role, "server") != 0)
        return misuse("--role is client or server");
    if (opt->time != NULL && tb_rfc3339_parse(opt->time, &now) < 0)
        return misuse("--time is written as 2027-01-01T00:00:00Z");
    status = load_inputs(opt, &in);
    if (status == 0)
        status = test_policy(opt, &in, now);
    clear(&in);
    return status;
}

static int run_check(const struct options *opt)
{
    struct tabard_problem problem = {0};
    size_t entries = 0;
    size_t len;
    char *text = slurp(opt->file, &len);
    int r;

    if (text == NULL)
        return POLICY_ERROR;
    r = tabard_policy_check(text, len, &entries, &problem);
    free(text);
    if (opt->json) {
        if (print_json(json_pack("{s:b, s:I, s:i, s:s}", "sound", r == 0, "entries", (json_int_t)entries, "line",
                                 (int)problem.line, "why", problem.why)) != 0)
            return POLICY_ERROR;
    } else if (r == 0) {
        printf("%s: %zu entries%s\n", opt->file, entries, entries == 0 ? ", so everybody is denied" : "");
    } else if (problem.line > 0) {
        printf("%s:%u: %s\n", opt->file, problem.line, problem.why);
    } else {
        printf("%s: %s\n", opt->file, problem.why);
    }
    return r == 0 ? POLICY_YES : POLICY_NO;
}

/* -1 = go on. */
static int parse(int argc, char **argv, struct options *opt)
{
    static const struct option options[] = {{"cert", required_argument, NULL, 'c'},
                                            {"anchors", required_argument, NULL, 'a'},
                                            {"role", required_argument, NULL, 'r'},
                                            {"resource", required_argument, NULL, 'w'},
                                            {"crl", required_argument, NULL, 'l'},
                                            {"time", required_argument, NULL, 't'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **into = c == 'c'   ? &opt->cert
                            : c == 'a' ? &opt->anchors
                            : c == 'r' ? &opt->role
                            : c == 'w' ? &opt->resource
                            : c == 't' ? &opt->time
                                       : NULL;

        if (c == 'h') {
            usage(stdout);
            return POLICY_YES;
        }
        if (c == 'l' && opt->num_crls < CRLS_MAX)
            into = &opt->crl[opt->num_crls++];
        if (into != NULL)
            *into = optarg;
        else if (c == 'j')
            opt->json = true;
        else
            return misuse(c == 'l' ? "too many CRLs" : "the command line is wrong");
    }
    return -1;
}

int tb_cmd_policy(int argc, char **argv)
{
    struct options opt = {0};
    int status = parse(argc, argv, &opt);

    if (status >= 0)
        return status;
    if (argc - optind != 2)
        return misuse("policy takes an action and a file");
    opt.file = argv[optind + 1];
    if (strcmp(argv[optind], "check") == 0)
        status = run_check(&opt);
    else if (strcmp(argv[optind], "test") == 0)
        status = run_test(&opt);
    else
        return misuse("there is no such action");
    return fflush(stdout) == 0 ? status : POLICY_ERROR;
}
