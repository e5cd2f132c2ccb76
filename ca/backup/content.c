#include "ca/backup/content.h"

#include <stdio.h>
#include <string.h>

#include "ca/judge/log_file.h"
#include "lib/ipc/msg_parent.h"
#include "lib/pki/weak_key.h"

/* Who must have it. */
enum need { NEVER, ALWAYS, ISSUER, RESPONDER };

struct kind {
    enum tb_state_file file;
    mode_t mode;
    enum tb_owner owner;
    enum need need;
    enum tb_issuer issuer;
};

#define HIERARCHY(NAME)                                                                                                \
    {TB_FILE_ROOT_##NAME, 0644, TB_OWNER_START, ISSUER, TB_ISSUER_##NAME},                                             \
        {TB_FILE_ROOT_##NAME##_CRL, 0644, TB_OWNER_START, ISSUER, TB_ISSUER_##NAME},                                   \
        {TB_FILE_ISSUING_##NAME, 0644, TB_OWNER_START, ISSUER, TB_ISSUER_##NAME},                                      \
        {TB_FILE_ISSUING_##NAME##_KEY, 0600, TB_OWNER_USER, ISSUER, TB_ISSUER_##NAME},                                 \
    {                                                                                                                  \
        TB_FILE_ROOT_##NAME##_KEY, 0600, TB_OWNER_START, NEVER, TB_ISSUER_##NAME                                       \
    }

static const struct kind kinds[] = {
    HIERARCHY(SERVER),
    HIERARCHY(CLIENT),
    HIERARCHY(PEER),
    {TB_FILE_HTTPS_CHAIN, 0644, TB_OWNER_START, ALWAYS, TB_ISSUER_NONE},
    {TB_FILE_HTTPS_KEY, 0600, TB_OWNER_USER, ALWAYS, TB_ISSUER_NONE},
    {TB_FILE_ID_KEY, 0600, TB_OWNER_USER, ALWAYS, TB_ISSUER_NONE},
    {TB_FILE_TOKEN_KEY, 0600, TB_OWNER_USER, ALWAYS, TB_ISSUER_NONE},
    {TB_FILE_STATEMENT_KEY, 0600, TB_OWNER_USER, ALWAYS, TB_ISSUER_NONE},
    {TB_FILE_ACCOUNT_KEY, 0600, TB_OWNER_USER, NEVER, TB_ISSUER_NONE},
    {TB_FILE_RESPONDER_CHAIN, 0644, TB_OWNER_START, RESPONDER, TB_ISSUER_NONE},
    {TB_FILE_RESPONDER_KEY, 0600, TB_OWNER_USER, RESPONDER, TB_ISSUER_NONE},
    {TB_FILE_RESPONDER_TOKEN_KEY, 0600, TB_OWNER_USER, RESPONDER, TB_ISSUER_NONE},
    {TB_FILE_RESPONDER_STATEMENT_KEY, 0600, TB_OWNER_USER, RESPONDER, TB_ISSUER_NONE},
};
/* Two directories and a socket are no files. */
_Static_assert(TB_ARRAY_LEN(kinds) == TB_FILE__COUNT - 3, "every file of the state is here");

static void of_kind(const struct tb_config *cfg, const struct kind *k, struct tb_content *out)
{
    *out = (struct tb_content){.mode = k->mode, .owner = k->owner, .max = TB_CONTENT_SMALL_MAX};
    snprintf(out->name, sizeof(out->name), "%s", tb_state_file_name(k->file));
    out->root_key = k->issuer != TB_ISSUER_NONE && k->need == NEVER;
    out->required = k->need == ALWAYS || (k->need == ISSUER && tb_config_has_issuer(cfg, k->issuer)) ||
                    (k->need == RESPONDER && cfg->responder.on);
}

/* Files that the configuration names, as it names them; NULL beyond the last, "" where it names none. */
static const char *named(const struct tb_config *cfg, size_t i, uint64_t *out_max)
{
    *out_max = i == 0 ? TB_BLOCKED_TEXT_MAX : TB_CONTENT_SMALL_MAX;
    if (i == 0)
        return cfg->blocked_keys;
    if (i == 1)
        return cfg->public_suffix_list;
    return i - 2 < cfg->num_alternate_chains ? cfg->alternate_chains[i - 2].file : NULL;
}

/* A place of the operator's own in the state directory: no way out of it, and not where the CA keeps its files. */
static bool is_inside(const char *name)
{
    static const char *const ours[] = {"keys", "root-keys", "store", "log"};
    size_t first = strcspn(name, "/");

    if (strlen(name) > TB_USTAR_NAME_MAX || name[strspn(name, "/")] == '\0')
        return false;
    for (size_t i = 0; i < TB_ARRAY_LEN(ours); i++)
        if (strlen(ours[i]) == first && strncmp(name, ours[i], first) == 0)
            return false;
    for (const char *s = name; s != NULL; s = strchr(s, '/') != NULL ? strchr(s, '/') + 1 : NULL) {
        size_t len = strcspn(s, "/");

        if (len == 0 || (len <= 2 && strncmp(s, "..", len) == 0))
            return false;
    }
    for (const char *s = name; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static bool is_of_every_ca(const char *name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(kinds); i++)
        if (strcmp(tb_state_file_name(kinds[i].file), name) == 0)
            return true;
    return strcmp(name, TB_CONTENT_CONFIG) == 0;
}

/* A file may be named twice. */
static bool is_named_before(const struct tb_config *cfg, size_t i)
{
    uint64_t max;
    const char *name = named(cfg, i, &max);

    for (size_t k = 0; k < i; k++)
        if (strcmp(named(cfg, k, &max), name) == 0)
            return true;
    return is_of_every_ca(name);
}

int tb_content_at(const struct tb_config *cfg, size_t i, struct tb_content *out)
{
    const char *name;
    uint64_t max;

    *out = (struct tb_content){.name = TB_CONTENT_CONFIG, .mode = 0644, .max = TB_CONFIG_TEXT_MAX, .required = true};
    if (i == 0)
        return 0;
    if (--i < TB_ARRAY_LEN(kinds)) {
        of_kind(cfg, &kinds[i], out);
        return 0;
    }
    i -= TB_ARRAY_LEN(kinds);
    for (size_t k = 0; (name = named(cfg, k, &max)) != NULL; k++) {
        if (!is_inside(name) || is_named_before(cfg, k) || i-- > 0)
            continue;
        *out = (struct tb_content){.mode = 0644, .max = max, .required = true};
        snprintf(out->name, sizeof(out->name), "%s", name);
        return 0;
    }
    return TB_E_NOTFOUND;
}

int tb_content_find(const struct tb_config *cfg, const char *name, struct tb_content *out)
{
    const size_t log = strlen(TB_CONTENT_LOG);

    for (size_t i = 0; tb_content_at(cfg, i, out) == 0; i++)
        if (strcmp(out->name, name) == 0)
            return 0;
    *out = (struct tb_content){.mode = 0600, .owner = TB_OWNER_USER, .max = TB_CONTENT_LARGE_MAX};
    if (strcmp(name, TB_CONTENT_STORE) != 0 &&
        (strncmp(name, TB_CONTENT_LOG, log) != 0 || tb_ilog_name_epoch(name + log) == 0))
        return TB_E_NOTFOUND;
    snprintf(out->name, sizeof(out->name), "%s", name);
    return 0;
}

const char *tb_content_elsewhere(const struct tb_config *cfg, size_t i)
{
    const char *name;
    uint64_t max;

    for (size_t k = 0; (name = named(cfg, k, &max)) != NULL; k++)
        if (name[0] != '\0' && !is_inside(name) && !is_of_every_ca(name) && i-- == 0)
            return name;
    return NULL;
}
