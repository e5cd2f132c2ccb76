/* Threads of the store. Private to it. */
#ifndef TB_CA_STORE_THREAD_H
#define TB_CA_STORE_THREAD_H

#include <pthread.h>

#include "lib/base/err.h"

/* A thread without signals: they belong to the loop thread. TB_E_IO. */
int tb_store_thread(pthread_t *out, void *(*main)(void *), void *arg) TB_MUST_USE;

#endif
