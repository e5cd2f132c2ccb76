#include "client/order.h"

#include <stdlib.h>
#include <string.h>

#include "client/problem.h"
#include "lib/base/b64u.h"
#include "lib/base/clock.h"
#include "lib/pki/csr.h"

static int authz_parse(const json_t *list, struct tb_acme_order *out)
{
    size_t num = json_array_size(list);

    if (num == 0)
        return TB_E_FORMAT;
    if (num > TB_ORDER_AUTHZ_MAX)
        return TB_E_LIMIT;
    if ((out->authz = calloc(num, sizeof(*out->authz))) == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < num; i++) {
        const char *url = json_string_value(json_array_get(list, i));

        if (url == NULL || !tb_https_url_ok(tb_span_str(url)))
            return TB_E_FORMAT;
        strcpy(out->authz[i], url);
    }
    out->num_authz = num;
    return 0;
}

int tb_acme_order_parse(const json_t *obj, struct tb_acme_order *out)
{
    const json_t *error = json_object_get(obj, "error");
    char text[TB_ACME_PROBLEM_TEXT_MAX + 1];
    char type[TB_FAIL_TYPE_MAX + 1];
    struct tb_span status;
    int r;

    *out = (struct tb_acme_order){0};
    if (tb_json_str(obj, "status", sizeof(out->status) - 1, &status) < 0 ||
        tb_acme_url(obj, "finalize", out->finalize) < 0)
        return TB_E_FORMAT;
    memcpy(out->status, status.p, status.len);
    r = tb_acme_url(obj, "certificate", out->certificate);
    if (r < 0 && r != TB_E_NOTFOUND)
        return r;
    if (json_is_object(error)) {
        tb_acme_problem_text(error, text, type);
        snprintf(out->error, sizeof(out->error), "%s", text);
    }
    if ((r = authz_parse(json_object_get(obj, "authorizations"), out)) < 0)
        tb_acme_order_clear(out);
    return r;
}

void tb_acme_order_clear(struct tb_acme_order *order)
{
    free(order->authz);
    *order = (struct tb_acme_order){0};
}

/* RFC 9444 section 4.3: a wildcard is below its base name, a name is not below itself. */
static bool is_below(const struct tb_ident *name, const char *ancestor)
{
    return ancestor != NULL && name->type == TB_IDENT_DNS && tb_dns_name_under(name->value, ancestor) &&
           (name->wildcard || strcmp(name->value, ancestor) != 0);
}

static int write_order(struct tb_wr *wr, const struct tb_acme_wish *wish, const char *replaces)
{
    char text[TB_IDENT_VALUE_MAX + 3];
    struct tb_jw jw = tb_jw_of(wr);

    tb_jw_obj(&jw);
    tb_jw_key(&jw, "identifiers");
    tb_jw_arr(&jw);
    for (size_t i = 0; i < wish->num_names; i++) {
        const struct tb_ident *name = &wish->names[i];

        tb_ident_text(text, name);
        tb_jw_obj(&jw);
        tb_jw_kv(&jw, "type", tb_ident_type_name(name->type));
        tb_jw_kv(&jw, "value", text);
        if (is_below(name, wish->ancestor))
            tb_jw_kv(&jw, "ancestorDomain", wish->ancestor);
        tb_jw_end_obj(&jw);
    }
    tb_jw_end_arr(&jw);
    if (wish->profile != NULL)
        tb_jw_kv(&jw, "profile", wish->profile);
    if (replaces != NULL)
        tb_jw_kv(&jw, "replaces", replaces);
    tb_jw_end_obj(&jw);
    return tb_wr_err(wr);
}

/* POST that answers with an order; its URL stays when the answer names none. */
static int exchange(struct tb_acme *a, const char *url, struct tb_span payload, struct tb_acme_order *order,
                    int64_t *out_retry_after_s)
{
    struct tb_https_answer answer;
    char own[TB_HTTPS_URL_MAX + 1];
    json_t *obj;
    int r = tb_acme_post_json(a, url, payload, &answer, &obj);

    strcpy(own, order->url);
    *out_retry_after_s = answer.retry_after_s;
    if (r == 0) {
        tb_acme_order_clear(order);
        if ((r = tb_acme_order_parse(obj, order)) < 0)
            r = tb_fail_set(a->fail, TB_EXIT_REFUSED, r, "%s answers with no order that can be read", url);
        else
            strcpy(order->url, own[0] != '\0' ? own : answer.location);
    }
    if (r == 0 && order->url[0] == '\0')
        r = tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s names no order URL", url);
    json_decref(obj);
    tb_https_answer_clear(&answer);
    return r;
}

