#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/judge/log.h"

#define T0 INT64_C(1800000000)

static const uint8_t ca_id[TB_CA_ID_LEN] = "test-ca-number1";

struct fix {
    char dir[64];
    char file[128];
    char why[TB_ILOG_WHY_MAX + 1];
    struct tb_ilog *log;
    struct tb_ilog_how how;
    unsigned replayed;
    uint64_t last_seq;
    int refuse_at; /* record number at which replay says no */
};

static int on_replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    struct fix *f = arg;

    assert_true(offset >= TB_LOG_HEADER_LEN);
    f->last_seq = rec->seq;
    return (int)++f->replayed == f->refuse_at ? TB_E_DENIED : 0;
}

static int open_log(struct fix *f)
{
    f->replayed = 0;
    f->last_seq = 0;
    return tb_ilog_open(&f->how, &f->log, f->why);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    strcpy(f->dir, "/tmp/tb-log-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->file, sizeof(f->file), "%s/issuance-00000001.log", f->dir);
    f->how = (struct tb_ilog_how){.dir = f->dir, .ca_id = ca_id, .signer = 1, .replay = on_replay, .arg = f};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;
    const char *names[] = {"issuance-00000001.log", "issuance-00000002.log", "issuance-00000003.log", "lock", "new",
                           "issuance-1.log"};
    char path[160];

    tb_ilog_close(f->log);
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

static uint64_t append(struct fix *f, tb_time_t t, const char *body)
{
    struct tb_log_rec rec;
    uint64_t offset;

    assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_PROFILE, t, tb_span_str(body), &rec, &offset), 0);
    return offset;
}

static off_t size_of(const struct fix *f)
{
    struct stat st;

    assert_int_equal(stat(f->file, &st), 0);
    return st.st_size;
}

static void close_log(struct fix *f)
{
    tb_ilog_close(f->log);
    f->log = NULL;
}

static void poke(const struct fix *f, off_t at, uint8_t xor)
{
    int fd = open(f->file, O_RDWR);
    uint8_t b;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &b, 1, at), 1);
    b ^= xor;
    assert_int_equal(pwrite(fd, &b, 1, at), 1);
    close(fd);
}

static void first_start_makes_epoch_one(void **state)
{
    struct fix *f = *state;

    assert_int_equal(open_log(f), 0);
    assert_int_equal(tb_ilog_epoch(f->log), 1);
    assert_int_equal(f->replayed, 0);
    assert_int_equal(tb_ilog_size(f->log), TB_LOG_HEADER_LEN);
    assert_int_equal(size_of(f), TB_LOG_HEADER_LEN);
    assert_int_equal(tb_ilog_last_time(f->log), 0);
}

static void what_was_synced_is_replayed(void **state)
{
    struct fix *f = *state;
    struct tb_wr buf;
    struct tb_log_rec rec;
    uint64_t a, b, next;

    assert_int_equal(open_log(f), 0);
    a = append(f, T0, "one");
    b = append(f, T0 + 5, "two");
    assert_true(tb_ilog_pending(f->log));
    tb_wr_init(&buf, TB_LOG_REC_MAX);
    assert_int_equal(tb_ilog_read(f->log, a, &buf, &rec, &next), TB_E_NOTFOUND); /* not durable yet */
    assert_int_equal(tb_ilog_sync(f->log), 0);
    assert_false(tb_ilog_pending(f->log));
    close_log(f);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 2);
    assert_int_equal(f->last_seq, 2);
    assert_int_equal(tb_ilog_last_time(f->log), T0 + 5);
    assert_int_equal(tb_ilog_read(f->log, a, &buf, &rec, &next), 0);
    assert_true(tb_span_eq_str(rec.body, "one"));
    assert_int_equal(next, b);
    assert_int_equal(tb_ilog_read(f->log, b, &buf, &rec, &next), 0);
    assert_true(tb_span_eq_str(rec.body, "two"));
    assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, NULL), TB_E_NOTFOUND);
    append(f, T0 + 6, "three");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 3);
    tb_wr_clear(&buf);
}

