#include "ca/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ca/child.h"
#include "lib/base/log.h"

#define CHILD_FD     3 /* where a child finds its channel */
#define CONFIG_EXTRA 2048u

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

const enum tb_role tb_parent_roles[] = {TB_ROLE_FRONT, TB_ROLE_RESPONDER, TB_ROLE_VALIDATOR, TB_ROLE_JUDGE,
                                        TB_ROLE_KEYHOLDER};
const size_t tb_parent_num_roles = TB_ARRAY_LEN(tb_parent_roles);

bool tb_parent_wants(const struct tb_config *cfg, enum tb_role role)
{
    return role != TB_ROLE_RESPONDER || cfg->responder.on;
}

/* Every edge there is. */
static const struct {
    enum tb_role a, b;
} edges[] = {
    {TB_ROLE_FRONT, TB_ROLE_VALIDATOR},
    {TB_ROLE_FRONT, TB_ROLE_RESPONDER},
    {TB_ROLE_FRONT, TB_ROLE_JUDGE},
    {TB_ROLE_JUDGE, TB_ROLE_KEYHOLDER},
};

static int child_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct tb_proc *proc = arg;
    struct tb_msg_ready ready;
    int r;

    (void)ch;
    if (m->type == TB_MSG_CONTROL_RSP) {
        tb_control_answer(proc->parent, proc->role, m->id, m->body);
        return 0;
    }
    if ((r = tb_msg_ready_read(m->body, &ready)) < 0)
        return r;
    if (proc->ready)
        return TB_E_STATE;
    proc->sandbox = ready.sandbox;
    tb_parent_ready(proc);
    return 0;
}

/*
 * A child that ends closes its channel first.  One that only closes it is out of control: it counts as not ready, and
 * the deadline kills it.  One that sends nonsense is killed at once.
 */
static void child_closed(struct tb_channel *ch, int err, void *arg)
{
    struct tb_proc *proc = arg;

    tb_channel_free(ch);
    proc->ch = NULL;
    proc->ready = false;
    tb_control_gone(proc->parent, proc->role);
    if (err != TB_E_CLOSED && proc->pid > 0) {
        tb_log(TB_LOG_ERROR, "bad-child", TB_F("process", tb_role_name(proc->role)), TB_F("reason", tb_err_text(err)));
        kill(proc->pid, SIGKILL);
    }
    tb_parent_arm_ready(proc->parent);
}

static const struct tb_channel_ops child_ops = {.message = child_message, .closed = child_closed};

/* In the new process, between fork and exec: only calls that are safe there. */
static TB_NORETURN void become(const struct tb_parent *p, enum tb_role role, int fd, pid_t parent)
{
    char title[64];
    char option[] = "-R";
    char name[32];
    char *const argv[] = {title, option, name, NULL};
    sigset_t none;

    snprintf(title, sizeof(title), "tabardd: %s", tb_role_name(role));
    snprintf(name, sizeof(name), "%s", tb_role_name(role));
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* From here on it dies with the parent, and holds neither an address nor the log against the next one.  The kernel
     * tells of deaths to come only: a parent that is gone already is another one. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(TB_EXIT_FAILURE);
    if (fd == CHILD_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, CHILD_FD) < 0)
        _exit(TB_EXIT_FAILURE);
    /* Ours are close-on-exec already; what we ourselves inherited may not be. */
    (void)syscall(SYS_close_range, CHILD_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execv(p->exe, argv);
    _exit(TB_EXIT_FAILURE);
}

static int send_simple(struct tb_proc *proc, enum tb_msg_type type)
{
    return tb_channel_send(proc->ch, type, 0, tb_span_of(NULL, 0));
}

static int send_config(struct tb_parent *p, struct tb_proc *proc)
{
    struct tb_msg_config m = {
        .version = TB_IPC_VERSION,
        .log_json = p->opt.log_json,
        .weak_sandbox = p->opt.weak_sandbox,
        .text = tb_span_of(p->now.text, p->now.len),
    };
    struct tb_wr wr;
    int r;

    snprintf(m.path, sizeof(m.path), "%s", p->path);
    tb_wr_init(&wr, TB_CONFIG_TEXT_MAX + CONFIG_EXTRA);
    tb_msg_config_write(&wr, &m);
    r = tb_wr_err(&wr);
    if (r == 0)
        r = tb_channel_send(proc->ch, TB_MSG_CONFIG, 0, tb_wr_span(&wr));
    tb_wr_clear(&wr);
    return r;
}

