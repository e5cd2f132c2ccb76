/*
 * tabardd add: files and configuration of a part that an existing CA lacks.  Nothing that is there is touched but the
 * configuration's lines about the part, and these come last: a CA whose configuration does not know the part is not
 * concerned by its files.
 */
#include "ca/config/add.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/command.h"
#include "ca/config/edit.h"
#include "ca/config/running.h"
#include "lib/ipc/msg_parent.h"

static const struct tb_addition *const additions[] = {
    [TB_PART_RESPONDER] = &tb_add_responder,
    [TB_PART_PEER] = &tb_add_peer,
};
_Static_assert(TB_ARRAY_LEN(additions) == TB_PART__COUNT, "every part can be added");

static int read_tree(struct tb_add *a)
{
    char why[TB_YAML_WHY_MAX + 1];
    unsigned line;
    int r;

    tb_yaml_free(a->tree);
    a->tree = NULL;
    r = tb_yaml_parse(tb_wr_span(&a->text), &a->tree, &line, why);
    if (r < 0)
        snprintf(a->why, sizeof(a->why), "%s:%u: %s", a->cfg->path, line, why);
    return r;
}

/* Takes the text that an edit made. */
static int take(struct tb_add *a, struct tb_wr *edited)
{
    tb_wr_clear(&a->text);
    a->text = *edited;
    a->edited = true;
    return read_tree(a);
}

int tb_add_set_at(struct tb_add *a, unsigned line, const char *key, const char *value)
{
    struct tb_wr edited;
    int r;

    tb_wr_init(&edited, TB_CONFIG_TEXT_MAX);
    if ((r = tb_edit_value(&edited, tb_wr_span(&a->text), line, key, value)) == 0)
        return take(a, &edited);
    tb_wr_clear(&edited);
    snprintf(a->why, sizeof(a->why), "%s:%u: this line is yours; write \"%s: %s\", and call this command again",
             a->cfg->path, line, key, value);
    return r;
}

int tb_add_set(struct tb_add *a, const char *key, const char *value)
{
    const struct tb_yaml *node = tb_yaml_get(a->tree, key);

    return tb_add_set_at(a, node != NULL ? node->line : 0, key, value);
}

int tb_add_insert(struct tb_add *a, unsigned line, struct tb_span more)
{
    struct tb_wr edited;
    int r;

    tb_wr_init(&edited, TB_CONFIG_TEXT_MAX);
    if ((r = tb_edit_insert(&edited, tb_wr_span(&a->text), line, more)) == 0)
        return take(a, &edited);
    tb_wr_clear(&edited);
    snprintf(a->why, sizeof(a->why), "%s: no room for more lines: %s", a->cfg->path, tb_err_text(r));
    return r;
}

void tb_add_made(struct tb_add *a, const char *path)
{
    a->num_made++;
    printf("%s: made\n", path);
}

/* What the edited text means is the configuration from here on. */
static int take_config(struct tb_add *a, enum tb_part part)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    int r;

    if (!a->edited)
        return 0;
    r = tb_config_parse(tb_wr_span(&a->text), a->cfg->path, &cfg, why);
    if (r == 0 && !tb_part_wanted(cfg, part))
        r = TB_E_INTERNAL;
    if (r < 0) {
        snprintf(a->why, sizeof(a->why), "nothing was changed, because the configuration would be refused: %s", why);
        tb_config_free(cfg);
        return TB_E_CONFIG;
    }
    tb_config_free(a->cfg);
    a->cfg = cfg;
    return 0;
}

static int write_config(struct tb_add *a, struct tb_place *pl)
{
    int r;

    if (!a->edited)
        return 0;
    if ((r = tb_place_stage(pl, tb_wr_span(&a->text), a->why)) < 0)
        return r;
    if ((r = tb_place_commit(pl, a->why)) < 0)
        tb_place_discard(pl);
    else
        printf("%s: changed\n", pl->path);
    return r;
}

static int change(struct tb_add *a, const struct tb_addition *what, struct tb_place *config, struct tb_place *lock)
{
    int r;

    if ((r = tb_place_open_path(config, a->cfg->path, 0644, TB_OWNER_START, a->why)) < 0 ||
        (r = tb_place_open(lock, a->cfg, TB_FILE_HTTPS_KEY, 0600, TB_OWNER_USER, a->why)) < 0 ||
        (r = tb_place_lock(lock, a->why)) < 0 || (r = read_tree(a)) < 0 || (r = what->edit(a)) < 0)
        return r;
    if (a->edited && config->link) {
        snprintf(a->why, sizeof(a->why),
                 "%s: is a link, which is not replaced; switch %s on there, and call this again", config->path,
                 tb_part_word(what->part));
        return TB_E_DENIED;
    }
    if ((r = take_config(a, what->part)) < 0 || (r = what->make(a)) < 0)
        return r;
    return write_config(a, config);
}

static int tell_running(struct tb_add *a)
{
    struct tb_running running;
    int r;

    if (a->num_made == 0 && !a->edited)
        return 0;
    if ((r = tb_running_ask(a->cfg, &running, a->why)) < 0 || running.pid == 0)
        return r;
    if (a->reload)
        return tb_running_reload(a->cfg, &running, a->why);
    printf("The CA that runs knows of it after a reload: kill -HUP %ld\n", (long)running.pid);
    return 0;
}

