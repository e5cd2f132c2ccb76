#include "ca/store/checkpoint.h"

#include <stdlib.h>

#include "ca/thread.h"

struct tb_checkpointer {
    struct tb_engine *engine; /* of the thread */
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;
    bool due, running;
    unsigned reached; /* frames of the log that are in the database, and on disk there */
    bool stop;
};

/*
 * Frames that are in the database, and on disk: what is not flushed here would be by the writer, when it makes the end.
 * A failure leaves the log as it is: a later commit tries again.
 */
static unsigned pass(struct tb_engine *engine)
{
    unsigned done = 0;

    if (tb_engine_checkpoint(engine, &done) < 0 || tb_engine_flush(engine) < 0)
        return 0;
    return done;
}

static void *thread_main(void *arg)
{
    struct tb_checkpointer *c = arg;
    unsigned done;

    pthread_mutex_lock(&c->mutex);
    for (;;) {
        while (!c->due && !c->stop)
            pthread_cond_wait(&c->work, &c->mutex);
        if (c->stop)
            break;
        c->due = false;
        c->running = true;
        pthread_mutex_unlock(&c->mutex);
        done = pass(c->engine);
        pthread_mutex_lock(&c->mutex);
        c->running = false;
        c->reached = done;
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

int tb_checkpointer_new(struct tb_engine *engine, struct tb_checkpointer **out)
{
    struct tb_checkpointer *c = calloc(1, sizeof(*c));
    int r;

    *out = NULL;
    if (c == NULL) {
        tb_engine_close(engine);
        return TB_E_NOMEM;
    }
    c->engine = engine;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->work, NULL);
    r = tb_thread_start(&c->thread, thread_main, c);
    c->started = r == 0;
    if (r < 0)
        tb_checkpointer_close(c);
    else
        *out = c;
    return r;
}

/* The log begins anew only when nothing is left of it, and commits go on meanwhile: the end is the writer's. */
void tb_checkpointer_committed(struct tb_checkpointer *c, struct tb_engine *writer)
{
    unsigned frames = tb_engine_log_frames(writer);
    unsigned done = 0;
    bool finish;

    pthread_mutex_lock(&c->mutex);
    if (frames < c->reached)
        c->reached = 0; /* it has begun anew */
    finish = frames >= TB_CHECKPOINT_FRAMES && !c->running && frames - c->reached < TB_CHECKPOINT_STEP;
    finish |= frames >= TB_CHECKPOINT_FRAMES_MAX;
    if (!finish && !c->due && !c->running && frames - c->reached >= TB_CHECKPOINT_STEP) {
        c->due = true;
        pthread_cond_signal(&c->work);
    }
    pthread_mutex_unlock(&c->mutex);
    if (finish)
        (void)!tb_engine_checkpoint(writer, &done);
}

void tb_checkpointer_close(struct tb_checkpointer *c)
{
    if (c == NULL)
        return;
    if (c->started) {
        pthread_mutex_lock(&c->mutex);
        c->stop = true;
        pthread_cond_signal(&c->work);
        pthread_mutex_unlock(&c->mutex);
        pthread_join(c->thread, NULL);
    }
    pthread_mutex_destroy(&c->mutex);
    pthread_cond_destroy(&c->work);
    tb_engine_close(c->engine);
    free(c);
}
