#include "ca/parent/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/log.h"

static bool all_ready(const struct tb_parent *p)
{
    for (size_t i = 0; i < tb_parent_num_roles; i++)
        if (tb_parent_wants(p->now.cfg, tb_parent_roles[i]) && !p->proc[tb_parent_roles[i]].ready)
            return false;
    return true;
}

/* For programs that start us and wait; once in our life. */
static void announce(struct tb_parent *p)
{
    if (p->announced)
        return;
    p->announced = true;
    printf("tabardd: ready: %s/directory\n", p->now.cfg->base_url);
    fflush(stdout);
}

static void everybody_ready(struct tb_parent *p)
{
    event_del(p->ev_ready);
    if (p->state != TB_PARENT_STARTING)
        return;
    p->state = TB_PARENT_RUNNING;
    p->reloads += p->announced ? 1 : 0;
    announce(p);
    tb_notify("READY=1\nSTATUS=serving %s/directory", p->now.cfg->base_url);
    tb_log(TB_LOG_NOTICE, "ready", TB_F("directory", p->now.cfg->base_url));
    if (p->reload_due)
        tb_parent_reload(p);
}

void tb_parent_ready(struct tb_proc *proc)
{
    struct tb_parent *p = proc->parent;

    proc->ready = true;
    tb_log(TB_LOG_INFO, "process-ready", TB_F("process", tb_role_name(proc->role)), TB_N("pid", proc->pid),
           TB_N("ms", tb_clock_mono_ms() - proc->started_ms), TB_N("sandbox", proc->sandbox));
    if (all_ready(p))
        everybody_ready(p);
}

void tb_parent_arm_ready(struct tb_parent *p)
{
    struct timeval deadline = {.tv_sec = TB_READY_DEADLINE_S};

    if (!event_pending(p->ev_ready, EV_TIMEOUT, NULL) && event_add(p->ev_ready, &deadline) < 0)
        tb_parent_stop(p, TB_EXIT_FAILURE);
}

static bool overdue(const struct tb_proc *proc, uint64_t now_ms)
{
    return proc->ch == NULL || now_ms - proc->started_ms >= TB_READY_DEADLINE_S * UINT64_C(1000);
}

void tb_parent_not_ready(struct tb_parent *p)
{
    uint64_t now_ms = tb_clock_mono_ms();

    if (p->state == TB_PARENT_RELOADING || p->state == TB_PARENT_STOPPING)
        return;
    for (size_t i = 0; i < tb_parent_num_roles; i++) {
        struct tb_proc *proc = &p->proc[tb_parent_roles[i]];

        if (proc->ready || proc->pid == 0)
            continue;
        if (!overdue(proc, now_ms)) { /* was restarted after the deadline of another one began */
            tb_parent_arm_ready(p);
            continue;
        }
        tb_log(TB_LOG_ERROR, "not-ready", TB_F("process", tb_role_name(proc->role)), TB_N("pid", proc->pid),
               TB_N("seconds", TB_READY_DEADLINE_S));
        kill(proc->pid, SIGKILL);
    }
}

bool tb_parent_restart_allowed(struct tb_proc *proc, uint64_t now_ms)
{
    uint64_t *slot = &proc->restarted_ms[proc->restarts % TB_RESTARTS_MAX];

    /* The slot to be overwritten is the oldest of the last TB_RESTARTS_MAX. */
    if (proc->restarts >= TB_RESTARTS_MAX && now_ms - *slot < TB_RESTART_WINDOW_S * UINT64_C(1000))
        return false;
    *slot = now_ms;
    proc->restarts++;
    return true;
}

static void log_end(const struct tb_proc *proc, int wstatus, enum tb_log_level level)
{
    const char *name = tb_role_name(proc->role);

    if (WIFSIGNALED(wstatus))
        tb_log(level, "process-ended", TB_F("process", name), TB_N("pid", proc->pid),
               TB_F("signal", sigabbrev_np(WTERMSIG(wstatus))));
    else
        tb_log(level, "process-ended", TB_F("process", name), TB_N("pid", proc->pid),
               TB_N("status", WEXITSTATUS(wstatus)));
}

