#include "cli/check/directory.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/compiler.h"

static bool is_candidate(const char *name)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".csr"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && dot != name && i < TB_ARRAY_LEN(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;

    return strcmp(*x, *y);
}

int tb_check_directory(const char *dir, char ***out, size_t *out_num)
{
    DIR *d = opendir(dir);
    char **paths = calloc(TB_CHECK_DIR_FILES_MAX, sizeof(*paths));
    const struct dirent *e;
    size_t num = 0;
    int r = d == NULL ? TB_E_IO : paths == NULL ? TB_E_NOMEM : 0;

    *out = NULL;
    *out_num = 0;
    while (r == 0 && (e = readdir(d)) != NULL) {
        if (!is_candidate(e->d_name))
            continue;
        if (num == TB_CHECK_DIR_FILES_MAX)
            r = TB_E_LIMIT;
        else if (asprintf(&paths[num], "%s/%s", dir, e->d_name) < 0)
            r = TB_E_NOMEM;
        else
            num++;
    }
    if (d != NULL)
        closedir(d);
    if (r < 0) {
        tb_check_directory_free(paths, num);
        return r;
    }
    qsort(paths, num, sizeof(*paths), compare);
    *out = paths;
    *out_num = num;
    return 0;
}

void tb_check_directory_free(char **paths, size_t num)
{
    for (size_t i = 0; paths != NULL && i < num; i++)
        free(paths[i]);
    free(paths);
}
