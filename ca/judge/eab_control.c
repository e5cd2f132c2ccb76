/* tabard ca eab: operations on the keys for external account binding. */
#include <string.h>

#include "ca/judge/judge.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"

#define KID_RANDOM 12 /* octets: 16 characters */

static bool refuse(struct tb_jw *jw, const char *why)
{
    tb_operation_error(jw, why);
    return true;
}

/* Durable before it is answered. False after an error that was answered. */
static bool put_on_record(struct tb_judge *j, const struct tb_eab_rec *rec, struct tb_jw *jw)
{
    struct tb_log_rec written;
    uint64_t offset;
    int r;

    tb_wr_reset(&j->rec);
    tb_eab_rec_write(&j->rec, rec);
    if ((r = tb_wr_err(&j->rec)) < 0 || (r = tb_eab_keys_apply(&j->state.eab, rec)) < 0) {
        refuse(jw, r == TB_E_LIMIT      ? "there are as many keys as there may be"
                   : r == TB_E_NOTFOUND ? "there is no such key"
                   : r == TB_E_STATE    ? "the key is revoked already"
                                        : tb_err_text(r));
        return false;
    }
    if ((r = tb_ilog_append(j->log, TB_LOG_REC_EAB, tb_clock_now_s(), tb_wr_span(&j->rec), &written, &offset)) < 0 ||
        (r = tb_ilog_sync(j->log)) < 0)
        tb_fatal("issuance log: cannot write an EAB key: %s", tb_err_text(r));
    return true;
}

static const char *add_name(struct tb_account_limits *l, struct tb_span text)
{
    struct tb_limit_name n;
    size_t at = 0;
    int cmp = -1;

    if (tb_limit_name_parse(text, &n) < 0)
        return "a name is neither a DNS name, a dot and a DNS name without wildcard, nor an address";
    if (l->num_names == TB_LIMIT_NAMES_MAX)
        return "too many names";
    while (at < l->num_names && (cmp = tb_limit_name_cmp(&l->name[at], &n)) < 0)
        at++;
    if (at < l->num_names && cmp == 0)
        return NULL;
    memmove(&l->name[at + 1], &l->name[at], (l->num_names - at) * sizeof(n));
    l->name[at] = n;
    l->num_names++;
    return NULL;
}

static const char *add_profile(const struct tb_config *cfg, struct tb_account_limits *l, const char *name)
{
    size_t at = 0;

    if (tb_config_profile(cfg, name, NULL) == NULL)
        return "a profile is not in the configuration";
    while (at < l->num_profiles && strcmp(l->profile[at], name) < 0)
        at++;
    if (at < l->num_profiles && strcmp(l->profile[at], name) == 0)
        return NULL;
    if (l->num_profiles == TB_LIMIT_PROFILES_MAX)
        return "too many profiles";
    memmove(l->profile[at + 1], l->profile[at], (l->num_profiles - at) * sizeof(l->profile[0]));
    memset(l->profile[at], 0, sizeof(l->profile[0]));
    memcpy(l->profile[at], name, strlen(name));
    l->num_profiles++;
    return NULL;
}

/* "Any" is said; an empty list would allow nothing. */
static const char *read_limits(const struct tb_config *cfg, const json_t *req, struct tb_account_limits *l)
{
    const json_t *names = json_object_get(req, "names"), *profiles = json_object_get(req, "profiles"), *v = NULL;
    const char *why = NULL;
    size_t i;

    l->any_name = json_is_true(json_object_get(req, "any_name"));
    l->any_profile = json_is_true(json_object_get(req, "any_profile"));
    if (l->any_name == (json_array_size(names) > 0))
        return "either names or any_name";
    if (l->any_profile == (json_array_size(profiles) > 0))
        return "either profiles or any_profile";
    json_array_foreach(names, i, v)
    {
        if (why == NULL)
            why = json_is_string(v) ? add_name(l, tb_span_of(json_string_value(v), json_string_length(v)))
                                    : "a name is not a string";
    }
    json_array_foreach(profiles, i, v)
    {
        if (why == NULL)
            why = json_is_string(v) ? add_profile(cfg, l, json_string_value(v)) : "a profile is not a string";
    }
    return why;
}

static bool fits(const struct tb_account_limits *l)
{
    uint8_t buf[TB_EAB_LIMITS_LEN_MAX];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_account_limits_write(&wr, l);
    return tb_wr_err(&wr) == 0;
}

/* People give both to programs on command lines, where a hyphen in front begins an option. */
static void make_key(const struct tb_judge *j, struct tb_eab_rec *rec, char text[static TB_B64U_LEN(TB_KEY_LEN) + 1])
{
    uint8_t random[KID_RANDOM];
    struct tb_key key;

    do {
        tb_random(random, sizeof(random));
        tb_b64u_encode(rec->kid, tb_span_of(random, sizeof(random)));
        tb_eab_mac_key(&j->state.account_key, rec->kid, &key);
        tb_b64u_encode(text, tb_span_of(key.b, sizeof(key.b)));
    } while (rec->kid[0] == '-' || text[0] == '-');
    tb_wipe(&key, sizeof(key));
}

