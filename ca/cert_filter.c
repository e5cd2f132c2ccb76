#include "ca/cert_filter.h"

#include <string.h>

#include "lib/json/json.h"

static const char *read_texts(struct tb_cert_filter *f, const json_t *req)
{
    struct tb_span text;
    int r;

    if ((r = tb_json_str(req, "name", TB_IDENT_VALUE_MAX + 2, &text)) != TB_E_NOTFOUND) {
        if (r < 0 || tb_limit_name_parse(text, &f->name) < 0)
            return "name must be a DNS name, a dot and a DNS name, or an address";
        f->has_name = true;
    }
    if ((r = tb_json_str(req, "profile", TB_PROFILE_NAME_MAX, &text)) == TB_E_NOTFOUND)
        return NULL;
    if (r < 0 || text.len == 0)
        return "profile must be the name of a profile";
    memcpy(f->profile, text.p, text.len);
    return NULL;
}

const char *tb_cert_filter_read(struct tb_cert_filter *out, const json_t *req, tb_time_t now)
{
    const json_t *expiring = json_object_get(req, "expiring_s");
    const json_t *valid = json_object_get(req, "valid");
    struct tb_cert_filter f = {.now = now};
    const char *why = read_texts(&f, req);

    *out = (struct tb_cert_filter){0};
    if (why != NULL)
        return why;
    if (valid != NULL && !json_is_boolean(valid))
        return "valid must be true or false";
    f.valid = json_is_true(valid);
    if (expiring != NULL) {
        if (!json_is_integer(expiring) || json_integer_value(expiring) <= 0 ||
            json_integer_value(expiring) > TB_CERT_FILTER_EXPIRING_MAX_S)
            return "expiring_s must be a number of seconds, of at most 100 years";
        f.valid = true;
        f.ends_by = now + json_integer_value(expiring);
    }
    *out = f;
    return NULL;
}

bool tb_cert_filter_takes(const struct tb_cert_filter *f, const char *profile, tb_time_t not_after, bool revoked)
{
    if (f->profile[0] != '\0' && strcmp(f->profile, profile) != 0)
        return false;
    if (f->valid && (revoked || not_after < f->now))
        return false;
    return f->ends_by == 0 || not_after <= f->ends_by;
}

bool tb_cert_filter_names(const struct tb_cert_filter *f, const struct tb_ident *ident)
{
    return !f->has_name || tb_limit_name_covers(&f->name, ident);
}
