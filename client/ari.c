#include "client/ari.h"

#include <stdio.h>
#include <string.h>

#include "client/problem.h"

#define TIME_MAX 63

static int get_time(const json_t *obj, const char *name, tb_time_t *out)
{
    char text[TIME_MAX + 1];
    struct tb_span s;

    if (tb_json_str(obj, name, TIME_MAX, &s) < 0)
        return TB_E_FORMAT;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    return tb_rfc3339_parse(text, out);
}

int tb_ari_parse(struct tb_span json, struct tb_ari *out)
{
    const json_t *window;
    json_t *obj = NULL;
    int r;

    *out = (struct tb_ari){.retry_after_s = -1};
    if ((r = tb_json_parse(json, TB_HTTPS_BODY_MAX, &obj)) < 0)
        return r;
    window = json_object_get(obj, "suggestedWindow");
    if ((r = get_time(window, "start", &out->start)) == 0)
        r = get_time(window, "end", &out->end);
    if (r == 0 && out->end <= out->start)
        r = TB_E_FORMAT;
    (void)!tb_acme_url(obj, "explanationURL", out->explanation);
    json_decref(obj);
    return r;
}

int tb_ari_get(struct tb_https *https, const struct tb_acme_directory *dir, const char *certid, struct tb_ari *out,
               struct tb_fail *fail)
{
    char url[TB_HTTPS_URL_MAX + 1];
    struct tb_https_answer a;
    size_t len = strlen(dir->renewal_info);
    int r;

    *out = (struct tb_ari){.retry_after_s = -1};
    if (len == 0)
        return TB_E_UNSUPPORTED;
    if (snprintf(url, sizeof(url), "%s%s%s", dir->renewal_info, dir->renewal_info[len - 1] == '/' ? "" : "/", certid) >=
        (int)sizeof(url))
        return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_LIMIT, "%s is too long to be a prefix", dir->renewal_info);
    r = tb_https_request(https, url, "application/json", NULL, &a, fail);
    if (r == 0 && a.status != 200)
        r = tb_acme_problem(&a, url, fail);
    else if (r == 0 && (r = tb_ari_parse(tb_wr_span(&a.body), out)) < 0)
        r = tb_fail_set(fail, TB_EXIT_REFUSED, r, "%s is no renewal information", url);
    out->retry_after_s = a.retry_after_s;
    tb_https_answer_clear(&a);
    return r;
}