int tb_acme_order_new(struct tb_acme *a, const struct tb_acme_wish *wish, struct tb_acme_order *out)
{
    const char *replaces = a->dir.renewal_info[0] != '\0' ? wish->replaces : NULL;
    struct tb_acme_wish without = *wish;
    struct tb_wr payload;
    int64_t ignored;
    int r;

    *out = (struct tb_acme_order){0};
    if (wish->profile != NULL && (r = tb_acme_directory_profile(&a->dir, wish->profile, a->fail)) < 0)
        return r;
    tb_wr_init(&payload, TB_JWS_BODY_MAX);
    r = write_order(&payload, wish, replaces);
    if (r < 0)
        (void)tb_fail_set(a->fail, TB_EXIT_FAILURE, r, "the order cannot be written: %s", tb_err_text(r));
    else
        r = exchange(a, a->dir.new_order, tb_wr_span(&payload), out, &ignored);
    tb_wr_clear(&payload);
    /* RFC 9773 section 5 leaves open how a server says that the predecessor is the reason: gone, foreign, replaced. */
    if (r < 0 && replaces != NULL && a->fail->status == TB_EXIT_REFUSED) {
        tb_fail_clear(a->fail);
        without.replaces = NULL;
        return tb_acme_order_new(a, &without, out);
    }
    return r;
}

static int wait_valid(struct tb_acme *a, struct tb_acme_order *order, int64_t retry_after_s)
{
    const uint64_t end = tb_clock_mono_ms() + TB_ACME_POLL_S * 1000;
    int r;

    for (unsigned n = 0; strcmp(order->status, "valid") != 0; n++) {
        if (strcmp(order->status, "invalid") == 0)
            return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_DENIED, "the order failed: %s",
                               order->error[0] != '\0' ? order->error : "no reason given");
        if (tb_clock_mono_ms() >= end)
            return tb_fail_set(a->fail, TB_EXIT_LATER, TB_E_TIMEOUT,
                               "the server has not made the certificate within %d seconds; try again", TB_ACME_POLL_S);
        tb_acme_wait(n, retry_after_s);
        if ((r = exchange(a, order->url, tb_span_of(NULL, 0), order, &retry_after_s)) < 0)
            return r;
    }
    if (order->certificate[0] == '\0')
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s is valid and names no certificate", order->url);
    return 0;
}

int tb_acme_order_finalize(struct tb_acme *a, struct tb_acme_order *order, struct tb_span csr)
{
    char finalize[TB_HTTPS_URL_MAX + 1];
    struct tb_wr payload;
    int64_t retry_after_s;
    char *to;
    int r;

    strcpy(finalize, order->finalize);
    tb_wr_init(&payload, TB_JWS_BODY_MAX);
    tb_wr_str(&payload, "{\"csr\":\"");
    if ((to = (char *)tb_wr_reserve(&payload, TB_B64U_LEN(csr.len) + 1)) != NULL) {
        tb_b64u_encode(to, csr);
        payload.len--;
    }
    tb_wr_str(&payload, "\"}");
    if ((r = tb_wr_err(&payload)) < 0)
        (void)tb_fail_set(a->fail, TB_EXIT_FAILURE, r, "the request is too long");
    else
        r = exchange(a, finalize, tb_wr_span(&payload), order, &retry_after_s);
    tb_wr_clear(&payload);
    return r < 0 ? r : wait_valid(a, order, retry_after_s);
}

int tb_acme_order_download(struct tb_acme *a, const struct tb_acme_order *order, struct tb_wr *pem)
{
    struct tb_https_answer answer;
    struct tb_span body;
    int r = tb_acme_post(a, order->certificate, tb_span_of(NULL, 0), &answer);

    body = tb_wr_span(&answer.body);
    if (r == 0) {
        tb_wr_bytes(pem, body.p, body.len);
        r = tb_wr_err(pem);
    }
    tb_https_answer_clear(&answer);
    return r;
}
