#include "ca/store/checkpoint.h"

#include <stdlib.h>

#include "ca/thread.h"

/* The log begins anew only when nothing is left of it, and commits go on meanwhile: the rest is the writer's. */
#define PASSES     3
#define FEW_FRAMES 100

enum state { IDLE, RUNNING, NEARLY };

struct tb_checkpointer {
    struct tb_engine *engine; /* of the thread */
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;
    enum state state;
    bool stop;
};

/* Frames that are left. A failure leaves the log as it is: a later commit tries again. */
static unsigned pass(struct tb_engine *engine)
{
    unsigned left = 0;

    return tb_engine_checkpoint(engine, &left) < 0 ? 0 : left;
}

static void *thread_main(void *arg)
{
    struct tb_checkpointer *c = arg;

    pthread_mutex_lock(&c->mutex);
    for (;;) {
        while (c->state != RUNNING && !c->stop)
            pthread_cond_wait(&c->work, &c->mutex);
        if (c->stop)
            break;
        pthread_mutex_unlock(&c->mutex);
        for (int i = 0; i < PASSES && pass(c->engine) >= FEW_FRAMES; i++)
            ;
        pthread_mutex_lock(&c->mutex);
        c->state = NEARLY;
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

void tb_checkpointer_committed(struct tb_checkpointer *c, struct tb_engine *writer)
{
    unsigned frames = tb_engine_log_frames(writer);
    bool finish;

    if (frames < TB_CHECKPOINT_FRAMES)
        return;
    pthread_mutex_lock(&c->mutex);
    finish = c->state == NEARLY || frames >= TB_CHECKPOINT_FRAMES_MAX;
    if (c->state == NEARLY) {
        c->state = IDLE;
    } else if (c->state == IDLE) {
        c->state = RUNNING;
        pthread_cond_signal(&c->work);
    }
    pthread_mutex_unlock(&c->mutex);
    if (finish)
        (void)pass(writer);
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