static void restart(struct tb_parent *p, struct tb_proc *proc)
{
    if (!tb_parent_restart_allowed(proc, tb_clock_mono_ms())) {
        tb_log(TB_LOG_ERROR, "restart-limit", TB_F("process", tb_role_name(proc->role)),
               TB_N("restarts", TB_RESTARTS_MAX), TB_N("seconds", TB_RESTART_WINDOW_S));
        tb_parent_stop(p, TB_EXIT_FAILURE);
    } else if (tb_parent_spawn(p, proc->role) < 0) {
        tb_parent_stop(p, TB_EXIT_FAILURE);
    }
}

static void ended(struct tb_parent *p, struct tb_proc *proc, int wstatus)
{
    bool draining = p->state == TB_PARENT_RELOADING || p->state == TB_PARENT_STOPPING;

    log_end(proc, wstatus, proc->drained && wstatus == 0 ? TB_LOG_INFO : TB_LOG_ERROR);
    tb_channel_free(proc->ch);
    proc->ch = NULL;
    proc->pid = 0;
    proc->ready = false;
    tb_control_gone(p, proc->role);
    if (draining)
        tb_parent_drain_next(p);
    else if (!p->announced) /* a first start that fails is for the operator, not for another try */
        tb_parent_stop(p, TB_EXIT_FAILURE);
    else
        restart(p, proc);
}

void tb_parent_reap(struct tb_parent *p)
{
    int wstatus;
    pid_t pid;

    while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0)
        for (size_t i = 0; i < tb_parent_num_roles; i++)
            if (p->proc[tb_parent_roles[i]].pid == pid) {
                ended(p, &p->proc[tb_parent_roles[i]], wstatus);
                break;
            }
}

static void drain(struct tb_parent *p, struct tb_proc *proc)
{
    struct timeval deadline = {.tv_sec = TB_DRAIN_DEADLINE_S};

    if (proc->drained)
        return; /* its turn is running */
    proc->drained = true;
    if (proc->ch == NULL || tb_channel_send(proc->ch, TB_MSG_DRAIN, 0, tb_span_of(NULL, 0)) < 0 ||
        event_add(p->ev_drain, &deadline) < 0)
        kill(proc->pid, SIGKILL);
}

void tb_parent_drain_next(struct tb_parent *p)
{
    for (size_t i = 0; i < tb_parent_num_roles; i++) {
        struct tb_proc *proc = &p->proc[tb_parent_roles[i]];

        if (proc->pid > 0) {
            drain(p, proc);
            return;
        }
    }
    event_del(p->ev_drain);
    if (p->state == TB_PARENT_RELOADING)
        tb_parent_reload_switch(p);
    else
        event_base_loopexit(p->base, NULL);
}

void tb_parent_drain_overdue(struct tb_parent *p)
{
    for (size_t i = 0; i < tb_parent_num_roles; i++) {
        struct tb_proc *proc = &p->proc[tb_parent_roles[i]];

        if (proc->pid > 0 && proc->drained) {
            tb_log(TB_LOG_WARN, "drain-overdue", TB_F("process", tb_role_name(proc->role)),
                   TB_N("seconds", TB_DRAIN_DEADLINE_S));
            kill(proc->pid, SIGKILL);
        }
    }
}

void tb_parent_stop(struct tb_parent *p, int status)
{
    if (status > p->status)
        p->status = status;
    if (p->state == TB_PARENT_STOPPING)
        return;
    /* A reload that is draining goes on draining, to another end. */
    p->state = TB_PARENT_STOPPING;
    tb_notify("STOPPING=1");
    tb_parent_drain_next(p);
}
