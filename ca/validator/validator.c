#include "ca/validator/validator.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/base/log.h"

#define ANSWER_MAX (1u << 20)

/* Each lookup under way has its own socket, so that its source port is random. */
static void descriptors_raise(void)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
        return;
    rl.rlim_cur = rl.rlim_max > 65536 ? 65536 : rl.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &rl);
}

static int keys_read(struct tb_validator *v)
{
    const struct tb_config *cfg = v->child->cfg;
    char path[TB_CONFIG_PATH_MAX + 65];
    int r;

    tb_config_file(cfg, TB_FILE_TOKEN_KEY, path);
    if ((r = tb_child_read_key(path, &v->token_key)) < 0)
        return r;
    tb_config_file(cfg, TB_FILE_STATEMENT_KEY, path);
    return tb_child_read_key(path, &v->statement_key);
}

/* libunbound, libcurl and OpenSSL read their files here; inside the sandbox there are none. */
static int clients_open(struct tb_validator *v)
{
    const struct tb_config *cfg = v->child->cfg;
    char agent[TB_BASE_URL_MAX + 64];
    const char *why = NULL;
    int r;

    if ((r = tb_resolver_new(v->child->base, cfg, &v->env.resolver, &why)) < 0) {
        tb_log(TB_LOG_ERROR, "resolver-failed", TB_F("reason", why));
        return r;
    }
    if (!tb_resolver_validates(v->env.resolver))
        tb_log(TB_LOG_NOTICE, "dnssec-off", TB_F("reason", "no trust anchor for any zone"));
    (void)snprintf(agent, sizeof(agent), "tabard/%s (ACME validation; +%s)", TB_VERSION, cfg->base_url);
    if ((r = tb_fetcher_new(v->child->base, agent, &v->env.fetcher)) < 0) {
        tb_log(TB_LOG_ERROR, "http-client-failed", TB_F("reason", tb_err_text(r)));
        return r;
    }
    if ((r = tb_handshaker_new(v->child->base, TB_TLSALPN01_PROTOCOL, &v->env.handshaker)) < 0)
        tb_log(TB_LOG_ERROR, "tls-client-failed", TB_F("reason", tb_err_text(r)));
    return r;
}

static void validator_teardown(struct tb_child *child)
{
    struct tb_validator *v = child->state;

    if (v == NULL)
        return;
    v->draining = false;
    tb_validator_abandon_all(v);
    tb_validator_pool_free(v);
    tb_handshaker_free(v->env.handshaker);
    tb_fetcher_free(v->env.fetcher);
    tb_resolver_free(v->env.resolver);
    tb_caa_cache_free(v->caa_cache);
    tb_wr_clear_secret(&v->wr);
    tb_free_secret(v, sizeof(*v));
    child->state = NULL;
}

static int validator_open(struct tb_child *child)
{
    struct tb_validator *v = calloc(1, sizeof(*v));
    int r;

    if (v == NULL)
        return TB_E_NOMEM;
    child->state = v;
    v->child = child;
    v->env.cfg = child->cfg;
    tb_config_audience(child->cfg, &v->audience);
    tb_wr_init(&v->wr, ANSWER_MAX);
    descriptors_raise();
    if ((r = tb_caa_cache_new(TB_CAA_CACHE_FOUND_MS, TB_CAA_CACHE_NONE_MS, &v->caa_cache)) < 0 ||
        (r = keys_read(v)) < 0 || (r = clients_open(v)) < 0)
        validator_teardown(child);
    return r;
}

static void validator_sandbox(const struct tb_child *child, struct tb_sandbox_spec *spec)
{
    (void)child;
    spec->network = true;
    spec->num_paths = 0;
}

static int validator_setup(struct tb_child *child)
{
    (void)child;
    return 0;
}

/* Nobody is left to answer; a new front asks again, and its request must not meet "already in flight". */
static void validator_peer_down(struct tb_child *child, enum tb_role peer)
{
    if (peer == TB_ROLE_FRONT)
        tb_validator_abandon_all(child->state);
}

static void validator_drain(struct tb_child *child)
{
    struct tb_validator *v = child->state;

    v->draining = true;
    if (v->num == 0)
        tb_child_exit(child);
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {
    [TB_MSG_TOKEN_REQ] = tb_validator_on_token,
    [TB_MSG_VALIDATE_REQ] = tb_validator_on_validate,
    [TB_MSG_CAA_REQ] = tb_validator_on_caa,
    [TB_MSG_STATS_REQ] = tb_validator_on_stats,
};

const struct tb_child_role tb_validator_role = {
    .role = TB_ROLE_VALIDATOR,
    .open = validator_open,
    .sandbox = validator_sandbox,
    .setup = validator_setup,
    .peer_down = validator_peer_down,
    .drain = validator_drain,
    .control = tb_validator_control,
    .teardown = validator_teardown,
    .handlers = handlers,
};
