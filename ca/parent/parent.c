#include "ca/parent/parent.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/child.h"
#include "ca/config/blocked_keys.h"
#include "ca/policy/policy.h"
#include "lib/base/log.h"

/* Only to see that the children will be able to: a reload that cannot succeed fails while the old set serves. */
static int try_files(const struct tb_config *cfg, char why[static TB_CONFIG_WHY_MAX + 1])
{
    struct tb_weak_keys *blocked = NULL;
    struct tb_policy *policy = NULL;
    int r;

    if ((r = tb_blocked_keys_read(cfg, &blocked, why)) == 0)
        r = tb_policy_new(cfg, &policy, why);
    tb_weak_keys_free(blocked);
    tb_policy_free(policy);
    return r;
}

/* What the operator wants and does not get is in the log of each start and reload, too. */
static void tell_withheld(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_profiles; i++) {
        const struct tb_profile *p = &cfg->profiles[i];

        if (p->wanted && !p->offered)
            tb_log(TB_LOG_NOTICE, "profile-not-offered", TB_F("profile", p->name), TB_F("version", p->version),
                   TB_F("reason", tb_config_withheld(cfg, p)));
    }
}

int tb_parent_config_read(const struct tb_parent *p, struct tb_parent_config *out)
{
    char why[TB_CONFIG_WHY_MAX + 1] = "";
    int r;

    *out = (struct tb_parent_config){0};
    if ((r = tb_child_read_file(p->path, TB_CONFIG_TEXT_MAX, &out->text, &out->len)) < 0)
        return r;
    if ((r = tb_config_parse(tb_span_of(out->text, out->len), p->path, &out->cfg, why)) < 0 ||
        (r = try_files(out->cfg, why)) < 0) {
        tb_log(TB_LOG_ERROR, "config", TB_F("reason", why));
        tb_parent_config_clear(out);
        return r;
    }
    tell_withheld(out->cfg);
    return 0;
}

void tb_parent_config_clear(struct tb_parent_config *c)
{
    free(c->text);
    tb_config_free(c->cfg);
    *c = (struct tb_parent_config){0};
}

static void on_terminate(evutil_socket_t sig, short what, void *arg)
{
    struct tb_parent *p = arg;

    (void)what;
    tb_log(TB_LOG_NOTICE, "stop", TB_F("signal", sigabbrev_np((int)sig)));
    tb_parent_stop(p, TB_EXIT_OK);
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    tb_parent_reload(arg);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    tb_parent_reap(arg);
}

static void on_not_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    tb_parent_not_ready(arg);
}

static void on_drain_overdue(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    tb_parent_drain_overdue(arg);
}

static int make_events(struct tb_parent *p)
{
    static const struct {
        int signal;
        event_callback_fn fn;
    } signals[] = {{SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_hangup}, {SIGCHLD, on_child}};

    _Static_assert(TB_ARRAY_LEN(signals) == TB_ARRAY_LEN(((struct tb_parent *)0)->ev_signal), "one event a signal");
    signal(SIGPIPE, SIG_IGN);
    if ((p->base = event_base_new()) == NULL)
        return TB_E_NOMEM;
    p->ev_ready = event_new(p->base, -1, 0, on_not_ready, p);
    p->ev_drain = event_new(p->base, -1, 0, on_drain_overdue, p);
    if (p->ev_ready == NULL || p->ev_drain == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < TB_ARRAY_LEN(signals); i++) {
        p->ev_signal[i] = evsignal_new(p->base, signals[i].signal, signals[i].fn, p);
        if (p->ev_signal[i] == NULL || event_add(p->ev_signal[i], NULL) < 0)
            return TB_E_NOMEM;
    }
    return 0;
}

static void free_event(struct event **ev)
{
    if (*ev != NULL)
        event_free(*ev);
    *ev = NULL;
}

static void clear(struct tb_parent *p)
{
    tb_control_close(p);
    for (size_t i = 0; i < TB_ROLE__COUNT; i++)
        tb_channel_free(p->proc[i].ch);
    tb_parent_listen_close(p->listen_fd);
    tb_parent_listen_close(p->next_fd);
    free_event(&p->ev_ready);
    free_event(&p->ev_drain);
    for (size_t i = 0; i < TB_ARRAY_LEN(p->ev_signal); i++)
        free_event(&p->ev_signal[i]);
    if (p->base != NULL)
        event_base_free(p->base);
    if (p->dir_fd >= 0)
        close(p->dir_fd);
    tb_parent_config_clear(&p->now);
    tb_parent_config_clear(&p->next);
}