static void what_was_not_synced_is_gone(void **state)
{
    struct fix *f = *state;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    close_log(f);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 0);
}

static void times_never_fall(void **state)
{
    struct fix *f = *state;
    struct tb_log_rec rec;
    uint64_t offset;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_PROFILE, T0 - 100, tb_span_str("x"), &rec, &offset), 0);
    assert_int_equal(rec.time, T0);
}

/* Every length of the last record that a crash can leave. */
static void a_torn_tail_is_cut_at_each_length(void **state)
{
    struct fix *f = *state;
    uint64_t b;
    off_t whole;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    b = append(f, T0, "two");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    whole = size_of(f);
    for (off_t len = whole - 1; len > (off_t)b; len--) {
        assert_int_equal(truncate(f->file, len), 0);
        assert_int_equal(open_log(f), 0);
        assert_int_equal(f->replayed, 1);
        assert_int_equal(tb_ilog_torn(f->log), len - (off_t)b);
        assert_int_equal(size_of(f), b);
        append(f, T0, "two");
        assert_int_equal(tb_ilog_sync(f->log), 0);
        close_log(f);
        assert_int_equal(size_of(f), whole);
    }
}

static void a_tail_of_zeros_is_cut(void **state)
{
    struct fix *f = *state;
    uint64_t size;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    size = tb_ilog_size(f->log);
    close_log(f);
    assert_int_equal(truncate(f->file, (off_t)size + 4096), 0);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 1);
    assert_int_equal(tb_ilog_size(f->log), size);
}

/* Each single bit of each record, the last one's length included: nothing that was durable is cut off silently. */
static void damage_anywhere_is_fatal_and_named(void **state)
{
    struct fix *f = *state;
    uint64_t a, b;
    off_t whole;
    char want[64];

    assert_int_equal(open_log(f), 0);
    a = append(f, T0, "one");
    b = append(f, T0, "two");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    whole = size_of(f);
    for (off_t at = 0; at < whole; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            poke(f, at, (uint8_t)(1u << bit));
            assert_true(open_log(f) < 0);
            assert_null(f->log);
            assert_int_equal(size_of(f), whole);
            poke(f, at, (uint8_t)(1u << bit));
        }
        snprintf(want, sizeof(want), "offset %llu", (unsigned long long)(at >= (off_t)b ? b : a));
        if (at >= TB_LOG_HEADER_LEN)
            assert_non_null(strstr(f->why, want));
    }
    assert_int_equal(open_log(f), 0);
}

static void a_removed_record_breaks_the_chain(void **state)
{
    struct fix *f = *state;
    uint64_t a, b;
    uint8_t buf[4096];
    ssize_t n;
    int fd;

    assert_int_equal(open_log(f), 0);
    a = append(f, T0, "one");
    b = append(f, T0, "two");
    append(f, T0, "three");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    fd = open(f->file, O_RDWR);
    n = pread(fd, buf, sizeof(buf), (off_t)b);
    assert_true(n > 0);
    assert_int_equal(pwrite(fd, buf, (size_t)n, (off_t)a), n);
    assert_int_equal(ftruncate(fd, (off_t)a + n), 0);
    close(fd);
    assert_int_equal(open_log(f), TB_E_BADSIG);
}

static void logs_of_others_are_refused(void **state)
{
    struct fix *f = *state;
    static const uint8_t other[TB_CA_ID_LEN] = "test-ca-number2";

    assert_int_equal(open_log(f), 0);
    close_log(f);
    f->how.ca_id = other;
    assert_int_equal(open_log(f), TB_E_DENIED);
    f->how.ca_id = ca_id;
    f->how.signer = 2;
    assert_int_equal(open_log(f), TB_E_DENIED);
    f->how.signer = 1;
    assert_int_equal(open_log(f), 0);
}

