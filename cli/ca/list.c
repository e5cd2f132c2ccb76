/* tabard ca list: page after page until there are enough; an answer of the CA is bounded by what it looks at. */
#include <stdio.h>
#include <string.h>

#include "cli/ca/filter.h"
#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/compiler.h"

#define ROWS_DEFAULT 50    /* of all there are */
#define ROWS_MAX     10000 /* in one answer, and the default with a filter */
#define ORDER_MAX    ((uint64_t)INT64_MAX)

static const struct tb_ca_option options[] = {
    TB_CA_FILTER_OPTIONS,
    {"limit", "N", "at most so many (default 50; 10000 with a filter)"},
    {"before", "ORDER", "older ones than that order: the next page"},
};

/* --- for people: a table ---------------------------------------------------------------------------------------- */

static const char *state_of(const json_t *cert, const char *now)
{
    const char *reason = json_string_value(json_object_get(cert, "reason"));
    const char *end = json_string_value(json_object_get(cert, "not_after"));

    if (reason != NULL)
        return reason;
    return end != NULL && strcmp(end, now) < 0 ? "expired" : "valid";
}

/* Columns are the first row's members: every row has all of them. */
static json_t *row_of(const json_t *cert, const char *now)
{
    json_t *row = json_object();

    static const char *const columns[] = {"serial", "names", "profile", "issued_at", "not_after"};
    for (size_t i = 0; row != NULL && i < TB_ARRAY_LEN(columns); i++)
        json_object_set(row, columns[i], json_object_get(cert, columns[i]));
    json_object_set_new(row, "state", json_string(state_of(cert, now)));
    return row;
}

static void print(const json_t *certificates, const json_t *next)
{
    char now[TB_RFC3339_LEN + 1];
    json_t *rows = json_array();
    const json_t *cert;
    size_t i;

    tb_rfc3339_format(now, tb_clock_now_s());
    json_array_foreach(certificates, i, cert)
    {
        json_array_append_new(rows, row_of(cert, now));
    }
    if (json_array_size(rows) == 0)
        puts("no certificates");
    else
        tb_print_table(stdout, rows);
    if (next != NULL)
        printf("there may be more: --before %" JSON_INTEGER_FORMAT "\n", json_integer_value(next));
    json_decref(rows);
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

/* One page into all; *next is where the following one begins, 0 at the end. */
static int add_page(const struct tb_ca_args *a, uint64_t left, json_t *all, uint64_t *next)
{
    json_t *request = json_pack("{s:s,s:I}", "cmd", "list", "limit", (json_int_t)left);
    json_t *answer = NULL;
    int status = request != NULL ? tb_ca_filter_request(a, request) : TB_CLI_FAILURE;

    if (status == TB_CLI_OK && *next != 0)
        json_object_set_new(request, "before", json_integer((json_int_t)*next));
    if (status == TB_CLI_OK)
        status = tb_ca_ask(a, request, &answer);
    if (status == TB_CLI_OK) {
        uint64_t last = *next;

        if (json_array_extend(all, json_object_get(answer, "certificates")) < 0)
            status = TB_CLI_FAILURE;
        *next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
        if (last != 0 && *next >= last) /* a CA that does not come to an end */
            *next = 0;
    }
    json_decref(request);
    json_decref(answer);
    return status;
}

static int run(const struct tb_ca_args *a)
{
    json_t *all = json_array(), *more = NULL;
    uint64_t limit, next;
    int status = TB_CLI_OK;

    if (!tb_ca_number(a, "limit", tb_ca_filter_given(a) ? ROWS_MAX : ROWS_DEFAULT, ROWS_MAX, &limit) ||
        !tb_ca_number(a, "before", 0, ORDER_MAX, &next)) {
        json_decref(all);
        return TB_CLI_USAGE;
    }
    do
        status = add_page(a, limit - json_array_size(all), all, &next);
    while (status == TB_CLI_OK && next != 0 && json_array_size(all) < limit);
    if (status == TB_CLI_OK && next != 0)
        more = json_integer((json_int_t)next);
    if (status == TB_CLI_OK && a->json) {
        json_t *answer = json_pack("{s:O,s:O*}", "certificates", all, "next", more);

        tb_ca_print_json(answer);
        json_decref(answer);
    } else if (status == TB_CLI_OK) {
        print(all, more);
    }
    json_decref(more);
    json_decref(all);
    return status;
}

const struct tb_ca_action tb_ca_list = {
    .word = "list",
    .usage = "",
    .help = "certificates, the newest first",
    .options = options,
    .num_options = TB_ARRAY_LEN(options),
    .run = run,
};
