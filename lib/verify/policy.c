#include "lib/verify/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/verify/anchors.h"

struct tabard_policy *tabard_policy_new(void)
{
    struct tabard_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL)
        return NULL;
    policy->rules = tb_vrules_new(TB_VSTATE_ABSENT);
    policy->broken = tb_vrules_new(TB_VSTATE_BROKEN);
    if (policy->rules == NULL || policy->broken == NULL || pthread_mutex_init(&policy->lock, NULL) != 0) {
        tb_vrules_release(policy->broken);
        tb_vrules_release(policy->rules);
        free(policy);
        return NULL;
    }
    return policy;
}

void tabard_policy_free(struct tabard_policy *policy)
{
    if (policy == NULL)
        return;
    tb_vrules_release(policy->broken);
    tb_vrules_release(policy->rules);
    pthread_mutex_destroy(&policy->lock);
    free(policy);
}

struct tb_vrules *tb_vpolicy_get(struct tabard_policy *policy)
{
    struct tb_vrules *rules;

    pthread_mutex_lock(&policy->lock);
    rules = policy->rules;
    atomic_fetch_add(&rules->refs, 1);
    pthread_mutex_unlock(&policy->lock);
    return rules;
}

static void publish(struct tabard_policy *policy, struct tb_vrules *rules)
{
    struct tb_vrules *old;

    pthread_mutex_lock(&policy->lock);
    old = policy->rules;
    policy->rules = rules;
    pthread_mutex_unlock(&policy->lock);
    tb_vrules_release(old);
}

/* Denies everybody without needing memory: these rules are there from the start. */
static void publish_broken(struct tabard_policy *policy)
{
    atomic_fetch_add(&policy->broken->refs, 1);
    publish(policy, policy->broken);
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp((*(const struct tb_ventry *const *)a)->name, (*(const struct tb_ventry *const *)b)->name);
}

static const struct tb_ventry **sorted_entries(const struct tb_vrules *rules)
{
    const struct tb_ventry **list = calloc(rules->num_entries + 1, sizeof(*list));

    for (size_t i = 0; list != NULL && i < rules->num_entries; i++)
        list[i] = &rules->entries[i];
    if (list != NULL)
        qsort(list, rules->num_entries, sizeof(*list), compare_entries);
    return list;
}

/* An entry that keeps its name keeps its counters. */
static int give_counters(struct tb_vrules *rules, const struct tb_vrules *old)
{
    const struct tb_ventry **list = sorted_entries(old);
    int r = list != NULL ? 0 : TB_E_NOMEM;

    for (size_t i = 0; r == 0 && i < rules->num_entries; i++) {
        struct tb_ventry *entry = &rules->entries[i];
        const struct tb_ventry *key = entry;
        const struct tb_ventry **same = bsearch(&key, list, old->num_entries, sizeof(*list), compare_entries);

        if (same != NULL && (*same)->counter != NULL) {
            entry->counter = (*same)->counter;
            atomic_fetch_add(&entry->counter->refs, 1);
            continue;
        }
        entry->counter = calloc(1, sizeof(*entry->counter));
        if (entry->counter == NULL)
            r = TB_E_NOMEM;
        else
            atomic_init(&entry->counter->refs, 1);
    }
    free(list);
    return r;
}

int tabard_policy_load(struct tabard_policy *policy, const void *text, size_t len, struct tabard_problem *problem)
{
    struct tabard_problem own;
    struct tb_vrules *rules = NULL;
    struct tb_vrules *old;
    int r;

    if (policy == NULL || (text == NULL && len > 0))
        return TABARD_ERR_ARGUMENT;
    r = tb_vrules_parse(tb_span_of(text, len), &rules, problem != NULL ? problem : &own);
    if (r == 0) {
        old = tb_vpolicy_get(policy);
        r = give_counters(rules, old);
        tb_vrules_release(old);
    }
    if (r < 0) {
        tb_vrules_release(rules);
        publish_broken(policy);
        return tb_public_err(r);
    }
    publish(policy, rules);
    return 0;
}

/* The whole file, in memory owned by the caller. */
static int read_file(const char *path, char **out, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    char *buf = NULL;
    size_t len = 0;
    ssize_t n = 0;
    int r = TB_E_IO;

    *out = NULL;
    *out_len = 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        goto out;
    r = !S_ISREG(st.st_mode) ? TB_E_FORMAT : st.st_size > TABARD_POLICY_MAX ? TB_E_LIMIT : 0;
    if (r < 0)
        goto out;
    /* One octet more than it has, to see that it grows while it is read. */
    buf = malloc((size_t)st.st_size + 1);
    if (buf == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    while (len <= (size_t)st.st_size && (n = read(fd, buf + len, (size_t)st.st_size + 1 - len)) > 0)
        len += (size_t)n;
    r = n < 0 ? TB_E_IO : len != (size_t)st.st_size ? TB_E_FORMAT : 0;
    if (r == 0) {
        *out = buf;
        *out_len = len;
        buf = NULL;
    }
out:
    free(buf);
    if (fd >= 0)
        close(fd);
    return r;
}

int tabard_policy_load_file(struct tabard_policy *policy, const char *path, struct tabard_problem *problem)
{
    char *text = NULL;
    size_t len = 0;
    int saved;
    int r;

    if (policy == NULL || path == NULL)
        return TABARD_ERR_ARGUMENT;
    r = read_file(path, &text, &len);
    if (r == 0) {
        r = tabard_policy_load(policy, text, len, problem);
        free(text);
        return r;
    }
    saved = errno;
    publish_broken(policy);
    if (problem != NULL) {
        problem->line = 0;
        snprintf(problem->why, sizeof(problem->why), "%s",
                 r == TB_E_IO ? "the file cannot be read" : "no regular file, too large, or changed while it was read");
    }
    errno = saved;
    return tb_public_err(r);
}

int tabard_policy_check(const void *text, size_t len, size_t *out_entries, struct tabard_problem *problem)
{
    struct tabard_problem own;
    struct tb_vrules *rules = NULL;
    int r;

    if (out_entries != NULL)
        *out_entries = 0;
    if (text == NULL && len > 0)
        return TABARD_ERR_ARGUMENT;
    r = tb_vrules_parse(tb_span_of(text, len), &rules, problem != NULL ? problem : &own);
    if (r == 0 && out_entries != NULL)
        *out_entries = rules->num_entries;
    tb_vrules_release(rules);
    return tb_public_err(r);
}

bool tabard_policy_counters(const struct tabard_policy *policy, size_t i, struct tabard_counters *out)
{
    /* The lock and the reference are not part of what const promises. */
    struct tb_vrules *rules = tb_vpolicy_get((struct tabard_policy *)(uintptr_t)policy);
    bool there = i < rules->num_entries;

    *out = (struct tabard_counters){0};
    if (there) {
        const struct tb_ventry *entry = &rules->entries[i];

        memcpy(out->name, entry->name, sizeof(out->name));
        out->shadow = entry->shadow;
        out->allowed = atomic_load(&entry->counter->allowed);
        out->denied = atomic_load(&entry->counter->denied);
        out->shadow_allowed = atomic_load(&entry->counter->shadow_allowed);
    }
    tb_vrules_release(rules);
    return there;
}
