#include "ca/backup/log_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int say(char why[static TB_LOG_SET_WHY_MAX + 1], int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(char why[static TB_LOG_SET_WHY_MAX + 1], int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, TB_LOG_SET_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

int tb_log_set_measure(const struct tb_config *cfg, int fd, const char *name, struct tb_ilog_scan *out,
                       char why[static TB_LOG_SET_WHY_MAX + 1])
{
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return say(why, TB_E_IO, "%s: %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return say(why, TB_E_FORMAT, "%s: is no regular file", name);
    if ((r = tb_ilog_measure(fd, out)) == TB_E_IO)
        return say(why, r, "%s: cannot read: %s", name, strerror(errno));
    if (r < 0 && out->good_len == 0)
        return say(why, r, "%s: no header of an issuance log: %s", name, tb_err_text(r));
    if (r < 0)
        return say(why, r, "%s: damaged at offset %llu: %s", name, (unsigned long long)out->bad_offset, tb_err_text(r));
    if (memcmp(out->header.ca_id, cfg->ca_id, TB_CA_ID_LEN) != 0)
        return say(why, TB_E_DENIED, "%s: is the issuance log of another CA", name);
    if (out->header.signer != cfg->signer)
        return say(why, TB_E_DENIED, "%s: is the issuance log of another signer", name);
    return 0;
}

/* Of file i: does it go on where the one before it ended? */
static int check_sequence(const struct tb_log_set *s, size_t i, const char *name, char *why)
{
    static const uint8_t none[TB_DIGEST_LEN];
    const struct tb_ilog_scan *now = &s->file[i].scan, *before = i > 0 ? &s->file[i - 1].scan : NULL;

    if (now->header.epoch != s->file[i].epoch)
        return say(why, TB_E_FORMAT, "%s: is of another epoch than its name says", name);
    if (memcmp(now->header.before, before == NULL ? none : before->chain, TB_DIGEST_LEN) != 0)
        return say(why, TB_E_FORMAT, "%s: does not go on from the epoch before: files are missing", name);
    if (before != NULL && before->torn_len > 0)
        return say(why, TB_E_TRUNC, "%s: follows an epoch that ends in the midst of a record", name);
    if (before != NULL && now->header.first_seq < before->header.first_seq + before->num_records)
        return say(why, TB_E_FORMAT, "%s: uses sequence numbers of the epoch before", name);
    return 0;
}

static int open_file(struct tb_log_set *s, const struct tb_config *cfg, int dir_fd, uint32_t epoch, char *why)
{
    size_t i = s->num++;
    struct tb_ilog_scan *scan = &s->file[i].scan;
    char name[TB_ILOG_NAME_LEN + 1];
    int r;

    tb_ilog_name(name, epoch);
    s->file[i].epoch = epoch;
    s->file[i].fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (s->file[i].fd < 0)
        return say(why, TB_E_IO, "%s: %s", name, strerror(errno));
    if ((r = tb_log_set_measure(cfg, s->file[i].fd, name, scan, why)) < 0 || (r = check_sequence(s, i, name, why)) < 0)
        return r;
    s->num_records += scan->num_records;
    if (scan->last_time > s->last_time)
        s->last_time = scan->last_time;
    return 0;
}

int tb_log_set_open(struct tb_log_set *s, const struct tb_config *cfg, char why[static TB_LOG_SET_WHY_MAX + 1])
{
    char dir[TB_CONFIG_PATH_MAX + 65];
    uint32_t epoch[TB_ILOG_FILES_MAX];
    size_t num = 0;
    int dir_fd, r;

    *s = (struct tb_log_set){0};
    tb_config_file(cfg, TB_FILE_LOG_DIR, dir);
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return say(why, TB_E_IO, "%s: %s", dir, strerror(errno));
    if ((r = tb_ilog_list(dir_fd, epoch, &num)) == TB_E_LIMIT)
        say(why, r, "%s: more than %d epochs", dir, TB_ILOG_FILES_MAX);
    else if (r < 0)
        say(why, r, "%s: %s", dir, strerror(errno));
    for (size_t i = 0; r == 0 && i < num; i++)
        r = open_file(s, cfg, dir_fd, epoch[i], why);
    close(dir_fd);
    return r;
}

void tb_log_set_close(struct tb_log_set *s)
{
    for (size_t i = 0; i < s->num; i++)
        if (s->file[i].fd >= 0)
            close(s->file[i].fd);
    s->num = 0;
}
