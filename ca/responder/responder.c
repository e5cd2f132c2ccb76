#include "ca/responder/responder.h"

#include <stdlib.h>

#include "ca/config/responder.h"
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

static void responder_teardown(struct tb_child *child)
{
    struct tb_responder *rp = child->state;

    if (rp == NULL)
        return;
    rp->draining = false;
    tb_windows_abandon(rp);
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
    if ((r = keys_read(rp)) < 0 || (r = resolver_open(rp)) < 0)
        responder_teardown(child);
    return r;
}

static void responder_sandbox(const struct tb_child *child, struct tb_sandbox_spec *spec)
{
    (void)child;
    spec->network = true;
    spec->num_paths = 0;
}

/* Nobody is left to answer; a new front asks again, and its request must not meet "already under way". */
static void responder_peer_down(struct tb_child *child, enum tb_role peer)
{
    if (peer == TB_ROLE_FRONT)
        tb_windows_abandon(child->state);
}

static void responder_drain(struct tb_child *child)
{
    struct tb_responder *rp = child->state;

    rp->draining = true;
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
    .peer_down = responder_peer_down,
    .drain = responder_drain,
    .control = tb_responder_control,
    .teardown = responder_teardown,
    .handlers = handlers,
};
