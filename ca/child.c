#include "ca/child.h"

#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"

/*
 * A lost edge comes back when the parent has restarted the peer.  When the peer closed it because of nonsense that we
 * sent it never does: then the less trusted end, the one with the lower role number, ends so that it is restarted.
 */
#define EDGE_WAIT_S 5

struct life {
    struct tb_child child; /* first: roles see only this */
    const struct tb_child_role *role;
    struct tb_channel_ops parent_ops, edge_ops;
    struct event *edge_timer[TB_ROLE__COUNT]; /* runs while an edge is waited for */
    bool weak_sandbox;
    bool started; /* START came */
    bool set_up;  /* the role hears of its edges */
    bool leaving;
    int status;
};

static struct life *life_of(struct tb_child *child)
{
    return (struct life *)child;
}

static void end_with(struct life *l, int status)
{
    if (status > l->status)
        l->status = status;
    l->leaving = true;
    event_base_loopexit(l->child.base, NULL);
}

void tb_child_exit(struct tb_child *child)
{
    end_with(life_of(child), EXIT_SUCCESS);
}

void tb_child_answer_lost(enum tb_msg_type type, int err)
{
    tb_log(err == TB_E_CLOSED ? TB_LOG_NOTICE : TB_LOG_ERROR, "answer-lost", TB_F("message", tb_msg_info(type)->name),
           TB_F("reason", tb_err_text(err)));
}

static int edge_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct life *l = arg;
    tb_msg_handler_fn *handler = l->role->handlers != NULL ? l->role->handlers[m->type] : NULL;
    int r = handler != NULL ? handler(&l->child, ch, m) : TB_E_FORMAT;

    if (r < 0)
        tb_log(TB_LOG_WARN, "bad-message", TB_F("from", tb_role_name(tb_channel_peer(ch))),
               TB_F("type", tb_msg_info(m->type)->name), TB_F("reason", tb_err_text(r)));
    return r;
}

static void edge_overdue(evutil_socket_t fd, short what, void *arg)
{
    struct life *l = arg;

    (void)fd;
    (void)what;
    if (l->leaving)
        return;
    tb_log(TB_LOG_ERROR, "edge-lost", TB_F("reason", "the peer does not come back"));
    end_with(l, EXIT_FAILURE);
}

static void edge_down(struct life *l, enum tb_role peer)
{
    tb_channel_free(l->child.peer[peer]);
    l->child.peer[peer] = NULL;
    if (l->set_up && l->role->peer_down != NULL)
        l->role->peer_down(&l->child, peer);
}

static void edge_closed(struct tb_channel *ch, int err, void *arg)
{
    struct timeval wait = {.tv_sec = EDGE_WAIT_S};
    struct life *l = arg;
    enum tb_role peer = tb_channel_peer(ch);

    if (err != TB_E_CLOSED)
        tb_log(TB_LOG_WARN, "edge-closed", TB_F("peer", tb_role_name(peer)), TB_F("reason", tb_err_text(err)));
    edge_down(l, peer);
    if (l->child.role < peer && event_add(l->edge_timer[peer], &wait) < 0)
        end_with(l, EXIT_FAILURE);
}

/* Takes the descriptor of the message. */
static int edge_new(struct life *l, const struct tb_msg *m)
{
    struct tb_msg_peer peer;
    struct tb_channel *ch = NULL;
    int r = tb_msg_peer_read(m->body, &peer);

    if (r == 0 && peer.role == l->child.role)
        r = TB_E_FORMAT;
    if (r == 0)
        r = tb_channel_new(l->child.base, m->fd, l->child.role, peer.role, false, &l->edge_ops, l, &ch);
    if (r < 0) {
        close(m->fd);
        return r;
    }
    if (l->child.peer[peer.role] != NULL)
        edge_down(l, peer.role);
    l->child.peer[peer.role] = ch;
    return 0;
}

static void edge_up(struct life *l, enum tb_role peer)
{
    if (event_pending(l->edge_timer[peer], EV_TIMEOUT, NULL))
        event_del(l->edge_timer[peer]);
    if (l->child.peer[peer] != NULL && l->role->peer_up != NULL)
        l->role->peer_up(&l->child, peer);
}

static int on_peer(struct life *l, const struct tb_msg *m)
{
    struct tb_msg_peer peer;
    int r = edge_new(l, m);

    if (r < 0 || (r = tb_msg_peer_read(m->body, &peer)) < 0)
        return r;
    edge_up(l, peer.role);
    return 0;
}

