/* Functions under test: tb_ustar_*, tb_archive_*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ca/backup/archive.h"

#define T0 INT64_C(1800000000)

/* An archive in memory, and what a sink gets of it. */
struct fix {
    int fd;
    uint8_t *archive;
    size_t len;
    size_t given; /* to the reader */
    size_t at_a_time;
    unsigned begun, ended;
    struct tb_wr names, content;
    int refuse_at; /* file number at which the sink says no */
    char why[TB_ARCHIVE_WHY_MAX + 1];
};

static ssize_t source(void *arg, void *buf, size_t len)
{
    struct fix *f = arg;
    size_t n = f->len - f->given < len ? f->len - f->given : len;

    if (n > f->at_a_time)
        n = f->at_a_time;
    memcpy(buf, f->archive + f->given, n);
    f->given += n;
    return (ssize_t)n;
}

static int on_begin(void *arg, const struct tb_ustar *h, char *why)
{
    struct fix *f = arg;

    tb_wr_printf(&f->names, "%s %o %llu\n", h->name, (unsigned)h->mode, (unsigned long long)h->size);
    if ((int)++f->begun != f->refuse_at)
        return 0;
    snprintf(why, TB_ARCHIVE_WHY_MAX + 1, "not this one");
    return TB_E_DENIED;
}

static int on_data(void *arg, struct tb_span piece, char *why)
{
    struct fix *f = arg;

    (void)why;
    assert_int_not_equal(f->begun, f->ended);
    tb_wr_bytes(&f->content, piece.p, piece.len);
    return 0;
}

static int on_end(void *arg, char *why)
{
    struct fix *f = arg;

    (void)why;
    assert_int_equal(f->begun, ++f->ended);
    return 0;
}

static const struct tb_archive_sink sink = {on_begin, on_data, on_end};

static int read_archive(struct fix *f)
{
    f->given = f->begun = f->ended = 0;
    tb_wr_reset(&f->names);
    tb_wr_reset(&f->content);
    return tb_archive_read(source, f, &sink, f, f->why);
}

static void take(struct fix *f)
{
    f->len = (size_t)lseek(f->fd, 0, SEEK_END);
    f->archive = malloc(f->len);
    assert_int_equal(pread(f->fd, f->archive, f->len, 0), f->len);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    f->fd = memfd_create("archive", MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    f->at_a_time = SIZE_MAX;
    tb_wr_init(&f->names, 1u << 20);
    tb_wr_init(&f->content, 1u << 20);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    close(f->fd);
    tb_wr_clear(&f->names);
    tb_wr_clear(&f->content);
    free(f->archive);
    free(f);
    return 0;
}

/* Three files: empty, of less than a block, of exactly two. */
static void make(struct fix *f)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    struct tb_archive_writer w;
    char block[1100];

    memset(block, 'b', sizeof(block));
    assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    assert_int_equal(tb_archive_put(&w, "empty", 0644, tb_span_str("")), 0);
    assert_int_equal(tb_archive_put(&w, "keys/some.key", 0600, tb_span_str("secret\n")), 0);
    assert_int_equal(tb_archive_put_fd(&w, "log/two", 0600, fd, 1024), 0);
    assert_int_equal(tb_archive_end(&w), 0);
    assert_int_equal(w.num_files, 3);
    assert_int_equal(w.size, lseek(f->fd, 0, SEEK_END));
    tb_archive_writer_clear(&w);
    close(fd);
    take(f);
}

static void what_was_written_is_read(void **state)
{
    struct fix *f = *state;

    make(f);
    assert_int_equal(f->len, 512 * (1 + 2 + 3 + 2 + 2));
    for (f->at_a_time = 1; f->at_a_time < 2000; f->at_a_time += 333) {
        assert_int_equal(read_archive(f), 0);
        assert_true(tb_span_eq_str(tb_wr_span(&f->names), "empty 644 0\nkeys/some.key 600 7\nlog/two 600 1024\n"));
        assert_int_equal(f->content.len, 7 + 1024);
        assert_memory_equal(f->content.buf, "secret\nbbbb", 11);
    }
}