static void a_second_judge_waits_and_gives_up(void **state)
{
    struct fix *f = *state;
    struct tb_ilog *second = NULL;
    char why[TB_ILOG_WHY_MAX + 1];

    assert_int_equal(open_log(f), 0);
    f->how.lock_wait_ms = 120;
    assert_int_equal(tb_ilog_open(&f->how, &second, why), TB_E_TIMEOUT);
    assert_null(second);
    assert_non_null(strstr(why, "lock"));
    close_log(f);
    assert_int_equal(open_log(f), 0);
}

static void the_highest_epoch_counts_and_its_name_must_be_true(void **state)
{
    struct fix *f = *state;
    char second[160], stray[160];

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    snprintf(stray, sizeof(stray), "%s/issuance-1.log", f->dir);
    close(open(stray, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(open_log(f), 0); /* a name of another form is no log file */
    close_log(f);
    snprintf(second, sizeof(second), "%s/issuance-00000002.log", f->dir);
    assert_int_equal(link(f->file, second), 0);
    assert_int_equal(open_log(f), TB_E_FORMAT);
    assert_non_null(strstr(f->why, "epoch"));
}

/* A file of another epoch, without records; before: the digest that its header gives for the epoch before. */
static void make_epoch(const struct fix *f, uint32_t epoch, uint64_t first_seq, const uint8_t before[TB_DIGEST_LEN])
{
    struct tb_log_header h = {.signer = 1, .epoch = epoch, .first_seq = first_seq};
    char path[160], name[TB_ILOG_NAME_LEN + 1];
    uint8_t buf[TB_LOG_HEADER_LEN];
    struct tb_wr wr;
    int fd;

    memcpy(h.ca_id, ca_id, sizeof(h.ca_id));
    memcpy(h.before, before, sizeof(h.before));
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_log_header_write(&wr, &h);
    assert_int_equal(tb_wr_err(&wr), 0);
    tb_ilog_name(name, epoch);
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_int_equal(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
    close(fd);
}

/* The last digest of the file of epoch 1. */
static void last_digest(const struct fix *f, uint8_t out[TB_DIGEST_LEN])
{
    int fd = open(f->file, O_RDONLY);

    assert_int_equal(pread(fd, out, TB_DIGEST_LEN, size_of(f) - TB_DIGEST_LEN), TB_DIGEST_LEN);
    close(fd);
}

static void epochs_are_one_log(void **state)
{
    struct fix *f = *state;
    uint64_t a, b, c, d, at, next;
    uint8_t before[TB_DIGEST_LEN];
    struct tb_log_rec rec;
    struct tb_wr buf;

    assert_int_equal(open_log(f), 0);
    a = append(f, T0, "one");
    b = append(f, T0 + 9, "two");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    last_digest(f, before);
    make_epoch(f, 2, 101, before);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 2);
    assert_int_equal(tb_ilog_epoch(f->log), 2);
    assert_int_equal(tb_ilog_last_time(f->log), T0 + 9);
    tb_wr_init(&buf, TB_LOG_REC_MAX);
    assert_int_equal(tb_ilog_find(f->log, 3, &at), TB_E_NOTFOUND);
    assert_int_equal(tb_ilog_read(f->log, b, &buf, &rec, &next), 0);
    assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, NULL), TB_E_NOTFOUND);
    c = append(f, T0, "three"); /* its time is raised to that of the epoch before */
    d = append(f, T0 + 10, "four");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(tb_ilog_size(f->log), size_of(f) + TB_LOG_HEADER_LEN + (off_t)(d - c) + 4 + 17 + 4 + 32);
        assert_int_equal(tb_ilog_find(f->log, 1, &at), 0);
        assert_int_equal(at, a);
        for (uint64_t seq = 3; seq <= 101; seq += 49) { /* none has such a number: the next one */
            assert_int_equal(tb_ilog_find(f->log, seq, &at), 0);
            assert_int_equal(at, c);
        }
        assert_int_equal(tb_ilog_find(f->log, 102, &at), 0);
        assert_int_equal(at, d);
        assert_int_equal(tb_ilog_find(f->log, 103, &at), TB_E_NOTFOUND);
        assert_int_equal(tb_ilog_read(f->log, b, &buf, &rec, &next), 0);
        assert_int_equal(rec.seq, 2);
        assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, &next), 0);
        assert_int_equal(rec.seq, 101);
        assert_int_equal(rec.time, T0 + 9);
        assert_true(tb_span_eq_str(rec.body, "three"));
        assert_int_equal(next, d);
        assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, &next), 0);
        assert_true(tb_span_eq_str(rec.body, "four"));
        assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, NULL), TB_E_NOTFOUND);
        close_log(f);
        assert_int_equal(open_log(f), 0);
        assert_int_equal(f->replayed, 4);
        assert_int_equal(f->last_seq, 102);
    }
    tb_wr_clear(&buf);
}

