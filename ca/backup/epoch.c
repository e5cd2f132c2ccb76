#include "ca/backup/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static int say(char why[static TB_LOG_SET_WHY_MAX + 1], int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(char why[static TB_LOG_SET_WHY_MAX + 1], int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, TB_LOG_SET_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

static void log_path(char *out, size_t cap, const struct tb_config *cfg, uint32_t epoch)
{
    char dir[TB_CONFIG_PATH_MAX + 65], name[TB_ILOG_NAME_LEN + 1];

    tb_config_file(cfg, TB_FILE_LOG_DIR, dir);
    tb_ilog_name(name, epoch);
    snprintf(out, cap, "%s/%s", dir, name);
}

/* The digest before a place stands for all that is before it. */
static int check_prefix(const struct tb_ilog_scan *have, const struct tb_ilog_scan *more, int fd, const char *file,
                        char *why)
{
    uint8_t chain[TB_DIGEST_LEN];

    if (more->header.epoch != have->header.epoch)
        return say(why, TB_E_DENIED, "%s: is of epoch %u; the archive's newest is %u", file, more->header.epoch,
                   have->header.epoch);
    if (more->good_len < have->good_len)
        return say(why, TB_E_STATE, "%s: is older than the archive: %llu records against %llu", file,
                   (unsigned long long)more->num_records, (unsigned long long)have->num_records);
    if (pread(fd, chain, sizeof(chain), (off_t)(have->good_len - sizeof(chain))) != (ssize_t)sizeof(chain))
        return say(why, TB_E_IO, "%s: %s", file, strerror(errno));
    if (memcmp(chain, have->chain, sizeof(chain)) != 0)
        return say(why, TB_E_BADSIG, "%s: does not begin with the log that the archive has", file);
    return 0;
}

static int copy_range(int from, int to, uint64_t at, uint64_t end)
{
    uint8_t *piece = malloc(PIECE);
    ssize_t n = piece != NULL ? 1 : -1;

    while (at < end && n > 0) {
        n = pread(from, piece, end - at < PIECE ? (size_t)(end - at) : PIECE, (off_t)at);
        if (n > 0 && pwrite(to, piece, (size_t)n, (off_t)at) != n)
            n = -1;
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(piece);
    return at == end && fsync(to) == 0 ? 0 : TB_E_IO;
}

int tb_epoch_extend(const struct tb_log_set *s, const struct tb_config *cfg, const char *file,
                    char why[static TB_LOG_SET_WHY_MAX + 1])
{
    const struct tb_ilog_scan *have = s->num > 0 ? &s->file[s->num - 1].scan : NULL;
    char path[TB_CONFIG_PATH_MAX + 128];
    struct tb_ilog_scan more;
    int from, to = -1, r;

    if (have == NULL)
        return say(why, TB_E_STATE, "%s: the archive has no log that it could go on from", file);
    if ((from = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
        return say(why, TB_E_IO, "%s: %s", file, strerror(errno));
    if ((r = tb_log_set_measure(cfg, from, file, &more, why)) < 0 ||
        (r = check_prefix(have, &more, from, file, why)) < 0)
        goto out;
    log_path(path, sizeof(path), cfg, have->header.epoch);
    if ((to = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)) < 0 ||
        copy_range(from, to, have->good_len, more.good_len) < 0)
        r = say(why, TB_E_IO, "%s: %s", path, strerror(errno));
out:
    close(from);
    if (to >= 0)
        close(to);
    return r;
}

/* The epoch before, or what stands for it in a CA that never ran. */
static int next_header(const struct tb_log_set *s, const struct tb_config *cfg, tb_time_t now, struct tb_log_header *h,
                       char *why)
{
    const struct tb_ilog_scan *last = s->num > 0 ? &s->file[s->num - 1].scan : NULL;
    uint64_t next = last != NULL ? last->header.first_seq + last->num_records : 1;
    uint16_t leap;

    if (s->num == TB_ILOG_FILES_MAX)
        return say(why, TB_E_LIMIT, "the log has %d epochs; there can be no more", TB_ILOG_FILES_MAX);
    tb_random(&leap, sizeof(leap));
    *h = (struct tb_log_header){.signer = cfg->signer,
                                .epoch = (last != NULL ? last->header.epoch : 0) + 1 + leap % TB_EPOCH_LEAP_MAX,
                                .began_at = now + 1};
    h->first_seq = TB_EPOCH_FIRST_SEQ(h->epoch);
    if (h->epoch > TB_ILOG_EPOCH_MAX || h->first_seq < next)
        return say(why, TB_E_LIMIT, "no epoch follows epoch %u of the log", last != NULL ? last->header.epoch : 0);
    memcpy(h->ca_id, cfg->ca_id, sizeof(h->ca_id));
    if (last != NULL)
        memcpy(h->before, last->chain, sizeof(h->before));
    return 0;
}

int tb_epoch_begin(const struct tb_log_set *s, const struct tb_config *cfg, struct tb_maker *mk, tb_time_t now,
                   uint32_t *out_epoch, char why[static TB_LOG_SET_WHY_MAX + 1])
{
    char path[TB_CONFIG_PATH_MAX + 128], at[TB_RFC3339_LEN + 1];
    uint8_t buf[TB_LOG_HEADER_LEN];
    struct tb_log_header h;
    struct tb_wr wr;
    int r;

    tb_rfc3339_format(at, s->last_time);
    if (s->last_time > now)
        return say(why, TB_E_STATE, "the clock of this machine is behind the log, whose last record is of %s", at);
    if ((r = next_header(s, cfg, now, &h, why)) < 0)
        return r;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_log_header_write(&wr, &h);
    log_path(path, sizeof(path), cfg, h.epoch);
    if ((r = tb_wr_err(&wr)) == 0)
        r = tb_maker_file(mk, path, tb_wr_span(&wr), 0600, TB_OWNER_USER);
    if (r < 0)
        return say(why, r, "%.*s", TB_LOG_SET_WHY_MAX, mk->why);
    *out_epoch = h.epoch;
    return 0;
}
