#include "ca/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/config/part.h"
#include "lib/base/log.h"

#define WALK_MAX 64 /* directories from the root to the state's innermost */

/* What the children's user must be able to do with one directory. */
struct step {
    char path[TB_CONFIG_PATH_MAX + 65];
    int mode; /* of access(2) */
};

struct user {
    const char *name;
    bool change;
    uid_t uid;
    gid_t gid;
};

int tb_parent_state_open(struct tb_parent *p)
{
    const char *dir = p->now.cfg->dir;

    p->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->dir_fd < 0) {
        tb_log(TB_LOG_ERROR, "state", TB_F("directory", dir), TB_F("reason", strerror(errno)));
        return TB_E_IO;
    }
    /* Two CAs on one log would issue twice; the kernel forgets the lock when the last of us ends. */
    if (flock(p->dir_fd, LOCK_EX | LOCK_NB) < 0) {
        tb_log(TB_LOG_ERROR, "state", TB_F("directory", dir),
               TB_F("reason", errno == EWOULDBLOCK ? "another tabardd runs on it" : strerror(errno)));
        return TB_E_STATE;
    }
    return 0;
}

static size_t add_step(struct step *steps, size_t n, const char *path, size_t len, int mode)
{
    if (n == WALK_MAX || len >= sizeof(steps->path))
        return n;
    memcpy(steps[n].path, path, len);
    steps[n].path[len] = '\0';
    steps[n].mode = mode;
    return n + 1;
}

/* Every directory on the way, then those that are written. */
static size_t make_steps(const struct tb_config *cfg, struct step steps[static WALK_MAX])
{
    static const enum tb_state_file written[] = {TB_FILE_STORE_DIR, TB_FILE_LOG_DIR};
    char path[TB_CONFIG_PATH_MAX + 65];
    size_t n = 0;

    for (const char *s = strchr(cfg->dir, '/'); s != NULL; s = strchr(s + 1, '/'))
        if (s != cfg->dir)
            n = add_step(steps, n, cfg->dir, (size_t)(s - cfg->dir), X_OK);
    n = add_step(steps, n, cfg->dir, strlen(cfg->dir), X_OK | R_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(written); i++) {
        tb_config_file(cfg, written[i], path);
        n = add_step(steps, n, path, strlen(path), X_OK | R_OK | W_OK);
    }
    return n;
}

static int find_user(const struct tb_config *cfg, struct user *out)
{
    struct passwd *pw;

    *out = (struct user){.name = cfg->user, .uid = geteuid()};
    if (cfg->user[0] == '\0' || geteuid() != 0)
        return 0;
    if ((pw = getpwnam(cfg->user)) == NULL) {
        tb_log(TB_LOG_ERROR, "user", TB_F("user", cfg->user), TB_F("reason", "no such user"));
        return TB_E_CONFIG;
    }
    out->change = true;
    out->uid = pw->pw_uid;
    out->gid = pw->pw_gid;
    return 0;
}

/* The kernel knows best, access lists included: a short-lived process asks it as that user. Index of the bar or n. */
static TB_NORETURN void probe(const struct step *steps, size_t n, const struct user *user)
{
    size_t i;

    if (user->change && (setgroups(0, NULL) < 0 || setgid(user->gid) < 0 || setuid(user->uid) < 0))
        _exit(WALK_MAX + 1);
    for (i = 0; i < n; i++)
        if (access(steps[i].path, steps[i].mode) < 0)
            break;
    _exit((int)i);
}

static void log_bar(const struct step *step, const struct user *user)
{
    struct stat st;
    char mode[16] = "unknown";
    const char *reason = "the user may not pass here";

    if (stat(step->path, &st) < 0)
        reason = strerror(errno);
    else
        snprintf(mode, sizeof(mode), "%04o", (unsigned int)(st.st_mode & 07777));
    tb_log(TB_LOG_ERROR, "state", TB_F("directory", step->path), TB_F("mode", mode),
           TB_F("needs", (step->mode & W_OK) != 0   ? "read, write and search"
                         : (step->mode & R_OK) != 0 ? "read and search"
                                                    : "search"),
           TB_F("user", user->change ? user->name : ""), TB_N("uid", user->uid), TB_F("reason", reason));
}

/* A part that was switched on in the configuration of a CA that was made without it. */
static int check_parts(const struct tb_config *cfg)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    char remedy[sizeof(cfg->path) + 64];

    for (enum tb_part i = 0; i < TB_PART__COUNT; i++) {
        if (!tb_part_wanted(cfg, i) || !tb_part_lacks(cfg, i, path))
            continue;
        snprintf(remedy, sizeof(remedy), "tabardd add %s --config %s", tb_part_word(i), cfg->path);
        tb_log(TB_LOG_ERROR, "state", TB_F("file", path), TB_F("reason", "is missing"), TB_F("remedy", remedy));
        return TB_E_CONFIG;
    }
    return 0;
}

int tb_parent_state_check(const struct tb_config *cfg)
{
    struct step *steps = NULL;
    struct user user;
    int wstatus = 0;
    size_t n;
    pid_t pid;
    int r;

    if ((r = check_parts(cfg)) < 0)
        return r;
    if ((steps = calloc(WALK_MAX, sizeof(*steps))) == NULL)
        return TB_E_NOMEM;
    if ((r = find_user(cfg, &user)) < 0)
        goto out;
    n = make_steps(cfg, steps);
    if ((pid = fork()) == 0)
        probe(steps, n, &user);
    r = TB_E_IO;
    if (pid < 0 || waitpid(pid, &wstatus, 0) != pid || !WIFEXITED(wstatus) || WEXITSTATUS(wstatus) > WALK_MAX) {
        tb_log(TB_LOG_ERROR, "state", TB_F("reason", "could not look as the user"), TB_N("uid", user.uid));
        goto out;
    }
    r = (size_t)WEXITSTATUS(wstatus) == n ? 0 : TB_E_DENIED;
    if (r < 0)
        log_bar(&steps[WEXITSTATUS(wstatus)], &user);
out:
    free(steps);
    return r;
}
