#include "ca/crew.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ca/thread.h"

struct queue {
    struct tb_job *head, *tail;
};

struct tb_crew {
    struct event *turn; /* the end of a loop turn in which something was put */
    bool turn_due;      /* loop thread */
    int wake_fd;
    struct event *wake;
    pthread_t thread[TB_CREW_HELPERS_MAX];
    size_t num_threads;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;
    struct queue todo, done;
    size_t num_todo;
    size_t num_asleep;
    bool loop_looks; /* the loop takes from done without being woken */
    bool stop;
    struct tb_crew_stats stats;
};

static void queue_put(struct queue *q, struct tb_job *job)
{
    job->next = NULL;
    *(q->tail != NULL ? &q->tail->next : &q->head) = job;
    q->tail = job;
}

static struct tb_job *queue_take(struct queue *q)
{
    struct tb_job *job = q->head;

    if (job != NULL && (q->head = job->next) == NULL)
        q->tail = NULL;
    return job;
}

static struct tb_job *take_todo(struct tb_crew *crew)
{
    struct tb_job *job = queue_take(&crew->todo);

    crew->num_todo -= job != NULL;
    return job;
}

static void wake_loop(struct tb_crew *crew)
{
    uint64_t one = 1;

    while (write(crew->wake_fd, &one, sizeof(one)) < 0)
        ;
}

/* One alone is the loop's, unless the loop is at work already. */
static bool helper_may_take(const struct tb_crew *crew)
{
    return crew->num_todo > 1 || (crew->num_todo == 1 && crew->loop_looks);
}

static void *helper_main(void *arg)
{
    struct tb_crew *crew = arg;
    struct tb_job *job;
    bool wake;

    pthread_mutex_lock(&crew->mutex);
    for (;;) {
        while (!helper_may_take(crew) && !crew->stop) {
            crew->num_asleep++;
            pthread_cond_wait(&crew->work, &crew->mutex);
            crew->num_asleep--;
        }
        if ((job = take_todo(crew)) == NULL)
            break;
        pthread_mutex_unlock(&crew->mutex);
        job->work(job);
        pthread_mutex_lock(&crew->mutex);
        crew->stats.by_helpers++;
        wake = !crew->loop_looks && crew->done.head == NULL;
        queue_put(&crew->done, job);
        if (!wake)
            continue;
        pthread_mutex_unlock(&crew->mutex);
        wake_loop(crew);
        pthread_mutex_lock(&crew->mutex);
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* What helpers have finished goes first: it was put earlier. *mine: the job is still to be worked on. */
static struct tb_job *next_job(struct tb_crew *crew, bool *mine)
{
    struct tb_job *job;

    pthread_mutex_lock(&crew->mutex);
    job = queue_take(&crew->done);
    *mine = job == NULL;
    if (job == NULL && (job = take_todo(crew)) != NULL)
        crew->stats.by_loop++;
    crew->loop_looks = job != NULL;
    pthread_mutex_unlock(&crew->mutex);
    return job;
}

static void work_off(struct tb_crew *crew)
{
    struct tb_job *job;
    bool mine;

    while ((job = next_job(crew, &mine)) != NULL) {
        if (mine)
            job->work(job);
        job->done(job);
    }
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct tb_crew *crew = arg;

    (void)fd;
    (void)what;
    crew->turn_due = false;
    work_off(crew);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t n;

    (void)what;
    if (read(fd, &n, sizeof(n)) == sizeof(n))
        work_off(arg);
}

size_t tb_crew_helpers(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return n - 1 < TB_CREW_HELPERS_MAX ? (size_t)(n - 1) : TB_CREW_HELPERS_MAX;
}

/* Held for a few instructions at a time: whoever meets it held looks again before it sleeps. */
static void init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(mutex, &attr);
    pthread_mutexattr_destroy(&attr);
}

int tb_crew_new(struct event_base *base, size_t helpers, struct tb_crew **out)
{
    struct tb_crew *crew = calloc(1, sizeof(*crew));
    int r = 0;

    *out = NULL;
    if (crew == NULL)
        return TB_E_NOMEM;
    init_mutex(&crew->mutex);
    pthread_cond_init(&crew->work, NULL);
    crew->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (crew->wake_fd < 0 ||
        (crew->wake = event_new(base, crew->wake_fd, EV_READ | EV_PERSIST, on_wake, crew)) == NULL ||
        event_add(crew->wake, NULL) < 0 || (crew->turn = event_new(base, -1, 0, on_turn, crew)) == NULL)
        r = TB_E_IO;
    for (size_t i = 0; r == 0 && i < helpers && i < TB_CREW_HELPERS_MAX; i++)
        if ((r = tb_thread_start(&crew->thread[i], helper_main, crew)) == 0)
            crew->num_threads++;
    if (r < 0)
        tb_crew_free(crew);
    else
        *out = crew;
    return r;
}

void tb_crew_put(struct tb_crew *crew, struct tb_job *job)
{
    bool wake;

    pthread_mutex_lock(&crew->mutex);
    queue_put(&crew->todo, job);
    crew->num_todo++;
    wake = crew->num_asleep > 0 && helper_may_take(crew);
    pthread_mutex_unlock(&crew->mutex);
    if (wake)
        pthread_cond_signal(&crew->work);
    if (crew->turn_due)
        return;
    /* Behind everything that is active already. */
    crew->turn_due = true;
    event_active(crew->turn, EV_WRITE, 0);
}

void tb_crew_free(struct tb_crew *crew)
{
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->mutex);
    crew->stop = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->mutex);
    work_off(crew);
    for (size_t i = 0; i < crew->num_threads; i++)
        pthread_join(crew->thread[i], NULL);
    work_off(crew); /* what helpers were at */
    if (crew->wake != NULL)
        event_free(crew->wake);
    if (crew->turn != NULL)
        event_free(crew->turn);
    if (crew->wake_fd >= 0)
        close(crew->wake_fd);
    pthread_mutex_destroy(&crew->mutex);
    pthread_cond_destroy(&crew->work);
    free(crew);
}

void tb_crew_stats(struct tb_crew *crew, struct tb_crew_stats *out)
{
    pthread_mutex_lock(&crew->mutex);
    *out = crew->stats;
    pthread_mutex_unlock(&crew->mutex);
}
