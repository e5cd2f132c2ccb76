#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/compiler.h"

/* A number with its bounds, a text, or a flag. */
struct row {
    const char *name;
    const char *arg; /* NULL: takes none */
    const char *help;
    size_t number; /* offset + 1; 0: not a number */
    size_t text;
    unsigned min, max;
};

#define AT(m) (offsetof(struct tb_load_options, m) + 1)

enum { ROW_INSECURE, ROW_CONNECTIONS, ROW_WATCH, ROW_HELP, ROW__FREE };

static const struct row rows[] = {
    [ROW_INSECURE] = {.name = "insecure", .help = "do not verify the server's certificate"},
    [ROW_CONNECTIONS] = {.name = "connections",
                         .arg = "keep|new",
                         .help = "TLS connection kept, or new for each issuance"},
    [ROW_WATCH] = {.name = "watch", .arg = "PID", .help = "measure CPU and memory of this process and its descendants"},
    [ROW_HELP] = {.name = "help", .help = "this text"},
    {.name = "directory", .arg = "URL", .text = AT(directory), .help = "ACME directory"},
    {.name = "ca", .arg = "FILE", .text = AT(ca), .help = "trust anchors for the server's certificate (PEM)"},
    {.name = "http", .arg = "ADDR:PORT", .text = AT(http), .help = "answer http-01 here"},
    {.name = "domain", .arg = "NAME", .text = AT(domain), .help = "order c<client>-<n>.NAME (default bench.test)"},
    {.name = "profile", .arg = "NAME", .text = AT(profile), .help = "ACME profile to order"},
    {.name = "clients",
     .arg = "N",
     .number = AT(clients),
     .min = 1,
     .max = TB_LOAD_CLIENTS_MAX,
     .help = "concurrent clients (8)"},
    {.name = "seconds",
     .arg = "S",
     .number = AT(seconds),
     .min = 1,
     .max = TB_LOAD_SECONDS_MAX,
     .help = "measured phase (5)"},
    {.name = "count",
     .arg = "N",
     .number = AT(count),
     .min = 1,
     .max = TB_LOAD_COUNT_MAX,
     .help = "end after N certificates"},
    {.name = "warm",
     .arg = "N",
     .number = AT(warm),
     .max = TB_LOAD_WARM_MAX,
     .help = "issuances of each client before measuring (2)"},
    {.name = "start", .arg = "N", .number = AT(start), .max = TB_LOAD_START_MAX, .help = "first n of the names (1)"},
    {.name = "failures",
     .arg = "N",
     .number = AT(failures),
     .min = 1,
     .max = TB_LOAD_FAILURES_MAX,
     .help = "give up after N failures (100)"},
    {.name = "poll-ms",
     .arg = "MS",
     .number = AT(poll_ms),
     .min = 1,
     .max = TB_LOAD_POLL_MS_MAX,
     .help = "shortest and usual pause between polls (25)"},
    {.name = "retry-after-ms",
     .arg = "MS",
     .number = AT(retry_after_ms),
     .min = 1,
     .max = TB_LOAD_POLL_MS_MAX,
     .help = "longest Retry-After that is followed (5000)"},
    {.name = "idle",
     .arg = "N",
     .number = AT(idle),
     .min = 1,
     .max = TB_LOAD_IDLE_MAX,
     .help = "hold N idle TLS connections instead of issuing"},
    {.name = "hold", .arg = "S", .number = AT(hold), .max = TB_LOAD_HOLD_MAX, .help = "hold them S seconds (2)"},
};
#define NUM_ROWS TB_ARRAY_LEN(rows)

static void usage(FILE *f)
{
    fputs("usage: acme_load --directory URL (--ca FILE | --insecure) --http ADDR:PORT [OPTION]...\n"
          "       acme_load --directory URL (--ca FILE | --insecure) --idle N [OPTION]...\n\n"
          "Order certificates from an ACME server in a closed loop, answering http-01, and measure it.\n\n",
          f);
    for (size_t i = 0; i < NUM_ROWS; i++) {
        char left[64];

        snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].arg != NULL ? rows[i].arg : "");
        fprintf(f, "  %-28s%s\n", left, rows[i].help);
    }
    fputs("\nExit status: 0 every issuance succeeded, 1 failures, 2 usage.\n", f);
}

