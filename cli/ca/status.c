#include <stdio.h>

#include "cli/ca/ca.h"
#include "cli/print.h"

static void print(const struct tb_ca_args *a, const json_t *answer)
{
    const json_t *front = json_object_get(answer, "front");

    (void)a;
    tb_print_table(stdout, json_object_get(answer, "processes"));
    if (json_is_object(front))
        tb_print_object(stdout, front, "");
    else
        puts("front: does not answer");
}

const struct tb_ca_action tb_ca_status = {
    .word = "status",
    .usage = "",
    .help = "processes, their sandboxes, counters",
    .print = print,
};
