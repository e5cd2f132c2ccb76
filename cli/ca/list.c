#include <stdio.h>

#include "cli/ca/ca.h"
#include "cli/print.h"

/* The array stands in the answer's member; an empty one has no columns. */
static void print(const struct tb_ca_args *a, const json_t *answer)
{
    const json_t *certificates = json_object_get(answer, "certificates");

    (void)a;
    if (json_array_size(certificates) == 0)
        puts("no certificates");
    else
        tb_print_table(stdout, certificates);
}

const struct tb_ca_action tb_ca_list = {
    .word = "list",
    .usage = "",
    .help = "the newest certificates",
    .print = print,
};
