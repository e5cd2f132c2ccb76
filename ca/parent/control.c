#include "ca/parent/parent.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/json/json.h"

#define BACKLOG 16

/*
 * One connection: one JSON object in, up to a newline or the end of what the client sends; one JSON document out.
 */
struct client {
    struct tb_control *control; /* NULL = free place */
    struct bufferevent *bev;
    struct event *deadline;               /* for the child's answer */
    uint32_t id;                          /* of the request to the child; 0 = not asked */
    const struct tb_parent_operation *op; /* what is asked */
    bool answered;
};

struct tb_control {
    struct tb_parent *parent;
    struct event *ev_accept;
    int fd;
    char path[TB_CONFIG_PATH_MAX + 65];
    uint32_t last_id;
    struct client clients[TB_CONTROL_CLIENTS_MAX];
};

static void drop(struct client *c)
{
    if (c->bev != NULL)
        bufferevent_free(c->bev);
    if (c->deadline != NULL)
        event_free(c->deadline);
    *c = (struct client){0};
}

static void on_written(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;

    (void)bev;
    if (c->answered)
        drop(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg);

static void answer(struct client *c, struct tb_span text)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);

    c->answered = true;
    c->id = 0;
    event_del(c->deadline);
    bufferevent_disable(c->bev, EV_READ);
    /* The write callback ends the connection when everything is gone, the write time-out when the client stalls. */
    bufferevent_setcb(c->bev, NULL, on_written, on_event, c);
    if (evbuffer_add(out, text.p, text.len) < 0 || evbuffer_add(out, "\n", 1) < 0)
        drop(c);
}

static void answer_error(struct client *c, const char *reason)
{
    uint8_t buf[256];
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "error", reason);
    tb_jw_end_obj(&jw);
    answer(c, tb_wr_span(&wr));
}

static void put_sandbox(struct tb_jw *jw, uint32_t bits)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } parts[] = {{TB_SANDBOX_SECCOMP, "seccomp"},
                 {TB_SANDBOX_LANDLOCK, "landlock"},
                 {TB_SANDBOX_USER, "user"},
                 {TB_SANDBOX_NETNS, "netns"}};

    tb_jw_arr(jw);
    for (size_t i = 0; i < TB_ARRAY_LEN(parts); i++)
        if ((bits & parts[i].bit) != 0)
            tb_jw_str(jw, parts[i].name);
    tb_jw_end_arr(jw);
}

static void put_process(struct tb_jw *jw, const struct tb_proc *proc, uint64_t now_ms)
{
    const uint32_t full = TB_SANDBOX_SECCOMP | TB_SANDBOX_LANDLOCK | TB_SANDBOX_USER;

    tb_jw_obj(jw);
    tb_jw_kv(jw, "role", tb_role_name(proc->role));
    tb_jw_key(jw, "pid");
    tb_jw_int(jw, proc->pid);
    tb_jw_key(jw, "ready");
    tb_jw_bool(jw, proc->ready);
    tb_jw_key(jw, "restarts");
    tb_jw_int(jw, proc->restarts);
    tb_jw_key(jw, "uptime_s");
    tb_jw_int(jw, (int64_t)((now_ms - proc->started_ms) / 1000));
    tb_jw_key(jw, "sandbox");
    put_sandbox(jw, proc->sandbox);
    tb_jw_key(jw, "weak");
    tb_jw_bool(jw, proc->ready && (proc->sandbox & full) != full);
    tb_jw_end_obj(jw);
}

void tb_control_processes(struct tb_wr *wr, const struct tb_parent *p)
{
    uint64_t now_ms = tb_clock_mono_ms();
    struct tb_jw jw = tb_jw_of(wr);

    tb_jw_arr(&jw);
    for (size_t i = 0; i < tb_parent_num_roles; i++)
        if (tb_parent_wants(p->now.cfg, tb_parent_roles[i]))
            put_process(&jw, &p->proc[tb_parent_roles[i]], now_ms);
    tb_jw_end_arr(&jw);
}

