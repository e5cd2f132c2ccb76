/* Functions under test: tb_log_set_*, tb_epoch_*, and the judge's opening of what they make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/backup/epoch.h"

#define T0 INT64_C(1800000000)

struct fix {
    struct tb_config *cfg;
    char log_dir[96];
    struct tb_ilog *log;
    struct tb_log_set set;
    struct tb_maker maker;
    unsigned replayed;
    uint32_t epoch;
    char why[TB_LOG_SET_WHY_MAX + 1];
};

static int on_replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    struct fix *f = arg;

    (void)rec;
    (void)offset;
    f->replayed++;
    return 0;
}

static void open_log(struct fix *f)
{
    const struct tb_ilog_how how = {
        .dir = f->log_dir, .ca_id = f->cfg->ca_id, .signer = f->cfg->signer, .now = T0, .replay = on_replay, .arg = f};

    f->replayed = 0;
    assert_int_equal(tb_ilog_open(&how, &f->log, f->why), 0);
}

static void close_log(struct fix *f)
{
    tb_ilog_close(f->log);
    f->log = NULL;
}

static uint64_t append(struct fix *f, const char *body)
{
    struct tb_log_rec rec;
    uint64_t offset;

    assert_int_equal(tb_ilog_append(f->log, TB_LOG_REC_PROFILE, T0 + 5, tb_span_str(body), &rec, &offset), 0);
    assert_int_equal(tb_ilog_sync(f->log), 0);
    return rec.seq;
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    f->cfg = calloc(1, sizeof(*f->cfg));
    strcpy(f->cfg->dir, "/tmp/tb-epoch-XXXXXX");
    assert_non_null(mkdtemp(f->cfg->dir));
    snprintf(f->log_dir, sizeof(f->log_dir), "%.64s/log", f->cfg->dir);
    assert_int_equal(mkdir(f->log_dir, 0700), 0);
    memcpy(f->cfg->ca_id, "test-ca-number1", TB_CA_ID_LEN);
    f->cfg->signer = 1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;
    char cmd[128];

    close_log(f);
    tb_log_set_close(&f->set);
    snprintf(cmd, sizeof(cmd), "rm -r '%.64s'", f->cfg->dir);
    assert_int_equal(system(cmd), 0);
    free(f->cfg);
    free(f);
    return 0;
}

static int begin(struct fix *f, tb_time_t now)
{
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), 0);
    return tb_epoch_begin(&f->set, f->cfg, &f->maker, now, &f->epoch, f->why);
}

static void the_judge_goes_on_in_the_new_epoch(void **state)
{
    struct fix *f = *state;
    uint32_t before = 1;

    open_log(f);
    append(f, "one");
    for (unsigned i = 1; i < 4; i++, before = f->epoch) {
        close_log(f);
        assert_int_equal(begin(f, T0 + 100 * i), 0);
        assert_in_range(f->epoch, before + 1, before + TB_EPOCH_LEAP_MAX);
        open_log(f);
        assert_int_equal(f->replayed, i);
        assert_int_equal(tb_ilog_epoch(f->log), f->epoch);
        assert_int_equal(tb_ilog_began_at(f->log), T0 + 100 * i + 1); /* what was made in that second is older */
        assert_int_equal(append(f, "more"), TB_EPOCH_FIRST_SEQ(f->epoch));
    }
    close_log(f);
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), 0);
    assert_int_equal(f->set.num, 4);
    assert_int_equal(f->set.num_records, 4);
}

/* 2^32 records of the epoch before have numbers below. */
static void sequence_numbers_of_an_epoch_never_reach_the_next(void **state)
{
    (void)state;
    assert_int_equal(TB_EPOCH_FIRST_SEQ(1), 1);
    for (uint64_t e = 1; e < TB_ILOG_EPOCH_MAX; e += 99991)
        assert_int_equal(TB_EPOCH_FIRST_SEQ(e + 1) - TB_EPOCH_FIRST_SEQ(e),
                         (uint64_t)TB_ILOG_INDEX_MAX * TB_ILOG_INDEX_STEP);
    assert_true(TB_EPOCH_FIRST_SEQ(TB_ILOG_EPOCH_MAX) < INT64_MAX);
}

static void two_restores_of_one_log_differ(void **state)
{
    struct fix *f = *state;
    uint32_t seen[8];
    unsigned different = 0;
    char path[160];

    open_log(f);
    close_log(f);
    for (size_t i = 0; i < TB_ARRAY_LEN(seen); i++) {
        assert_int_equal(begin(f, T0), 0);
        seen[i] = f->epoch;
        different += i > 0 && seen[i] != seen[0];
        snprintf(path, sizeof(path), "%s/issuance-%08u.log", f->log_dir, f->epoch);
        assert_int_equal(unlink(path), 0);
    }
    assert_true(different > 0); /* all eight alike: once in 2^84 */
}