static int run(struct tb_add *a, const struct tb_addition *what)
{
    struct tb_place config = {.dir_fd = -1}, lock = {.dir_fd = -1};
    int r = change(a, what, &config, &lock);

    if (r == 0)
        r = tell_running(a);
    tb_place_close(&config);
    tb_place_close(&lock);
    if (r < 0)
        fprintf(stderr, "tabardd add: %s\n", a->why);
    else if (a->num_made == 0 && !a->edited)
        printf("%s: is there already, nothing was changed\n", tb_part_word(what->part));
    else if (what->part == TB_PART_PEER)
        printf("Give %s/root-peer.pem to relying parties; move root-keys to a place that no network reaches.\n",
               a->cfg->dir);
    return r == 0 ? TB_EXIT_OK : r == TB_E_INVAL ? TB_EXIT_USAGE : r == TB_E_CONFIG ? TB_EXIT_CONFIG : TB_EXIT_FAILURE;
}

static void usage(FILE *f)
{
    fputs("usage: tabardd add responder --config FILE [--responder ADDR:PORT] [--responder-address HOST:PORT] "
          "[--reload]\n"
          "       tabardd add peer --config FILE [--root-passphrase-file FILE] [--reload]\n"
          "\n"
          "  --config FILE    the configuration that init wrote (DIR/tabard.yaml)\n"
          "  --responder ADDR:PORT, --responder-address HOST:PORT\n"
          "                   as of init; for a configuration whose responder is off\n"
          "  --root-passphrase-file FILE\n"
          "                   as of init\n"
          "  --reload         have the CA that runs on DIR read everything again, and wait until it has\n"
          "\n"
          "Makes the files that the CA lacks and switches the part on. What is there stays; a second call changes "
          "nothing.\n"
          "Exit status: 0 it is there, 1 failure, 2 usage, 3 configuration error.\n",
          f);
}

static bool once(const char **out, const char *value)
{
    bool first = *out == NULL;

    *out = value;
    return first;
}

static int parse(struct tb_add *a, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"responder", required_argument, NULL, 'r'},
                                            {"responder-address", required_argument, NULL, 'a'},
                                            {"root-passphrase-file", required_argument, NULL, 'p'},
                                            {"reload", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool ok = true;
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (c == 'c')
            ok = ok && once(&a->config, optarg);
        else if (c == 'r')
            ok = ok && once(&a->responder, optarg);
        else if (c == 'a')
            ok = ok && once(&a->responder_address, optarg);
        else if (c == 'p')
            ok = ok && once(&a->passphrase_file, optarg);
        else if (c == 'l')
            a->reload = true;
        else if (c == 'h')
            a->help = true;
        else
            ok = false;
    }
    return ok && optind == argc && a->config != NULL ? TB_EXIT_OK : TB_EXIT_USAGE;
}

static const struct tb_addition *find(const char *word)
{
    for (size_t i = 0; i < TB_PART__COUNT; i++)
        if (strcmp(word, tb_part_word((enum tb_part)i)) == 0)
            return additions[i];
    return NULL;
}

/* An option of the other part is a misunderstanding. */
static bool fits(const struct tb_add *a, const struct tb_addition *what)
{
    return what->part == TB_PART_PEER ? a->responder == NULL && a->responder_address == NULL
                                      : a->passphrase_file == NULL;
}

static int add(struct tb_add *a, const struct tb_addition *what)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int status = TB_EXIT_OK;

    tb_wr_init(&a->text, TB_CONFIG_TEXT_MAX);
    a->now = tb_clock_now_s();
    if (a->passphrase_file != NULL)
        status = tb_passphrase_read(a->passphrase_file, a->passphrase, why);
    if (status != TB_EXIT_OK) {
        fprintf(stderr, "tabardd add: %s\n", why);
        return status;
    }
    if (tb_config_load(a->config, &a->cfg, &a->text, why) != 0) {
        fprintf(stderr, "%s\n", why);
        return TB_EXIT_CONFIG;
    }
    return run(a, what);
}

int tb_cmd_add(int argc, char **argv)
{
    struct tb_add *a = calloc(1, sizeof(*a));
    const struct tb_addition *what = argc > 1 ? find(argv[1]) : NULL;
    int status = TB_EXIT_USAGE;

    if (a == NULL) {
        fprintf(stderr, "tabardd add: %s\n", tb_err_text(TB_E_NOMEM));
        return TB_EXIT_FAILURE;
    }
    if (what != NULL)
        status = parse(a, argc - 1, argv + 1);
    if (a->help || (argc > 1 && strcmp(argv[1], "--help") == 0)) {
        usage(stdout);
        status = TB_EXIT_OK;
    } else if (status != TB_EXIT_OK || !fits(a, what)) {
        usage(stderr);
        status = TB_EXIT_USAGE;
    } else {
        status = add(a, what);
    }
    tb_config_free(a->cfg);
    tb_wr_clear(&a->text);
    tb_yaml_free(a->tree);
    tb_free_secret(a, sizeof(*a));
    return status;
}
