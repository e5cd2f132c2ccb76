#include "ca/judge/profiles.h"

#include <stdlib.h>
#include <string.h>

void tb_profiles_clear(struct tb_profiles *p)
{
    free(p->rec);
    memset(p, 0, sizeof(*p));
}

static const struct tb_profile_rec *find(const struct tb_profiles *p, const char *name, const char *version)
{
    for (size_t i = 0; i < p->num; i++)
        if (strcmp(p->rec[i].name, name) == 0 && strcmp(p->rec[i].version, version) == 0)
            return &p->rec[i];
    return NULL;
}

int tb_profiles_add(struct tb_profiles *p, const struct tb_profile_rec *rec)
{
    const struct tb_profile_rec *known = find(p, rec->name, rec->version);
    size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
    struct tb_profile_rec *next;

    if (known != NULL)
        return memcmp(known->digest, rec->digest, TB_DIGEST_LEN) == 0 ? 0 : TB_E_EXISTS;
    if (p->num == TB_PROFILES_LOGGED_MAX)
        return TB_E_LIMIT;
    if (p->num == p->cap) {
        next = reallocarray(p->rec, cap, sizeof(*next));
        if (next == NULL)
            return TB_E_NOMEM;
        p->rec = next;
        p->cap = cap;
    }
    p->rec[p->num++] = *rec;
    return 0;
}

int tb_profiles_check(const struct tb_profiles *p, const struct tb_profile *profile, struct tb_profile_rec *out)
{
    const struct tb_profile_rec *known = find(p, profile->name, profile->version);

    memset(out, 0, sizeof(*out));
    memcpy(out->name, profile->name, sizeof(out->name));
    memcpy(out->version, profile->version, sizeof(out->version));
    tb_profile_digest(out->digest, profile);
    if (known == NULL)
        return TB_E_NOTFOUND;
    return memcmp(known->digest, out->digest, TB_DIGEST_LEN) == 0 ? 0 : TB_E_CONFIG;
}
