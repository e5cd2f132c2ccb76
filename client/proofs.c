#include "client/proofs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"

/* In the order of preference; the first that is enabled and offered is taken. */
static const struct tb_proof_method *const methods[] = {
    &tb_proof_tlsclient01, /* offered where the use of a name is proved, and alone there */
    &tb_proof_dns01_update, &tb_proof_dns01_hook, &tb_proof_tlsalpn01, &tb_proof_webroot, &tb_proof_http01,
};

static void add_word(char *list, size_t cap, const char *word)
{
    size_t len = strlen(list);

    snprintf(list + len, cap - len, "%s%s", len > 0 ? ", " : "", word);
}

static int none_fits(struct tb_acme *a, const struct tb_proof *p, const struct tb_proof_options *opt)
{
    char name[TB_IDENT_VALUE_MAX + 3];
    char offered[256] = "";
    char here[256] = "";

    tb_ident_text(name, &p->authz.ident);
    for (size_t i = 0; i < p->authz.num_challenges; i++)
        add_word(offered, sizeof(offered), p->authz.challenges[i].type);
    for (size_t i = 0; i < TB_ARRAY_LEN(methods); i++)
        if (methods[i]->enabled(opt))
            add_word(here, sizeof(here), methods[i]->type);
    return tb_fail_set(
        a->fail, TB_EXIT_PROOF, TB_E_UNSUPPORTED,
        "%s (%s): the server offers %s, and this command may answer %s; see tabard-get(1) for the options "
        "of each challenge%s",
        name, p->authz.proves_use ? "use" : "control", offered[0] != '\0' ? offered : "no challenge", here,
        p->authz.ident.wildcard ? "; a wildcard needs dns-01" : "");
}

static int choose(struct tb_acme *a, struct tb_proof *p, const struct tb_proof_options *opt)
{
    char thumbprint[TB_B64U_DIGEST_LEN + 1];

    for (size_t i = 0; i < TB_ARRAY_LEN(methods); i++) {
        const struct tb_acme_challenge *c = tb_acme_authz_find(&p->authz, methods[i]->type);

        if (c == NULL || !methods[i]->enabled(opt) || (p->authz.ident.wildcard && !methods[i]->wildcard))
            continue;
        p->challenge = *c;
        p->method = methods[i];
        tb_b64u_encode(thumbprint, tb_span_of(tb_keyproc_thumbprint(a->key), TB_DIGEST_LEN));
        snprintf(p->key_authorization, sizeof(p->key_authorization), "%s.%s", p->challenge.token, thumbprint);
        return 0;
    }
    return none_fits(a, p, opt);
}

/* Those that are pending, each with its challenge. */
static int collect(struct tb_proofs *ps, const char (*urls)[TB_HTTPS_URL_MAX + 1], size_t num)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < num; i++) {
        struct tb_proof *p = &ps->proofs[ps->num];

        if ((r = tb_acme_authz_get(ps->acme, urls[i], &p->authz)) < 0)
            break;
        if (strcmp(p->authz.status, "valid") == 0)
            continue;
        if ((r = choose(ps->acme, p, ps->opt)) == 0)
            ps->num++;
    }
    return r;
}

static int prepare(struct tb_proofs *ps)
{
    for (size_t i = 0; i < ps->num; i++) {
        struct tb_proof *p = &ps->proofs[i];
        int r;

        /* Before the call: what it did halfway is taken away, too. */
        p->prepared = true;
        if ((r = p->method->prepare(ps, p)) < 0)
            return tb_fail_set(ps->acme->fail, TB_EXIT_PROOF, r, "%s: %s could not be prepared: %s",
                               p->authz.ident.value, p->challenge.type, tb_err_text(r));
    }
    if ((ps->http != NULL && tb_answerer_start(ps->http) < 0) || (ps->tls != NULL && tb_answerer_start(ps->tls) < 0))
        return tb_fail_set(ps->acme->fail, TB_EXIT_FAILURE, TB_E_NOMEM, "no thread could be started");
    return 0;
}

static int respond(struct tb_proofs *ps)
{
    struct tb_https_answer answer;
    int r = 0;

    for (size_t i = 0; r == 0 && i < ps->num; i++) {
        tb_say(ps->acme->say, "%s: asking for validation by %s", ps->proofs[i].authz.ident.value,
               ps->proofs[i].challenge.type);
        r = tb_acme_post(ps->acme, ps->proofs[i].challenge.url, tb_span_str("{}"), &answer);
        tb_https_answer_clear(&answer);
        if (r == 0 && ps->proofs[i].method->act != NULL)
            r = ps->proofs[i].method->act(ps, &ps->proofs[i]);
    }
    for (size_t i = 0; r == 0 && i < ps->num; i++)
        if ((r = tb_acme_authz_wait(ps->acme, &ps->proofs[i].authz)) == 0)
            tb_say(ps->acme->say, "%s: proved", ps->proofs[i].authz.ident.value);
    return r;
}

static void withdraw(struct tb_proofs *ps)
{
    for (size_t i = 0; i < ps->num; i++)
        if (ps->proofs[i].prepared && ps->proofs[i].method->withdraw != NULL)
            ps->proofs[i].method->withdraw(ps, &ps->proofs[i]);
    tb_answerer_free(ps->http);
    tb_answerer_free(ps->tls);
    free(ps->proofs);
}

int tb_proofs_make(struct tb_acme *a, const struct tb_proof_options *opt, EVP_PKEY *key,
                   const char (*urls)[TB_HTTPS_URL_MAX + 1], size_t num)
{
    struct tb_proofs ps = {.acme = a, .opt = opt, .key = key};
    int r;

    if ((ps.proofs = calloc(num, sizeof(*ps.proofs))) == NULL)
        return tb_fail_set(a->fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
    if ((r = collect(&ps, urls, num)) == 0 && (r = prepare(&ps)) == 0)
        r = respond(&ps);
    withdraw(&ps);
    return r;
}
