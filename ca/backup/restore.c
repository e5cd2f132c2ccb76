/* tabardd restore: a CA from an archive, in an empty directory, in a new epoch; complete or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ca/backup/command.h"
#include "ca/backup/epoch.h"
#include "ca/backup/unpack.h"
#include "ca/config/command.h"
#include "ca/store/snapshot.h"

struct options {
    const char *dir, *log, *archive;
    bool help;
};

struct restore {
    const struct options *opt;
    tb_time_t now;
    struct tb_unpack unpack;
    struct tb_log_set logs;
    uint64_t records_before; /* in the archive */
    uint32_t epoch;
    char why[TB_ARCHIVE_WHY_MAX + 1];
};
_Static_assert(TB_LOG_SET_WHY_MAX == TB_ARCHIVE_WHY_MAX && TB_STORE_WHY_MAX < TB_ARCHIVE_WHY_MAX, "one buffer for all");

static ssize_t read_archive(void *arg, void *buf, size_t len)
{
    const int *fd = arg;

    return read(*fd, buf, len);
}

static int unpack(struct restore *rs)
{
    bool from_stdin = strcmp(rs->opt->archive, "-") == 0;
    int fd = from_stdin ? STDIN_FILENO : open(rs->opt->archive, O_RDONLY | O_CLOEXEC);
    int r;

    if (fd < 0) {
        snprintf(rs->why, sizeof(rs->why), "%s: %s", rs->opt->archive, strerror(errno));
        return TB_E_IO;
    }
    if ((r = tb_unpack_begin(&rs->unpack, rs->opt->dir, rs->why)) == 0)
        r = tb_archive_read(read_archive, &fd, &tb_unpack_sink, &rs->unpack, rs->why);
    if (!from_stdin)
        close(fd);
    return r < 0 ? r : tb_unpack_check(&rs->unpack, rs->why);
}

/* Nothing is executed or migrated here: the front opens it, in its sandbox. */
static int look_at_store(struct restore *rs)
{
    char path[TB_CONFIG_PATH_MAX + 65], reason[TB_STORE_WHY_MAX + 1] = "";
    int fd, r;

    snprintf(path, sizeof(path), "%.*s/%s", TB_CONFIG_PATH_MAX, rs->unpack.dir, TB_CONTENT_STORE);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : TB_E_IO;
    if ((r = tb_store_look(fd, reason)) < 0)
        snprintf(rs->why, sizeof(rs->why), "store/%s", reason);
    close(fd);
    return r;
}

static int look_at_clock(struct restore *rs)
{
    char at[TB_RFC3339_LEN + 1];

    if (rs->now >= rs->unpack.made_at)
        return 0;
    tb_rfc3339_format(at, rs->unpack.made_at);
    snprintf(rs->why, sizeof(rs->why), "the clock of this machine is behind the archive, which was made at %s", at);
    return TB_E_STATE;
}

static int begin_epoch(struct restore *rs)
{
    const struct tb_config *cfg = rs->unpack.cfg;
    int r;

    rs->now = tb_clock_now_s(); /* reading the archive may have taken long */
    if ((r = look_at_clock(rs)) < 0)
        return r;
    if ((r = tb_log_set_open(&rs->logs, cfg, rs->why)) < 0)
        return r;
    rs->records_before = rs->logs.num_records;
    if (rs->opt->log != NULL) {
        if ((r = tb_epoch_extend(&rs->logs, cfg, rs->opt->log, rs->why)) < 0)
            return r;
        tb_log_set_close(&rs->logs);
        if ((r = tb_log_set_open(&rs->logs, cfg, rs->why)) < 0)
            return r;
    }
    return tb_epoch_begin(&rs->logs, cfg, &rs->unpack.maker, rs->now, &rs->epoch, rs->why);
}

/* Whoever starts the CA finds its epoch begun. */
static void wait_for_epoch(const struct restore *rs)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};

    for (int i = 0; i < 100 && tb_clock_now_s() <= rs->now; i++)
        nanosleep(&pause, NULL);
}

static int make(struct restore *rs)
{
    int r;

    if ((r = unpack(rs)) < 0 || (r = look_at_store(rs)) < 0 || (r = begin_epoch(rs)) < 0)
        return r;
    wait_for_epoch(rs);
    return tb_unpack_finish(&rs->unpack, rs->why);
}

