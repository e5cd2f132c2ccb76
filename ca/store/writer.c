#include "ca/store/writer.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ca/store/checkpoint.h"
#include "ca/thread.h"

/* So many transactions in one commit at most: bounds the time to the first answer. */
#define BATCH_MAX 1024

struct queue {
    struct tb_store_tx *head, *tail;
};

/*
 * A commit costs a write barrier and whole pages whatever it holds, so the thread takes up what one turn of the loop
 * has brought, and what came while the commit before it lasted.  No clock is in this: while a timer ran, clients would
 * wait and processors with them.
 */
struct tb_writer {
    struct tb_engine *engine;
    struct tb_checkpointer *checkpointer;
    void (*finished)(struct tb_store_tx *tx);
    pthread_t thread;
    bool running;
    int wake_fd;
    struct event *wake;
    struct event *turn;             /* the end of a loop turn in which something was submitted */
    bool turn_due;                  /* loop thread */
    uint64_t cursor[TB_ROW__COUNT]; /* of garbage collection; writer thread */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;
    struct queue todo, done;
    size_t num_todo;
    bool ready; /* todo holds a whole turn */
    bool stop;
    struct tb_writer_stats stats;
};

static void queue_put(struct queue *q, struct tb_store_tx *tx)
{
    tx->next = NULL;
    *(q->tail != NULL ? &q->tail->next : &q->head) = tx;
    q->tail = tx;
}

static struct tb_store_tx *queue_take(struct queue *q)
{
    struct tb_store_tx *tx = q->head;

    if (tx != NULL && (q->head = tx->next) == NULL)
        q->tail = NULL;
    return tx;
}

static int write_tx(struct tb_writer *w, struct tb_store_tx *tx)
{
    int r = 0;

    for (size_t i = 0; i < tx->num && r == 0; i++)
        r = tb_engine_write(w->engine, tx->row[i]);
    for (int k = 0; tx->collect && r == 0 && k < TB_ROW__COUNT; k++)
        r = tb_engine_collect(w->engine, (enum tb_row_kind)k, tx->now, tx->keep_s, &w->cursor[k]);
    return r;
}

static bool of_one_tx(int err)
{
    return err == TB_E_EXISTS || err == TB_E_STATE;
}

static void fail_open(struct tb_store_tx *batch, int err)
{
    for (; batch != NULL; batch = batch->next)
        if (batch->err == 0)
            batch->err = err;
}

/* Markers only: what they wait for was committed in an earlier batch. */
static bool is_empty(const struct tb_store_tx *batch)
{
    for (; batch != NULL; batch = batch->next)
        if (batch->num > 0 || batch->collect)
            return false;
    return true;
}

/*
 * All of the batch in one transaction.  One that breaks a condition must not take the others with it: it is marked,
 * everything is rolled back and the rest runs again.  Any other failure is everybody's.
 */
static void write_batch(struct tb_writer *w, struct tb_store_tx *batch)
{
    bool again;
    int r;

    if (is_empty(batch))
        return;
    do {
        again = false;
        r = tb_engine_begin(w->engine);
        for (struct tb_store_tx *tx = batch; tx != NULL && r == 0 && !again; tx = tx->next) {
            if (tx->err != 0)
                continue;
            r = write_tx(w, tx);
            if (of_one_tx(r)) {
                tx->err = r;
                r = 0;
                again = true;
            }
        }
        if (r == 0 && !again)
            r = tb_engine_commit(w->engine);
        if (r != 0 || again)
            tb_engine_rollback(w->engine);
    } while (again);
    if (r != 0)
        fail_open(batch, r);
}

static void count(struct tb_writer *w, const struct tb_store_tx *batch)
{
    w->stats.commits++;
    w->stats.statements = tb_engine_statements(w->engine);
    for (; batch != NULL; batch = batch->next) {
        w->stats.txs++;
        for (size_t i = 0; i < batch->num; i++)
            w->stats.rows[batch->row[i]->kind]++;
    }
}

static struct tb_store_tx *take_batch(struct tb_writer *w)
{
    struct queue batch = {0};
    struct tb_store_tx *tx;

    size_t n = 0;

    for (; n < BATCH_MAX && (tx = queue_take(&w->todo)) != NULL; n++)
        queue_put(&batch, tx);
    w->num_todo -= n;
    w->ready = w->num_todo > 0;
    return batch.head;
}

