#include "ca/judge/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_RETRY_MS 50

struct tb_ilog {
    int dir_fd, lock_fd;
    struct tb_ilog_file file[TB_ILOG_FILES_MAX]; /* by epoch; the last is written */
    size_t num_files;
    uint64_t torn;
    tb_time_t last_time;
    uint8_t chain[TB_DIGEST_LEN];
    struct tb_wr pending;
    const struct tb_ilog_how *how; /* while opening */
};

/* The one that is written. */
static struct tb_ilog_file *newest(struct tb_ilog *log)
{
    return &log->file[log->num_files - 1];
}

static int say(char why[static TB_ILOG_WHY_MAX + 1], int err, const char *what)
{
    const char *reason = err == TB_E_IO ? strerror(errno) : "";

    snprintf(why, TB_ILOG_WHY_MAX + 1, "%s%s%s", what, reason[0] != '\0' ? ": " : "", reason);
    return err;
}

static int lock_dir(struct tb_ilog *log, const struct tb_ilog_how *how, char *why)
{
    const struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * 1000000L};

    log->dir_fd = open(how->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->dir_fd < 0)
        return say(why, TB_E_IO, how->dir);
    log->lock_fd = openat(log->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->lock_fd < 0)
        return say(why, TB_E_IO, "log/lock");
    for (uint32_t waited = 0; flock(log->lock_fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_RETRY_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return say(why, TB_E_IO, "log/lock");
        if (waited >= how->lock_wait_ms)
            return say(why, TB_E_TIMEOUT, "log/lock: another judge holds the issuance log");
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int write_all(int fd, struct tb_span s, uint64_t offset)
{
    while (s.len > 0) {
        ssize_t n = pwrite(fd, s.p, s.len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TB_E_IO;
        s = tb_span_of(s.p + n, s.len - (size_t)n);
        offset += (uint64_t)n;
    }
    return 0;
}

/* Under another name first, so that no crash leaves a file without a whole header. */
static int create_first(const struct tb_ilog *log, const struct tb_ilog_how *how)
{
    struct tb_log_header h = {.signer = how->signer, .epoch = 1, .began_at = how->now, .first_seq = 1};
    uint8_t buf[TB_LOG_HEADER_LEN];
    char name[TB_ILOG_NAME_LEN + 1];
    struct stat st;
    struct tb_wr wr;
    int fd, r = TB_E_IO;

    memcpy(h.ca_id, how->ca_id, sizeof(h.ca_id));
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_log_header_write(&wr, &h);
    tb_ilog_name(name, h.epoch);
    fd = openat(log->dir_fd, "new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return TB_E_IO;
    /* Started as root, the log still belongs to whom the state belongs. */
    if (geteuid() == 0 && (fstat(log->dir_fd, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0))
        goto out;
    if (write_all(fd, tb_wr_span(&wr), 0) == 0 && fsync(fd) == 0 &&
        renameat(log->dir_fd, "new", log->dir_fd, name) == 0 && fsync(log->dir_fd) == 0)
        r = 0;
out:
    close(fd);
    return r;
}

static int on_replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    struct tb_ilog *log = arg;
    struct tb_ilog_file *f = newest(log);
    int r = tb_ilog_file_note(f, rec->seq, offset);

    return r < 0 ? r : log->how->replay(log->how->arg, rec, f->base + offset);
}

static int check_header(const struct tb_log_header *h, const struct tb_ilog_how *how, uint32_t epoch, char *why)
{
    if (memcmp(h->ca_id, how->ca_id, TB_CA_ID_LEN) != 0)
        return say(why, TB_E_DENIED, "the issuance log is that of another CA");
    if (h->signer != how->signer)
        return say(why, TB_E_DENIED, "the issuance log is that of another signer");
    if (h->epoch != epoch)
        return say(why, TB_E_FORMAT, "the issuance log is of another epoch than its file name says");
    return 0;
}

/* The epochs are one chain: what the header says of the one before is what was found there. */
static int check_sequence(struct tb_ilog *log, char *why)
{
    static const uint8_t none[TB_DIGEST_LEN];
    const struct tb_ilog_file *f = newest(log), *before = log->num_files > 1 ? f - 1 : NULL;

    if (memcmp(f->header.before, before == NULL ? none : log->chain, TB_DIGEST_LEN) != 0)
        return say(why, TB_E_FORMAT,
                   "an epoch of the issuance log does not go on from the one before: files are missing");
    if (before != NULL && f->header.first_seq < before->next_seq)
        return say(why, TB_E_FORMAT, "an epoch of the issuance log uses sequence numbers of the one before");
    return 0;
}

static int replay_file(struct tb_ilog *log, const char *name, uint32_t epoch, struct tb_ilog_scan *scan, char *why)
{
    struct tb_ilog_file *f = newest(log);
    struct tb_rd rd;
    struct stat st;
    void *map;
    int r;

    if (fstat(f->fd, &st) < 0)
        return say(why, TB_E_IO, name);
    if (st.st_size < TB_LOG_HEADER_LEN)
        return say(why, TB_E_TRUNC, "the issuance log has no whole header");
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
    if (map == MAP_FAILED)
        return say(why, TB_E_IO, name);
    rd = tb_rd_of(tb_span_of(map, (size_t)st.st_size));
    if ((r = tb_log_header_read(&rd, &f->header)) < 0) {
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: header: %s", name, tb_err_text(r));
        goto out;
    }
    if ((r = check_header(&f->header, log->how, epoch, why)) < 0 || (r = check_sequence(log, why)) < 0 ||
        (log->how->epoch != NULL && (r = log->how->epoch(log->how->arg)) < 0))
        goto out;
    r = tb_ilog_scan(tb_span_of(map, (size_t)st.st_size), on_replay, log, scan);
    if (r < 0 && why[0] == '\0') /* replay may have said more */
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: damaged at offset %llu: %s", name, (unsigned long long)scan->bad_offset,
                 tb_err_text(r));
out:
    munmap(map, (size_t)st.st_size);
    return r;
}

/* Files of earlier epochs were made whole: only the newest may end in the midst of a record. */
static int cut_tail(struct tb_ilog *log, const char *name, const struct tb_ilog_scan *scan, bool last, char *why)
{
    const struct tb_ilog_file *f = newest(log);

    if (!last && scan->torn_len > 0) {
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: damaged at offset %llu: it ends in the midst of a record", name,
                 (unsigned long long)scan->good_len);
        return TB_E_TRUNC;
    }
    if (scan->torn_len > 0 && ftruncate(f->fd, (off_t)scan->good_len) < 0)
        return say(why, TB_E_IO, name);
    /* What the judge before wrote and did not sync may be read now: it must not vanish later. */
    if (last && fdatasync(f->fd) < 0)
        return say(why, TB_E_IO, name);
    return 0;
}

static int open_epoch(struct tb_ilog *log, uint32_t epoch, bool last, char *why)
{
    struct tb_ilog_file *f = &log->file[log->num_files++];
    struct tb_ilog_scan scan;
    char name[TB_ILOG_NAME_LEN + 1];
    int r;

    tb_ilog_name(name, epoch);
    *f = (struct tb_ilog_file){.fd = openat(log->dir_fd, name, (last ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW),
                               .base = log->num_files > 1 ? f[-1].base + f[-1].size : 0};
    if (f->fd < 0)
        return say(why, TB_E_IO, name);
    if ((r = replay_file(log, name, epoch, &scan, why)) < 0 || (r = cut_tail(log, name, &scan, last, why)) < 0)
        return r;
    f->size = scan.good_len;
    f->next_seq = scan.header.first_seq + scan.num_records;
    log->torn = scan.torn_len;
    if (scan.last_time > log->last_time)
        log->last_time = scan.last_time;
    if (scan.header.began_at > log->last_time)
        log->last_time = scan.header.began_at;
    memcpy(log->chain, scan.chain, sizeof(log->chain));
    return 0;
}

static int open_epochs(struct tb_ilog *log, const struct tb_ilog_how *how, char *why)
{
    uint32_t epoch[TB_ILOG_FILES_MAX];
    size_t num;
    int r;

    if ((r = tb_ilog_list(log->dir_fd, epoch, &num)) < 0)
        return say(why, r, r == TB_E_LIMIT ? "the issuance log has too many epochs" : how->dir);
    if (num == 0) {
        if ((r = create_first(log, how)) < 0)
            return say(why, r, how->dir);
        epoch[num++] = 1;
    }
    for (size_t i = 0; i < num; i++)
        if ((r = open_epoch(log, epoch[i], i + 1 == num, why)) < 0)
            return r;
    return 0;
}

int tb_ilog_open(const struct tb_ilog_how *how, struct tb_ilog **out, char why[static TB_ILOG_WHY_MAX + 1])
{
    struct tb_ilog *log = calloc(1, sizeof(*log));
    int r;

    *out = NULL;
    why[0] = '\0';
    if (log == NULL)
        return say(why, TB_E_NOMEM, "out of memory");
    log->dir_fd = log->lock_fd = -1;
    log->how = how;
    tb_wr_init(&log->pending, TB_ILOG_PENDING_MAX);
    if ((r = lock_dir(log, how, why)) < 0 || (r = open_epochs(log, how, why)) < 0) {
        tb_ilog_close(log);
        return r;
    }
    log->how = NULL;
    *out = log;
    return 0;
}

void tb_ilog_close(struct tb_ilog *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < log->num_files; i++)
        tb_ilog_file_close(&log->file[i]);
    if (log->lock_fd >= 0)
        close(log->lock_fd);
    if (log->dir_fd >= 0)
        close(log->dir_fd);
    tb_wr_clear(&log->pending);
    free(log);
}

tb_time_t tb_ilog_began_at(const struct tb_ilog *log)
{
    return log->file[log->num_files - 1].header.began_at;
}

uint32_t tb_ilog_epoch(const struct tb_ilog *log)
{
    return log->file[log->num_files - 1].header.epoch;
}

uint64_t tb_ilog_size(const struct tb_ilog *log)
{
    const struct tb_ilog_file *f = &log->file[log->num_files - 1];

    return f->base + f->size;
}

uint64_t tb_ilog_torn(const struct tb_ilog *log)
{
    return log->torn;
}

tb_time_t tb_ilog_last_time(const struct tb_ilog *log)
{
    return log->last_time;
}

int tb_ilog_append(struct tb_ilog *log, enum tb_log_type type, tb_time_t time, struct tb_span body,
                   struct tb_log_rec *out_rec, uint64_t *out_offset)
{
    struct tb_ilog_file *f = newest(log);
    struct tb_log_rec rec = {
        .type = type, .seq = f->next_seq, .time = time > log->last_time ? time : log->last_time, .body = body};
    uint64_t offset = f->size + log->pending.len;
    int r;

    if (log->pending.len + TB_LOG_REC_MAX > TB_ILOG_PENDING_MAX || body.len > TB_LOG_BODY_MAX)
        return TB_E_LIMIT;
    if ((r = tb_ilog_file_note(f, rec.seq, offset)) < 0 || (r = tb_log_rec_write(&log->pending, &rec, log->chain)) < 0)
        return r;
    f->next_seq++;
    log->last_time = rec.time;
    *out_rec = rec;
    *out_offset = f->base + offset;
    return 0;
}

bool tb_ilog_pending(const struct tb_ilog *log)
{
    return log->pending.len > 0;
}

int tb_ilog_sync(struct tb_ilog *log)
{
    struct tb_ilog_file *f = newest(log);
    int r;

    if (log->pending.len == 0)
        return 0;
    if ((r = write_all(f->fd, tb_wr_span(&log->pending), f->size)) < 0)
        return r;
    if (fdatasync(f->fd) < 0)
        return TB_E_IO;
    f->size += log->pending.len;
    tb_wr_reset(&log->pending);
    return 0;
}

int tb_ilog_read(const struct tb_ilog *log, uint64_t offset, struct tb_wr *buf, struct tb_log_rec *out,
                 uint64_t *out_next)
{
    const struct tb_ilog_file *f = log->file, *last = &log->file[log->num_files - 1];
    uint64_t at;
    int r;

    /* The end of a file is where the next one begins, and its first record stands behind its header. */
    while (f < last && offset >= f->base + f->size)
        f++;
    at = offset - f->base;
    if (f > log->file && at == 0)
        at = TB_LOG_HEADER_LEN;
    while (f < last && at >= f->size) { /* an epoch without a record */
        f++;
        at = TB_LOG_HEADER_LEN;
    }
    if ((r = tb_ilog_file_read(f, at, buf, out, out_next)) == 0 && out_next != NULL)
        *out_next += f->base;
    return r;
}

int tb_ilog_find(const struct tb_ilog *log, uint64_t seq, uint64_t *out_offset)
{
    int r = TB_E_NOTFOUND;

    *out_offset = 0;
    for (size_t i = 0; i < log->num_files && r == TB_E_NOTFOUND; i++)
        if ((r = tb_ilog_file_find(&log->file[i], seq, out_offset)) == 0)
            *out_offset += log->file[i].base;
    return r;
}
