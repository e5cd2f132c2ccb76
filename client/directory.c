#include "client/directory.h"

#include <stdio.h>
#include <string.h>

#include "client/problem.h"

int tb_acme_url(const json_t *obj, const char *name, char out[static TB_HTTPS_URL_MAX + 1])
{
    struct tb_span url;
    int r = tb_json_str(obj, name, TB_HTTPS_URL_MAX, &url);

    out[0] = '\0';
    if (r == TB_E_NOTFOUND)
        return r;
    if (r < 0 || !tb_https_url_ok(url))
        return TB_E_FORMAT;
    memcpy(out, url.p, url.len);
    out[url.len] = '\0';
    return 0;
}

static const struct {
    const char *name;
    size_t at;
    bool required;
} members[] = {
    {"newNonce", offsetof(struct tb_acme_directory, new_nonce), true},
    {"newAccount", offsetof(struct tb_acme_directory, new_account), true},
    {"newOrder", offsetof(struct tb_acme_directory, new_order), true},
    {"newAuthz", offsetof(struct tb_acme_directory, new_authz), false},
    {"revokeCert", offsetof(struct tb_acme_directory, revoke_cert), false},
    {"keyChange", offsetof(struct tb_acme_directory, key_change), false},
    {"renewalInfo", offsetof(struct tb_acme_directory, renewal_info), false},
};

static void read_profiles(const json_t *meta, struct tb_acme_directory *out)
{
    json_t *profiles = json_object_get(meta, "profiles");
    const char *name;
    json_t *value;

    json_object_foreach(profiles, name, value)
    {
        if (out->num_profiles == TB_DIRECTORY_PROFILES_MAX)
            return;
        if (strlen(name) <= TB_DIRECTORY_PROFILE_MAX)
            strcpy(out->profiles[out->num_profiles++], name);
    }
}

int tb_acme_directory_parse(struct tb_span json, struct tb_acme_directory *out, const char **out_what)
{
    json_t *obj = NULL;
    struct tb_span terms;
    json_t *meta;
    int r;

    *out = (struct tb_acme_directory){0};
    *out_what = "no JSON object within limits";
    if ((r = tb_json_parse(json, TB_HTTPS_BODY_MAX, &obj)) < 0)
        return r;
    for (size_t i = 0; r == 0 && i < TB_ARRAY_LEN(members); i++) {
        r = tb_acme_url(obj, members[i].name, (char *)out + members[i].at);
        if (r == TB_E_NOTFOUND && !members[i].required)
            r = 0;
        if (r < 0)
            *out_what = members[i].name;
    }
    meta = json_object_get(obj, "meta");
    /* A person reads it: any URI will do, made printable. */
    if (tb_json_str(meta, "termsOfService", TB_HTTPS_URL_MAX, &terms) == 0) {
        memcpy(out->terms, terms.p, terms.len);
        tb_printable(out->terms);
    }
    out->eab_required = json_is_true(json_object_get(meta, "externalAccountRequired"));
    read_profiles(meta, out);
    if (r == 0 && json_object_get(meta, "responders") != NULL) {
        r = tb_acme_responders(json_object_get(meta, "responders"), out->responders, &out->num_responders);
        if (r < 0)
            *out_what = "responders";
    }
    json_decref(obj);
    return r < 0 ? TB_E_FORMAT : 0;
}

int tb_acme_directory_get(struct tb_https *https, const char *url, struct tb_acme_directory *out, struct tb_fail *fail)
{
    struct tb_https_answer a;
    const char *what;
    int r = tb_https_request(https, url, "application/json", NULL, &a, fail);

    if (r == 0 && a.status != 200)
        r = tb_acme_problem(&a, url, fail);
    else if (r == 0 && (r = tb_acme_directory_parse(tb_wr_span(&a.body), out, &what)) < 0)
        r = tb_fail_set(fail, TB_EXIT_REFUSED, r, "%s is no ACME directory (%s); check --server", url, what);
    tb_https_answer_clear(&a);
    return r;
}

int tb_acme_directory_profile(const struct tb_acme_directory *dir, const char *profile, struct tb_fail *fail)
{
    char list[512] = "";
    size_t len = 0;

    for (size_t i = 0; i < dir->num_profiles; i++) {
        if (strcmp(dir->profiles[i], profile) == 0)
            return 0;
        if (len + strlen(dir->profiles[i]) + 3 < sizeof(list))
            len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ", " : "", dir->profiles[i]);
    }
    if (dir->num_profiles == 0)
        return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_UNSUPPORTED, "this server has no profiles; leave --profile out");
    return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_NOTFOUND, "this server does not offer the profile \"%s\", but: %s",
                       profile, list);
}
