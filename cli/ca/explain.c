/* tabard ca explain: the front says what an order would meet, the judge what it thinks of the key of a request. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ca/ca.h"
#include "cli/control.h"
#include "cli/print.h"
#include "lib/base/b64u.h"
#include "lib/base/compiler.h"
#include "lib/base/ident.h"
#include "lib/pki/csr.h"
#include "lib/pki/pem_read.h"

static const struct tb_ca_option options[] = {
    {"profile", "NAME", "the profile; otherwise the default one"},
    {"name", "NAME", "a name of the order; may stand several times"},
    {"csr", "FILE", "a certificate request, PEM or DER"},
    {"account", "URL", "an account: what it has proved already"},
};

/* --- the request ----------------------------------------------------------------------------------------------- */

/* A PEM object of TB_PEM_MAX at most, or DER; what is read goes into buf. */
static int read_file(const char *path, uint8_t *buf, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? 1 : -1;
    int err;

    for (*out_len = 0; n > 0 && *out_len <= TB_PEM_MAX; *out_len += n > 0 ? (size_t)n : 0)
        n = read(fd, buf + *out_len, TB_PEM_MAX + 1 - *out_len);
    err = errno;
    if (fd >= 0)
        close(fd);
    errno = err;
    return n < 0 ? TB_E_IO : *out_len > TB_PEM_MAX ? TB_E_LIMIT : 0;
}

/* The DER of a request, as base64url; the caller frees. NULL after a complaint. */
static char *read_csr(const char *path)
{
    uint8_t *buf = malloc(TB_PEM_MAX + 1);
    char label[TB_PEM_LABEL_MAX + 1];
    struct tb_span der = {0};
    uint8_t *pem = NULL;
    size_t len = 0, pem_len = 0;
    char *out = NULL;
    int r = buf != NULL ? read_file(path, buf, &len) : TB_E_NOMEM;

    if (r == 0)
        der = tb_pem_read(tb_span_of(buf, len), label, &pem, &pem_len) == 0 ? tb_span_of(pem, pem_len)
                                                                            : tb_span_of(buf, len);
    if (der.len > TB_CSR_DER_MAX)
        r = TB_E_LIMIT;
    if (r == 0 && (out = malloc(TB_B64U_LEN(der.len) + 1)) == NULL)
        r = TB_E_NOMEM;
    if (r == 0)
        tb_b64u_encode(out, der);
    else
        fprintf(stderr, "tabard: %s: %s\n", path, r == TB_E_IO ? strerror(errno) : tb_err_text(r));
    free(pem);
    free(buf);
    return out;
}

static bool add_names(json_t *names, const char *const *name, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (json_array_append_new(names, json_string(name[i])) < 0)
            return false;
    return true;
}

static json_t *make_request(const struct tb_ca_args *a, const char *csr)
{
    json_t *names = json_array();

    if (!add_names(names, a->many, a->num_many) || !add_names(names, (const char *const *)a->word, a->num_words)) {
        fprintf(stderr, "tabard: a name is not UTF-8\n");
        json_decref(names);
        return NULL;
    }
    return json_pack("{s:s,s:o,s:s*,s:s*,s:s*}", "cmd", "explain", "names", names, "profile", tb_ca_value(a, "profile"),
                     "account", tb_ca_value(a, "account"), "csr", csr);
}

/* --- what the judge adds --------------------------------------------------------------------------------------- */

/* Its own keys, reported keys and shared factors are known to the judge alone; it may be restarting. */
static void ask_about_key(const struct tb_ca_args *a, const char *csr, json_t *answer)
{
    json_t *shown = json_object_get(answer, "csr");
    json_t *request = json_pack("{s:s,s:s}", "cmd", "explain-key", "csr", csr);
    const json_t *refused;
    json_t *says = NULL;

    if (json_object_get(shown, "refused") != NULL)
        goto out; /* one reason is enough, and it may be that nothing can be read */
    if (request == NULL || tb_cli_control(a->dir, request, &says) < 0 || json_object_get(says, "error") != NULL) {
        json_object_set_new(shown, "signer", json_string("does not answer"));
        goto out;
    }
    refused = json_object_get(says, "refused");
    json_object_set_new(shown, "signer", json_string(refused != NULL ? "refuses the key" : "takes the key"));
    if (refused == NULL)
        goto out;
    json_object_set(shown, "refused", json_object_get(says, "refused"));
    json_object_set(shown, "type", json_object_get(says, "type"));
    json_object_set_new(answer, "verdict", json_string("refused"));
out:
    json_decref(request);
    json_decref(says);
}

/* --- the answer ------------------------------------------------------------------------------------------------ */

static void print(const json_t *answer)
{
    json_t *rest = json_copy((json_t *)(uintptr_t)answer);
    const json_t *names = json_object_get(answer, "names");
    const json_t *name;
    size_t i;

    if (rest == NULL)
        return;
    json_object_del(rest, "names");
    tb_print_object(stdout, rest, "");
    json_array_foreach(names, i, name)
    {
        putchar('\n');
        tb_print_object(stdout, name, "");
    }
    json_decref(rest);
}

static int ask(const struct tb_ca_args *a, const char *csr)
{
    json_t *request = make_request(a, csr);
    json_t *answer = NULL;
    const char *verdict;
    int status = TB_CLI_FAILURE;

    if (request != NULL && (status = tb_ca_ask(a, request, &answer)) == TB_CLI_OK) {
        if (csr != NULL)
            ask_about_key(a, csr, answer);
        if (a->json)
            tb_ca_print_json(answer);
        else
            print(answer);
        verdict = json_string_value(json_object_get(answer, "verdict"));
        if (verdict == NULL || strcmp(verdict, "refused") == 0)
            status = TB_CLI_REFUSED;
    }
    json_decref(request);
    json_decref(answer);
    return status;
}

static int run(const struct tb_ca_args *a)
{
    const char *path = tb_ca_value(a, "csr");
    char *csr = NULL;
    int status;

    if (a->num_many + a->num_words == 0)
        return tb_ca_misuse(a->action, "a name is missing");
    if (path != NULL && (csr = read_csr(path)) == NULL)
        return TB_CLI_FAILURE;
    status = ask(a, csr);
    free(csr);
    return status;
}

const struct tb_ca_action tb_ca_explain = {
    .word = "explain",
    .usage = "[NAME]...",
    .help = "what an order for these names would meet",
    .max_words = TB_IDENT_NUM_MAX,
    .options = options,
    .num_options = TB_ARRAY_LEN(options),
    .many = "name",
    .run = run,
};
