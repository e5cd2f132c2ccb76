/*
 * tb_acme_directory_parse, tb_acme_order_parse, tb_acme_authz_parse, tb_ari_parse, tb_acme_problem_text,
 * tb_https_header: whatever a server sends, what comes out is bounded, printable where people read it, and of the
 * alphabet where it becomes a name.
 */
#include <stdlib.h>
#include <string.h>

#include "client/ari.h"
#include "client/authz.h"
#include "client/order.h"
#include "client/problem.h"
#include "lib/base/b64u.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool sound)
{
    if (!sound)
        abort();
}

static void must_print(const char *text)
{
    for (; *text != '\0'; text++)
        must(*text >= 0x20 && *text <= 0x7e);
}

static void must_url(const char *url)
{
    must(tb_https_url_ok(tb_span_str(url)));
}

static void check_authz(const json_t *obj)
{
    static struct tb_acme_authz az;

    if (tb_acme_authz_parse(obj, &az) < 0)
        return;
    must(az.num_challenges <= TB_AUTHZ_CHALLENGES_MAX && !(az.ident.type == TB_IDENT_NONE));
    for (size_t i = 0; i < az.num_challenges; i++) {
        must_url(az.challenges[i].url);
        must(tb_b64u_alphabet(tb_span_str(az.challenges[i].token)));
        must_print(az.challenges[i].error);
        must_print(az.challenges[i].type);
    }
}

static void check_order(const json_t *obj)
{
    struct tb_acme_order o;

    if (tb_acme_order_parse(obj, &o) < 0)
        return;
    must(o.num_authz > 0 && o.num_authz <= TB_ORDER_AUTHZ_MAX);
    must_url(o.finalize);
    for (size_t i = 0; i < o.num_authz; i++)
        must_url(o.authz[i]);
    must_print(o.error);
    tb_acme_order_clear(&o);
}

static void check_objects(struct tb_span text)
{
    static struct tb_acme_directory dir;
    char sentence[TB_ACME_PROBLEM_TEXT_MAX + 1];
    char type[TB_FAIL_TYPE_MAX + 1];
    json_t *obj = NULL;
    struct tb_ari ari;
    const char *what;

    if (tb_ari_parse(text, &ari) == 0)
        must(ari.end > ari.start);
    if (tb_acme_directory_parse(text, &dir, &what) == 0) {
        must_url(dir.new_order);
        must(dir.num_responders <= TB_DIRECTORY_RESPONDERS_MAX);
        must_print(dir.terms);
    }
    if (tb_json_parse(text, TB_HTTPS_BODY_MAX, &obj) < 0)
        return;
    check_authz(obj);
    check_order(obj);
    tb_acme_problem_text(obj, sentence, type);
    must_print(sentence);
    must_print(type);
    json_decref(obj);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_https_answer a = {.retry_after_s = -1};
    uint8_t *exact = malloc(size + (size == 0));

    if (exact != NULL) {
        if (size > 0)
            memcpy(exact, data, size);
        tb_https_header(&a, tb_span_of(exact, size));
        must(a.nonce[0] == '\0' || tb_b64u_alphabet(tb_span_str(a.nonce)));
        must(a.retry_after_s >= -1 && a.retry_after_s <= TB_HTTPS_RETRY_MAX_S);
        check_objects(tb_span_of(exact, size));
    }
    free(exact);
    return 0;
}
