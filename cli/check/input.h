/* Reading what is to be checked: files of every usual kind. */
#ifndef TB_CLI_CHECK_INPUT_H
#define TB_CLI_CHECK_INPUT_H

#include "cli/check/check.h"
#include "lib/base/err.h"

struct tb_check_how {
    const char *key_path;   /* private key of the leaf; NULL */
    const char *passphrase; /* of PKCS #12 files and keys; NULL: none */
    int64_t at;             /* when a request's trial certificate is valid */
};

/*
 * Load a certificate file, a chain, a CSR or a PKCS #12 file (PEM or DER; the content decides, not the name).  On
 * failure *out is empty and why says what is wrong.
 */
int tb_check_input_file(const char *path, const struct tb_check_how *how, struct tb_check_input *out,
                        char why[static TB_CHECK_WHY_MAX + 1]) TB_MUST_USE;
/* Add the certificates of a file to a stack, up to max in all. */
int tb_check_anchors_file(const char *path, STACK_OF(X509) * anchors,
                          char why[static TB_CHECK_WHY_MAX + 1]) TB_MUST_USE;
/* A whole file of at most TB_CHECK_FILE_MAX octets; the caller frees *out with tb_free_secret. NUL-terminated. */
int tb_check_read_file(const char *path, char **out, size_t *out_len,
                       char why[static TB_CHECK_WHY_MAX + 1]) TB_MUST_USE;
void tb_check_input_clear(struct tb_check_input *in);

#endif
