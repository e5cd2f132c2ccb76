#include "tests/unit/ca/made_ca.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/config/command.h"
#include "tests/unit/test.h"

static void init(const char *dir)
{
    char *argv[] = {strdup("init"), strdup("--dir"), strdup(dir), strdup("--name"), strdup("ca.example"), NULL};
    int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);

    fflush(stdout);
    assert_true(out >= 0 && dup2(null, STDOUT_FILENO) >= 0);
    assert_int_equal(tb_cmd_init(TB_ARRAY_LEN(argv) - 1, argv), TB_EXIT_OK);
    fflush(stdout);
    assert_true(dup2(out, STDOUT_FILENO) >= 0);
    close(out);
    close(null);
    for (size_t i = 0; i < TB_ARRAY_LEN(argv); i++)
        free(argv[i]);
}

void made_ca_new(struct made_ca *m, const struct tb_child_role *role)
{
    char path[128], text[TB_CONFIG_TEXT_MAX], why[TB_CONFIG_WHY_MAX + 1];
    size_t len;
    FILE *f;

    *m = (struct made_ca){.role = role, .child = {.role = role->role}};
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        m->child.listen_fd[i] = -1;
    strcpy(m->dir, "/tmp/tabard-made-XXXXXX");
    assert_non_null(mkdtemp(m->dir));
    snprintf(path, sizeof(path), "%s/ca", m->dir);
    init(path);
    snprintf(path, sizeof(path), "%s/ca/tabard.yaml", m->dir);
    f = fopen(path, "r");
    assert_non_null(f);
    len = fread(text, 1, sizeof(text), f);
    assert_ok(fclose(f));
    assert_ok(tb_config_parse(tb_span_of(text, len), path, &m->child.cfg, why));
    m->child.base = event_base_new();
    assert_non_null(m->child.base);
}

void made_ca_free(struct made_ca *m)
{
    char cmd[96];

    m->role->teardown(&m->child);
    tb_channel_free(m->child.parent);
    for (size_t i = 0; i < TB_ROLE__COUNT; i++) {
        tb_channel_free(m->child.peer[i]);
        tb_channel_free(m->mine[i]);
    }
    event_base_free(m->child.base);
    tb_config_free(m->child.cfg);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", m->dir);
    assert_ok(system(cmd));
}

void made_ca_spoil(const struct made_ca *m, enum tb_state_file file)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    FILE *f;

    tb_config_file(m->child.cfg, file, path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("nothing of the kind\n", f) >= 0);
    assert_ok(fclose(f));
}

static int dropped(struct tb_channel *ch TB_UNUSED, const struct tb_msg *m TB_UNUSED, void *arg TB_UNUSED)
{
    return 0;
}

static void gone(struct tb_channel *ch TB_UNUSED, int err TB_UNUSED, void *arg TB_UNUSED)
{
}

void made_ca_edge(struct made_ca *m, enum tb_role peer)
{
    static const struct tb_channel_ops ops = {.message = dropped, .closed = gone};
    struct tb_channel **theirs = peer == TB_ROLE_PARENT ? &m->child.parent : &m->child.peer[peer];
    int fd[2];

    assert_ok(tb_channel_pair(fd));
    assert_ok(tb_channel_new(m->child.base, fd[0], m->role->role, peer, false, &ops, m, theirs));
    assert_ok(tb_channel_new(m->child.base, fd[1], peer, m->role->role, false, &ops, m, &m->mine[peer]));
}

int made_ca_receive(struct made_ca *m, enum tb_role peer, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    const struct tb_msg msg = {.type = type, .id = id, .body = body, .fd = -1};

    assert_non_null(m->role->handlers[type]);
    return m->role->handlers[type](&m->child, m->child.peer[peer], &msg);
}

void made_ca_run(struct made_ca *m, unsigned ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    assert_ok(event_base_loopexit(m->child.base, &tv));
    assert_true(event_base_dispatch(m->child.base) >= 0);
}