static void a_ca_that_never_ran_begins_later_than_its_original_would(void **state)
{
    struct fix *f = *state;

    assert_int_equal(begin(f, T0), 0);
    assert_in_range(f->epoch, 1, TB_EPOCH_LEAP_MAX);
    open_log(f);
    assert_int_equal(tb_ilog_epoch(f->log), f->epoch);
}

static void a_clock_behind_the_log_is_refused(void **state)
{
    struct fix *f = *state;

    open_log(f);
    append(f, "one");
    close_log(f);
    assert_int_equal(begin(f, T0 + 4), TB_E_STATE);
    assert_non_null(strstr(f->why, "clock"));
    assert_int_equal(begin(f, T0 + 5), 0);
}

static void the_last_epochs_are_not_passed(void **state)
{
    struct fix *f = *state;

    assert_int_equal(begin(f, T0), 0);
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), 0);
    f->set.file[0].scan.header.epoch = TB_ILOG_EPOCH_MAX;
    assert_int_equal(tb_epoch_begin(&f->set, f->cfg, &f->maker, T0, &f->epoch, f->why), TB_E_LIMIT);
    f->set.file[0].scan.header.epoch = 1;
    f->set.num = TB_ILOG_FILES_MAX;
    assert_int_equal(tb_epoch_begin(&f->set, f->cfg, &f->maker, T0, &f->epoch, f->why), TB_E_LIMIT);
    f->set.num = 1;
}

/* A later copy of the log. */

static const char *file_of(const struct fix *f, const char *name)
{
    static char path[160];

    snprintf(path, sizeof(path), "%s/%s", f->log_dir, name);
    return path;
}

static void copy_log(const struct fix *f, const char *from, const char *to)
{
    char cmd[256];

    snprintf(cmd, sizeof(cmd), "cd '%s' && cp '%s' '%s'", f->log_dir, from, to);
    assert_int_equal(system(cmd), 0);
}

static int extend(struct fix *f, const char *name)
{
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), 0);
    return tb_epoch_extend(&f->set, f->cfg, file_of(f, name), f->why);
}

static void a_later_copy_takes_the_log_on(void **state)
{
    struct fix *f = *state;

    open_log(f);
    append(f, "one");
    copy_log(f, "issuance-00000001.log", "early");
    append(f, "two");
    append(f, "three");
    close_log(f);
    copy_log(f, "issuance-00000001.log", "late");
    assert_int_equal(truncate(file_of(f, "late"), 114 + 3 * 53 + 11 - 4), 0); /* "three" loses its last octets */
    copy_log(f, "early", "issuance-00000001.log");
    assert_int_equal(extend(f, "early"), 0); /* the same is no harm */
    open_log(f);
    assert_int_equal(f->replayed, 1);
    close_log(f);
    assert_int_equal(extend(f, "late"), 0);
    open_log(f);
    assert_int_equal(f->replayed, 2);
    assert_int_equal(tb_ilog_torn(f->log), 0);
    close_log(f);
    assert_int_equal(extend(f, "early"), TB_E_STATE);
    assert_non_null(strstr(f->why, "older than the archive"));
}

static void a_copy_of_something_else_is_refused(void **state)
{
    struct fix *f = *state;

    open_log(f);
    append(f, "one");
    close_log(f);
    copy_log(f, "issuance-00000001.log", "mine");
    assert_int_equal(unlink(file_of(f, "issuance-00000001.log")), 0);
    open_log(f);
    append(f, "uno");
    append(f, "due");
    close_log(f);
    copy_log(f, "issuance-00000001.log", "theirs"); /* of this CA by its id, and another history */
    copy_log(f, "mine", "issuance-00000001.log");
    assert_int_equal(extend(f, "theirs"), TB_E_BADSIG);
    assert_non_null(strstr(f->why, "does not begin with"));
    assert_int_equal(extend(f, "lock"), TB_E_TRUNC);
    assert_int_equal(extend(f, "."), TB_E_FORMAT);
    assert_int_equal(extend(f, "absent"), TB_E_IO);
    assert_int_equal(begin(f, T0 + 9), 0);
    assert_int_equal(extend(f, "theirs"), TB_E_DENIED); /* the archive is of a later epoch */
    f->cfg->signer = 2;
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), TB_E_DENIED);
    f->cfg->signer = 1;
    f->cfg->ca_id[0] ^= 1;
    tb_log_set_close(&f->set);
    assert_int_equal(tb_log_set_open(&f->set, f->cfg, f->why), TB_E_DENIED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_judge_goes_on_in_the_new_epoch), T(sequence_numbers_of_an_epoch_never_reach_the_next),
        T(two_restores_of_one_log_differ),     T(a_ca_that_never_ran_begins_later_than_its_original_would),
        T(a_clock_behind_the_log_is_refused),  T(the_last_epochs_are_not_passed),
        T(a_later_copy_takes_the_log_on),      T(a_copy_of_something_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
