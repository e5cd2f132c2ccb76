#include "ca/responder/responder.h"

#include <stdlib.h>

#include "ca/config/responder.h"
#include "ca/responder/tls.h"
#include "ca/tls_files.h"
#include "lib/base/log.h"

#define ANSWER_MAX (1u << 20)

static int keys_read(struct tb_responder *rp)
{
    const struct tb_config *cfg = rp->child->cfg;
    char path[TB_CONFIG_PATH_MAX + 65];
    int r;

    tb_config_file(cfg, TB_FILE_RESPONDER_TOKEN_KEY, path);
    if ((r = tb_child_read_key(path, &rp->token_key)) < 0)
        return r;
    tb_config_file(cfg, TB_FILE_RESPONDER_STATEMENT_KEY, path);
    return tb_child_read_key(path, &rp->statement_key);
}

/* libunbound reads its files here; inside the sandbox there are none. */
static int resolver_open(struct tb_responder *rp)
{
    const char *why = NULL;
    int r = tb_resolver_new(rp->child->base, rp->child->cfg, &rp->resolver, &why);

    if (r < 0)
        tb_log(TB_LOG_ERROR, "resolver-failed", TB_F("reason", why));
    return r;
}

static int tls_open(struct tb_responder *rp)
{
    const struct tb_config *cfg = rp->child->cfg;
    char path[TB_CONFIG_PATH_MAX + 65];
    struct tb_tls_files files;
    const char *why = NULL;
    int r = tb_tls_files_read(cfg, TB_FILE_RESPONDER_CHAIN, TB_FILE_RESPONDER_KEY, &files);

    if (r < 0)
        goto out;
    r = tb_responder_tls_new(tb_span_of(files.chain, files.chain_len), tb_span_of(files.key, files.key_len), &rp->tls,
                             &rp->tls_not_after, &why);
    tb_config_file(cfg, TB_FILE_RESPONDER_CHAIN, path);
    if (r < 0)
        tb_log(TB_LOG_ERROR, "tls-setup-failed", TB_F("file", path), TB_F("reason", why));
out:
    tb_tls_files_clear(&files);
    return r;
}

/* Every slot has its holder, and there is no connection without a slot. */
static void connections_end(struct tb_responder *rp)
{
    struct tb_slot *const sets[] = {rp->lanes.stranger, rp->lanes.expected[0], rp->lanes.proxy};
    const size_t num[] = {TB_LANE_STRANGERS, (size_t)TB_LANE_SETS * TB_LANE_SLOTS, TB_LANE_PROXIES};

    for (size_t i = 0; i < TB_ARRAY_LEN(sets); i++)
        for (size_t k = 0; k < num[i]; k++)
            if (sets[i][k].holder != NULL)
                tb_connection_free(sets[i][k].holder);
}

static void responder_teardown(struct tb_child *child)
{
    struct tb_responder *rp = child->state;

    if (rp == NULL)
        return;
    rp->draining = false;
    tb_responder_stop_listening(rp);
    connections_end(rp);
    tb_windows_abandon(rp);
    tb_admissions_abandon(rp);
    tb_lanes_clear(&rp->lanes);
    SSL_CTX_free(rp->tls);
    tb_resolver_free(rp->resolver);
    tb_wr_clear_secret(&rp->wr);
    tb_free_secret(rp, sizeof(*rp));
    child->state = NULL;
}

static int responder_open(struct tb_child *child)
{
    struct tb_responder *rp = calloc(1, sizeof(*rp));
    int r;

    if (rp == NULL)
        return TB_E_NOMEM;
    child->state = rp;
    rp->child = child;
    tb_config_audience(child->cfg, &rp->audience);
    tb_responder_host(rp->host, child->cfg);
    tb_wr_init(&rp->wr, ANSWER_MAX);
    tb_lanes_init(&rp->lanes);
    if ((r = keys_read(rp)) < 0 || (r = tls_open(rp)) < 0 || (r = resolver_open(rp)) < 0)
        responder_teardown(child);
    return r;
}

static void responder_sandbox(const struct tb_child *child, struct tb_sandbox_spec *spec)
{
    (void)child;
    spec->network = true;
    spec->num_paths = 0;
}

static int responder_setup(struct tb_child *child)
{
    return tb_responder_listen(child->state);
}

/* Nobody is left to answer; a new front asks again, and its request must not meet "already under way". */
static void responder_peer_down(struct tb_child *child, enum tb_role peer)
{
    if (peer == TB_ROLE_FRONT) {
        tb_windows_abandon(child->state);
        tb_admissions_abandon(child->state);
    }
}

static void responder_drain(struct tb_child *child)
{
    struct tb_responder *rp = child->state;

    rp->draining = true;
    tb_responder_stop_listening(rp);
    if (rp->windows.num == 0)
        tb_child_exit(child);
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {
    [TB_MSG_TOKEN_REQ] = tb_responder_on_token,
    [TB_MSG_VALIDATE_REQ] = tb_responder_on_validate,
    [TB_MSG_STATS_REQ] = tb_responder_on_stats,
};

const struct tb_child_role tb_responder_role = {
    .role = TB_ROLE_RESPONDER,
    .open = responder_open,
    .sandbox = responder_sandbox,
    .setup = responder_setup,
    .peer_down = responder_peer_down,
    .drain = responder_drain,
    .control = tb_responder_control,
    .teardown = responder_teardown,
    .handlers = handlers,
};