bool tb_judge_do_eab_add(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    struct tb_judge *j = child->state;
    json_int_t accounts = json_integer_value(json_object_get(req, "accounts"));
    json_int_t lifetime = json_integer_value(json_object_get(req, "lifetime_s"));
    struct tb_eab_rec rec = {.event = TB_EAB_ADDED};
    char text[TB_B64U_LEN(TB_KEY_LEN) + 1];
    struct tb_span label = {0};
    const char *why;

    if (accounts < 1 || accounts > TB_EAB_ACCOUNTS_MAX)
        return refuse(jw, "accounts is out of range");
    if (lifetime < 1 || lifetime > TB_EAB_LIFETIME_MAX_S)
        return refuse(jw, "lifetime_s is out of range");
    if (tb_json_str(req, "label", TB_EAB_LABEL_MAX, &label) == 0 && label.len > 0)
        memcpy(rec.label, label.p, label.len);
    if ((why = read_limits(j->state.cfg, req, &rec.limits)) != NULL)
        return refuse(jw, why);
    if (!fits(&rec.limits))
        return refuse(jw, "names and profiles are too long in sum");
    rec.accounts_max = (uint32_t)accounts;
    rec.expires_at = tb_clock_now_s() + lifetime;
    make_key(j, &rec, text);
    if (!put_on_record(j, &rec, jw))
        goto out;
    tb_log(TB_LOG_NOTICE, "eab-key-added", TB_F("kid", rec.kid), TB_F("label", rec.label));
    tb_jw_obj(jw);
    tb_jw_kv(jw, "kid", rec.kid);
    tb_jw_kv(jw, "hmac_key", text);
    tb_jw_kv(jw, "server", j->state.cfg->base_url);
    tb_operation_time(jw, "expires", rec.expires_at);
    tb_jw_end_obj(jw);
out:
    tb_wipe(text, sizeof(text));
    return true;
}

bool tb_judge_do_eab_revoke(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    struct tb_eab_rec rec = {.event = TB_EAB_REVOKED};
    struct tb_span kid;

    if (tb_json_str(req, "kid", TB_EAB_KID_MAX, &kid) < 0 || kid.len == 0)
        return refuse(jw, "kid is missing");
    memcpy(rec.kid, kid.p, kid.len);
    if (!put_on_record(child->state, &rec, jw))
        return true;
    tb_log(TB_LOG_NOTICE, "eab-key-revoked", TB_F("kid", rec.kid));
    tb_jw_obj(jw);
    tb_jw_kv(jw, "revoked", rec.kid);
    tb_jw_end_obj(jw);
    return true;
}

static void put_limits(struct tb_jw *jw, const struct tb_account_limits *l)
{
    char text[TB_IDENT_VALUE_MAX + 4];

    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    if (l->any_name)
        tb_jw_str(jw, "any");
    for (size_t i = 0; i < l->num_names; i++) {
        text[0] = '.';
        tb_ident_text(text + l->name[i].below, &l->name[i].ident);
        tb_jw_str(jw, text);
    }
    tb_jw_end_arr(jw);
    tb_jw_key(jw, "profiles");
    tb_jw_arr(jw);
    if (l->any_profile)
        tb_jw_str(jw, "any");
    for (size_t i = 0; i < l->num_profiles; i++)
        tb_jw_str(jw, l->profile[i]);
    tb_jw_end_arr(jw);
}

bool tb_judge_do_eab_list(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    const struct tb_judge *j = child->state;

    tb_jw_obj(jw);
    tb_jw_key(jw, "keys");
    tb_jw_arr(jw);
    for (size_t i = 0; i < j->state.eab.num; i++) {
        const struct tb_eab_key *k = j->state.eab.key[i];
        const char *word = tb_eab_key_word(k, tb_clock_now_s());

        tb_jw_obj(jw);
        tb_jw_kv(jw, "kid", k->rec.kid);
        tb_jw_kv(jw, "label", k->rec.label);
        tb_jw_kv(jw, "state", word != NULL ? word + sizeof("eab-key-") - 1 : "valid");
        tb_operation_number(jw, "accounts", k->accounts);
        tb_operation_number(jw, "accounts_max", k->rec.accounts_max);
        tb_operation_time(jw, "expires", k->rec.expires_at);
        put_limits(jw, &k->rec.limits);
        tb_jw_end_obj(jw);
    }
    tb_jw_end_arr(jw);
    tb_jw_end_obj(jw);
    return true;
}
