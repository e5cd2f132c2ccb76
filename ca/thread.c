#include "ca/thread.h"

#include <signal.h>

int tb_thread_start(pthread_t *out, void *(*main)(void *), void *arg)
{
    sigset_t all;
    sigset_t old;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    r = pthread_create(out, NULL, main, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r == 0 ? 0 : TB_E_IO;
}