static void answer_status(struct client *c, struct tb_span front)
{
    struct tb_parent *p = c->control->parent;
    struct tb_wr wr;

    tb_wr_init(&wr, TB_CONTROL_RSP_MAX + 8192);
    tb_wr_printf(&wr,
                 "{\"version\":\"%s\",\"pid\":%ld,\"allow_weak_sandbox\":%s,\"reloads\":%u,\"reloads_failed\":%u,"
                 "\"processes\":",
                 TB_VERSION, (long)getpid(), p->opt.weak_sandbox ? "true" : "false", p->reloads, p->reloads_failed);
    tb_control_processes(&wr, p);
    tb_wr_str(&wr, ",\"front\":");
    tb_wr_bytes(&wr, front.p, front.len);
    tb_wr_str(&wr, "}");
    if (tb_wr_err(&wr) == 0)
        answer(c, tb_wr_span(&wr));
    else
        answer_error(c, tb_err_text(tb_wr_err(&wr)));
    tb_wr_clear(&wr);
}

static void unanswered(struct client *c)
{
    char why[64];

    if (c->op->wrap) {
        answer_status(c, tb_span_str("null"));
        return;
    }
    snprintf(why, sizeof(why), "the %s does not answer", tb_role_name(c->op->role));
    answer_error(c, why);
}

void tb_control_gone(struct tb_parent *p, enum tb_role role)
{
    for (size_t i = 0; p->control != NULL && i < TB_CONTROL_CLIENTS_MAX; i++) {
        struct client *c = &p->control->clients[i];

        if (c->control != NULL && c->id != 0 && c->op->role == role)
            unanswered(c);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    unanswered(arg);
}

void tb_control_answer(struct tb_parent *p, enum tb_role role, uint32_t id, struct tb_span json)
{
    for (size_t i = 0; p->control != NULL && id != 0 && i < TB_CONTROL_CLIENTS_MAX; i++) {
        struct client *c = &p->control->clients[i];

        if (c->control == NULL || c->id != id || c->op->role != role)
            continue;
        if (c->op->wrap)
            answer_status(c, json);
        else
            answer(c, json);
        return;
    }
}

static void ask(struct client *c, struct tb_span request)
{
    struct timeval deadline = {.tv_sec = TB_CONTROL_ANSWER_S};
    struct tb_control *control = c->control;
    struct tb_proc *proc = &control->parent->proc[c->op->role];

    if (++control->last_id == 0)
        control->last_id = 1;
    c->id = control->last_id;
    if (!proc->ready || proc->ch == NULL || event_add(c->deadline, &deadline) < 0 ||
        tb_channel_send(proc->ch, TB_MSG_CONTROL_REQ, c->id, request) < 0)
        unanswered(c);
}

static void handle(struct client *c, struct tb_span request)
{
    json_t *obj = NULL;
    struct tb_span cmd;

    if (tb_json_parse(request, TB_CONTROL_REQ_MAX, &obj) < 0) {
        answer_error(c, "the request is not one JSON object");
        return;
    }
    if (tb_json_str(obj, "cmd", 32, &cmd) == 0)
        c->op = tb_parent_operation(cmd);
    if (c->op != NULL)
        ask(c, request);
    else
        answer_error(c, "unknown command");
    json_decref(obj);
}

static void take_request(struct client *c, size_t len)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);

    bufferevent_disable(c->bev, EV_READ);
    handle(c, tb_span_of(evbuffer_pullup(in, (ev_ssize_t)len), len));
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    struct evbuffer_ptr end = evbuffer_search(in, "\n", 1, NULL);
    size_t len = end.pos >= 0 ? (size_t)end.pos : evbuffer_get_length(in);

    if (len > TB_CONTROL_REQ_MAX)
        answer_error(c, "the request is too long");
    else if (end.pos >= 0)
        take_request(c, len);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct client *c = arg;
    size_t len = evbuffer_get_length(bufferevent_get_input(bev));

    /* The end of the client's half is the end of its request. */
    if ((what & BEV_EVENT_EOF) != 0 && !c->answered && c->id == 0 && len > 0 && len <= TB_CONTROL_REQ_MAX)
        take_request(c, len);
    else
        drop(c);
}

