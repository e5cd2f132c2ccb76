#include "ca/judge/log.h"

#include <dirent.h>
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
#define NAME_FORMAT   "issuance-%08u.log"
#define NAME_LEN      (9 + 8 + 4)

struct tb_ilog {
    int dir_fd, lock_fd, fd;
    struct tb_log_header header;
    uint64_t size; /* durable */
    uint64_t torn;
    uint64_t next_seq;
    tb_time_t last_time;
    uint8_t chain[TB_DIGEST_LEN];
    struct tb_wr pending;
    uint64_t *index; /* offset of every TB_ILOG_INDEX_STEPth record */
    size_t num_index, cap_index;
    const struct tb_ilog_how *how; /* while opening */
};

static int say(char why[static TB_ILOG_WHY_MAX + 1], int err, const char *what)
{
    if (err == TB_E_IO)
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: %s", what, strerror(errno));
    else
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s", what);
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

/* 0 when name is not that of a log file. */
static uint32_t epoch_of(const char *name)
{
    char again[32];
    unsigned epoch;

    if (strlen(name) != NAME_LEN || sscanf(name, "issuance-%8u.log", &epoch) != 1 || epoch > TB_ILOG_EPOCH_MAX)
        return 0;
    snprintf(again, sizeof(again), NAME_FORMAT, epoch);
    return strcmp(name, again) == 0 ? epoch : 0;
}

static int highest_epoch(const struct tb_ilog *log, uint32_t *out)
{
    int fd = openat(log->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    *out = 0;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return TB_E_IO;
    }
    while ((e = readdir(dir)) != NULL)
        if (epoch_of(e->d_name) > *out)
            *out = epoch_of(e->d_name);
    closedir(dir);
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

static int read_all(int fd, uint8_t *out, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t got = pread(fd, out, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return TB_E_IO;
        out += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

/* Under another name first, so that no crash leaves a file without a whole header. */
static int create_first(const struct tb_ilog *log, const struct tb_ilog_how *how)
{
    struct tb_log_header h = {.signer = how->signer, .epoch = 1, .began_at = how->now, .first_seq = 1};
    uint8_t buf[TB_LOG_HEADER_LEN];
    char name[32];
    struct stat st;
    struct tb_wr wr;
    int fd, r = TB_E_IO;

    memcpy(h.ca_id, how->ca_id, sizeof(h.ca_id));
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_log_header_write(&wr, &h);
    snprintf(name, sizeof(name), NAME_FORMAT, 1u);
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

static int index_add(struct tb_ilog *log, uint64_t seq, uint64_t offset)
{
    size_t cap = log->cap_index == 0 ? 1024 : 2 * log->cap_index;
    uint64_t *p;

    if ((seq - log->header.first_seq) % TB_ILOG_INDEX_STEP != 0)
        return 0;
    if (log->num_index == TB_ILOG_INDEX_MAX)
        return TB_E_LIMIT;
    if (log->num_index == log->cap_index) {
        p = reallocarray(log->index, cap, sizeof(*p));
        if (p == NULL)
            return TB_E_NOMEM;
        log->index = p;
        log->cap_index = cap;
    }
    log->index[log->num_index++] = offset;
    return 0;
}

static int on_replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    struct tb_ilog *log = arg;
    int r = index_add(log, rec->seq, offset);

    return r < 0 ? r : log->how->replay(log->how->arg, rec, offset);
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

static int replay_file(struct tb_ilog *log, const char *name, uint32_t epoch, struct tb_ilog_scan *scan, char *why)
{
    struct tb_rd rd;
    struct stat st;
    void *map;
    int r;

    if (fstat(log->fd, &st) < 0)
        return say(why, TB_E_IO, name);
    if (st.st_size < TB_LOG_HEADER_LEN)
        return say(why, TB_E_TRUNC, "the issuance log has no whole header");
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, log->fd, 0);
    if (map == MAP_FAILED)
        return say(why, TB_E_IO, name);
    rd = tb_rd_of(tb_span_of(map, (size_t)st.st_size));
    if ((r = tb_log_header_read(&rd, &log->header)) < 0) {
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: header: %s", name, tb_err_text(r));
        goto out;
    }
    if ((r = check_header(&log->header, log->how, epoch, why)) < 0)
        goto out;
    r = tb_ilog_scan(tb_span_of(map, (size_t)st.st_size), on_replay, log, scan);
    if (r < 0 && why[0] == '\0') /* replay may have said more */
        snprintf(why, TB_ILOG_WHY_MAX + 1, "%s: damaged at offset %llu: %s", name, (unsigned long long)scan->bad_offset,
                 tb_err_text(r));
out:
    munmap(map, (size_t)st.st_size);
    return r;
}

static int open_epoch(struct tb_ilog *log, uint32_t epoch, char *why)
{
    struct tb_ilog_scan scan;
    char name[32];
    int r;

    snprintf(name, sizeof(name), NAME_FORMAT, epoch);
    log->fd = openat(log->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (log->fd < 0)
        return say(why, TB_E_IO, name);
    if ((r = replay_file(log, name, epoch, &scan, why)) < 0)
        return r;
    if (scan.torn_len > 0 && ftruncate(log->fd, (off_t)scan.good_len) < 0)
        return say(why, TB_E_IO, name);
    /* What the judge before wrote and did not sync may be read now: it must not vanish later. */
    if (fdatasync(log->fd) < 0)
        return say(why, TB_E_IO, name);
    log->size = scan.good_len;
    log->torn = scan.torn_len;
    log->next_seq = scan.header.first_seq + scan.num_records;
    log->last_time = scan.last_time;
    memcpy(log->chain, scan.chain, sizeof(log->chain));
    return 0;
}

int tb_ilog_open(const struct tb_ilog_how *how, struct tb_ilog **out, char why[static TB_ILOG_WHY_MAX + 1])
{
    struct tb_ilog *log = calloc(1, sizeof(*log));
    uint32_t epoch;
    int r;

    *out = NULL;
    why[0] = '\0';
    if (log == NULL)
        return say(why, TB_E_NOMEM, "out of memory");
    log->dir_fd = log->lock_fd = log->fd = -1;
    log->how = how;
    tb_wr_init(&log->pending, TB_ILOG_PENDING_MAX);
    if ((r = lock_dir(log, how, why)) < 0)
        goto fail;
    if ((r = highest_epoch(log, &epoch)) < 0 || (epoch == 0 && (r = create_first(log, how)) < 0)) {
        say(why, r, how->dir);
        goto fail;
    }
    if ((r = open_epoch(log, epoch == 0 ? 1 : epoch, why)) < 0)
        goto fail;
    log->how = NULL;
    *out = log;
    return 0;
fail:
    tb_ilog_close(log);
    return r;
}

void tb_ilog_close(struct tb_ilog *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        close(log->fd);
    if (log->lock_fd >= 0)
        close(log->lock_fd);
    if (log->dir_fd >= 0)
        close(log->dir_fd);
    tb_wr_clear(&log->pending);
    free(log->index);
    free(log);
}

tb_time_t tb_ilog_began_at(const struct tb_ilog *log)
{
    return log->header.began_at;
}

uint32_t tb_ilog_epoch(const struct tb_ilog *log)
{
    return log->header.epoch;
}

uint64_t tb_ilog_size(const struct tb_ilog *log)
{
    return log->size;
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
    struct tb_log_rec rec = {
        .type = type, .seq = log->next_seq, .time = time > log->last_time ? time : log->last_time, .body = body};
    uint64_t offset = log->size + log->pending.len;
    int r;

    if (log->pending.len + TB_LOG_REC_MAX > TB_ILOG_PENDING_MAX || body.len > TB_LOG_BODY_MAX)
        return TB_E_LIMIT;
    if ((r = index_add(log, rec.seq, offset)) < 0 || (r = tb_log_rec_write(&log->pending, &rec, log->chain)) < 0)
        return r;
    log->next_seq++;
    log->last_time = rec.time;
    *out_rec = rec;
    *out_offset = offset;
    return 0;
}

bool tb_ilog_pending(const struct tb_ilog *log)
{
    return log->pending.len > 0;
}

int tb_ilog_sync(struct tb_ilog *log)
{
    int r;

    if (log->pending.len == 0)
        return 0;
    if ((r = write_all(log->fd, tb_wr_span(&log->pending), log->size)) < 0)
        return r;
    if (fdatasync(log->fd) < 0)
        return TB_E_IO;
    log->size += log->pending.len;
    tb_wr_reset(&log->pending);
    return 0;
}

int tb_ilog_read(const struct tb_ilog *log, uint64_t offset, struct tb_wr *buf, struct tb_log_rec *out,
                 uint64_t *out_next)
{
    uint8_t head[TB_DIGEST_LEN + 4], chain[TB_DIGEST_LEN];
    uint32_t len = 0;
    struct tb_rd rd = tb_rd_of(tb_span_of(head + TB_DIGEST_LEN, 4));
    uint8_t *p;
    size_t whole;
    int r;

    memset(out, 0, sizeof(*out));
    tb_wr_reset(buf);
    if (offset < TB_LOG_HEADER_LEN || offset >= log->size)
        return TB_E_NOTFOUND;
    /* The digest before a record starts its own. */
    if ((r = read_all(log->fd, head, sizeof(head), offset - TB_DIGEST_LEN)) < 0 || (r = tb_rd_u32(&rd, &len)) < 0)
        return r;
    whole = 4 + (size_t)len + TB_DIGEST_LEN;
    if (len > TB_LOG_REC_FIXED + TB_LOG_BODY_MAX || whole > log->size - offset)
        return TB_E_FORMAT;
    if ((p = tb_wr_reserve(buf, whole)) == NULL)
        return tb_wr_err(buf);
    if ((r = read_all(log->fd, p, whole, offset)) < 0)
        return r;
    memcpy(chain, head, sizeof(chain));
    rd = tb_rd_of(tb_wr_span(buf));
    if ((r = tb_log_rec_read(&rd, out, chain)) < 0)
        return r;
    if (out_next != NULL)
        *out_next = offset + whole;
    return 0;
}

int tb_ilog_find(const struct tb_ilog *log, uint64_t seq, uint64_t *out_offset)
{
    uint64_t first = log->header.first_seq, offset, at;
    uint8_t raw[4];
    uint32_t len = 0;
    struct tb_rd rd;
    int r;

    *out_offset = 0;
    if (seq < first)
        seq = first;
    if (seq >= log->next_seq)
        return TB_E_NOTFOUND;
    offset = log->index[(seq - first) / TB_ILOG_INDEX_STEP];
    for (at = seq - (seq - first) % TB_ILOG_INDEX_STEP; at < seq; at++) {
        if (offset >= log->size)
            return TB_E_NOTFOUND;
        rd = tb_rd_of(tb_span_of(raw, sizeof(raw)));
        if ((r = read_all(log->fd, raw, sizeof(raw), offset)) < 0 || (r = tb_rd_u32(&rd, &len)) < 0)
            return r;
        offset += 4 + (uint64_t)len + TB_DIGEST_LEN;
    }
    if (offset >= log->size)
        return TB_E_NOTFOUND;
    *out_offset = offset;
    return 0;
}
