/* The certificate files of a directory. */
#ifndef TB_CLI_CHECK_DIRECTORY_H
#define TB_CLI_CHECK_DIRECTORY_H

#include <stddef.h>

#include "lib/base/err.h"

#define TB_CHECK_DIR_FILES_MAX 4096

/*
 * Paths of the files whose names end like certificates (.pem, .crt, .cer, .der, .p12, .pfx, .csr), sorted, no
 * recursion.  The caller frees with tb_check_directory_free.  TB_E_IO with errno, TB_E_LIMIT, TB_E_NOMEM.
 */
int tb_check_directory(const char *dir, char ***out, size_t *out_num) TB_MUST_USE;
void tb_check_directory_free(char **paths, size_t num);

#endif