static int refuse(const char *name, const char *value, const char *expected)
{
    fprintf(stderr, "acme_load: --%s %s: expected %s\n", name, value, expected);
    return -1;
}

static int read_number(const struct row *row, const char *s, unsigned *out)
{
    char expected[64];
    char *end;
    unsigned long v;

    errno = 0;
    v = strtoul(s, &end, 10);
    if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 || v < row->min || v > row->max) {
        snprintf(expected, sizeof(expected), "a number from %u to %u", row->min, row->max);
        return refuse(row->name, s, expected);
    }
    *out = (unsigned)v;
    return 0;
}

static int take_special(size_t i, const char *arg, struct tb_load_options *o)
{
    static const struct row pid = {.name = "watch", .min = 1, .max = 0x7fffffff};
    unsigned v;

    switch (i) {
    case ROW_INSECURE:
        o->insecure = true;
        return 0;
    case ROW_CONNECTIONS:
        if (strcmp(arg, "keep") != 0 && strcmp(arg, "new") != 0)
            return refuse("connections", arg, "keep or new");
        o->connections = arg[0] == 'n' ? TB_LOAD_NEW : TB_LOAD_KEEP;
        return 0;
    case ROW_WATCH:
        if (read_number(&pid, arg, &v) < 0)
            return -1;
        o->watch = (pid_t)v;
        return 0;
    default:
        usage(stdout);
        return 1;
    }
}

static int take(size_t i, const char *arg, struct tb_load_options *o)
{
    const struct row *row = &rows[i];

    if (i < ROW__FREE)
        return take_special(i, arg, o);
    if (row->number != 0)
        return read_number(row, arg, (unsigned *)((char *)o + row->number - 1));
    if (arg[0] == '\0' || strlen(arg) > TB_LOAD_URL_MAX)
        return refuse(row->name, arg, "a text of at most 511 characters");
    *(const char **)((char *)o + row->text - 1) = arg;
    return 0;
}

static int complete(const struct tb_load_options *o)
{
    const char *missing = NULL;

    if (o->directory == NULL || strncmp(o->directory, "https://", 8) != 0)
        missing = "--directory with an https URL";
    else if (o->ca == NULL && !o->insecure)
        missing = "--ca or --insecure";
    else if (o->idle == 0 && o->http == NULL)
        missing = "--http or --idle";
    if (missing == NULL && strlen(o->domain) <= TB_LOAD_TEXT_MAX)
        return 0;
    fprintf(stderr, "acme_load: %s is wanted; --help shows the options\n",
            missing != NULL ? missing : "a shorter --domain");
    return -1;
}

int tb_load_options_parse(int argc, char **argv, struct tb_load_options *out)
{
    struct option longs[NUM_ROWS + 1] = {0};
    struct tb_load_options o = {.domain = "bench.test",
                                .clients = 8,
                                .seconds = 5,
                                .count = TB_LOAD_COUNT_MAX,
                                .warm = 2,
                                .start = 1,
                                .failures = 100,
                                .poll_ms = 25,
                                .retry_after_ms = 5000,
                                .hold = 2};
    int c;
    int r;

    for (size_t i = 0; i < NUM_ROWS; i++)
        longs[i] = (struct option){rows[i].name, rows[i].arg != NULL, NULL, (int)i + 256};
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
        if (c < 256 || (r = take((size_t)c - 256, optarg, &o)) < 0)
            return -1;
        else if (r > 0)
            return 1;
    if (optind != argc) {
        fprintf(stderr, "acme_load: unexpected argument %s\n", argv[optind]);
        return -1;
    }
    if (complete(&o) < 0)
        return -1;
    *out = o;
    return 0;
}
