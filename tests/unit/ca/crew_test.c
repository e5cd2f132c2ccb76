#include "tests/unit/test.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "ca/crew.h"

#define JOBS 64

struct job {
    struct tb_job job; /* first */
    struct bench *bench;
    unsigned worked, done;
    pthread_t worker;
};

struct bench {
    struct event_base *base;
    struct tb_crew *crew;
    struct job job[JOBS];
    size_t order[JOBS]; /* in which they were done */
    size_t num_done;
    size_t more; /* put by the first that is done */
    sem_t go;
};

static void work(struct tb_job *job)
{
    struct job *j = (struct job *)job;

    j->worked++;
    j->worker = pthread_self();
}

static void done(struct tb_job *job);

static void put(struct bench *b, size_t i, void (*how)(struct tb_job *job))
{
    b->job[i].bench = b;
    b->job[i].job = (struct tb_job){.work = how, .done = done};
    tb_crew_put(b->crew, &b->job[i].job);
}

static void done(struct tb_job *job)
{
    struct job *j = (struct job *)job;
    struct bench *b = j->bench;

    j->done++;
    b->order[b->num_done++] = (size_t)(j - b->job);
    while (b->more > 0) {
        b->more--;
        put(b, JOBS - 1 - b->more, work);
    }
}

static void start(struct bench *b, size_t helpers)
{
    memset(b, 0, sizeof(*b));
    assert_int_equal(sem_init(&b->go, 0, 0), 0);
    b->base = event_base_new();
    assert_non_null(b->base);
    assert_ok(tb_crew_new(b->base, helpers, &b->crew));
}

static void end(struct bench *b)
{
    tb_crew_free(b->crew);
    event_base_free(b->base);
    sem_destroy(&b->go);
}

static void turn_until(struct bench *b, size_t num)
{
    while (b->num_done < num)
        assert_int_equal(event_base_loop(b->base, EVLOOP_ONCE), 0);
}

static void assert_each_once(const struct bench *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        assert_int_equal(b->job[i].worked, 1);
        assert_int_equal(b->job[i].done, 1);
    }
}

static void one_job_is_the_loops_and_done_in_its_turn(void **state)
{
    struct tb_crew_stats stats;
    struct bench b;

    (void)state;
    start(&b, TB_CREW_HELPERS_MAX);
    put(&b, 0, work);
    assert_int_equal(b.num_done, 0); /* never from put */
    assert_int_equal(event_base_loop(b.base, EVLOOP_NONBLOCK), 0);
    assert_int_equal(b.num_done, 1);
    assert_true(pthread_equal(b.job[0].worker, pthread_self()));
    tb_crew_stats(b.crew, &stats);
    assert_int_equal(stats.by_loop, 1);
    assert_int_equal(stats.by_helpers, 0);
    end(&b);
}

static void without_helpers_the_loop_does_all_in_order(void **state)
{
    struct bench b;

    (void)state;
    start(&b, 0);
    for (size_t i = 0; i < JOBS; i++)
        put(&b, i, work);
    assert_int_equal(event_base_loop(b.base, EVLOOP_NONBLOCK), 0);
    assert_int_equal(b.num_done, JOBS);
    assert_each_once(&b, 0, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(b.order[i], i);
    end(&b);
}

static void wait_for_go(struct tb_job *job)
{
    struct job *j = (struct job *)job;

    while (sem_wait(&j->bench->go) < 0)
        ;
    work(job);
}

static void give_go(struct tb_job *job)
{
    struct job *j = (struct job *)job;

    sem_post(&j->bench->go);
    work(job);
}

/* The first job ends only when the second has begun: two threads are at it, or this never ends. */
static void jobs_are_worked_on_at_the_same_time(void **state)
{
    struct tb_crew_stats stats;
    struct bench b;

    (void)state;
    start(&b, 1);
    put(&b, 0, wait_for_go);
    put(&b, 1, give_go);
    turn_until(&b, 2);
    assert_each_once(&b, 0, 2);
    assert_false(pthread_equal(b.job[0].worker, b.job[1].worker));
    tb_crew_stats(b.crew, &stats);
    assert_int_equal(stats.by_loop + stats.by_helpers, 2);
    assert_int_equal(stats.by_helpers, 1);
    end(&b);
}

/* A helper that ends while the loop sleeps wakes it. */
static void slow(struct tb_job *job)
{
    (void)usleep(20000);
    work(job);
}

static void what_a_helper_ends_late_wakes_the_loop(void **state)
{
    struct bench b;

    (void)state;
    start(&b, 2);
    for (size_t i = 0; i < 3; i++)
        put(&b, i, slow);
    turn_until(&b, 3);
    assert_each_once(&b, 0, 3);
    end(&b);
}

static void many_rounds_lose_nothing(void **state)
{
    struct bench b;

    (void)state;
    start(&b, TB_CREW_HELPERS_MAX);
    for (unsigned round = 0; round < 2000; round++) {
        size_t n = 1 + round % JOBS;

        b.num_done = 0;
        for (size_t i = 0; i < n; i++) {
            b.job[i].worked = b.job[i].done = 0;
            put(&b, i, work);
        }
        turn_until(&b, n);
        assert_each_once(&b, 0, n);
    }
    end(&b);
}

static void done_may_put_more(void **state)
{
    struct bench b;

    (void)state;
    start(&b, 1);
    b.more = 8;
    put(&b, 0, work);
    turn_until(&b, 9);
    assert_each_once(&b, 0, 1);
    assert_each_once(&b, JOBS - 8, JOBS);
    end(&b);
}

static void free_works_off_what_was_put(void **state)
{
    struct bench b;

    (void)state;
    for (size_t helpers = 0; helpers <= TB_CREW_HELPERS_MAX; helpers++) {
        start(&b, helpers);
        for (size_t i = 0; i < JOBS; i++)
            put(&b, i, work);
        end(&b);
        assert_int_equal(b.num_done, JOBS);
        assert_each_once(&b, 0, JOBS);
    }
    tb_crew_free(NULL);
}

static void helpers_are_bounded(void **state)
{
    (void)state;
    assert_true(tb_crew_helpers() <= TB_CREW_HELPERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_job_is_the_loops_and_done_in_its_turn),
        cmocka_unit_test(without_helpers_the_loop_does_all_in_order),
        cmocka_unit_test(jobs_are_worked_on_at_the_same_time),
        cmocka_unit_test(what_a_helper_ends_late_wakes_the_loop),
        cmocka_unit_test(many_rounds_lose_nothing),
        cmocka_unit_test(done_may_put_more),
        cmocka_unit_test(free_works_off_what_was_put),
        cmocka_unit_test(helpers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