static void an_archive_cut_off_anywhere_is_refused(void **state)
{
    struct fix *f = *state;
    size_t whole;

    make(f);
    whole = f->len;
    for (f->len = 0; f->len < whole; f->len++) {
        assert_int_equal(read_archive(f), TB_E_TRUNC);
        assert_non_null(strstr(f->why, "cut off at offset"));
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct fix *f = *state;

    make(f);
    for (size_t i = 0; i < f->len * 8; i++) {
        f->archive[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_true(read_archive(f) < 0);
        assert_string_not_equal(f->why, "");
        f->archive[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(read_archive(f), 0);
    f->archive[512 * 2] ^= 1; /* in the content of the second file */
    assert_int_equal(read_archive(f), TB_E_BADSIG);
    assert_non_null(strstr(f->why, "keys/some.key: damaged"));
    f->archive[512 * 2] ^= 1;
    f->archive[512 * 2 + 100] ^= 1; /* behind it */
    assert_int_equal(read_archive(f), TB_E_FORMAT);
}

static void nothing_follows_the_end(void **state)
{
    struct fix *f = *state;

    make(f);
    f->archive = realloc(f->archive, f->len + 512);
    memset(f->archive + f->len, 0, 512);
    f->len++;
    assert_int_equal(read_archive(f), TB_E_TRAIL);
    f->len += 511;
    assert_int_equal(read_archive(f), TB_E_TRAIL);
}

static void a_file_that_stands_twice_is_refused(void **state)
{
    struct fix *f = *state;
    struct tb_archive_writer w;

    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    assert_int_equal(tb_archive_put(&w, "a", 0644, tb_span_str("x")), 0);
    assert_int_equal(tb_archive_put(&w, "ba", 0644, tb_span_str("x")), 0);
    assert_int_equal(tb_archive_put(&w, "a", 0644, tb_span_str("y")), 0);
    assert_int_equal(tb_archive_end(&w), 0);
    tb_archive_writer_clear(&w);
    take(f);
    assert_int_equal(read_archive(f), TB_E_DUP);
    assert_non_null(strstr(f->why, "a: stands twice"));
}

static void an_archive_of_nothing_is_refused(void **state)
{
    struct fix *f = *state;
    struct tb_archive_writer w;

    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    assert_int_equal(tb_archive_end(&w), 0);
    tb_archive_writer_clear(&w);
    take(f);
    assert_int_equal(read_archive(f), TB_E_FORMAT);
}

static void files_at_the_limit_fit_and_one_more_does_not(void **state)
{
    struct fix *f = *state;
    struct tb_archive_writer w;
    char name[16];

    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    for (unsigned i = 0; i < TB_ARCHIVE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%u", i);
        assert_int_equal(tb_archive_put(&w, name, 0644, tb_span_str("x")), 0);
    }
    assert_int_equal(tb_archive_put(&w, "more", 0644, tb_span_str("x")), TB_E_LIMIT);
    tb_archive_writer_clear(&w);
    assert_int_equal(ftruncate(f->fd, 1024 * TB_ARCHIVE_FILES_MAX), 0);
    assert_int_equal(lseek(f->fd, 0, SEEK_END), 1024 * TB_ARCHIVE_FILES_MAX);
    take(f);
    assert_int_equal(read_archive(f), TB_E_TRUNC); /* all of them, and no end */
    assert_int_equal(f->ended, TB_ARCHIVE_FILES_MAX);
    f->archive = realloc(f->archive, f->len + 1024);
    memcpy(f->archive + f->len, f->archive, 1024);
    assert_int_equal(tb_ustar_write(f->archive + f->len, &(struct tb_ustar){"more", 0644, 1, T0}), 0);
    f->len += 1024;
    assert_int_equal(read_archive(f), TB_E_LIMIT);
}

static void what_the_sink_refuses_ends_the_reading(void **state)
{
    struct fix *f = *state;

    make(f);
    f->refuse_at = 2;
    assert_int_equal(read_archive(f), TB_E_DENIED);
    assert_string_equal(f->why, "not this one");
    assert_int_equal(f->ended, 1);
}

static void a_file_that_became_shorter_is_an_error(void **state)
{
    struct fix *f = *state;
    int fd = memfd_create("file", MFD_CLOEXEC);
    struct tb_archive_writer w;

    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    assert_int_equal(tb_archive_put_fd(&w, "x", 0600, fd, 4), TB_E_TRUNC);
    assert_non_null(strstr(w.why, "x: became shorter"));
    tb_archive_writer_clear(&w);
    close(fd);
}

/* Headers. */

static void sizes_beyond_eight_gigabytes_have_their_form(void **state)
{
    static const uint64_t sizes[] = {
        0, 1, (UINT64_C(1) << 33) - 1, UINT64_C(1) << 33, (UINT64_C(1) << 40) + 12345, TB_USTAR_SIZE_MAX};
    uint8_t block[TB_USTAR_BLOCK];
    struct tb_ustar h = {"log/x", 0600, 0, T0}, again;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(sizes); i++) {
        h.size = sizes[i];
        assert_int_equal(tb_ustar_write(block, &h), 0);
        assert_int_equal(block[124] == 0x80, i > 2);
        assert_int_equal(tb_ustar_read(block, &again), 0);
        assert_int_equal(again.size, sizes[i]);
    }
    h.size = TB_USTAR_SIZE_MAX + 1;
    assert_int_equal(tb_ustar_write(block, &h), TB_E_LIMIT);
}

/* The sum over the block, as any tar program computes it, so that only the field itself is wrong. */
static void sum_up(uint8_t block[static TB_USTAR_BLOCK])
{
    unsigned sum = 0;
    char text[8];

    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TB_USTAR_BLOCK; i++)
        sum += block[i];
    snprintf(text, sizeof(text), "%06o", sum);
    memcpy(block + 148, text, 7);
}

static void headers_of_other_things_are_refused(void **state)
{
    static const struct {
        size_t at;
        const char *text;
        size_t len;
        int err;
    } changes[] = {
        {156, "2", 1, TB_E_FORMAT},       /* symbolic link */
        {156, "5", 1, TB_E_FORMAT},       /* directory */
        {156, "L", 1, TB_E_FORMAT},       /* long name */
        {156, "x", 1, TB_E_FORMAT},       /* pax */
        {156, "", 1, TB_E_FORMAT},        /* as tar of 1979 */
        {108, "0000001", 7, TB_E_FORMAT}, /* somebody's */
        {100, "0100600", 7, TB_E_FORMAT}, /* mode with a type */
        {157, "x", 1, TB_E_FORMAT},       /* link to */
        {265, "root", 4, TB_E_FORMAT},
        {500, "x", 1, TB_E_FORMAT},
        {0, "", 1, TB_E_FORMAT},         /* no name */
        {20, "x", 1, TB_E_FORMAT},       /* behind the name's end */
        {257, "ustar ", 6, TB_E_FORMAT}, /* GNU's */
        {345, "", 1, TB_E_FORMAT},       /* without our directory */
        {345, "tabard-backup-2", 15, TB_E_UNSUPPORTED},
        {345, "tabard-backup-10", 16, TB_E_UNSUPPORTED},
        {345, "tabard-backup-x", 15, TB_E_FORMAT},
        {345, "tabard-backup-1/..", 18, TB_E_UNSUPPORTED},
        {124, "\xff", 1, TB_E_FORMAT}, /* a negative size */
        {124, "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12, TB_E_LIMIT},
        {124, "\x80\0\0\0\0\0\0\0\0\0\0\x07", 12, TB_E_FORMAT}, /* octal has a place for it */
        {124, "0000000000 ", 11, TB_E_FORMAT},
        {136, "\x80", 1, TB_E_FORMAT},
    };
    struct tb_ustar h = {"keys/some.key", 0600, 7, T0}, out;
    uint8_t block[TB_USTAR_BLOCK];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        assert_int_equal(tb_ustar_write(block, &h), 0);
        sum_up(block);
        assert_int_equal(tb_ustar_read(block, &out), 0);
        memcpy(block + changes[i].at, changes[i].text, changes[i].len);
        sum_up(block);
        assert_int_equal(tb_ustar_read(block, &out), changes[i].err);
        assert_string_equal(out.name, "");
    }
    assert_int_equal(tb_ustar_write(block, &h), 0);
    block[148] ^= 1;
    assert_int_equal(tb_ustar_read(block, &out), TB_E_FORMAT);
}

static void names_at_the_limit_fit_and_longer_ones_do_not(void **state)
{
    struct fix *f = *state;
    char name[TB_USTAR_NAME_MAX + 2];
    struct tb_archive_writer w;

    memset(name, 'n', sizeof(name));
    name[TB_USTAR_NAME_MAX + 1] = '\0';
    assert_int_equal(tb_archive_writer_init(&w, f->fd, T0), 0);
    assert_int_equal(tb_archive_put(&w, name, 0600, tb_span_str("x")), TB_E_LIMIT);
    name[TB_USTAR_NAME_MAX] = '\0';
    assert_int_equal(tb_archive_put(&w, name, 0600, tb_span_str("x")), 0);
    assert_int_equal(tb_archive_end(&w), 0);
    tb_archive_writer_clear(&w);
    take(f);
    assert_int_equal(read_archive(f), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_written_is_read),
        T(an_archive_cut_off_anywhere_is_refused),
        T(every_flipped_bit_is_noticed),
        T(nothing_follows_the_end),
        T(a_file_that_stands_twice_is_refused),
        T(an_archive_of_nothing_is_refused),
        T(files_at_the_limit_fit_and_one_more_does_not),
        T(what_the_sink_refuses_ends_the_reading),
        T(a_file_that_became_shorter_is_an_error),
        T(sizes_beyond_eight_gigabytes_have_their_form),
        T(headers_of_other_things_are_refused),
        T(names_at_the_limit_fit_and_longer_ones_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
