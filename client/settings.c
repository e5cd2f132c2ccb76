#include "client/settings.h"

#include <string.h>

#include "lib/json/json.h"

#define VERSION 1

#define TEXT(name)                                                                                                     \
    {                                                                                                                  \
#name, offsetof(struct tb_settings, name)                                                                      \
    }
#define NUMBER(name)                                                                                                   \
    {                                                                                                                  \
#name, offsetof(struct tb_settings, name)                                                                      \
    }
struct member {
    const char *name;
    size_t at;
};
static const struct member texts[] = {
    TEXT(server),  TEXT(ca),       TEXT(proxy),    TEXT(profile),    TEXT(key_type), TEXT(account_key), TEXT(http),
    TEXT(webroot), TEXT(tls_alpn), TEXT(dns_hook), TEXT(dns_update), TEXT(dns_key),  TEXT(deploy_hook), TEXT(ancestor)};
static const struct member numbers[] = {NUMBER(failures), NUMBER(next_try_s), NUMBER(renew_at_s), NUMBER(ari_next_s)};

static int get_text(const json_t *obj, const char *name, char *out, size_t max)
{
    struct tb_span s;
    int r = tb_json_str(obj, name, max, &s);

    if (r == TB_E_NOTFOUND)
        return 0;
    if (r < 0)
        return r;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static int get_name(const json_t *text, struct tb_ident *out)
{
    const char *s = json_string_value(text);

    if (s == NULL)
        return TB_E_FORMAT;
    if (tb_ident_parse(TB_IDENT_IP, tb_span_str(s), out, NULL) == 0)
        return 0;
    return tb_ident_parse(TB_IDENT_DNS, tb_span_str(s), out, NULL);
}

static int get_names(const json_t *obj, struct tb_settings *out)
{
    const json_t *names = json_object_get(obj, "names");
    size_t num = json_array_size(names);
    int r = num > 0 ? 0 : TB_E_FORMAT;

    if (num > TB_IDENT_NUM_MAX)
        return TB_E_LIMIT;
    for (size_t i = 0; r == 0 && i < num; i++)
        r = get_name(json_array_get(names, i), &out->names[i]);
    out->num_names = num;
    return r;
}

static int get_all(const json_t *obj, struct tb_settings *out, const char **out_what)
{
    int r = 0;

    *out_what = "version";
    if (json_integer_value(json_object_get(obj, "version")) != VERSION)
        return TB_E_UNSUPPORTED;
    for (size_t i = 0; r == 0 && i < TB_ARRAY_LEN(texts); i++) {
        *out_what = texts[i].name;
        r = get_text(obj, texts[i].name, (char *)out + texts[i].at, TB_SETTINGS_TEXT_MAX);
    }
    for (size_t i = 0; r == 0 && i < TB_ARRAY_LEN(numbers); i++) {
        const json_t *n = json_object_get(obj, numbers[i].name);

        *out_what = numbers[i].name;
        if (n != NULL && (!json_is_integer(n) || json_integer_value(n) < 0))
            r = TB_E_FORMAT;
        *(int64_t *)(void *)((char *)out + numbers[i].at) = json_integer_value(n);
    }
    if (r == 0) {
        *out_what = "names";
        r = get_names(obj, out);
    }
    out->deploy_pending = json_is_true(json_object_get(obj, "deploy_pending"));
    return r < 0 ? r : get_text(obj, "last_error", out->last_error, TB_SETTINGS_ERROR_MAX);
}

int tb_settings_parse(struct tb_span json, struct tb_settings *out, const char **out_what)
{
    json_t *obj = NULL;
    int r;

    *out = (struct tb_settings){0};
    *out_what = "no JSON object";
    if ((r = tb_json_parse(json, TB_SETTINGS_JSON_MAX, &obj)) < 0)
        return r;
    r = get_all(obj, out, out_what);
    if (r == 0 && out->server[0] == '\0') {
        *out_what = "server";
        r = TB_E_FORMAT;
    }
    json_decref(obj);
    return r;
}

int tb_settings_read(const struct tb_lineage *l, struct tb_settings *out, struct tb_fail *fail)
{
    struct tb_wr text;
    const char *what;
    int r;

    *out = (struct tb_settings){0};
    tb_wr_init(&text, TB_SETTINGS_JSON_MAX);
    r = tb_file_read(l->settings, &text, fail);
    if (r == 0 && (r = tb_settings_parse(tb_wr_span(&text), out, &what)) < 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s cannot be used: %s", l->settings, what);
    tb_wr_clear(&text);
    return r;
}

static void write_names(struct tb_jw *jw, const struct tb_settings *s)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    for (size_t i = 0; i < s->num_names; i++) {
        tb_ident_text(text, &s->names[i]);
        tb_jw_str(jw, text);
    }
    tb_jw_end_arr(jw);
}

int tb_settings_write(const struct tb_lineage *l, const struct tb_settings *s, struct tb_fail *fail)
{
    char dir[TB_CLIENT_PATH_MAX + 1];
    struct tb_wr text;
    struct tb_jw jw;
    int r;

    tb_wr_init(&text, TB_SETTINGS_JSON_MAX);
    jw = tb_jw_of(&text);
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "version");
    tb_jw_int(&jw, VERSION);
    write_names(&jw, s);
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++)
        if (((const char *)s + texts[i].at)[0] != '\0')
            tb_jw_kv(&jw, texts[i].name, (const char *)s + texts[i].at);
    for (size_t i = 0; i < TB_ARRAY_LEN(numbers); i++) {
        tb_jw_key(&jw, numbers[i].name);
        tb_jw_int(&jw, *(const int64_t *)(const void *)((const char *)s + numbers[i].at));
    }
    tb_jw_key(&jw, "deploy_pending");
    tb_jw_bool(&jw, s->deploy_pending);
    tb_jw_kv(&jw, "last_error", s->last_error);
    tb_jw_end_obj(&jw);
    tb_wr_u8(&text, '\n');
    if ((r = tb_wr_err(&text)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s would be too long", l->settings);
    else if ((r = tb_path_join(dir, l->dir, "renewal", NULL, fail)) == 0 && (r = tb_dir_make(dir, 0700, fail)) == 0)
        r = tb_file_replace(l->settings, tb_wr_span(&text), 0600, fail);
    tb_wr_clear(&text);
    return r;
}

static const char *given(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

struct tb_proof_options tb_settings_proofs(const struct tb_settings *s)
{
    return (struct tb_proof_options){
        .http = given(s->http),
        .http_set = s->http[0] != '\0',
        .webroot = given(s->webroot),
        .tls_alpn = given(s->tls_alpn),
        .dns_hook = given(s->dns_hook),
        .dns_update = given(s->dns_update),
        .dns_key = given(s->dns_key),
        .ca_file = given(s->ca),
    };
}
