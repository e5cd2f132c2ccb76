/* The judge wants to know where the issuance stands in its log; the front's store has that, and the judge checks it. */
#include <stdio.h>

#include "cli/ca/ca.h"
#include "cli/print.h"

static const struct tb_ca_option options[] = {
    {"reason", "REASON",
     "unspecified, keyCompromise, affiliationChanged, superseded,\n"
     "                      cessationOfOperation or privilegeWithdrawn; default unspecified"},
};

static int find(const struct tb_ca_args *a, json_t **out)
{
    json_t *request = json_pack("{s:s,s:s}", "cmd", "show", "serial", a->word[0]);
    int status = request != NULL ? tb_ca_ask(a, request, out) : TB_CLI_FAILURE;

    json_decref(request);
    return status;
}

static int revoke(const struct tb_ca_args *a, const json_t *found, json_t **out)
{
    const char *reason = tb_ca_value(a, "reason");
    json_t *request = json_pack("{s:s,s:O,s:O,s:s}", "cmd", "revoke", "serial", json_object_get(found, "serial"), "seq",
                                json_object_get(found, "seq"), "reason", reason != NULL ? reason : "unspecified");
    int status = request != NULL ? tb_ca_ask(a, request, out) : TB_CLI_FAILURE;

    json_decref(request);
    return status;
}

static int run(const struct tb_ca_args *a)
{
    json_t *found = NULL, *answer = NULL;
    int status;

    if (!tb_ca_is_serial(a->word[0]))
        return tb_ca_misuse(a->action, "a serial number is up to 40 hexadecimal digits");
    if ((status = find(a, &found)) == TB_CLI_OK)
        status = revoke(a, found, &answer);
    if (status == TB_CLI_OK) {
        if (a->json) {
            json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
            putchar('\n');
        } else {
            tb_ca_print_object(a, answer);
        }
    }
    json_decref(found);
    json_decref(answer);
    return status;
}

const struct tb_ca_action tb_ca_revoke = {
    .word = "revoke",
    .usage = "SERIAL",
    .help = "revoke the certificate with this serial number (of list), for good",
    .min_words = 1,
    .max_words = 1,
    .options = options,
    .num_options = sizeof(options) / sizeof(options[0]),
    .run = run,
};
