/* tabardd backup: one archive of what a CA is, also while it runs. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/backup/archive.h"
#include "ca/backup/command.h"
#include "ca/backup/content.h"
#include "ca/backup/log_set.h"
#include "ca/backup/output.h"
#include "ca/backup/store_copy.h"
#include "ca/config/command.h"
#include "ca/config/pem_file.h"
#include "ca/tls_files.h"
#include "lib/ipc/msg_parent.h"

struct options {
    const char *config, *out;
    bool without_root_keys, help;
};

struct backup {
    const struct options *opt;
    tb_time_t made_at;
    struct tb_config *cfg;
    uint8_t *text; /* of the configuration */
    size_t text_len;
    int lock_fd;
    int store_fd;
    uint64_t store_size;
    struct tb_log_set logs;
    struct tb_output out;
    struct tb_archive_writer w;
    bool has_root_keys;
};

static int fail(int status, const char *fmt, ...) TB_PRINTF(2, 3);
static int fail(int status, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "tabardd backup: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

static int read_config(struct backup *b)
{
    char why[TB_CONFIG_WHY_MAX + 1] = "";

    if (tb_pem_file_read(b->opt->config, TB_CONFIG_TEXT_MAX, &b->text, &b->text_len) < 0)
        return fail(TB_EXIT_CONFIG, "%s: %s", b->opt->config, strerror(errno));
    if (tb_config_parse(tb_span_of(b->text, b->text_len), b->opt->config, &b->cfg, why) < 0)
        return fail(TB_EXIT_CONFIG, "%s", why);
    return TB_EXIT_OK;
}

/* One backup of a CA at a time. */
static int lock(struct backup *b)
{
    b->lock_fd = open(b->cfg->path, O_RDONLY | O_CLOEXEC);
    if (b->lock_fd < 0)
        return fail(TB_EXIT_FAILURE, "%s: %s", b->cfg->path, strerror(errno));
    if (flock(b->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return fail(TB_EXIT_FAILURE, "%s: %s", b->cfg->path,
                    errno == EWOULDBLOCK ? "another backup of this CA is being made" : strerror(errno));
    return TB_EXIT_OK;
}

/*
 * The store first, the log afterwards: the judge logs before the front stores, so the log of the archive has everything
 * that the store has.  What it has beyond, the front fetches at its start.
 *
 * No order in the archive is newer than its time, also when the clock was set back: what restore compares with.
 */
static int take_state(struct backup *b)
{
    tb_order_no_t newest;
    char store_why[TB_STORE_COPY_WHY_MAX + 1] = "", log_why[TB_LOG_SET_WHY_MAX + 1] = "";

    if (tb_store_copy(b->cfg, &b->store_fd, &b->store_size, &newest, store_why) < 0)
        return fail(TB_EXIT_FAILURE, "%s", store_why);
    if (tb_log_set_open(&b->logs, b->cfg, log_why) < 0)
        return fail(TB_EXIT_FAILURE, "log: %s", log_why);
    b->made_at = tb_clock_now_s();
    if (tb_order_no_time(newest) > b->made_at)
        b->made_at = tb_order_no_time(newest);
    return TB_EXIT_OK;
}

static int put_open_file(struct backup *b, const struct tb_content *c, const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return fail(TB_EXIT_FAILURE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(TB_EXIT_FAILURE, "%s: is no regular file", path);
    if ((uint64_t)st.st_size > c->max)
        return fail(TB_EXIT_FAILURE, "%s: has %" PRIu64 " octets; at most %" PRIu64 " can be", path,
                    (uint64_t)st.st_size, c->max);
    if (tb_archive_put_fd(&b->w, c->name, c->mode, fd, (uint64_t)st.st_size) < 0)
        return fail(TB_EXIT_FAILURE, "%s", b->w.why);
    b->has_root_keys |= c->root_key;
    return TB_EXIT_OK;
}

static int put_file(struct backup *b, const struct tb_content *c)
{
    char path[TB_CONFIG_PATH_MAX + TB_USTAR_NAME_MAX + 2];
    int fd, status;

    if (c->root_key && b->opt->without_root_keys)
        return TB_EXIT_OK;
    snprintf(path, sizeof(path), "%s/%s", b->cfg->dir, c->name);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !c->required)
        return TB_EXIT_OK;
    if (fd < 0)
        return fail(TB_EXIT_FAILURE, "%s: %s%s", path, strerror(errno),
                    c->root_key && errno == EACCES ? "; root may, or leave them out: --without-root-keys" : "");
    status = put_open_file(b, c, path, fd);
    close(fd);
    return status;
}

/* Chain and key of a listener, which a renewal changes one after the other: the key that belongs to the chain. */
static const struct pair {
    enum tb_state_file chain, key;
} pairs[] = {{TB_FILE_HTTPS_CHAIN, TB_FILE_HTTPS_KEY}, {TB_FILE_RESPONDER_CHAIN, TB_FILE_RESPONDER_KEY}};

static bool is_in_pair(const char *name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(pairs); i++)
        if (strcmp(name, tb_state_file_name(pairs[i].chain)) == 0 ||
            strcmp(name, tb_state_file_name(pairs[i].key)) == 0)
            return true;
    return false;
}

static int put_pair(struct backup *b, const struct pair *p)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct tb_tls_files f;
    int status = TB_EXIT_OK;
    struct stat st;

    tb_config_file(b->cfg, p->chain, path);
    if (p->chain == TB_FILE_RESPONDER_CHAIN && !b->cfg->responder.on && lstat(path, &st) < 0)
        return TB_EXIT_OK;
    if (tb_tls_files_read(b->cfg, p->chain, p->key, &f) < 0)
        status = fail(TB_EXIT_FAILURE, "%s: it or its key cannot be read", path);
    else if (!tb_pem_key_fits(tb_span_of(f.chain, f.chain_len), tb_span_of(f.key, f.key_len)))
        status = fail(TB_EXIT_FAILURE, "%s: its key is not %s", path, tb_state_file_name(p->key));
    else if (tb_archive_put(&b->w, tb_state_file_name(p->chain), 0644, tb_span_of(f.chain, f.chain_len)) < 0 ||
             tb_archive_put(&b->w, tb_state_file_name(p->key), 0600, tb_span_of(f.key, f.key_len)) < 0)
        status = fail(TB_EXIT_FAILURE, "%s", b->w.why);
    tb_tls_files_clear(&f);
    return status;
}

static int put_small_files(struct backup *b)
{
    struct tb_content c;
    int status = TB_EXIT_OK;

    /* The text that was read and understood, whatever stands in the file by now. */
    if (tb_archive_put(&b->w, TB_CONTENT_CONFIG, 0644, tb_span_of(b->text, b->text_len)) < 0)
        return fail(TB_EXIT_FAILURE, "%s", b->w.why);
    for (size_t i = 1; status == TB_EXIT_OK && tb_content_at(b->cfg, i, &c) == 0; i++)
        if (!is_in_pair(c.name))
            status = put_file(b, &c);
    for (size_t i = 0; status == TB_EXIT_OK && i < TB_ARRAY_LEN(pairs); i++)
        status = put_pair(b, &pairs[i]);
    return status;
}

static int put_state(struct backup *b)
{
    char name[sizeof(TB_CONTENT_LOG) + TB_ILOG_NAME_LEN];
    int r = 0;

    if (b->store_fd >= 0)
        r = tb_archive_put_fd(&b->w, TB_CONTENT_STORE, 0600, b->store_fd, b->store_size);
    for (size_t i = 0; r == 0 && i < b->logs.num; i++) {
        memcpy(name, TB_CONTENT_LOG, sizeof(TB_CONTENT_LOG));
        tb_ilog_name(name + strlen(TB_CONTENT_LOG), b->logs.file[i].epoch);
        r = tb_archive_put_fd(&b->w, name, 0600, b->logs.file[i].fd, b->logs.file[i].scan.good_len);
    }
    if (r == 0)
        r = tb_archive_end(&b->w);
    return r < 0 ? fail(TB_EXIT_FAILURE, "%s", b->w.why) : TB_EXIT_OK;
}

static int write_archive(struct backup *b, const char *path)
{
    char why[TB_OUTPUT_WHY_MAX + 1] = "";
    int status;

    if (tb_output_open(&b->out, path, why) < 0)
        return fail(TB_EXIT_FAILURE, "%s", why);
    if (tb_archive_writer_init(&b->w, b->out.fd, b->made_at) < 0)
        return fail(TB_EXIT_FAILURE, "%s", tb_err_text(TB_E_NOMEM));
    if ((status = put_small_files(b)) != TB_EXIT_OK || (status = put_state(b)) != TB_EXIT_OK)
        return status;
    return tb_output_finish(&b->out, why) < 0 ? fail(TB_EXIT_FAILURE, "%s", why) : TB_EXIT_OK;
}

/* On standard error: standard output may be the archive. */
static void tell(const struct backup *b, const char *path)
{
    const char *name;

    for (size_t i = 0; (name = tb_content_elsewhere(b->cfg, i)) != NULL; i++)
        fprintf(stderr, "tabardd backup: note: %s is not in it, because it lies outside of the state directory\n",
                name);
    if (b->store_fd < 0)
        fprintf(stderr, "tabardd backup: note: there is no store yet\n");
    fprintf(stderr, "tabardd backup: %s: %zu files, %" PRIu64 " octets, %" PRIu64 " records of the issuance log\n",
            b->out.is_stdout ? "written" : path, b->w.num_files, b->w.size, b->logs.num_records);
    if (!b->out.is_stdout)
        fprintf(stderr,
                "tabardd backup: note: it holds every private key of the CA%s, and is not enciphered; rather:\n"
                "  tabardd backup --config %s --out - | age -r RECIPIENT >FILE.age\n",
                b->has_root_keys ? ", those of its roots included" : "", b->opt->config);
}

static int run(struct backup *b)
{
    char path[64 + TB_RFC3339_LEN];
    char at[TB_RFC3339_LEN + 1];
    int status;

    tb_rfc3339_format(at, tb_clock_now_s());
    for (const char *c; (c = strpbrk(at, "-:")) != NULL;)
        memmove(at + (c - at), c + 1, strlen(c));
    snprintf(path, sizeof(path), "tabard-backup-%s.tar", at);
    if ((status = read_config(b)) != TB_EXIT_OK || (status = lock(b)) != TB_EXIT_OK ||
        (status = take_state(b)) != TB_EXIT_OK)
        return status;
    status = write_archive(b, b->opt->out != NULL ? b->opt->out : path);
    if (status == TB_EXIT_OK)
        tell(b, b->out.path);
    return status;
}

static void clear(struct backup *b)
{
    tb_archive_writer_clear(&b->w);
    tb_output_close(&b->out);
    tb_log_set_close(&b->logs);
    if (b->store_fd >= 0)
        close(b->store_fd);
    if (b->lock_fd >= 0)
        close(b->lock_fd);
    tb_config_free(b->cfg);
    free(b->text);
    free(b);
}

static void usage(FILE *f)
{
    fputs("usage: tabardd backup --config FILE [--out FILE|-] [--without-root-keys]\n"
          "\n"
          "  --config FILE         the CA's configuration (DIR/tabard.yaml); the CA may run\n"
          "  --out FILE            the archive, a new file (tabard-backup-TIME.tar); -: standard output\n"
          "  --without-root-keys   leave DIR/root-keys out\n"
          "\n"
          "The archive holds private keys.  Encipher it, and try \"tabardd restore\" with it.\n",
          f);
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"without-root-keys", no_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool ok = true;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (c == 'c' && o->config == NULL)
            o->config = optarg;
        else if (c == 'o' && o->out == NULL)
            o->out = optarg;
        else if (c == 'w')
            o->without_root_keys = true;
        else if (c == 'h')
            o->help = true;
        else
            ok = false;
    }
    return o->help || (ok && optind == argc && o->config != NULL);
}

int tb_cmd_backup(int argc, char **argv)
{
    struct options o = {0};
    struct backup *b;
    int status;

    if (!parse(argc, argv, &o) || o.help) {
        usage(o.help ? stdout : stderr);
        return o.help ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    if ((b = calloc(1, sizeof(*b))) == NULL)
        return fail(TB_EXIT_FAILURE, "%s", tb_err_text(TB_E_NOMEM));
    signal(SIGPIPE, SIG_IGN); /* a pipe that ended is an error like another */
    umask(077);
    b->opt = &o;
    b->lock_fd = b->store_fd = b->out.fd = -1;
    status = run(b);
    clear(b);
    return status;
}