static void an_epoch_without_records_is_passed_over(void **state)
{
    struct fix *f = *state;
    uint8_t before[TB_DIGEST_LEN];
    struct tb_log_rec rec;
    uint64_t b, next;
    struct tb_wr buf;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    last_digest(f, before);
    make_epoch(f, 2, 101, before);
    snprintf(f->file, sizeof(f->file), "%s/issuance-00000002.log", f->dir);
    last_digest(f, before);
    make_epoch(f, 3, 101, before);
    assert_int_equal(open_log(f), 0);
    b = append(f, T0 + 1, "two");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    tb_wr_init(&buf, TB_LOG_REC_MAX);
    assert_int_equal(tb_ilog_read(f->log, TB_LOG_HEADER_LEN, &buf, &rec, &next), 0);
    assert_int_equal(tb_ilog_read(f->log, next, &buf, &rec, &next), 0);
    assert_int_equal(rec.seq, 101);
    assert_int_equal(tb_ilog_find(f->log, 2, &next), 0);
    assert_int_equal(next, b);
    tb_wr_clear(&buf);
}

static void an_epoch_that_does_not_follow_is_refused(void **state)
{
    struct fix *f = *state;
    uint8_t before[TB_DIGEST_LEN], none[TB_DIGEST_LEN] = {0};

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    last_digest(f, before);
    make_epoch(f, 2, 1, before); /* number 1 is taken */
    assert_int_equal(open_log(f), TB_E_FORMAT);
    assert_non_null(strstr(f->why, "sequence numbers"));
    before[31] ^= 1;
    make_epoch(f, 2, 2, before);
    assert_int_equal(open_log(f), TB_E_FORMAT);
    assert_non_null(strstr(f->why, "go on"));
    make_epoch(f, 2, 2, none);
    assert_int_equal(open_log(f), TB_E_FORMAT);
    before[31] ^= 1;
    make_epoch(f, 2, 2, before);
    assert_int_equal(open_log(f), 0);
    close_log(f);
    assert_int_equal(unlink(f->file), 0); /* epoch 1 has gone */
    assert_int_equal(open_log(f), TB_E_FORMAT);
    assert_non_null(strstr(f->why, "missing"));
}

static void only_the_newest_epoch_may_have_a_torn_tail(void **state)
{
    struct fix *f = *state;
    uint8_t before[TB_DIGEST_LEN];

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    last_digest(f, before);
    make_epoch(f, 2, 2, before);
    assert_int_equal(truncate(f->file, size_of(f) + 3), 0);
    assert_int_equal(open_log(f), TB_E_TRUNC);
    assert_non_null(strstr(f->why, "issuance-00000001.log: damaged at offset"));
    assert_int_equal(truncate(f->file, size_of(f) - 3), 0);
    assert_int_equal(open_log(f), 0);
}

