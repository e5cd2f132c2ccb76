#include "cli/ca/ca.h"
#include "cli/print.h"

static int request(const struct tb_ca_args *a, json_t *req)
{
    if (!tb_ca_is_serial(a->word[0]))
        return tb_ca_misuse(a->action, "a serial number is up to 40 hexadecimal digits");
    return json_object_set_new(req, "serial", json_string(a->word[0])) == 0 ? TB_CLI_OK : TB_CLI_FAILURE;
}

const struct tb_ca_action tb_ca_show = {
    .word = "show",
    .usage = "SERIAL",
    .help = "one certificate, by its serial number in hexadecimal",
    .min_words = 1,
    .max_words = 1,
    .request = request,
    .print = tb_ca_print_object,
};
