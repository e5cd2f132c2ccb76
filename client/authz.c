#include "client/authz.h"

#include <string.h>

#include "client/problem.h"
#include "lib/base/b64u.h"
#include "lib/base/clock.h"

static int get_text(const json_t *obj, const char *name, char *out, size_t cap)
{
    struct tb_span s;
    int r = tb_json_str(obj, name, cap - 1, &s);

    if (r < 0)
        return r;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static bool challenge_parse(const json_t *obj, struct tb_acme_challenge *out)
{
    char text[TB_ACME_PROBLEM_TEXT_MAX + 1];
    char type[TB_FAIL_TYPE_MAX + 1];
    const json_t *error = json_object_get(obj, "error");

    *out = (struct tb_acme_challenge){0};
    if (get_text(obj, "type", out->type, sizeof(out->type)) < 0 || tb_acme_url(obj, "url", out->url) < 0 ||
        get_text(obj, "token", out->token, sizeof(out->token)) < 0 || !tb_b64u_alphabet(tb_span_str(out->token)))
        return false;
    tb_printable(out->type);
    if (json_is_object(error)) {
        tb_acme_problem_text(error, text, type);
        snprintf(out->error, sizeof(out->error), "%s", text);
    }
    return true;
}

/* A challenge whose responders cannot be used is none. */
static bool responders_parse(const json_t *challenge, struct tb_acme_authz *out)
{
    json_int_t quorum = json_integer_value(json_object_get(challenge, "quorum"));

    if (tb_acme_responders(json_object_get(challenge, "responders"), out->responders, &out->num_responders) < 0 ||
        quorum < 1 || quorum > (json_int_t)out->num_responders)
        return false;
    out->quorum = (unsigned)quorum;
    return true;
}

static void challenges_parse(const json_t *list, struct tb_acme_authz *out)
{
    for (size_t i = 0; i < json_array_size(list) && out->num_challenges < TB_AUTHZ_CHALLENGES_MAX; i++) {
        const json_t *obj = json_array_get(list, i);
        struct tb_acme_challenge *c = &out->challenges[out->num_challenges];

        if (!challenge_parse(obj, c))
            continue;
        if (strcmp(c->type, "tls-client-01") == 0 && !responders_parse(obj, out))
            continue;
        out->num_challenges++;
    }
}

int tb_acme_authz_parse(const json_t *obj, struct tb_acme_authz *out)
{
    const json_t *identifier = json_object_get(obj, "identifier");
    const json_t *challenges = json_object_get(obj, "challenges");
    struct tb_span type;
    struct tb_span value;
    struct tb_span proves;

    *out = (struct tb_acme_authz){0};
    if (tb_json_str(identifier, "type", 16, &type) < 0 ||
        tb_json_str(identifier, "value", TB_IDENT_VALUE_MAX, &value) < 0 ||
        get_text(obj, "status", out->status, sizeof(out->status)) < 0)
        return TB_E_FORMAT;
    if (tb_ident_parse(tb_ident_type_find(type), value, &out->ident, NULL) < 0 || out->ident.wildcard)
        return TB_E_FORMAT;
    out->ident.wildcard = json_is_true(json_object_get(obj, "wildcard"));
    out->proves_use = tb_json_str(obj, "proves", 16, &proves) == 0 && tb_span_eq_str(proves, "use");
    challenges_parse(challenges, out);
    return 0;
}

static int get(struct tb_acme *a, const char *url, struct tb_acme_authz *out, int64_t *out_retry_after_s)
{
    struct tb_https_answer answer;
    json_t *obj;
    int r = tb_acme_post_json(a, url, tb_span_of(NULL, 0), &answer, &obj);

    *out_retry_after_s = answer.retry_after_s;
    if (r == 0 && (r = tb_acme_authz_parse(obj, out)) < 0)
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, r, "%s is no authorization that can be read", url);
    if (r == 0)
        snprintf(out->url, sizeof(out->url), "%s", url);
    json_decref(obj);
    tb_https_answer_clear(&answer);
    return r;
}

int tb_acme_authz_new_use(struct tb_acme *a, const struct tb_ident *ident, struct tb_acme_authz *out)
{
    struct tb_https_answer answer;
    char payload[TB_IDENT_VALUE_MAX + 128];
    json_t *obj = NULL;
    int r;

    if (a->dir.new_authz[0] == '\0')
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_UNSUPPORTED,
                           "this server has no newAuthz: nothing can be "
                           "proved before an order");
    /* A normalised identifier needs no escapes. */
    snprintf(payload, sizeof(payload),
             "{\"identifier\":{\"type\":\"%s\",\"value\":\"%s\"},\"proves\":\"use\",\"purposes\":[\"clientAuth\"]}",
             tb_ident_type_name(ident->type), ident->value);
    r = tb_acme_post_json(a, a->dir.new_authz, tb_span_str(payload), &answer, &obj);
    if (r == 0 && (tb_acme_authz_parse(obj, out) < 0 || answer.location[0] == '\0' || !tb_ident_eq(&out->ident, ident)))
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s answers with no authorization of %s",
                        a->dir.new_authz, ident->value);
    if (r == 0)
        snprintf(out->url, sizeof(out->url), "%s", answer.location);
    json_decref(obj);
    tb_https_answer_clear(&answer);
    return r;
}

int tb_acme_authz_get(struct tb_acme *a, const char *url, struct tb_acme_authz *out)
{
    int64_t ignored;

    return get(a, url, out, &ignored);
}

static int failed(struct tb_acme *a, const struct tb_acme_authz *authz)
{
    char name[TB_IDENT_VALUE_MAX + 3];

    tb_ident_text(name, &authz->ident);
    for (size_t i = 0; i < authz->num_challenges; i++)
        if (authz->challenges[i].error[0] != '\0')
            return tb_fail_set(a->fail, TB_EXIT_PROOF, TB_E_DENIED, "%s was not proved by %s: %s", name,
                               authz->challenges[i].type, authz->challenges[i].error);
    return tb_fail_set(a->fail, TB_EXIT_PROOF, TB_E_DENIED, "%s was not proved: its authorization is %s", name,
                       authz->status);
}

int tb_acme_authz_wait(struct tb_acme *a, struct tb_acme_authz *authz)
{
    const uint64_t end = tb_clock_mono_ms() + TB_ACME_POLL_S * 1000;
    char url[TB_HTTPS_URL_MAX + 1];
    int64_t retry_after_s = -1;
    int r;

    strcpy(url, authz->url);
    for (unsigned n = 0;; n++) {
        if ((r = get(a, url, authz, &retry_after_s)) < 0)
            return r;
        if (strcmp(authz->status, "valid") == 0)
            return 0;
        if (strcmp(authz->status, "pending") != 0)
            return failed(a, authz);
        if (tb_clock_mono_ms() >= end)
            return tb_fail_set(a->fail, TB_EXIT_PROOF, TB_E_TIMEOUT, "%s: the server has not decided within %d seconds",
                               authz->ident.value, TB_ACME_POLL_S);
        tb_acme_wait(n, retry_after_s);
    }
}

const struct tb_acme_challenge *tb_acme_authz_find(const struct tb_acme_authz *authz, const char *type)
{
    for (size_t i = 0; i < authz->num_challenges; i++)
        if (strcmp(authz->challenges[i].type, type) == 0)
            return &authz->challenges[i];
    return NULL;
}