static void epochs_at_the_limit_open_and_one_more_does_not(void **state)
{
    struct fix *f = *state;
    uint8_t before[TB_DIGEST_LEN] = {0};
    char path[160], name[TB_ILOG_NAME_LEN + 1];

    for (uint32_t i = 1; i <= TB_ILOG_FILES_MAX + 1; i++) {
        make_epoch(f, 10 * i, i, before);
        tb_ilog_name(name, 10 * i);
        snprintf(f->file, sizeof(f->file), "%s/%s", f->dir, name);
        last_digest(f, before);
    }
    assert_int_equal(open_log(f), TB_E_LIMIT);
    assert_non_null(strstr(f->why, "epochs"));
    assert_int_equal(unlink(f->file), 0);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(tb_ilog_epoch(f->log), 10 * TB_ILOG_FILES_MAX);
    for (uint32_t i = 1; i <= TB_ILOG_FILES_MAX; i++) {
        tb_ilog_name(name, 10 * i);
        snprintf(path, sizeof(path), "%s/%s", f->dir, name);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_header_cut_short_is_refused(void **state)
{
    struct fix *f = *state;

    assert_int_equal(open_log(f), 0);
    close_log(f);
    assert_int_equal(truncate(f->file, TB_LOG_HEADER_LEN - 1), 0);
    assert_int_equal(open_log(f), TB_E_TRUNC);
}

static void what_replay_refuses_is_fatal(void **state)
{
    struct fix *f = *state;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    append(f, T0, "two");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    f->refuse_at = 2;
    assert_int_equal(open_log(f), TB_E_DENIED);
}

static void each_number_is_found(void **state)
{
    struct fix *f = *state;
    uint64_t offset[3 * TB_ILOG_INDEX_STEP + 2], at;
    unsigned num = TB_ARRAY_LEN(offset);
    char body[16];

    assert_int_equal(open_log(f), 0);
    for (unsigned i = 1; i < num; i++) {
        snprintf(body, sizeof(body), "%u", i * i * i);
        offset[i] = append(f, T0 + i, body);
    }
    assert_int_equal(tb_ilog_find(f->log, 1, &at), TB_E_NOTFOUND); /* not durable yet */
    assert_int_equal(tb_ilog_sync(f->log), 0);
    for (int again = 0; again < 2; again++) {
        for (unsigned i = 1; i < num; i++) {
            assert_int_equal(tb_ilog_find(f->log, i, &at), 0);
            assert_int_equal(at, offset[i]);
        }
        assert_int_equal(tb_ilog_find(f->log, 0, &at), 0);
        assert_int_equal(at, offset[1]);
        assert_int_equal(tb_ilog_find(f->log, num, &at), TB_E_NOTFOUND);
        close_log(f);
        assert_int_equal(open_log(f), 0);
    }
}

static void a_body_at_the_limit_fits_and_one_more_does_not(void **state)
{
    struct fix *f = *state;
    uint8_t *body = calloc(1, TB_LOG_BODY_MAX + 1);
    struct tb_log_rec rec;
    uint64_t offset;

    assert_int_equal(open_log(f), 0);
    assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_ISSUE, T0, tb_span_of(body, TB_LOG_BODY_MAX + 1), &rec, &offset),
                     TB_E_LIMIT);
    assert_false(tb_ilog_pending(f->log));
    assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_ISSUE, T0, tb_span_of(body, TB_LOG_BODY_MAX), &rec, &offset), 0);
    assert_int_equal(rec.seq, 1);
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    assert_int_equal(open_log(f), 0);
    assert_int_equal(f->replayed, 1);
    free(body);
}

static int no_replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    (void)arg;
    (void)rec;
    (void)offset;
    return 0;
}

