#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ca/ca.h"
#include "cli/print.h"
#include "lib/base/b64u.h"
#include "lib/base/compiler.h"
#include "lib/base/ident.h"
#include "lib/pki/pem_read.h"

#define CSR_FILE_MAX 8192

static const struct tb_ca_option options[] = {
    {"profile", "NAME", "the profile; otherwise the default one"},
    {"csr", "FILE", "a certificate request, PEM or DER"},
    {"account", "URL", "an account: what it has proved already"},
};

/* The DER of a request, as base64url. */
static int read_csr(const char *path, char *out, size_t cap)
{
    uint8_t buf[CSR_FILE_MAX + 1];
    char label[TB_PEM_LABEL_MAX + 1];
    uint8_t *der = NULL;
    size_t der_len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf)) : -1;
    int r = TB_E_IO;

    if (n > CSR_FILE_MAX)
        r = TB_E_LIMIT;
    else if (n >= 0 && tb_pem_read(tb_span_of(buf, (size_t)n), label, &der, &der_len) == 0)
        r = TB_B64U_LEN(der_len) < cap ? 0 : TB_E_LIMIT;
    else if (n >= 0)
        r = TB_B64U_LEN((size_t)n) < cap ? 0 : TB_E_LIMIT;
    if (r == 0)
        tb_b64u_encode(out, der != NULL ? tb_span_of(der, der_len) : tb_span_of(buf, (size_t)n));
    if (r < 0)
        fprintf(stderr, "tabard: %s: %s\n", path, r == TB_E_IO ? strerror(errno) : tb_err_text(r));
    free(der);
    if (fd >= 0)
        close(fd);
    return r;
}

static json_t *names_of(const struct tb_ca_args *a)
{
    json_t *names = json_array();

    for (size_t i = 0; names != NULL && i < a->num_words; i++)
        if (json_array_append_new(names, json_string(a->word[i])) < 0) {
            json_decref(names);
            return NULL;
        }
    return names;
}

static json_t *make_request(const struct tb_ca_args *a)
{
    const char *profile = tb_ca_value(a, "profile"), *account = tb_ca_value(a, "account"), *csr = tb_ca_value(a, "csr");
    char b64[CSR_FILE_MAX * 2];
    json_t *names;

    if (csr != NULL && read_csr(csr, b64, sizeof(b64)) < 0)
        return NULL;
    names = names_of(a);
    if (names == NULL) {
        fprintf(stderr, "tabard: a name is not UTF-8\n");
        return NULL;
    }
    return json_pack("{s:s,s:o,s:s*,s:s*,s:s*}", "cmd", "explain", "names", names, "profile", profile, "account",
                     account, "csr", csr != NULL ? b64 : NULL);
}

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

static int run(const struct tb_ca_args *a)
{
    json_t *request = make_request(a);
    json_t *answer = NULL;
    const char *verdict;
    int status = TB_CLI_FAILURE;

    if (request != NULL && (status = tb_ca_ask(a, request, &answer)) == TB_CLI_OK) {
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

const struct tb_ca_action tb_ca_explain = {
    .word = "explain",
    .usage = "NAME...",
    .help = "what an order for these names would meet",
    .min_words = 1,
    .max_words = TB_IDENT_NUM_MAX,
    .options = options,
    .num_options = TB_ARRAY_LEN(options),
    .run = run,
};
