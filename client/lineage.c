#include "client/lineage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/keys.h"

static const char *const own_words[] = {"accounts", "archive", "renewal", "lock"};

bool tb_lineage_name_ok(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > TB_LINEAGE_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:") != len)
        return false;
    for (size_t i = 0; i < TB_ARRAY_LEN(own_words); i++)
        if (strcmp(name, own_words[i]) == 0)
            return false;
    return true;
}

void tb_lineage_name_of(const struct tb_ident *ident, char out[static TB_LINEAGE_NAME_MAX + 1])
{
    snprintf(out, TB_LINEAGE_NAME_MAX + 1, "%s%s", ident->wildcard ? "_." : "", ident->value);
}

int tb_lineage_at(const char *dir, const char *name, struct tb_lineage *out, struct tb_fail *fail)
{
    char file[TB_LINEAGE_NAME_MAX + 8];
    int r;

    *out = (struct tb_lineage){.dir = dir};
    if (!tb_lineage_name_ok(name))
        return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_INVAL,
                           "\"%s\" cannot name a directory here; choose another with "
                           "--name",
                           name);
    strcpy(out->name, name);
    snprintf(file, sizeof(file), "%s.json", name);
    if ((r = tb_path_join(out->archive, dir, "archive", name, fail)) < 0 ||
        (r = tb_path_join(out->next, out->archive, "next", NULL, fail)) < 0 ||
        (r = tb_path_join(out->live, dir, name, NULL, fail)) < 0)
        return r;
    return tb_path_join(out->settings, dir, "renewal", file, fail);
}

int tb_lineage_lock(const char *dir, const struct tb_say *say, int *out_fd, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    int r;

    *out_fd = -1;
    if ((r = tb_dir_make(dir, 0700, fail)) < 0 || (r = tb_path_join(path, dir, "lock", NULL, fail)) < 0)
        return r;
    if ((*out_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
        return tb_fail_errno(fail, "%s cannot be opened", path);
    if (flock(*out_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    tb_say(say, "waiting: another tabard works in %s", dir);
    while (flock(*out_fd, LOCK_EX) < 0)
        if (errno != EINTR) {
            close(*out_fd);
            *out_fd = -1;
            return tb_fail_errno(fail, "%s cannot be locked", path);
        }
    return 0;
}

int tb_lineage_begin(const struct tb_lineage *l, const char *key_type, EVP_PKEY **out_key, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    int r;

    *out_key = NULL;
    if ((r = tb_dir_remove(l->next, fail)) < 0 || (r = tb_dir_make(l->next, 0700, fail)) < 0 ||
        (r = tb_path_join(path, l->next, "privkey.pem", NULL, fail)) < 0)
        return r;
    if ((r = tb_client_key_generate(key_type, out_key)) < 0)
        return tb_fail_set(fail, TB_EXIT_FAILURE, r, "no key of type %s could be made", key_type);
    if ((r = tb_client_key_write(path, *out_key, fail)) < 0) {
        EVP_PKEY_free(*out_key);
        *out_key = NULL;
    }
    return r;
}

static int write_part(const struct tb_lineage *l, const struct tb_client_chain *chain, const char *file, size_t from,
                      size_t to, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    struct tb_wr pem;
    int r;

    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    if ((r = tb_client_chain_pem(chain, from, to, &pem)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_FAILURE, r, "the certificate cannot be written as PEM");
    else if ((r = tb_path_join(path, l->next, file, NULL, fail)) == 0)
        r = tb_file_create(path, tb_wr_span(&pem), 0644, fail);
    tb_wr_clear(&pem);
    return r;
}

/* 0 for names that are no version. */
static unsigned version_of(const char *name)
{
    if (strlen(name) != 4 || strspn(name, "0123456789") != 4)
        return 0;
    return (unsigned)strtoul(name, NULL, 10);
}

static unsigned newest_version(const struct tb_lineage *l)
{
    DIR *dir = opendir(l->archive);
    struct dirent *e;
    unsigned max = 0;

    while (dir != NULL && (e = readdir(dir)) != NULL)
        if (version_of(e->d_name) > max)
            max = version_of(e->d_name);
    if (dir != NULL)
        closedir(dir);
    return max;
}

/* A link that takes the old one's place. */
static int switch_link(const struct tb_lineage *l, unsigned version, struct tb_fail *fail)
{
    char target[TB_CLIENT_PATH_MAX + 1];
    char tmp[TB_CLIENT_PATH_MAX + 1];
    int r;

    snprintf(target, sizeof(target), "archive/%s/%04u", l->name, version);
    if ((r = tb_path_join(tmp, l->archive, "link", NULL, fail)) < 0)
        return r;
    if (unlink(tmp) < 0 && errno != ENOENT)
        return tb_fail_errno(fail, "%s cannot be removed", tmp);
    if (symlink(target, tmp) < 0)
        return tb_fail_errno(fail, "%s cannot be made", tmp);
    if (rename(tmp, l->live) < 0) {
        r = tb_fail_errno(fail, "%s cannot be replaced; it must be the symbolic link that tabard made", l->live);
        unlink(tmp);
        return r;
    }
    return tb_dir_sync(l->dir, fail);
}

static void prune(const struct tb_lineage *l, unsigned newest)
{
    char name[16];
    char path[TB_CLIENT_PATH_MAX + 1];

    if (newest <= TB_LINEAGE_KEEP)
        return;
    snprintf(name, sizeof(name), "%04u", newest - TB_LINEAGE_KEEP);
    if (tb_path_join(path, l->archive, name, NULL, NULL) == 0)
        (void)!tb_dir_remove(path, NULL);
}

int tb_lineage_finish(const struct tb_lineage *l, const struct tb_client_chain *chain, EVP_PKEY *key,
                      struct tb_fail *fail)
{
    unsigned version = newest_version(l) + 1;
    char path[TB_CLIENT_PATH_MAX + 1];
    char name[16];
    int r;

    if (!tb_client_chain_key(chain, key))
        return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_DENIED,
                           "the server's certificate is not for the key that was "
                           "sent; nothing was changed");
    if (version > TB_LINEAGE_VERSION_MAX)
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_LIMIT, "%s has all versions that it can have; move it away",
                           l->archive);
    snprintf(name, sizeof(name), "%04u", version);
    if ((r = write_part(l, chain, "cert.pem", 0, 1, fail)) < 0 ||
        (r = write_part(l, chain, "chain.pem", 1, chain->num, fail)) < 0 ||
        (r = write_part(l, chain, "fullchain.pem", 0, chain->num, fail)) < 0 || (r = tb_dir_sync(l->next, fail)) < 0 ||
        (r = tb_path_join(path, l->archive, name, NULL, fail)) < 0)
        return r;
    if (rename(l->next, path) < 0)
        return tb_fail_errno(fail, "%s cannot become %s", l->next, path);
    if ((r = tb_dir_sync(l->archive, fail)) < 0 || (r = switch_link(l, version, fail)) < 0)
        return r;
    prune(l, version);
    return 0;
}

int tb_lineage_chain(const struct tb_lineage *l, struct tb_client_chain *out, struct tb_fail *fail)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    struct tb_wr pem;
    const char *why;
    int r;

    *out = (struct tb_client_chain){0};
    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    r = tb_path_join(path, l->live, "fullchain.pem", NULL, fail);
    if (r == 0)
        r = tb_file_read(path, &pem, fail);
    if (r == 0 && (r = tb_client_chain_parse(tb_wr_span(&pem), out, &why)) < 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s is no certificate chain: %s", path, why);
    tb_wr_clear(&pem);
    return r;
}
