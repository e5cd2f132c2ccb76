/* Replays files and directories through a fuzz target: the corpus as an ordinary test, with any compiler. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned num_files;

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(FILE_MAX);
    size_t n;

    if (f == NULL || data == NULL) {
        perror(path);
        return 1;
    }
    n = fread(data, 1, FILE_MAX, f);
    fclose(f);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    num_files++;
    return 0;
}

static int replay(const char *path)
{
    struct stat st;
    struct dirent *e;
    DIR *dir;
    int r = 0;

    if (stat(path, &st) < 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(path);
    dir = opendir(path);
    if (dir == NULL) {
        perror(path);
        return 1;
    }
    while (r == 0 && (e = readdir(dir)) != NULL) {
        char sub[4096];

        if (e->d_name[0] == '.')
            continue;
        snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
        r = replay(sub);
    }
    closedir(dir);
    return r;
}

int main(int argc, char **argv)
{
    int r = 0;

    for (int i = 1; i < argc && r == 0; i++)
        r = replay(argv[i]);
    if (r == 0 && num_files == 0) {
        fprintf(stderr, "no input: a corpus may not be empty\n");
        r = 1;
    }
    printf("%u inputs\n", num_files);
    return r;
}
