/* dns-01 by a program of the operator: PROGRAM add|remove NAME VALUE. */
#include <stdio.h>

#include "client/dns01.h"
#include "client/program.h"
#include "lib/base/hash.h"

void tb_dns01_record(const struct tb_proof *p, char name[static TB_DNS01_NAME_MAX],
                     char value[static TB_B64U_DIGEST_LEN + 1])
{
    uint8_t digest[TB_DIGEST_LEN];

    snprintf(name, TB_DNS01_NAME_MAX, "_acme-challenge.%s", p->authz.ident.value);
    tb_sha256(digest, tb_span_str(p->key_authorization));
    tb_b64u_encode(value, tb_span_of(digest, sizeof(digest)));
}

static bool enabled(const struct tb_proof_options *opt)
{
    return opt->dns_hook != NULL;
}

/* execv takes char *, and changes nothing. */
static int run(const struct tb_proofs *ps, const struct tb_proof *p, const char *action, struct tb_fail *fail)
{
    char name[TB_DNS01_NAME_MAX];
    char value[TB_B64U_DIGEST_LEN + 1];
    char program[1024];
    char word[8];
    char *const argv[] = {program, word, name, value, NULL};

    tb_dns01_record(p, name, value);
    snprintf(program, sizeof(program), "%s", ps->opt->dns_hook);
    snprintf(word, sizeof(word), "%s", action);
    return tb_program_run(argv, NULL, TB_EXIT_LOCAL, fail);
}

static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    return run(ps, p, "add", ps->acme->fail);
}

static void withdraw(struct tb_proofs *ps, struct tb_proof *p)
{
    struct tb_fail fail = {0};

    if (run(ps, p, "remove", &fail) < 0)
        tb_say(ps->acme->say, "%s (the record may still be there)", fail.text);
}

const struct tb_proof_method tb_proof_dns01_hook = {
    .type = "dns-01", .wildcard = true, .enabled = enabled, .prepare = prepare, .withdraw = withdraw};
