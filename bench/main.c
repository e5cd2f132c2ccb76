/* acme_load: a closed loop of ACME clients, to measure a server. One thread. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/run.h"

/* A thousand idle connections are more than many systems allow by default. */
static void raise_descriptors(void)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
        lim.rlim_cur = lim.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
    }
}

int main(int argc, char **argv)
{
    struct tb_load_options opt;
    struct tb_load_result *result;
    int r = tb_load_options_parse(argc, argv, &opt);

    if (r != 0)
        return r > 0 ? 0 : 2;
    result = calloc(1, sizeof(*result));
    if (result == NULL)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    r = opt.idle > 0 ? tb_load_idle(&opt, result) : tb_load_run(&opt, result);
    if (r == 0) {
        (opt.idle > 0 ? tb_load_report_idle : tb_load_report)(&opt, result);
        r = opt.idle > 0 || (result->stats.failures == 0 && result->stats.certificates > 0) ? 0 : -1;
    }
    free(result);
    return r == 0 ? 0 : 1;
}