static bool may_connect(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return false;
    if (cred.uid == 0 || cred.uid == geteuid())
        return true;
    tb_log(TB_LOG_WARN, "control-refused", TB_N("uid", cred.uid), TB_N("pid", cred.pid));
    return false;
}

static struct client *free_place(struct tb_control *control)
{
    for (size_t i = 0; i < TB_CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].control == NULL)
            return &control->clients[i];
    return NULL;
}

static int begin(struct tb_control *control, struct client *c, int fd)
{
    const struct timeval read_wait = {.tv_sec = TB_CONTROL_READ_S};
    const struct timeval write_wait = {.tv_sec = TB_CONTROL_ANSWER_S};

    c->bev = bufferevent_socket_new(control->parent->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (c->bev == NULL) {
        close(fd);
        return TB_E_NOMEM;
    }
    c->control = control;
    c->deadline = event_new(control->parent->base, -1, 0, on_deadline, c);
    bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, TB_CONTROL_REQ_MAX + 2);
    bufferevent_set_timeouts(c->bev, &read_wait, &write_wait);
    return c->deadline != NULL && bufferevent_enable(c->bev, EV_READ | EV_WRITE) == 0 ? 0 : TB_E_NOMEM;
}

static void on_accept(evutil_socket_t lfd, short what, void *arg)
{
    struct tb_control *control = arg;
    int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *c = free_place(control);

    (void)what;
    if (fd < 0)
        return;
    if (c == NULL || !may_connect(fd))
        close(fd);
    else if (begin(control, c, fd) < 0)
        drop(c);
}

static int open_socket(struct tb_control *control)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};

    if (strlen(control->path) >= sizeof(sun.sun_path)) {
        errno = ENAMETOOLONG;
        return TB_E_LIMIT;
    }
    memcpy(sun.sun_path, control->path, strlen(control->path) + 1);
    /* We hold the state's lock: a socket that lies here is a dead one. */
    if (unlink(control->path) < 0 && errno != ENOENT)
        return TB_E_IO;
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The umask keeps others out from the first moment. */
    if (control->fd < 0 || bind(control->fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0 ||
        chmod(control->path, 0600) < 0 || listen(control->fd, BACKLOG) < 0)
        return TB_E_IO;
    return 0;
}

int tb_control_open(struct tb_parent *p)
{
    struct tb_control *control = calloc(1, sizeof(*control));
    int r;

    if (control == NULL)
        return TB_E_NOMEM;
    control->parent = p;
    control->fd = -1;
    p->control = control;
    tb_config_file(p->now.cfg, TB_FILE_CONTROL, control->path);
    if ((r = open_socket(control)) < 0) {
        tb_log(TB_LOG_ERROR, "control", TB_F("path", control->path), TB_F("reason", strerror(errno)));
        control->path[0] = '\0'; /* not ours to remove */
        return r;
    }
    control->ev_accept = event_new(p->base, control->fd, EV_READ | EV_PERSIST, on_accept, control);
    return control->ev_accept != NULL && event_add(control->ev_accept, NULL) == 0 ? 0 : TB_E_NOMEM;
}

void tb_control_close(struct tb_parent *p)
{
    struct tb_control *control = p->control;

    if (control == NULL)
        return;
    p->control = NULL;
    for (size_t i = 0; i < TB_CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].control != NULL)
            drop(&control->clients[i]);
    if (control->ev_accept != NULL)
        event_free(control->ev_accept);
    if (control->fd >= 0)
        close(control->fd);
    if (control->path[0] != '\0')
        unlink(control->path);
    free(control);
}
