#include "cli/check/report.h"

#include <openssl/crypto.h>
#include <string.h>

#include "cli/check/fact.h"
#include "cli/check/proofs.h"

static void put_documented(FILE *f, const struct tb_check_answer *a)
{
    if (a->documented[0].verdict == TB_CHECK_UNKNOWN)
        return;
    fputs("  documented, not measured:\n", f);
    for (size_t i = 0; i < TB_CHECK_STACKS; i++) {
        const struct tb_check_documented *d = &a->documented[i];

        fprintf(f, "    %-9s %s", d->stack, tb_check_verdict_text(d->verdict));
        if (d->why[0] != '\0')
            fprintf(f, ", because %s", d->why);
        if (d->note[0] != '\0')
            fprintf(f, " (%s)", d->note);
        fprintf(f, "; source: %s\n", d->source);
    }
}

static void put_leaf(FILE *f, const struct tb_check_result *result)
{
    X509 *leaf = sk_X509_value(result->in.chain, 0);
    struct tb_check_fact fact;
    char subject[TB_CHECK_TEXT_MAX + 1];
    char san[TB_CHECK_LINE_MAX + 1];
    char until[32];

    tb_check_fact_of(leaf, &fact);
    tb_check_name_text(X509_get_subject_name(leaf), subject);
    tb_check_san_text(leaf, san);
    tb_check_time_text(X509_get0_notAfter(leaf), until);
    if (result->in.kind == TB_CHECK_KIND_CSR)
        fprintf(f, "request: \"%s\", names %s, extended key usage asked for %s; judged by a trial certificate\n",
                subject, san, fact.eku);
    else
        fprintf(f, "leaf: \"%s\", names %s, extended key usage %s, until %s\n", subject, san, fact.eku, until);
}

void tb_check_report(FILE *f, const struct tb_check_result *result, bool title)
{
    if (title)
        fprintf(f, "%s:\n", result->in.label != NULL ? result->in.label : "?");
    if (result->in.chain == NULL) {
        fprintf(f, "could not tell: %s\n", result->why);
        return;
    }
    for (int r = 0; r < TB_CHECK_ROLES; r++) {
        const struct tb_check_answer *a = &result->answer[r];

        if (!a->asked)
            continue;
        fprintf(f, "%s: %s\n", tb_check_role_text((enum tb_check_role)r), a->sentence);
        if (a->strict.sentence[0] != '\0')
            fprintf(f, "%s: %s\n", tb_check_role_text((enum tb_check_role)r), a->strict.sentence);
        put_documented(f, a);
    }
    put_leaf(f, result);
    tb_check_proofs_put(f, sk_X509_value(result->in.chain, 0));
    for (size_t i = 0; i < result->num_next; i++)
        fprintf(f, "next: %s\n", result->next[i]);
}

static const char *const kinds[] = {
    [TB_CHECK_KIND_CHAIN] = "chain",
    [TB_CHECK_KIND_PKCS12] = "pkcs12",
    [TB_CHECK_KIND_CSR] = "csr",
    [TB_CHECK_KIND_LIVE] = "live",
};

/* Labels come from the command line and may hold any octets; jansson wants UTF-8. */
static json_t *text(const char *s)
{
    json_t *v = json_string(s != NULL ? s : "");

    return v != NULL ? v : json_string("(not UTF-8)");
}

static json_t *leaf_json(X509 *leaf)
{
    struct tb_check_fact fact;
    char subject[TB_CHECK_TEXT_MAX + 1];
    char issuer[TB_CHECK_TEXT_MAX + 1];
    char san[TB_CHECK_LINE_MAX + 1];
    char from[32];
    char until[32];

    tb_check_fact_of(leaf, &fact);
    tb_check_name_text(X509_get_subject_name(leaf), subject);
    tb_check_name_text(X509_get_issuer_name(leaf), issuer);
    tb_check_san_text(leaf, san);
    tb_check_time_text(X509_get0_notBefore(leaf), from);
    tb_check_time_text(X509_get0_notAfter(leaf), until);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "subject", subject, "issuer", issuer, "names", san,
                     "extended_key_usage", fact.eku, "not_before", from, "not_after", until, "proofs",
                     tb_check_proofs_json(leaf));
}

static json_t *fault_json(const struct tb_check_answer *a)
{
    const struct tb_check_measure *m = &a->measure;
    char subject[TB_CHECK_TEXT_MAX + 1] = "";

    if (m->verdict != TB_CHECK_REFUSED || m->error == X509_V_OK)
        return json_null();
    if (m->at != NULL)
        tb_check_name_text(X509_get_subject_name(m->at), subject);
    return json_pack("{s:i, s:s, s:i, s:s, s:s, s:s}", "depth", m->depth, "subject", subject, "code", m->error, "error",
                     X509_verify_cert_error_string(m->error), "object", a->object, "rfc", a->rfc);
}

static json_t *documented_json(const struct tb_check_answer *a)
{
    json_t *arr = json_array();

    for (size_t i = 0; arr != NULL && i < TB_CHECK_STACKS; i++) {
        const struct tb_check_documented *d = &a->documented[i];

        json_array_append_new(arr, json_pack("{s:s, s:s, s:b, s:i, s:s, s:s, s:s}", "stack", d->stack, "verdict",
                                             tb_check_verdict_text(d->verdict), "measured", 0, "depth", d->depth, "why",
                                             d->why, "note", d->note, "source", d->source));
    }
    return arr;
}

static json_t *strict_json(const struct tb_check_strict *s)
{
    if (!s->asked)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:i, s:s}", "verdict", s->sound ? "sound" : "denied", "reason", s->reason, "rfc",
                     s->rfc, "depth", s->depth, "sentence", s->sentence);
}

static json_t *answer_json(const struct tb_check_answer *a)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:b, s:s, s:o, s:o, s:o}", "verdict",
                     tb_check_verdict_text(a->measure.verdict), "by", "OpenSSL", "measured",
                     a->measure.verdict != TB_CHECK_UNKNOWN, "protocol", a->measure.protocol, "handshake_completed",
                     a->measure.completed, "sentence", a->sentence, "fault", fault_json(a), "strict",
                     strict_json(&a->strict), "documented", documented_json(a));
}

json_t *tb_check_report_json(const struct tb_check_result *result)
{
    json_t *roles = json_object();
    json_t *next = json_array();

    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if (result->answer[r].asked)
            json_object_set_new(roles, tb_check_role_text((enum tb_check_role)r), answer_json(&result->answer[r]));
    for (size_t i = 0; i < result->num_next; i++)
        json_array_append_new(next, json_string(result->next[i]));
    return json_pack("{s:o, s:s, s:o, s:s, s:o, s:o}", "input", text(result->in.label), "kind", kinds[result->in.kind],
                     "leaf", result->in.chain != NULL ? leaf_json(sk_X509_value(result->in.chain, 0)) : json_null(),
                     "error", result->why, "roles", roles, "next", next);
}

json_t *tb_check_document(const struct tb_check_peer *peer, const char *member, json_t *results)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o}", "tool", "tabard check", "version", TB_VERSION, "tls_library",
                     OpenSSL_version(OPENSSL_VERSION), "anchors", text(peer->anchors_name), "time",
                     (json_int_t)peer->at, member, results);
}

int tb_check_print_json(json_t *doc)
{
    int r = doc != NULL ? json_dumpf(doc, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) : -1;

    json_decref(doc);
    putchar('\n');
    return r == 0 && fflush(stdout) == 0 ? 0 : -1;
}