static void tell_loss(const struct restore *rs, const char *since)
{
    if (rs->opt->log != NULL)
        printf(
            "\nThe log is known up to %s. Accounts and orders made after the backup are lost: their clients make new\n"
            "ones. What the log has is kept: certificates, revocations, key changes.\n",
            since);
    else
        printf("\nThis CA knows nothing of what happened after %s. A later copy of log/ helps (--log). Otherwise:\n"
               "- certificates issued since are valid, unknown here, and cannot be revoked here;\n"
               "- revocations since are not on its CRLs: revoke again;\n"
               "- accounts whose key was changed or that were deactivated since are as before;\n"
               "- accounts and orders made since are lost: their clients make new ones.\n",
               since);
}

static void tell(const struct restore *rs)
{
    const struct tb_config *cfg = rs->unpack.cfg;
    char made[TB_RFC3339_LEN + 1], last[TB_RFC3339_LEN + 1];
    const char *name;

    tb_rfc3339_format(made, rs->unpack.made_at);
    tb_rfc3339_format(last, rs->logs.last_time);
    printf("Restored the CA %s into %s\n\n", cfg->name, rs->unpack.dir);
    printf("  backup            of %s\n", made);
    printf("  issuance log      %" PRIu64 " records", rs->logs.num_records);
    if (rs->logs.num_records > rs->records_before)
        printf(", %" PRIu64 " of them from %s", rs->logs.num_records - rs->records_before, rs->opt->log);
    printf("\n  epoch             %u: orders made before are refused\n", rs->epoch);
    printf("  state belongs to  %s\n", rs->unpack.give ? cfg->user : geteuid() == 0 ? "root" : "you, who ran this");
    for (size_t i = 0; (name = tb_content_elsewhere(cfg, i)) != NULL; i++)
        printf("  not in it         %s, which the configuration names: put it there\n", name);
    tell_loss(rs, rs->opt->log != NULL ? last : made);
    printf("\nThe CA that the backup was made of must never run again.\n\nCheck and start this one:\n\n"
           "  tabardd check-config --config %s/%s\n  tabardd run --config %s/%s\n",
           rs->unpack.dir, TB_CONTENT_CONFIG, rs->unpack.dir, TB_CONTENT_CONFIG);
}

static int run(struct restore *rs)
{
    int r = make(rs);

    if (r == 0) {
        tell(rs);
        return TB_EXIT_OK;
    }
    if (rs->unpack.fd >= 0)
        close(rs->unpack.fd);
    rs->unpack.fd = -1;
    tb_maker_undo(&rs->unpack.maker);
    fprintf(stderr, "tabardd restore: %s\n", rs->why[0] != '\0' ? rs->why : tb_err_text(r));
    return rs->unpack.bad_config ? TB_EXIT_CONFIG : TB_EXIT_FAILURE;
}

static void usage(FILE *f)
{
    fputs("usage: tabardd restore --dir DIR [--log FILE] ARCHIVE\n"
          "\n"
          "  --dir DIR   an empty directory, or one that is to be made\n"
          "  --log FILE  a later copy of the newest file of the CA's log/: what happened after the backup\n"
          "  ARCHIVE     what \"tabardd backup\" wrote; -: standard input\n",
          f);
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool ok = true;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (c == 'd' && o->dir == NULL)
            o->dir = optarg;
        else if (c == 'l' && o->log == NULL)
            o->log = optarg;
        else if (c == 'h')
            o->help = true;
        else
            ok = false;
    }
    o->archive = optind + 1 == argc ? argv[optind] : NULL;
    return o->help || (ok && o->archive != NULL && o->dir != NULL);
}

int tb_cmd_restore(int argc, char **argv)
{
    struct options o = {0};
    struct restore *rs;
    int status;

    if (!parse(argc, argv, &o) || o.help) {
        usage(o.help ? stdout : stderr);
        return o.help ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    if ((rs = calloc(1, sizeof(*rs))) == NULL) {
        fprintf(stderr, "tabardd restore: %s\n", tb_err_text(TB_E_NOMEM));
        return TB_EXIT_FAILURE;
    }
    umask(077);
    rs->opt = &o;
    rs->unpack.fd = -1;
    status = run(rs);
    tb_log_set_close(&rs->logs);
    tb_unpack_clear(&rs->unpack);
    free(rs);
    return status;
}
