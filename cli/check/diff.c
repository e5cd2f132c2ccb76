#include "cli/check/diff.h"

#include <string.h>

#include "cli/check/fact.h"
#include "lib/base/compiler.h"

static void key_of(X509 *cert, char *out, size_t size)
{
    char text[64];

    tb_check_key_text(X509_get0_pubkey(cert), text);
    snprintf(out, size, "%s", text);
}

static void eku_of(X509 *cert, char *out, size_t size)
{
    struct tb_check_fact fact;

    tb_check_fact_of(cert, &fact);
    snprintf(out, size, "%s", fact.eku);
}

static void issuer_of(X509 *cert, char *out, size_t size)
{
    char text[TB_CHECK_TEXT_MAX + 1];

    tb_check_name_text(X509_get_issuer_name(cert), text);
    snprintf(out, size, "%s", text);
}

static void subject_of(X509 *cert, char *out, size_t size)
{
    char text[TB_CHECK_TEXT_MAX + 1];

    tb_check_name_text(X509_get_subject_name(cert), text);
    snprintf(out, size, "%s", text);
}

static void names_of(X509 *cert, char *out, size_t size)
{
    char text[TB_CHECK_LINE_MAX + 1];

    tb_check_san_text(cert, text);
    snprintf(out, size, "%s", text);
}

static void until_of(X509 *cert, char *out, size_t size)
{
    char text[32];

    tb_check_time_text(X509_get0_notAfter(cert), text);
    snprintf(out, size, "%s", text);
}

static const struct {
    const char *what;
    const char *member;
    void (*get)(X509 *cert, char *out, size_t size);
} contents[] = {
    {"extended key usage", "extended_key_usage", eku_of},
    {"subject", "subject", subject_of},
    {"names", "names", names_of},
    {"issuer", "issuer", issuer_of},
    {"key", "key", key_of},
    {"valid until", "not_after", until_of},
};

static void content(FILE *f, X509 *before, X509 *after, json_t *changes)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(contents); i++) {
        char was[TB_CHECK_LINE_MAX + 1];
        char is[TB_CHECK_LINE_MAX + 1];

        contents[i].get(before, was, sizeof(was));
        contents[i].get(after, is, sizeof(is));
        if (strcmp(was, is) == 0)
            continue;
        if (changes != NULL)
            json_object_set_new(changes, contents[i].member, json_pack("{s:s, s:s}", "old", was, "new", is));
        else
            fprintf(f, "%s: was %s, becomes %s\n", contents[i].what, was, is);
    }
}

static const char *effect(enum tb_check_verdict was, enum tb_check_verdict is)
{
    if (was == TB_CHECK_UNKNOWN || is == TB_CHECK_UNKNOWN)
        return "could not tell";
    if (was == is)
        return was == TB_CHECK_ACCEPTED ? "kept" : "refused before and after";
    return was == TB_CHECK_ACCEPTED ? "LOST" : "gained";
}

/* The stacks whose documented answer changes; a comma-separated list. */
static void stacks(const struct tb_check_answer *was, const struct tb_check_answer *is, enum tb_check_verdict to,
                   char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < TB_CHECK_STACKS && len < size; i++)
        if (was->documented[i].verdict != is->documented[i].verdict && is->documented[i].verdict == to &&
            was->documented[i].verdict != TB_CHECK_UNKNOWN)
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", is->documented[i].stack);
}

static void role_text(FILE *f, enum tb_check_role role, const struct tb_check_answer *was,
                      const struct tb_check_answer *is)
{
    const char *name = tb_check_role_text(role);
    char list[128];

    fprintf(f, "%s: %s\n", name, effect(was->measure.verdict, is->measure.verdict));
    fprintf(f, "%s: old: %s\n", name, was->sentence);
    fprintf(f, "%s: new: %s\n", name, is->sentence);
    if (is->strict.sentence[0] != '\0')
        fprintf(f, "%s: new: %s\n", name, is->strict.sentence);
    stacks(was, is, TB_CHECK_REFUSED, list, sizeof(list));
    if (list[0] != '\0')
        fprintf(f, "%s: lost as documented, not measured: %s\n", name, list);
    stacks(was, is, TB_CHECK_ACCEPTED, list, sizeof(list));
    if (list[0] != '\0')
        fprintf(f, "%s: gained as documented, not measured: %s\n", name, list);
}

static json_t *role_json(const struct tb_check_answer *was, const struct tb_check_answer *is)
{
    char lost[128];
    char gained[128];

    stacks(was, is, TB_CHECK_REFUSED, lost, sizeof(lost));
    stacks(was, is, TB_CHECK_ACCEPTED, gained, sizeof(gained));
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "effect", effect(was->measure.verdict, is->measure.verdict), "old",
                     was->sentence, "new", is->sentence, "documented_lost", lost, "documented_gained", gained);
}

static enum tb_check_verdict worse(enum tb_check_verdict sofar, enum tb_check_verdict was, enum tb_check_verdict is)
{
    if (sofar == TB_CHECK_REFUSED || (was == TB_CHECK_ACCEPTED && is == TB_CHECK_REFUSED))
        return TB_CHECK_REFUSED;
    return was == TB_CHECK_UNKNOWN || is == TB_CHECK_UNKNOWN ? TB_CHECK_UNKNOWN : sofar;
}

enum tb_check_verdict tb_check_diff(FILE *f, const struct tb_check_result *before, const struct tb_check_result *after,
                                    json_t *doc)
{
    json_t *roles = doc != NULL ? json_object() : NULL;
    json_t *changes = doc != NULL ? json_object() : NULL;
    enum tb_check_verdict verdict = TB_CHECK_ACCEPTED;

    for (int r = 0; r < TB_CHECK_ROLES; r++) {
        const struct tb_check_answer *was = &before->answer[r];
        const struct tb_check_answer *is = &after->answer[r];

        if (!was->asked || !is->asked)
            continue;
        verdict = worse(verdict, was->measure.verdict, is->measure.verdict);
        if (doc != NULL)
            json_object_set_new(roles, tb_check_role_text((enum tb_check_role)r), role_json(was, is));
        else
            role_text(f, (enum tb_check_role)r, was, is);
    }
    content(f, sk_X509_value(before->in.chain, 0), sk_X509_value(after->in.chain, 0), changes);
    if (doc != NULL) {
        json_object_set_new(doc, "roles", roles);
        json_object_set_new(doc, "changes", changes);
    }
    return verdict;
}
