/* Threads beside a process's loop. */
#ifndef TB_CA_THREAD_H
#define TB_CA_THREAD_H

#include <pthread.h>

#include "lib/base/err.h"

/* A thread without signals: they belong to the loop thread. TB_E_IO. */
int tb_thread_start(pthread_t *out, void *(*main)(void *), void *arg) TB_MUST_USE;

#endif
