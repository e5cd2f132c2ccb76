/* tabard ca export: every certificate of the judge's log, printed as it comes, so that memory does not grow with them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/ca/filter.h"
#include "lib/base/b64u.h"
#include "lib/base/compiler.h"
#include "lib/pki/cacert.h"
#include "lib/pki/tbs.h"

#define SEQ_MAX ((uint64_t)INT64_MAX)

static const struct tb_ca_option options[] = {
    TB_CA_FILTER_OPTIONS,
    {"after", "SEQ", "those with a higher number in the log: what is new since"},
};

/* PEM from what decodes, so that nothing else reaches a terminal. */
static int print_pem(const json_t *cert)
{
    const char *text = json_string_value(json_object_get(cert, "certificate"));
    uint8_t der[TB_CERT_MAX];
    struct tb_wr wr;
    size_t len = 0;
    int status;

    if (text == NULL || tb_b64u_decode(der, sizeof(der), &len, tb_span_str(text)) < 0) {
        fprintf(stderr, "tabard: an answer of the CA cannot be understood\n");
        return TB_CLI_FAILURE;
    }
    tb_wr_init(&wr, TB_CERT_MAX * 2);
    tb_pem_write(&wr, "CERTIFICATE", tb_span_of(der, len));
    status = tb_wr_err(&wr) == 0 && fwrite(wr.buf, 1, wr.len, stdout) == wr.len ? TB_CLI_OK : TB_CLI_FAILURE;
    tb_wr_clear(&wr);
    return status;
}

static int print_line(const json_t *cert)
{
    if (json_dumpf(cert, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0 || putchar('\n') == EOF)
        return TB_CLI_FAILURE;
    return TB_CLI_OK;
}

/* Prints one page; *after moves on, and is 0 at the end. */
static int print_page(const struct tb_ca_args *a, uint64_t *after)
{
    json_t *request = json_pack("{s:s,s:I}", "cmd", "export", "after", (json_int_t)*after);
    json_t *answer = NULL;
    const json_t *cert;
    uint64_t next;
    size_t i;
    int status = request != NULL ? tb_ca_filter_request(a, request) : TB_CLI_FAILURE;

    if (status == TB_CLI_OK)
        status = tb_ca_ask(a, request, &answer);
    json_array_foreach(json_object_get(answer, "certificates"), i, cert)
    {
        if (status == TB_CLI_OK)
            status = a->json ? print_line(cert) : print_pem(cert);
    }
    next = (uint64_t)json_integer_value(json_object_get(answer, "next"));
    *after = next > *after ? next : 0;
    json_decref(request);
    json_decref(answer);
    return status;
}

static int run(const struct tb_ca_args *a)
{
    uint64_t after;
    int status;

    if (!tb_ca_number(a, "after", 0, SEQ_MAX, &after))
        return TB_CLI_USAGE;
    do
        status = print_page(a, &after);
    while (status == TB_CLI_OK && after != 0);
    return status;
}

const struct tb_ca_action tb_ca_export = {
    .word = "export",
    .usage = "",
    .help = "all certificates of the issuance log, PEM or lines of JSON",
    .options = options,
    .num_options = TB_ARRAY_LEN(options),
    .run = run,
};
