#include "ca/backup/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/value.h"
#include "lib/ipc/msg_parent.h"

#define CONFIG_PART TB_CONTENT_CONFIG ".new"

static int say(char why[static TB_ARCHIVE_WHY_MAX + 1], int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(char why[static TB_ARCHIVE_WHY_MAX + 1], int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, TB_ARCHIVE_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

static int maker_said(const struct tb_unpack *u, int err, char *why)
{
    return err < 0 ? say(why, err, "%.*s", TB_ARCHIVE_WHY_MAX, u->maker.why) : 0;
}

/* The directory. */

static int check_empty(const char *path, char *why)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    struct stat st;
    int r = 0;

    if (dir == NULL || fstat(dirfd(dir), &st) < 0)
        r = say(why, TB_E_IO, "%s: %s", path, strerror(errno));
    else if ((st.st_mode & S_IWOTH) != 0)
        r = say(why, TB_E_DENIED, "%s: mode %04o lets everybody in; keys do not go there", path, st.st_mode & 07777);
    while (r == 0 && (e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = say(why, TB_E_EXISTS, "%s: is not empty (%s); an interrupted restore leaves files: remove them first",
                    path, e->d_name);
    if (dir != NULL)
        closedir(dir);
    return r;
}

/* Absolute: the directory above exists. */
static int resolve(struct tb_unpack *u, const char *dir, char *why)
{
    char copy[TB_CONFIG_PATH_MAX + 1];
    char real[PATH_MAX] = "";
    size_t len = strlen(dir);
    char *slash;
    int n;

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len > TB_CONFIG_PATH_MAX)
        return say(why, TB_E_LIMIT, "expected a path of 1 to %d characters", TB_CONFIG_PATH_MAX);
    memcpy(copy, dir, len);
    copy[len] = '\0';
    if (realpath(copy, real) != NULL) {
        n = snprintf(u->dir, sizeof(u->dir), "%s", real);
    } else {
        slash = strrchr(copy, '/');
        if (slash != NULL)
            *slash = '\0';
        if (realpath(slash == NULL ? "." : slash == copy ? "/" : copy, real) == NULL)
            return say(why, TB_E_IO, "%s: %s", copy, strerror(errno));
        n = snprintf(u->dir, sizeof(u->dir), "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                     slash == NULL ? copy : slash + 1);
    }
    return n > 0 && (size_t)n < sizeof(u->dir) - TB_USTAR_NAME_MAX ? 0 : say(why, TB_E_LIMIT, "the path is too long");
}

int tb_unpack_begin(struct tb_unpack *u, const char *dir, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct stat st;
    int r;

    u->fd = -1;
    tb_wr_init(&u->yaml, TB_CONFIG_TEXT_MAX);
    if ((r = resolve(u, dir, why)) < 0)
        return r;
    if (stat(u->dir, &st) < 0)
        return maker_said(u, tb_maker_dir(&u->maker, u->dir, 0755, TB_OWNER_START), why);
    return check_empty(u->dir, why);
}

/* One file after the other. */

static void set_path(struct tb_unpack *u, const char *name)
{
    snprintf(u->path, sizeof(u->path), "%s/%s", u->dir, name);
}

static int make_dir(struct tb_unpack *u, const char *name, mode_t mode, enum tb_owner owner, char *why)
{
    struct stat st;

    set_path(u, name);
    return lstat(u->path, &st) == 0 ? 0 : maker_said(u, tb_maker_dir(&u->maker, u->path, mode, owner), why);
}

/* Those that every CA has. */
static int make_dirs(struct tb_unpack *u, char *why)
{
    int r;

    if ((r = make_dir(u, "keys", 0700, TB_OWNER_USER, why)) < 0 ||
        (r = make_dir(u, tb_state_file_name(TB_FILE_STORE_DIR), 0700, TB_OWNER_USER, why)) < 0)
        return r;
    return make_dir(u, tb_state_file_name(TB_FILE_LOG_DIR), 0700, TB_OWNER_USER, why);
}

/* Those above a file. */
static int make_parents(struct tb_unpack *u, const char *name, char *why)
{
    bool keys = strncmp(name, "root-keys/", 10) == 0;
    char dir[TB_USTAR_NAME_MAX + 1];
    int r = 0;

    for (const char *s = strchr(name, '/'); r == 0 && s != NULL; s = strchr(s + 1, '/')) {
        memcpy(dir, name, (size_t)(s - name));
        dir[s - name] = '\0';
        r = make_dir(u, dir, keys ? 0700 : 0755, TB_OWNER_START, why);
    }
    return r;
}

static int check_file(const struct tb_unpack *u, const struct tb_ustar *h, char *why)
{
    if (h->mtime != u->made_at)
        return say(why, TB_E_FORMAT, "%s: is of another time than the archive", h->name);
    if (h->mode != u->file.mode)
        return say(why, TB_E_FORMAT, "%s: has mode %04o in the archive; expected %04o", h->name, (unsigned)h->mode,
                   (unsigned)u->file.mode);
    if (h->size > u->file.max)
        return say(why, TB_E_LIMIT, "%s: has %llu octets in the archive; at most %llu can be", h->name,
                   (unsigned long long)h->size, (unsigned long long)u->file.max);
    return 0;
}

static int begin_config(struct tb_unpack *u, const struct tb_ustar *h, char *why)
{
    static const struct tb_config none;

    if (strcmp(h->name, TB_CONTENT_CONFIG) != 0)
        return say(why, TB_E_FORMAT, "%s: is the first file of the archive; expected %s", h->name, TB_CONTENT_CONFIG);
    u->made_at = h->mtime;
    u->fd = -1;
    return tb_content_at(&none, 0, &u->file) < 0 ? TB_E_INTERNAL : check_file(u, h, why);
}

static int on_begin(void *arg, const struct tb_ustar *h, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct tb_unpack *u = arg;
    int r;

    if (u->cfg == NULL)
        return begin_config(u, h, why);
    if (tb_content_find(u->cfg, h->name, &u->file) < 0)
        return say(why, TB_E_DENIED, "%s: is no file of a CA with this configuration", h->name);
    if ((r = check_file(u, h, why)) < 0 || (r = make_parents(u, h->name, why)) < 0)
        return r;
    set_path(u, h->name);
    return maker_said(u, tb_maker_open(&u->maker, u->path, u->file.owner, &u->fd), why);
}

static int on_data(void *arg, struct tb_span piece, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct tb_unpack *u = arg;

    if (u->fd >= 0)
        return maker_said(u, tb_maker_write(&u->maker, u->path, u->fd, piece), why);
    tb_wr_bytes(&u->yaml, piece.p, piece.len);
    return tb_wr_err(&u->yaml);
}

/* The account of the daemon, which the configuration names: only root can give the state to it. */
static int find_user(struct tb_unpack *u, char *why)
{
    const struct passwd *pw;

    if (geteuid() != 0 || u->cfg->user[0] == '\0')
        return 0;
    pw = getpwnam(u->cfg->user);
    if (pw == NULL || pw->pw_uid == 0)
        return say(why, TB_E_CONFIG, "the CA runs as \"%s\": make this account first (packaging/tabard.sysusers)",
                   u->cfg->user);
    u->give = true;
    u->uid = pw->pw_uid;
    u->gid = pw->pw_gid;
    return 0;
}

static int read_config(struct tb_unpack *u, char *why)
{
    char reason[TB_CONFIG_WHY_MAX + 1] = "";
    int r;

    set_path(u, TB_CONTENT_CONFIG);
    if ((r = tb_config_parse(tb_wr_span(&u->yaml), u->path, &u->cfg, reason)) < 0) {
        u->bad_config = true;
        return say(why, r, "%s", reason);
    }
    if ((r = find_user(u, why)) < 0)
        return r;
    return make_dirs(u, why);
}

static int on_end(void *arg, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct tb_unpack *u = arg;
    int fd = u->fd;

    if (fd < 0)
        return read_config(u, why);
    u->fd = -1;
    return maker_said(u, tb_maker_close(&u->maker, u->path, fd, u->file.mode), why);
}

const struct tb_archive_sink tb_unpack_sink = {.begin = on_begin, .data = on_data, .end = on_end};

/* After the archive. */

int tb_unpack_check(struct tb_unpack *u, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct tb_content c;
    struct stat st;

    for (size_t i = 1; tb_content_at(u->cfg, i, &c) == 0; i++) {
        set_path(u, c.name);
        if (c.required && lstat(u->path, &st) < 0)
            return say(why, TB_E_NOTFOUND, "%s: is not in the archive", c.name);
    }
    return 0;
}

int tb_unpack_finish(struct tb_unpack *u, char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    char part[sizeof(u->path)];
    int r;

    if ((r = tb_maker_finish(&u->maker, u->give, u->uid, u->gid)) == 0 && u->give)
        r = tb_maker_share_dir(&u->maker, u->dir, u->gid);
    if (r < 0)
        return maker_said(u, r, why);
    set_path(u, CONFIG_PART);
    snprintf(part, sizeof(part), "%s", u->path);
    set_path(u, TB_CONTENT_CONFIG);
    if ((r = tb_maker_file(&u->maker, part, tb_wr_span(&u->yaml), 0644, TB_OWNER_START)) < 0)
        return maker_said(u, r, why);
    if (rename(part, u->path) < 0)
        return say(why, TB_E_IO, "%s: %s", u->path, strerror(errno));
    u->maker.num--; /* it has another name, and is there to stay */
    return maker_said(u, tb_maker_finish(&u->maker, false, 0, 0), why);
}

void tb_unpack_clear(struct tb_unpack *u)
{
    if (u->fd >= 0)
        close(u->fd);
    tb_wr_clear(&u->yaml);
    tb_config_free(u->cfg);
    u->cfg = NULL;
    u->fd = -1;
}