/* Takes fd in any case. */
static int send_with_fd(struct tb_proc *proc, enum tb_msg_type type, uint8_t value, int fd)
{
    int r = proc->ch != NULL ? tb_channel_send_fd(proc->ch, type, 0, tb_span_of(&value, 1), fd) : TB_E_CLOSED;

    if (r < 0)
        close(fd);
    return r;
}

static int send_listeners(struct tb_parent *p, struct tb_proc *proc)
{
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++) {
        int fd;
        int r;

        if (p->listen_fd[i] < 0 || tb_parent_listener_role((enum tb_listener)i) != proc->role)
            continue;
        if ((fd = fcntl(p->listen_fd[i], F_DUPFD_CLOEXEC, 0)) < 0)
            return TB_E_IO;
        if ((r = send_with_fd(proc, TB_MSG_FD, (uint8_t)i, fd)) < 0)
            return r;
    }
    return 0;
}

/* A new pair for each edge of proc whose other end runs.  A dying other end gets its own when it starts again. */
static int send_edges(struct tb_parent *p, struct tb_proc *proc)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(edges); i++) {
        enum tb_role other = edges[i].a == proc->role   ? edges[i].b
                             : edges[i].b == proc->role ? edges[i].a
                                                        : TB_ROLE_NONE;
        int fds[2];
        int r;

        if (other == TB_ROLE_NONE || p->proc[other].ch == NULL)
            continue;
        if ((r = tb_channel_pair(fds)) < 0)
            return r;
        if ((r = send_with_fd(proc, TB_MSG_PEER, (uint8_t)other, fds[0])) < 0) {
            close(fds[1]);
            return r;
        }
        if (send_with_fd(&p->proc[other], TB_MSG_PEER, (uint8_t)proc->role, fds[1]) < 0)
            tb_log(TB_LOG_WARN, "edge", TB_F("process", tb_role_name(other)), TB_F("reason", "is gone"));
    }
    return 0;
}

static int fork_child(struct tb_parent *p, struct tb_proc *proc)
{
    pid_t self = getpid();
    int fds[2];
    int r = tb_channel_pair(fds);

    if (r < 0)
        return r;
    proc->pid = fork();
    if (proc->pid == 0)
        become(p, proc->role, fds[1], self);
    close(fds[1]);
    if (proc->pid < 0) {
        proc->pid = 0;
        r = TB_E_IO;
    } else {
        r = tb_channel_new(p->base, fds[0], TB_ROLE_PARENT, proc->role, true, &child_ops, proc, &proc->ch);
    }
    if (r < 0)
        close(fds[0]); /* a child that was made finds its channel closed and ends */
    return r;
}

static int begin(struct tb_parent *p, enum tb_role role)
{
    struct tb_proc *proc = &p->proc[role];
    int r;

    proc->parent = p;
    proc->role = role;
    proc->ready = proc->drained = false;
    proc->sandbox = 0;
    proc->started_ms = tb_clock_mono_ms();
    if ((r = fork_child(p, proc)) < 0 || (r = send_config(p, proc)) < 0 || (r = send_listeners(p, proc)) < 0 ||
        (r = send_edges(p, proc)) < 0)
        tb_log(TB_LOG_ERROR, "spawn", TB_F("process", tb_role_name(role)), TB_F("reason", tb_err_text(r)));
    return r;
}

int tb_parent_spawn(struct tb_parent *p, enum tb_role role)
{
    int r = begin(p, role);

    if (r == 0)
        r = send_simple(&p->proc[role], TB_MSG_START);
    tb_parent_arm_ready(p);
    return r;
}

int tb_parent_spawn_all(struct tb_parent *p)
{
    int r;

    /* Start comes after all edges: each child has all its peers before it enters its sandbox. */
    for (size_t i = 0; i < tb_parent_num_roles; i++)
        if (tb_parent_wants(p->now.cfg, tb_parent_roles[i]) && (r = begin(p, tb_parent_roles[i])) < 0)
            return r;
    for (size_t i = 0; i < tb_parent_num_roles; i++)
        if (tb_parent_wants(p->now.cfg, tb_parent_roles[i]) &&
            (r = send_simple(&p->proc[tb_parent_roles[i]], TB_MSG_START)) < 0)
            return r;
    tb_parent_arm_ready(p);
    return 0;
}
