/* The hierarchy for certificates of both roles, in an existing CA. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ca/config/add.h"
#include "ca/config/hierarchy.h"
#include "ca/config/schema.h"
#include "lib/base/b64u.h"

#define PROFILE_TEXT_MAX 4096
#define FILES_NUM        5

/* The node of the i-th profile. */
static const struct tb_yaml *profile_node(const struct tb_add *a, size_t i)
{
    const struct tb_yaml *seq = tb_yaml_get(a->tree, "profiles");
    const struct tb_yaml *p = seq != NULL ? seq->child : NULL;

    while (p != NULL && i-- > 0)
        p = p->next;
    return p;
}

static unsigned last_line(const struct tb_yaml *node)
{
    unsigned last = node->line;

    for (const struct tb_yaml *c = node->child; c != NULL; c = c->next) {
        unsigned line = last_line(c);

        if (line > last)
            last = line;
    }
    return last;
}

/* A configuration of before there were such profiles takes the one that init writes. */
static int append_profile(struct tb_add *a)
{
    const struct tb_yaml *profiles = tb_yaml_get(a->tree, "profiles");
    struct tb_profile p = {0};
    struct tb_wr wr;
    int r = TB_E_INTERNAL;

    for (size_t i = 0; tb_profile_builtin(i) != NULL; i++)
        if (tb_profile_builtin(i)->issuer == TB_ISSUER_PEER)
            p = *tb_profile_builtin(i);
    p.wanted = true;
    tb_wr_init(&wr, PROFILE_TEXT_MAX);
    tb_config_write_profile(&wr, &p);
    if (profiles != NULL && (r = tb_wr_err(&wr)) == 0)
        r = tb_add_insert(a, last_line(profiles), tb_wr_span(&wr));
    tb_wr_clear(&wr);
    return r;
}

/* One profile of the hierarchy is offered, as after init --peer; which one its operator offers is his business. */
static int offer_profile(struct tb_add *a)
{
    const struct tb_yaml *node = NULL, *offered;

    for (size_t i = 0; i < a->cfg->num_profiles; i++) {
        if (a->cfg->profiles[i].issuer != TB_ISSUER_PEER)
            continue;
        if (a->cfg->profiles[i].wanted)
            return 0;
        node = profile_node(a, i);
    }
    if (node == NULL)
        return append_profile(a);
    offered = tb_yaml_get(node, "offered");
    return tb_add_set_at(a, offered != NULL ? offered->line : node->line, "offered", "true");
}

static int edit(struct tb_add *a)
{
    int r;

    if (a->cfg->peer_hierarchy)
        return 0;
    if ((r = offer_profile(a)) < 0)
        return r;
    return tb_add_set(a, "peer_hierarchy", "true");
}

/* Its files; the root's key first, because it is the one that may be away afterwards. */
static const struct {
    enum tb_state_file file;
    mode_t mode;
    enum tb_owner owner;
} files[FILES_NUM] = {
    {TB_FILE_ROOT_PEER_KEY, 0600, TB_OWNER_START}, {TB_FILE_ISSUING_PEER_KEY, 0600, TB_OWNER_USER},
    {TB_FILE_ROOT_PEER, 0644, TB_OWNER_START},     {TB_FILE_ROOT_PEER_CRL, 0644, TB_OWNER_START},
    {TB_FILE_ISSUING_PEER, 0644, TB_OWNER_START},
};

/* The directory of the roots' keys may be offline. */
static int make_root_dir(struct tb_add *a)
{
    char path[TB_CONFIG_PATH_MAX + 65];

    tb_config_file(a->cfg, TB_FILE_ROOT_PEER_KEY, path);
    *strrchr(path, '/') = '\0';
    if (mkdir(path, 0700) == 0) {
        tb_add_made(a, path);
        return 0;
    }
    if (errno == EEXIST)
        return 0;
    snprintf(a->why, sizeof(a->why), "%s: cannot make the directory: %s", path, strerror(errno));
    return TB_E_IO;
}

static int make_files(struct tb_add *a, struct tb_place *places, const struct tb_hierarchy *h)
{
    const struct tb_span contents[FILES_NUM] = {tb_wr_span(&h->root_key), tb_wr_span(&h->issuing_key),
                                                tb_wr_span(&h->root), tb_wr_span(&h->crl), tb_wr_span(&h->issuing)};
    bool made[FILES_NUM], any;
    int r = 0;

    for (size_t i = 0; r == 0 && i < FILES_NUM; i++) {
        r = tb_place_open(&places[i], a->cfg, files[i].file, files[i].mode, files[i].owner, a->why);
        made[i] = !places[i].there;
    }
    if (r == 0)
        r = tb_place_make_all(places, contents, FILES_NUM, &any, a->why);
    for (size_t i = 0; r == 0 && i < FILES_NUM; i++)
        if (made[i])
            tb_add_made(a, places[i].path);
    return r;
}

static int make(struct tb_add *a)
{
    const char *passphrase = a->passphrase_file != NULL ? a->passphrase : NULL;
    struct tb_place places[FILES_NUM];
    char path[TB_CONFIG_PATH_MAX + 65];
    char tag[2 * TB_CA_ID_LEN + 1];
    struct tb_hierarchy h = {0};
    int r;

    if (!tb_part_lacks(a->cfg, TB_PART_PEER, path))
        return 0;
    for (size_t i = 0; i < FILES_NUM; i++)
        places[i] = (struct tb_place){.dir_fd = -1};
    tb_hex_encode(tag, tb_span_of(a->cfg->ca_id, sizeof(a->cfg->ca_id)));
    if ((r = tb_hierarchy_make(&h, TB_ISSUER_PEER, a->cfg->name, tag, passphrase, a->now)) < 0)
        snprintf(a->why, sizeof(a->why), "cannot make keys and certificates: %s", tb_err_text(r));
    else if ((r = make_root_dir(a)) == 0)
        r = make_files(a, places, &h);
    for (size_t i = 0; i < FILES_NUM; i++)
        tb_place_close(&places[i]);
    tb_hierarchy_clear(&h);
    return r;
}

const struct tb_addition tb_add_peer = {.part = TB_PART_PEER, .edit = edit, .make = make};