/* Measured through a descriptor it is what it is in memory. */
static void measure_alike(const uint8_t *p, size_t len, const struct fix *f)
{
    struct tb_ilog_scan scan, measured;
    int fd = open(f->file, O_RDWR | O_TRUNC), r;

    assert_int_equal(write(fd, p, len), (ssize_t)len);
    r = tb_ilog_scan(tb_span_of(p, len), no_replay, NULL, &scan);
    assert_int_equal(tb_ilog_measure(fd, &measured), r);
    close(fd);
    assert_int_equal(measured.bad_offset, scan.bad_offset);
    assert_int_equal(measured.good_len, scan.good_len);
    assert_int_equal(measured.num_records, scan.num_records);
    if (r < 0)
        return;
    assert_memory_equal(&measured.header, &scan.header, sizeof(scan.header));
    assert_int_equal(measured.torn_len, scan.torn_len);
    assert_int_equal(measured.last_time, scan.last_time);
    assert_memory_equal(measured.chain, scan.chain, TB_DIGEST_LEN);
}

static uint8_t *contents(const struct fix *f, size_t more, size_t *out_len)
{
    size_t len = (size_t)size_of(f);
    uint8_t *p = calloc(1, len + more);
    int fd = open(f->file, O_RDONLY);

    assert_int_equal(read(fd, p, len), (ssize_t)len);
    close(fd);
    *out_len = len;
    return p;
}

static void a_reader_beside_the_judge_finds_what_it_finds(void **state)
{
    struct fix *f = *state;
    size_t len;
    uint8_t *p;

    assert_int_equal(open_log(f), 0);
    append(f, T0, "one");
    append(f, T0 + 1, "");
    append(f, T0 + 1, "three");
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    p = contents(f, 64, &len);
    for (size_t n = 0; n <= len + 64; n++)
        measure_alike(p, n, f); /* cut off, and with a tail of zeros */
    for (size_t i = 0; i < 8 * len; i++) {
        p[i / 8] ^= (uint8_t)(1 << i % 8);
        measure_alike(p, len, f);
        p[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(p);
}

static void a_reader_beside_the_judge_reads_logs_of_any_length(void **state)
{
    const size_t zeros = 5u << 20;
    struct fix *f = *state;
    uint8_t *body = calloc(1, TB_LOG_BODY_MAX), *p;
    struct tb_log_rec rec;
    uint64_t offset;
    size_t len;

    assert_int_equal(open_log(f), 0);
    for (size_t i = 0; i < 60; i++) {
        size_t n = i % 3 == 0 ? TB_LOG_BODY_MAX : i * 1777;

        assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_PROFILE, T0, tb_span_of(body, n), &rec, &offset), 0);
    }
    assert_int_equal(tb_ilog_sync(f->log), 0);
    close_log(f);
    p = contents(f, zeros, &len);
    measure_alike(p, len, f);
    measure_alike(p, len - 1, f);
    measure_alike(p, len - TB_LOG_BODY_MAX - 100, f);
    measure_alike(p, len + zeros, f); /* as a file system may lengthen it */
    p[len + zeros - 1] = 1;
    measure_alike(p, len + zeros, f);
    p[len / 2] ^= 1;
    measure_alike(p, len, f);
    free(p);
    free(body);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_start_makes_epoch_one),
        T(what_was_synced_is_replayed),
        T(what_was_not_synced_is_gone),
        T(times_never_fall),
        T(a_torn_tail_is_cut_at_each_length),
        T(a_tail_of_zeros_is_cut),
        T(damage_anywhere_is_fatal_and_named),
        T(a_removed_record_breaks_the_chain),
        T(logs_of_others_are_refused),
        T(a_second_judge_waits_and_gives_up),
        T(the_highest_epoch_counts_and_its_name_must_be_true),
        T(epochs_are_one_log),
        T(an_epoch_without_records_is_passed_over),
        T(an_epoch_that_does_not_follow_is_refused),
        T(only_the_newest_epoch_may_have_a_torn_tail),
        T(epochs_at_the_limit_open_and_one_more_does_not),
        T(a_header_cut_short_is_refused),
        T(what_replay_refuses_is_fatal),
        T(each_number_is_found),
        T(a_body_at_the_limit_fits_and_one_more_does_not),
        T(a_reader_beside_the_judge_finds_what_it_finds),
        T(a_reader_beside_the_judge_reads_logs_of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
