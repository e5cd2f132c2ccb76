#include "lib/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

static char text[4 * TB_LOG_LINE_MAX];
static int memory, kept;

static int set_up(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    tb_log_setup("judge", false, TB_LOG_INFO);
    kept = dup(STDERR_FILENO);
    memory = memfd_create("log", MFD_CLOEXEC);
    assert_true(kept >= 0 && memory >= 0 && dup2(memory, STDERR_FILENO) >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(memory);
    return 0;
}

/* What was written; behind the time, which stands between quotes in JSON and is the first word of text. */
static const char *written(void)
{
    ssize_t n = pread(memory, text, sizeof(text) - 1, 0);
    const char *z;

    assert_true(n >= 0);
    text[n] = '\0';
    z = strstr(text, "Z");
    return z != NULL ? z + 1 : text;
}

static void a_text_line_has_level_process_event_and_fields(void **state)
{
    (void)state;
    tb_log(TB_LOG_WARN, "answer-not-sent", TB_F("to", "front"), TB_N("num", -3));
    assert_string_equal(written(), " warning: judge: answer-not-sent to=\"front\" num=-3\n");
}

static void an_event_without_fields(void **state)
{
    (void)state;
    tb_log(TB_LOG_ERROR, "sync-stopped");
    assert_string_equal(written(), " error: judge: sync-stopped\n");
}

static void a_json_line_is_one_object(void **state)
{
    (void)state;
    tb_log_setup("front", true, TB_LOG_INFO);
    tb_log(TB_LOG_NOTICE, "issued", TB_F("serial", "01"), TB_N("order", 7));
    assert_string_equal(written(),
                        "\",\"level\":\"notice\",\"process\":\"front\",\"event\":\"issued\",\"serial\":\"01\","
                        "\"order\":7}\n");
}

static void the_journal_gets_the_priority(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    tb_log(TB_LOG_ERROR, "start", TB_F("reason", "x"));
    assert_string_equal(written(), "<3>judge: start reason=\"x\"\n");
}

static void less_urgent_events_are_left_out(void **state)
{
    (void)state;
    tb_log_setup("judge", false, TB_LOG_WARN);
    tb_log(TB_LOG_NOTICE, "issued");
    assert_string_equal(written(), "");
    tb_log(TB_LOG_WARN, "edge");
    assert_string_equal(written(), " warning: judge: edge\n");
}

static void a_value_cannot_make_a_line_or_a_field(void **state)
{
    (void)state;
    tb_log(TB_LOG_INFO, "w", TB_F("name", "a\nb\" c=\"\\\x7f\xc3\x01"));
    assert_string_equal(written(), " info: judge: w name=\"a\\u000ab\\\" c=\\\"\\\\\\u007f\\u00c3\\u0001\"\n");
}

static void a_null_text_is_an_empty_one(void **state)
{
    const char *none = NULL;

    (void)state;
    tb_log(TB_LOG_INFO, "w", TB_F("name", none));
    assert_string_equal(written(), " info: judge: w name=\"\"\n");
}

static void a_field_that_does_not_fit_is_left_out_whole(void **state)
{
    static char big[TB_LOG_LINE_MAX];

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    for (int json = 0; json <= 1; json++) {
        tb_log_setup("judge", json == 1, TB_LOG_INFO);
        tb_log(TB_LOG_INFO, "w", TB_N("first", 1), TB_F("big", big), TB_N("last", 2));
    }
    assert_null(strstr(written(), "big"));
    assert_non_null(strstr(text, "info: judge: w first=1 last=2\n"));
    assert_non_null(strstr(text, "\"event\":\"w\",\"first\":1,\"last\":2}\n"));
}

/* Values of every length around the end of the line: it stays well formed and within its maximum. */
static void a_line_ends_well_at_every_length(void **state)
{
    static char value[TB_LOG_LINE_MAX + 1];

    (void)state;
    tb_log_setup("judge", true, TB_LOG_INFO);
    for (size_t n = TB_LOG_LINE_MAX - 120; n < TB_LOG_LINE_MAX; n++) {
        const char *end;

        memset(value, 'x', n);
        value[n] = '\0';
        assert_int_equal(ftruncate(memory, 0), 0);
        assert_int_equal(lseek(memory, 0, SEEK_SET), 0);
        tb_log(TB_LOG_INFO, "w", TB_F("value", value));
        (void)written();
        assert_true(strlen(text) <= TB_LOG_LINE_MAX);
        end = text + strlen(text) - 3;
        assert_string_equal(end, "\"}\n");
    }
}

static void fatal_logs_and_ends_with_status_1(void **state)
{
    pid_t pid = fork();
    int wstatus;

    (void)state;
    if (pid == 0)
        tb_fatal("the %s is broken", "log");
    assert_int_equal(waitpid(pid, &wstatus, 0), pid);
    assert_true(WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 1);
    assert_string_equal(written(), " error: judge: fatal text=\"the log is broken\"\n");
}

#define LOG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG(a_text_line_has_level_process_event_and_fields),
        LOG(an_event_without_fields),
        LOG(a_json_line_is_one_object),
        LOG(the_journal_gets_the_priority),
        LOG(less_urgent_events_are_left_out),
        LOG(a_value_cannot_make_a_line_or_a_field),
        LOG(a_null_text_is_an_empty_one),
        LOG(a_field_that_does_not_fit_is_left_out_whole),
        LOG(a_line_ends_well_at_every_length),
        LOG(fatal_logs_and_ends_with_status_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
