/* What a directory holds: DIR/renewal/NAME.json each. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/renew.h"

#define SUFFIX ".json"

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lineage of a file, owned; NULL for other files. */
static char *name_of(const char *file)
{
    size_t len = strlen(file);
    size_t suffix = sizeof(SUFFIX) - 1;
    char *name;

    if (len <= suffix || strcmp(file + len - suffix, SUFFIX) != 0 || (name = strndup(file, len - suffix)) == NULL)
        return NULL;
    if (tb_lineage_name_ok(name))
        return name;
    free(name);
    return NULL;
}

int tb_lineage_list(const char *dir, char ***out, size_t *out_num, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    struct dirent *e;
    DIR *d;

    *out = NULL;
    *out_num = 0;
    if (tb_path_join(path, dir, "renewal", NULL, fail) < 0)
        return TB_E_LIMIT;
    if ((d = opendir(path)) == NULL)
        return errno == ENOENT ? 0 : tb_fail_errno(fail, "%s cannot be read", path);
    if ((*out = calloc(TB_LINEAGES_MAX, sizeof(**out))) == NULL) {
        closedir(d);
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
    }
    while (*out_num < TB_LINEAGES_MAX && (e = readdir(d)) != NULL) {
        char *name = name_of(e->d_name);

        if (name != NULL)
            (*out)[(*out_num)++] = name;
    }
    closedir(d);
    qsort(*out, *out_num, sizeof(**out), compare);
    return 0;
}

void tb_lineage_list_free(char **names, size_t num)
{
    for (size_t i = 0; i < num; i++)
        free(names[i]);
    free(names);
}
