/* What the load generator is told to do. */
#ifndef TB_BENCH_OPTIONS_H
#define TB_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Every run ends: nothing below can be switched off. */
#define TB_LOAD_CLIENTS_MAX  256
#define TB_LOAD_SECONDS_MAX  600
#define TB_LOAD_COUNT_MAX    1000000
#define TB_LOAD_WARM_MAX     1000
#define TB_LOAD_IDLE_MAX     20000
#define TB_LOAD_HOLD_MAX     300 /* seconds */
#define TB_LOAD_FAILURES_MAX 10000
#define TB_LOAD_POLL_MS_MAX  10000
#define TB_LOAD_START_MAX    1000000000
#define TB_LOAD_URL_MAX      511
#define TB_LOAD_TEXT_MAX     127

enum tb_load_connections { TB_LOAD_KEEP, TB_LOAD_NEW };

struct tb_load_options {
    const char *directory; /* https URL */
    const char *ca;        /* PEM file of trust anchors; NULL with insecure */
    bool insecure;
    const char *http;   /* ADDR:PORT where http-01 is answered */
    const char *domain; /* names are c<client>-<n>.<domain> */
    const char *profile;
    enum tb_load_connections connections;
    unsigned clients;
    unsigned seconds;
    unsigned count; /* certificates in the measured phase, whichever bound comes first */
    unsigned warm;  /* issuances of each client before the measured phase */
    unsigned start; /* first n of the names */
    unsigned failures;
    unsigned poll_ms;        /* between polls when the server names no time, and the least that is waited */
    unsigned retry_after_ms; /* longest that a server's Retry-After is followed */
    unsigned idle;           /* connections to hold open instead of issuing; 0: issue */
    unsigned hold;           /* seconds to hold them */
    pid_t watch;             /* process whose tree is measured; 0: none */
};

/* 0: go on.  1: help was printed.  -1: usage was printed to standard error. */
int tb_load_options_parse(int argc, char **argv, struct tb_load_options *out);

#endif