static int on_drain(struct life *l, const struct tb_msg *m)
{
    (void)m;
    l->leaving = true;
    if (l->role->drain != NULL)
        l->role->drain(&l->child);
    else
        tb_child_exit(&l->child);
    return 0;
}

static int on_control(struct life *l, const struct tb_msg *m)
{
    static const char none[] = "{\"error\":\"this process takes no requests\"}";

    if (l->role->control != NULL) {
        l->role->control(&l->child, m->id, m->body);
        return 0;
    }
    return tb_channel_send(l->child.parent, TB_MSG_CONTROL_RSP, m->id, tb_span_str(none));
}

typedef int parent_handler_fn(struct life *l, const struct tb_msg *m);
static parent_handler_fn *const parent_handlers[TB_MSG__COUNT] = {
    [TB_MSG_PEER] = on_peer,
    [TB_MSG_DRAIN] = on_drain,
    [TB_MSG_CONTROL_REQ] = on_control,
};

static int parent_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    parent_handler_fn *handler = parent_handlers[m->type];

    (void)ch;
    if (handler != NULL)
        return handler(arg, m);
    if (m->fd >= 0)
        close(m->fd);
    return TB_E_STATE;
}

static void parent_closed(struct tb_channel *ch, int err, void *arg)
{
    (void)ch;
    tb_log(TB_LOG_WARN, "parent-gone", TB_F("reason", tb_err_text(err)));
    end_with(arg, EXIT_FAILURE);
}

static int start_config(struct life *l, const struct tb_msg *m)
{
    char why[TB_CONFIG_WHY_MAX + 1] = "";
    struct tb_msg_config msg;
    int r = tb_msg_config_read(m->body, &msg);

    if (r < 0 || l->child.cfg != NULL)
        return r < 0 ? r : TB_E_STATE;
    tb_log_setup(tb_role_name(l->role->role), msg.log_json, TB_LOG_INFO);
    l->weak_sandbox = msg.weak_sandbox;
    if ((r = tb_config_parse(msg.text, msg.path, &l->child.cfg, why)) < 0)
        tb_log(TB_LOG_ERROR, "config", TB_F("reason", why));
    return r;
}

static int start_fd(struct life *l, const struct tb_msg *m)
{
    struct tb_msg_fd msg;
    int r = tb_msg_fd_read(m->body, &msg);

    if (r == 0 && l->child.listen_fd[msg.listener] >= 0)
        r = TB_E_DUP;
    if (r < 0) {
        close(m->fd);
        return r;
    }
    l->child.listen_fd[msg.listener] = m->fd;
    return 0;
}

static int start_start(struct life *l, const struct tb_msg *m)
{
    (void)m;
    if (l->child.cfg == NULL)
        return TB_E_STATE;
    l->started = true;
    return 0;
}

static parent_handler_fn *const start_handlers[TB_MSG__COUNT] = {
    [TB_MSG_CONFIG] = start_config,
    [TB_MSG_FD] = start_fd,
    [TB_MSG_PEER] = edge_new,
    [TB_MSG_START] = start_start,
};

/* Everything that the parent gives before the sandbox, in blocking reads. */
static int receive_start(struct life *l, int parent_fd)
{
    while (!l->started) {
        struct tb_msg m;
        uint8_t *body;
        int r = tb_channel_recv_blocking(parent_fd, &m, &body);

        if (r < 0)
            return r;
        if (start_handlers[m.type] != NULL) {
            r = start_handlers[m.type](l, &m);
        } else {
            r = TB_E_STATE;
            if (m.fd >= 0)
                close(m.fd);
        }
        free(body);
        if (r < 0)
            return r;
    }
    return 0;
}

