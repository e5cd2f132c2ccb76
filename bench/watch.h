/* CPU and memory of a process and its descendants, from /proc. */
#ifndef TB_BENCH_WATCH_H
#define TB_BENCH_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#define TB_LOAD_WATCH_MAX 32

struct tb_load_proc {
    pid_t pid;
    char name[32];   /* of the program, or the role that it was started in */
    uint64_t cpu_us; /* user and system; to a clock tick, which is 10 ms */
    uint64_t rss_kb;
    uint64_t peak_kb;
    uint64_t pss_kb; /* 0 when it may not be read */
};
struct tb_load_watch {
    size_t num;
    struct tb_load_proc proc[TB_LOAD_WATCH_MAX];
};
/* root first. Empty when root does not exist or is 0. */
void tb_load_watch_take(struct tb_load_watch *out, pid_t root);
/* CPU time of every process of now since it stood in before (or began). */
void tb_load_watch_since(struct tb_load_watch *now, const struct tb_load_watch *before);

#endif
