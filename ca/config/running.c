#include "ca/config/running.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/json/json.h"

#define ANSWER_MAX (1u << 20)
#define POLL_NS    100000000

static int fail(const struct tb_config *cfg, const char *what, tb_place_why why)
{
    snprintf(why, sizeof(tb_place_why), "the CA that runs on %s: %s", cfg->dir, what);
    return errno == EACCES || errno == EPERM ? TB_E_DENIED : TB_E_IO;
}

/* *out_fd stays -1 when nobody listens. */
static int dial(const struct tb_config *cfg, int *out_fd, tb_place_why why)
{
    const struct timeval wait = {.tv_sec = TB_RUNNING_ANSWER_S};
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    char path[TB_CONFIG_PATH_MAX + 65];
    int fd;

    *out_fd = -1;
    tb_config_file(cfg, TB_FILE_CONTROL, path);
    if (strlen(path) >= sizeof(sun.sun_path))
        return 0; /* no CA could have made it */
    memcpy(sun.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
        connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0) {
        *out_fd = fd;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    return errno == ENOENT || errno == ECONNREFUSED ? 0 : fail(cfg, strerror(errno), why);
}

/* The kernel's word: who made the socket listen. */
static pid_t listener(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? cred.pid : 0;
}

static int talk(int fd, const char *cmd, struct tb_wr *answer)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "{\"cmd\":\"%s\"}\n", cmd);

    if (send(fd, text, (size_t)len, MSG_NOSIGNAL) != len)
        return TB_E_IO;
    for (;;) {
        uint8_t buf[4096];
        ssize_t n = recv(fd, buf, sizeof(buf), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return TB_E_IO;
        if (n == 0)
            return tb_wr_err(answer);
        tb_wr_bytes(answer, buf, (size_t)n);
        if (tb_wr_err(answer) < 0)
            return tb_wr_err(answer);
    }
}

/* *out stays NULL when no CA runs, or ended just now. */
static int ask(const struct tb_config *cfg, const char *cmd, pid_t *out_pid, json_t **out, tb_place_why why)
{
    struct tb_span text;
    struct tb_wr wr;
    int fd = -1;
    int r = dial(cfg, &fd, why);

    *out = NULL;
    *out_pid = 0;
    if (r < 0 || fd < 0)
        return r;
    tb_wr_init(&wr, ANSWER_MAX);
    errno = 0;
    r = talk(fd, cmd, &wr);
    text = tb_wr_span(&wr);
    while (text.len > 0 && text.p[text.len - 1] == '\n')
        text.len--;
    if (r < 0)
        r = fail(cfg, errno != 0 ? strerror(errno) : tb_err_text(r), why);
    else if (text.len > 0 && (r = tb_json_parse(text, ANSWER_MAX, out)) < 0)
        r = fail(cfg, "answers nonsense", why);
    if (r == 0 && *out != NULL)
        *out_pid = listener(fd);
    close(fd);
    tb_wr_clear(&wr);
    return r;
}

static uint64_t number_of(const json_t *obj, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(obj, name));

    return v > 0 ? (uint64_t)v : 0;
}

static bool all_ready(const json_t *processes)
{
    size_t i;
    json_t *p;

    json_array_foreach(processes, i, p) if (!json_is_true(json_object_get(p, "ready"))) return false;
    return json_array_size(processes) > 0;
}

static void read_status(const json_t *status, struct tb_running *out)
{
    const char *end = json_string_value(json_object_get(json_object_get(status, "front"), "https_not_after"));

    out->reloads = number_of(status, "reloads");
    out->reloads_failed = number_of(status, "reloads_failed");
    out->ready = all_ready(json_object_get(status, "processes"));
    if (end == NULL || tb_rfc3339_parse(end, &out->https_not_after) != 0)
        out->https_not_after = 0;
}

int tb_running_ask(const struct tb_config *cfg, struct tb_running *out, tb_place_why why)
{
    json_t *status = NULL, *responder = NULL;
    pid_t pid;
    int r;

    *out = (struct tb_running){0};
    if ((r = ask(cfg, "status", &out->pid, &status, why)) < 0 || status == NULL)
        return r;
    read_status(status, out);
    json_decref(status);
    if ((r = ask(cfg, "responder", &pid, &responder, why)) < 0 || responder == NULL)
        return r;
    out->responder_not_after = (tb_time_t)number_of(responder, "responder_tls_not_after_seconds");
    json_decref(responder);
    return 0;
}

int tb_running_reload(const struct tb_config *cfg, struct tb_running *r, tb_place_why why)
{
    const struct timespec poll = {.tv_nsec = POLL_NS};
    uint64_t end = tb_clock_mono_ms() + TB_RUNNING_RELOAD_S * UINT64_C(1000);
    const struct tb_running was = *r;
    int err;

    errno = 0;
    if (was.pid <= 0 || kill(was.pid, SIGHUP) != 0)
        return fail(cfg, errno != 0 ? strerror(errno) : "has ended", why);
    while (tb_clock_mono_ms() < end) {
        nanosleep(&poll, NULL);
        if ((err = tb_running_ask(cfg, r, why)) < 0)
            return err;
        errno = 0;
        if (r->pid != was.pid)
            return fail(cfg, "has ended in the reload; its log says why", why);
        if (r->reloads_failed > was.reloads_failed)
            return fail(cfg, "refused the reload and serves on as before; its log says why", why);
        if (r->reloads > was.reloads && r->ready)
            return 0;
    }
    errno = 0;
    return fail(cfg, "does not end its reload", why);
}