static void prepare_process(enum tb_role role)
{
    static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    struct rlimit none = {0};
    char name[16]; /* of the kernel's size; the program was started by way of /proc, whose name says nothing */
    struct rlimit files;

    /* The parent stops its children, in order: a signal to the whole group (^C, systemd) must not overtake it. */
    for (size_t i = 0; i < TB_ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    snprintf(name, sizeof(name), "tb-%s", tb_role_name(role));
    (void)prctl(PR_SET_NAME, name);
    /* The C library reads the time zone when it first converts a time: in a log line, say, behind a filter that ends
     * whoever opens a file. */
    tzset();
    /* A message wakes its receiver, which must not drive the sender from the processor in the midst of a turn. Whatever
     * policy a service manager has chosen stays. */
    if (sched_getscheduler(0) == SCHED_OTHER)
        (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    (void)setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int find_user(const struct tb_config *cfg, struct tb_sandbox_spec *spec)
{
    struct passwd *pw;

    if (cfg->user[0] == '\0' || geteuid() != 0)
        return 0;
    errno = 0;
    if ((pw = getpwnam(cfg->user)) == NULL) {
        tb_log(TB_LOG_ERROR, "user", TB_F("user", cfg->user),
               TB_F("reason", errno != 0 ? strerror(errno) : "no such user"));
        return TB_E_CONFIG;
    }
    spec->have_user = true;
    spec->uid = pw->pw_uid;
    spec->gid = pw->pw_gid;
    return 0;
}

static int enter_sandbox(struct life *l, struct tb_sandbox_spec *spec)
{
    const char *why = NULL;
    int r = tb_sandbox_enter(spec, &l->child.sandbox, &why);

    if (r < 0)
        tb_log(TB_LOG_ERROR, "sandbox", TB_F("reason", why));
    else if (why != NULL)
        tb_log(TB_LOG_WARN, "sandbox-weak", TB_F("reason", why));
    return r;
}

static int report_ready(struct life *l)
{
    struct tb_msg_ready ready = {.sandbox = l->child.sandbox};
    uint8_t buf[8];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_msg_ready_write(&wr, &ready);
    return tb_channel_send(l->child.parent, TB_MSG_READY, 0, tb_wr_span(&wr));
}

/* Descriptor taken by *l on success. */
static int start_loop(struct life *l, int parent_fd)
{
    int r;

    l->child.base = event_base_new();
    if (l->child.base == NULL)
        return TB_E_NOMEM;
    for (enum tb_role peer = TB_ROLE_NONE; peer < TB_ROLE__COUNT; peer++)
        if ((l->edge_timer[peer] = event_new(l->child.base, -1, 0, edge_overdue, l)) == NULL)
            return TB_E_NOMEM;
    if ((r = receive_start(l, parent_fd)) < 0)
        return r;
    return tb_channel_new(l->child.base, parent_fd, l->role->role, TB_ROLE_PARENT, true, &l->parent_ops, l,
                          &l->child.parent);
}

static int start_role(struct life *l)
{
    struct tb_sandbox_spec spec = {.role = l->role->role, .allow_weak = l->weak_sandbox};
    int r;

    if ((r = find_user(l->child.cfg, &spec)) < 0 || (l->role->open != NULL && (r = l->role->open(&l->child)) < 0))
        return r;
    if (l->role->sandbox != NULL)
        l->role->sandbox(&l->child, &spec);
    if ((r = enter_sandbox(l, &spec)) < 0 || (l->role->setup != NULL && (r = l->role->setup(&l->child)) < 0))
        return r;
    l->set_up = true;
    for (enum tb_role peer = TB_ROLE_NONE; peer < TB_ROLE__COUNT; peer++)
        if (l->child.peer[peer] != NULL)
            edge_up(l, peer);
    return report_ready(l);
}

static void clear(struct life *l)
{
    if (l->role->teardown != NULL)
        l->role->teardown(&l->child);
    for (enum tb_role peer = TB_ROLE_NONE; peer < TB_ROLE__COUNT; peer++)
        tb_channel_free(l->child.peer[peer]);
    tb_channel_free(l->child.parent);
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        if (l->child.listen_fd[i] >= 0)
            close(l->child.listen_fd[i]);
    for (enum tb_role peer = TB_ROLE_NONE; peer < TB_ROLE__COUNT; peer++)
        if (l->edge_timer[peer] != NULL)
            event_free(l->edge_timer[peer]);
    if (l->child.base != NULL)
        event_base_free(l->child.base);
    tb_config_free(l->child.cfg);
}

int tb_child_run(const struct tb_child_role *role, int parent_fd)
{
    struct life l = {
        .child = {.role = role->role},
        .role = role,
        .parent_ops = {.message = parent_message, .closed = parent_closed},
        .edge_ops = {.message = edge_message, .closed = edge_closed},
    };
    int r;

    tb_log_setup(tb_role_name(role->role), false, TB_LOG_INFO);
    prepare_process(role->role);
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        l.child.listen_fd[i] = -1;
    if ((r = start_loop(&l, parent_fd)) < 0 || (r = start_role(&l)) < 0) {
        tb_log(TB_LOG_ERROR, "start", TB_F("reason", tb_err_text(r)));
        l.status = EXIT_FAILURE;
    } else if (event_base_dispatch(l.child.base) < 0) {
        l.status = EXIT_FAILURE;
    }
    clear(&l);
    return l.status;
}