/* Children and later reloads do not depend on where we were started. */
static int make_absolute(struct tb_parent *p)
{
    char cwd[TB_CONFIG_PATH_LEN_MAX + 1] = "";
    const char *path = p->opt.config_path;
    int n;

    if (path[0] == '/')
        n = snprintf(p->path, sizeof(p->path), "%s", path);
    else if (getcwd(cwd, sizeof(cwd)) == NULL)
        return TB_E_IO;
    else
        n = snprintf(p->path, sizeof(p->path), "%s/%s", cwd, path);
    if (n < 0 || (size_t)n >= sizeof(p->path))
        return TB_E_LIMIT;
    return chdir("/") < 0 ? TB_E_IO : 0;
}

static int start(struct tb_parent *p)
{
    int r;

    if ((r = make_absolute(p)) < 0) {
        tb_log(TB_LOG_ERROR, "config", TB_F("path", p->opt.config_path), TB_F("reason", tb_err_text(r)));
        return r;
    }
    if (tb_parent_config_read(p, &p->now) < 0)
        return TB_E_CONFIG;
    if ((r = tb_parent_state_open(p)) < 0 || (r = tb_parent_state_check(p->now.cfg)) < 0 || (r = make_events(p)) < 0 ||
        (r = tb_parent_listen(p->now.cfg, NULL, p->next_fd, p->listen_fd)) < 0 || (r = tb_control_open(p)) < 0)
        return r;
    return tb_parent_spawn_all(p);
}

static int run(const struct tb_parent_options *opt)
{
    struct tb_parent p = {.opt = *opt, .dir_fd = -1, .exe = "/proc/self/exe"};
    int r;

    umask(077);
    tb_log_setup("parent", opt->log_json, TB_LOG_INFO);
    tb_notify_init();
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        p.listen_fd[i] = p.next_fd[i] = -1;
    if ((r = start(&p)) < 0)
        p.status = r == TB_E_CONFIG ? TB_EXIT_CONFIG : TB_EXIT_FAILURE;
    else if (event_base_dispatch(p.base) < 0)
        p.status = TB_EXIT_FAILURE;
    tb_log(TB_LOG_NOTICE, "end", TB_N("status", p.status));
    clear(&p);
    return p.status;
}

static void usage(FILE *f)
{
    fputs("usage: tabardd run --config FILE [--log text|json] [--allow-weak-sandbox]\n"
          "\n"
          "  --config FILE         the configuration that init wrote (DIR/tabard.yaml)\n"
          "  --log text|json       form of the log on standard error (text)\n"
          "  --allow-weak-sandbox  start although a part of the sandbox cannot be entered\n"
          "\n"
          "Signals: TERM and INT stop, HUP reads the configuration again.\n"
          "Exit status: 0 stopped, 1 failure, 2 usage, 3 configuration error.\n",
          f);
}

static int set_log(struct tb_parent_options *opt, const char *form)
{
    opt->log_json = strcmp(form, "json") == 0;
    return opt->log_json || strcmp(form, "text") == 0 ? 0 : TB_E_INVAL;
}

/* 0, or the exit status to end with at once, in *out_status. */
static int parse(int argc, char **argv, struct tb_parent_options *opt, int *out_status)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"allow-weak-sandbox", no_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool ok = true;
    int c;

    *out_status = TB_EXIT_USAGE;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            *out_status = TB_EXIT_OK;
            return TB_E_STATE;
        }
        if (c == 'c')
            opt->config_path = optarg;
        else if (c == 'w')
            opt->weak_sandbox = true;
        else if (c != 'l' || set_log(opt, optarg) < 0)
            ok = false;
    }
    if (ok && optind == argc && opt->config_path != NULL)
        return 0;
    usage(stderr);
    return TB_E_INVAL;
}

int tb_cmd_run(int argc, char **argv)
{
    struct tb_parent_options opt = {0};
    int status;

    return parse(argc, argv, &opt, &status) < 0 ? status : run(&opt);
}