static void wake_loop(struct tb_writer *w)
{
    uint64_t one = 1;

    while (write(w->wake_fd, &one, sizeof(one)) < 0)
        ;
}

static void *writer_main(void *arg)
{
    struct tb_writer *w = arg;
    struct tb_store_tx *batch;

    pthread_mutex_lock(&w->mutex);
    for (;;) {
        while (!w->ready && !w->stop)
            pthread_cond_wait(&w->work, &w->mutex);
        batch = take_batch(w);
        if (batch == NULL)
            break;
        pthread_mutex_unlock(&w->mutex);
        write_batch(w, batch);
        pthread_mutex_lock(&w->mutex);
        count(w, batch);
        while (batch != NULL) {
            struct tb_store_tx *next = batch->next;

            queue_put(&w->done, batch);
            batch = next;
        }
        wake_loop(w);
        pthread_mutex_unlock(&w->mutex);
        tb_checkpointer_committed(w->checkpointer, w->engine);
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void deliver(struct tb_writer *w)
{
    struct queue q;
    struct tb_store_tx *tx;

    pthread_mutex_lock(&w->mutex);
    q = w->done;
    w->done = (struct queue){0};
    pthread_mutex_unlock(&w->mutex);
    while ((tx = queue_take(&q)) != NULL)
        w->finished(tx);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct tb_writer *w = arg;

    (void)fd;
    (void)what;
    w->turn_due = false;
    pthread_mutex_lock(&w->mutex);
    w->ready = w->num_todo > 0;
    if (w->ready)
        pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->mutex);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t n;

    (void)what;
    if (read(fd, &n, sizeof(n)) == sizeof(n))
        deliver(arg);
}

int tb_writer_new(struct tb_engine *engine, struct tb_engine *checkpoints, struct event_base *base,
                  void (*finished)(struct tb_store_tx *tx), struct tb_writer **out)
{
    struct tb_writer *w = calloc(1, sizeof(*w));
    int r = TB_E_NOMEM;

    *out = NULL;
    if (w == NULL) {
        tb_engine_close(checkpoints);
        tb_engine_close(engine);
        return r;
    }
    w->engine = engine;
    w->finished = finished;
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
    if (w->wake_fd < 0 || (w->wake = event_new(base, w->wake_fd, EV_READ | EV_PERSIST, on_wake, w)) == NULL ||
        event_add(w->wake, NULL) < 0 || (w->turn = event_new(base, -1, 0, on_turn, w)) == NULL) {
        r = TB_E_IO;
        goto out;
    }
    r = tb_checkpointer_new(checkpoints, &w->checkpointer);
    checkpoints = NULL;
    if (r < 0 || (r = tb_thread_start(&w->thread, writer_main, w)) < 0)
        goto out;
    w->running = true;
    *out = w;
    w = NULL;
out:
    tb_engine_close(checkpoints);
    tb_writer_close(w);
    return r;
}

void tb_writer_submit(struct tb_writer *w, struct tb_store_tx *tx)
{
    pthread_mutex_lock(&w->mutex);
    queue_put(&w->todo, tx);
    w->num_todo++;
    pthread_mutex_unlock(&w->mutex);
    if (w->turn_due)
        return;
    /* Behind everything that is active already. */
    w->turn_due = true;
    event_active(w->turn, EV_WRITE, 0);
}

void tb_writer_close(struct tb_writer *w)
{
    if (w == NULL)
        return;
    if (w->running) {
        pthread_mutex_lock(&w->mutex);
        w->stop = true;
        pthread_cond_signal(&w->work);
        pthread_mutex_unlock(&w->mutex);
        pthread_join(w->thread, NULL);
        deliver(w);
    }
    if (w->wake != NULL)
        event_free(w->wake);
    if (w->turn != NULL)
        event_free(w->turn);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->work);
    tb_checkpointer_close(w->checkpointer);
    tb_engine_close(w->engine);
    free(w);
}

void tb_writer_stats(struct tb_writer *w, struct tb_writer_stats *out)
{
    pthread_mutex_lock(&w->mutex);
    *out = w->stats;
    pthread_mutex_unlock(&w->mutex);
}
