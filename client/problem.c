#include "client/problem.h"

#include <stdio.h>
#include <string.h>

#include "lib/acme/problem_json.h"

#define DETAIL_MAX 600
#define SUB_MAX    8 /* subproblems that a person is shown */

static void word(const json_t *problem, char type[static TB_FAIL_TYPE_MAX + 1])
{
    static const char urn[] = TB_PROBLEM_URN;
    struct tb_span s;

    type[0] = '\0';
    if (tb_json_str(problem, "type", sizeof(urn) - 1 + TB_FAIL_TYPE_MAX, &s) < 0 || s.len < sizeof(urn) ||
        memcmp(s.p, urn, sizeof(urn) - 1) != 0)
        return;
    snprintf(type, TB_FAIL_TYPE_MAX + 1, "%.*s", (int)(s.len - sizeof(urn) + 1), (const char *)s.p + sizeof(urn) - 1);
    tb_printable(type);
}

static size_t add(char *text, size_t at, const json_t *problem, const char *prefix)
{
    char type[TB_FAIL_TYPE_MAX + 1];
    struct tb_span detail;
    int n;

    word(problem, type);
    if (tb_json_str(problem, "detail", TB_JSON_STRING_MAX, &detail) < 0)
        detail = tb_span_str("no reason given");
    if (detail.len > DETAIL_MAX)
        detail.len = DETAIL_MAX;
    n = snprintf(text + at, TB_ACME_PROBLEM_TEXT_MAX + 1 - at, "%s%.*s%s%s%s", prefix, (int)detail.len,
                 (const char *)detail.p, type[0] != '\0' ? " (" : "", type, type[0] != '\0' ? ")" : "");
    return n < 0 || at + (size_t)n > TB_ACME_PROBLEM_TEXT_MAX ? TB_ACME_PROBLEM_TEXT_MAX : at + (size_t)n;
}

void tb_acme_problem_text(const json_t *problem, char text[static TB_ACME_PROBLEM_TEXT_MAX + 1],
                          char type[static TB_FAIL_TYPE_MAX + 1])
{
    const json_t *subs = json_object_get(problem, "subproblems");
    size_t at = add(text, 0, problem, "");

    word(problem, type);
    for (size_t i = 0; i < json_array_size(subs) && i < SUB_MAX; i++) {
        const json_t *sub = json_array_get(subs, i);
        struct tb_span name = tb_span_str("");
        char prefix[TB_IDENT_VALUE_MAX + 8];

        if (tb_json_str(json_object_get(sub, "identifier"), "value", TB_IDENT_VALUE_MAX, &name) < 0)
            name = tb_span_str("also");
        snprintf(prefix, sizeof(prefix), "; %.*s: ", (int)name.len, (const char *)name.p);
        at = add(text, at, sub, prefix);
    }
    tb_printable(text);
}

void tb_acme_problem_type(const struct tb_https_answer *a, char type[static TB_FAIL_TYPE_MAX + 1])
{
    json_t *obj = NULL;

    type[0] = '\0';
    if (tb_json_parse(tb_wr_span(&a->body), TB_HTTPS_BODY_MAX, &obj) == 0)
        word(obj, type);
    json_decref(obj);
}

int tb_acme_problem(const struct tb_https_answer *a, const char *url, struct tb_fail *fail)
{
    char text[TB_ACME_PROBLEM_TEXT_MAX + 1];
    char type[TB_FAIL_TYPE_MAX + 1] = "";
    char host[TB_HTTPS_URL_MAX + 1];
    json_t *obj = NULL;
    bool later = a->status == 429 || a->status == 503;

    tb_https_host(host, sizeof(host), url);
    if (tb_json_parse(tb_wr_span(&a->body), TB_HTTPS_BODY_MAX, &obj) == 0)
        tb_acme_problem_text(obj, text, type);
    else
        snprintf(text, sizeof(text), "%s gave status %ld and no reason", url, a->status);
    json_decref(obj);
    if (fail != NULL && fail->status == TB_EXIT_OK) {
        strcpy(fail->type, type);
        fail->retry_after_s = a->retry_after_s > 0 ? a->retry_after_s : 0;
    }
    if (later && a->retry_after_s > 0)
        return tb_fail_set(fail, TB_EXIT_LATER, TB_E_AGAIN, "%s asks to come back in %lld seconds: %s", host,
                           (long long)a->retry_after_s, text);
    return tb_fail_set(fail, later ? TB_EXIT_LATER : TB_EXIT_REFUSED, TB_E_DENIED, "%s refused: %s", host, text);
}
