#include "ca/parent/parent.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"

int tb_parent_profiles_check(const struct tb_config *old, const struct tb_config *new_cfg,
                             char why[static TB_CONFIG_WHY_MAX + 1])
{
    for (size_t i = 0; i < new_cfg->num_profiles; i++) {
        const struct tb_profile *p = &new_cfg->profiles[i];
        const struct tb_profile *was = tb_config_profile(old, p->name, p->version);
        uint8_t a[TB_DIGEST_LEN];
        uint8_t b[TB_DIGEST_LEN];

        if (was == NULL)
            continue;
        tb_profile_digest(a, was);
        tb_profile_digest(b, p);
        if (memcmp(a, b, sizeof(a)) != 0) {
            snprintf(why, TB_CONFIG_WHY_MAX + 1,
                     "profile %s@%s has another body than the running one: give it a new version", p->name, p->version);
            return TB_E_CONFIG;
        }
    }
    return 0;
}

static int refuse(const char *why)
{
    tb_log(TB_LOG_ERROR, "reload-refused", TB_F("reason", why));
    return TB_E_CONFIG;
}

/* The judge's numbers of orders and the statements' audience hang on these: they belong to one CA for ever. */
static int check_identity(const struct tb_config *old, const struct tb_config *new_cfg)
{
    if (memcmp(old->ca_id, new_cfg->ca_id, sizeof(old->ca_id)) != 0)
        return refuse("ca_id is another than the running one: this is another CA");
    if (strcmp(old->dir, new_cfg->dir) != 0)
        return refuse("the state directory is another than the running one");
    return 0;
}

/* Everything that can fail without the children fails here, while the old set serves. */
static int prepare(struct tb_parent *p)
{
    char why[TB_CONFIG_WHY_MAX + 1] = "";
    int r;

    if ((r = tb_parent_config_read(p, &p->next)) < 0)
        return r;
    if ((r = check_identity(p->now.cfg, p->next.cfg)) < 0 || (r = tb_parent_state_check(p->next.cfg)) < 0)
        return r;
    if (tb_parent_profiles_check(p->now.cfg, p->next.cfg, why) < 0)
        return refuse(why);
    return tb_parent_listen(p->next.cfg, p->now.cfg, p->listen_fd, p->next_fd);
}

void tb_parent_reload(struct tb_parent *p)
{
    p->reload_due = p->state != TB_PARENT_RUNNING;
    if (p->reload_due)
        return;
    tb_notify("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)tb_clock_mono_ms() * 1000);
    if (prepare(p) < 0) {
        tb_parent_config_clear(&p->next);
        p->reloads_failed++;
        tb_log(TB_LOG_ERROR, "reload-failed", TB_F("effect", "the running configuration stays"));
        tb_notify("READY=1\nSTATUS=reload failed; serving the previous configuration");
        return;
    }
    tb_log(TB_LOG_NOTICE, "reload", TB_F("config", p->path));
    p->state = TB_PARENT_RELOADING;
    event_del(p->ev_ready);
    tb_parent_drain_next(p);
}

static bool still_wanted(const struct tb_config *cfg, size_t i)
{
    const bool on[TB_LISTEN__COUNT] = {[TB_LISTEN_ACME] = cfg->listen.on,
                                       [TB_LISTEN_METRICS] = cfg->metrics.on,
                                       [TB_LISTEN_HTTP] = cfg->http.on,
                                       [TB_LISTEN_RESPONDER] = cfg->responder.on};

    return on[i];
}

void tb_parent_reload_switch(struct tb_parent *p)
{
    tb_parent_config_clear(&p->now);
    p->now = p->next;
    p->next = (struct tb_parent_config){0};
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++) {
        if (p->listen_fd[i] >= 0 && (p->next_fd[i] >= 0 || !still_wanted(p->now.cfg, i))) {
            close(p->listen_fd[i]);
            p->listen_fd[i] = -1;
        }
        if (p->next_fd[i] >= 0)
            p->listen_fd[i] = p->next_fd[i];
        p->next_fd[i] = -1;
    }
    p->state = TB_PARENT_STARTING;
    event_del(p->ev_ready); /* may run since a child of the old set closed its channel */
    if (tb_parent_spawn_all(p) < 0)
        tb_parent_stop(p, TB_EXIT_FAILURE);
}
