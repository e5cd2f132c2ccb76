/* The role: what is opened before the sandbox, what is set up in it, and the life until the drain. */
#include "ca/front/front.h"
#include "ca/front/revoke.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/config/alternate_chain.h"
#include "ca/config/blocked_keys.h"
#include "ca/front/control.h"
#include "ca/front/finalize.h"
#include "ca/front/server.h"
#include "ca/front/tls.h"
#include "ca/front/validation.h"
#include "ca/tls_files.h"
#include "lib/base/log.h"
#include "lib/pki/cacert.h"

#define PEM_MAX       65536
#define STATS_EVERY_S 5
#define HEAD_MAX      (TB_FRONT_BODY_MAX + 16384) /* head and body in one piece */
#define IPC_MAX       (8u << 20)

static int read_state_file(const struct tb_front *f, enum tb_state_file file, uint8_t **out, size_t *out_len)
{
    char path[TB_CONFIG_PATH_MAX + 65];

    tb_config_file(f->cfg, file, path);
    return tb_child_read_file(path, PEM_MAX, out, out_len);
}

static int open_tls(struct tb_front *f)
{
    struct tb_tls_files files;
    int r = tb_tls_files_read(f->cfg, TB_FILE_HTTPS_CHAIN, TB_FILE_HTTPS_KEY, &files);

    if (r == 0)
        r = tb_tls_new(tb_span_of(files.chain, files.chain_len), tb_span_of(files.key, files.key_len), &f->ssl,
                       &f->https_not_after);
    tb_tls_files_clear(&files);
    return r;
}

static int open_alternates(struct tb_front *f, enum tb_issuer issuer, const struct tb_cacert *ca)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int r;

    for (size_t i = 0; i < f->cfg->num_alternate_chains; i++) {
        const struct tb_chain *chain = &f->cfg->alternate_chains[i];

        if (chain->issuer != issuer)
            continue;
        r = tb_alternate_chain_read(f->cfg, chain, ca, tb_clock_now_s(),
                                    &f->alternate_pem[issuer][f->num_alternates[issuer]], why);
        if (r < 0) {
            tb_log(TB_LOG_ERROR, "alternate-chain", TB_F("reason", why));
            return r;
        }
        f->num_alternates[issuer]++;
    }
    return 0;
}

/* The issuing CA's certificate, as text that goes behind each leaf. */
static int open_issuer(struct tb_front *f, enum tb_issuer issuer, enum tb_state_file file)
{
    struct tb_problem pb = {0};
    struct tb_cacert ca = {0};
    uint8_t *pem = NULL;
    size_t len = 0;
    int r = read_state_file(f, file, &pem, &len);

    if (r < 0)
        return r;
    f->issuer_pem[issuer] = strndup((const char *)pem, len);
    r = f->issuer_pem[issuer] == NULL ? TB_E_NOMEM : tb_cacert_read(tb_span_of(pem, len), &ca, &pb);
    tb_free_secret(pem, len);
    if (r < 0) {
        tb_log(TB_LOG_ERROR, "issuing-certificate", TB_F("issuer", tb_issuer_name(issuer)), TB_F("reason", pb.detail));
    } else {
        memcpy(f->issuer_keyid[issuer].p, ca.keyid, ca.keyid_len);
        f->issuer_keyid[issuer].len = ca.keyid_len;
        r = open_alternates(f, issuer, &ca);
    }
    tb_cacert_clear(&ca);
    tb_problem_clear(&pb);
    return r;
}

static int open_issuers(struct tb_front *f)
{
    int r = 0;

    for (enum tb_issuer i = TB_ISSUER_NONE + 1; r == 0 && i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(f->cfg, i))
            r = open_issuer(f, i, tb_issuer_files(i)->issuing);
    return r;
}

static int open_published(struct tb_front *f)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    int r = 0;

    for (enum tb_issuer i = TB_ISSUER_NONE + 1; f->cfg->http.on && r == 0 && i < TB_ISSUER__COUNT; i++) {
        if (!tb_config_has_issuer(f->cfg, i))
            continue;
        tb_config_file(f->cfg, tb_issuer_files(i)->root_crl, path);
        r = tb_published_load(&f->published.root_crl[i], path, "X509 CRL", "application/pkix-crl");
        tb_config_file(f->cfg, tb_issuer_files(i)->issuing, path);
        if (r == 0)
            r = tb_published_load(&f->published.issuing[i], path, "CERTIFICATE", "application/pkix-cert");
    }
    return r;
}

static void free_issuer(struct tb_front *f, size_t issuer)
{
    free(f->issuer_pem[issuer]);
    for (size_t i = 0; i < f->num_alternates[issuer]; i++)
        free(f->alternate_pem[issuer][i]);
}

static void front_free(struct tb_front *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++)
        free_issuer(f, i);
    if (f->statm_fd >= 0)
        (void)close(f->statm_fd);
    SSL_CTX_free(f->ssl);
    tb_key_cache_free(f->keys);
    tb_weak_keys_free(f->weak);
    tb_policy_free(f->policy);
    tb_nonces_free(f->nonces);
    tb_allowance_free(f->new_authz);
    tb_map_clear(&f->validations);
    tb_map_clear(&f->uses);
    tb_wr_clear(&f->head);
    tb_wr_clear(&f->body);
    tb_wr_clear(&f->ipc);
    tb_public_id_free(f->ids);
    tb_published_clear(&f->published);
    free(f);
}

static int open_ids(struct tb_front *f)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct tb_key key;
    int r;

    tb_config_file(f->cfg, TB_FILE_ID_KEY, path);
    if ((r = tb_child_read_key(path, &key)) == 0)
        r = tb_public_id_new(&key, &f->ids);
    tb_wipe(&key, sizeof(key));
    return r;
}

static int open_blocked_keys(struct tb_front *f)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int r = tb_blocked_keys_read(f->cfg, &f->weak, why);

    if (r < 0)
        tb_log(TB_LOG_ERROR, "blocked-keys", TB_F("reason", why));
    return r;
}

static int open_policy(struct tb_front *f)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int r = tb_policy_open(f->cfg, &f->policy, why);

    if (r < 0)
        tb_log(TB_LOG_ERROR, "policy", TB_F("reason", why));
    return r;
}

static int front_open(struct tb_child *child)
{
    struct tb_front *f = calloc(1, sizeof(*f));
    int r;

    if (f == NULL)
        return TB_E_NOMEM;
    /* One heap for all threads: that of the writer would grow and shrink with each commit. */
    (void)mallopt(M_ARENA_MAX, 1);
    f->child = child;
    tb_published_init(&f->published);
    f->cfg = child->cfg;
    TAILQ_INIT(&f->conns);
    TAILQ_INIT(&f->idle);
    TAILQ_INIT(&f->finalizes);
    f->helpers = tb_crew_helpers();
    f->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC); /* only for metrics */
    if ((r = open_ids(f)) < 0 || (r = open_tls(f)) < 0 || (r = open_blocked_keys(f)) < 0 || (r = open_policy(f)) < 0 ||
        (r = open_issuers(f)) < 0 || (r = open_published(f)) < 0) {
        front_free(f);
        return r;
    }
    child->state = f;
    return 0;
}

static void front_sandbox(const struct tb_child *child, struct tb_sandbox_spec *spec)
{
    static char dir[TB_CONFIG_PATH_MAX + 65]; /* the specification borrows it */

    tb_config_file(child->cfg, TB_FILE_STORE_DIR, dir);
    spec->network = true;
    spec->paths[spec->num_paths++] = (struct tb_sandbox_path){.path = dir, .write = true};
}

static void ask_stats(struct tb_front *f, enum tb_role peer, struct tb_msg_stats *into);

static int on_stats(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct tb_msg_stats m;

    (void)f;
    if (err < 0)
        return 0;
    if ((err = tb_msg_stats_read(body, &m)) == 0)
        *(struct tb_msg_stats *)arg = m;
    return err;
}

static void ask_stats(struct tb_front *f, enum tb_role peer, struct tb_msg_stats *into)
{
    struct tb_edge_call call = {.peer = peer,
                                .req = TB_MSG_STATS_REQ,
                                .rsp = TB_MSG_STATS_RSP,
                                .timeout_s = STATS_EVERY_S,
                                .done = on_stats,
                                .arg = into};

    if (f->child->peer[peer] != NULL && tb_edge_call(f->edge, &call) < 0)
        tb_log(TB_LOG_DEBUG, "stats-not-asked");
}

static void on_collected(int err, void *arg)
{
    (void)arg;
    if (err < 0)
        tb_log(TB_LOG_WARN, "collect-failed", TB_F("why", tb_err_text(err)));
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct tb_front *f = arg;
    tb_time_t now = tb_clock_now_s();
    int r;

    (void)fd;
    (void)what;
    tb_edge_tick(f->edge);
    if (now >= f->next_stats) {
        f->next_stats = now + STATS_EVERY_S;
        ask_stats(f, TB_ROLE_JUDGE, &f->stats_judge);
        ask_stats(f, TB_ROLE_VALIDATOR, &f->stats_validator);
        ask_stats(f, TB_ROLE_RESPONDER, &f->stats_responder);
    }
    if (now >= f->next_collect && !f->draining) {
        f->next_collect = now + TB_FRONT_COLLECT_S;
        if ((r = tb_store_collect(f->store, now, TB_FRONT_KEEP_S, on_collected, NULL)) < 0)
            on_collected(r, NULL);
    }
}

/* Time-outs that thousands of events share: libevent keeps each length in a queue instead of its heap. */
static int make_timeouts(struct tb_front *f)
{
    const struct {
        const struct timeval **tv;
        uint32_t s;
    } all[] = {
        {&f->tv_handshake, TB_FRONT_HANDSHAKE_S},
        {&f->tv_idle, f->cfg->limits.idle_timeout_s},
        {&f->tv_request, f->cfg->limits.request_timeout_s},
        {&f->tv_second, TB_FRONT_HOLD_S},
        {&f->tv_finalize, TB_FRONT_FINALIZE_S},
        {&f->tv_arm, TB_FRONT_ARM_S},
    };

    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++) {
        struct timeval tv = {.tv_sec = (time_t)all[i].s};

        *all[i].tv = event_base_init_common_timeout(f->base, &tv);
        if (*all[i].tv == NULL)
            return TB_E_NOMEM;
    }
    f->tick = event_new(f->base, -1, EV_PERSIST, on_tick, f);
    if (f->tick == NULL || event_add(f->tick, f->tv_second) < 0)
        return TB_E_NOMEM;
    return 0;
}

static int open_store(struct tb_front *f)
{
    char dir[TB_CONFIG_PATH_MAX + 65];
    char why[TB_STORE_WHY_MAX + 1];
    int r;

    tb_config_file(f->cfg, TB_FILE_STORE_DIR, dir);
    r = tb_store_open(dir, f->base, &f->store, why);
    if (r < 0)
        tb_log(TB_LOG_ERROR, "store-not-opened", TB_F("why", why));
    return r;
}

/* What the judge's log has and the store has not: after a crash between the two, or a restored database. */
static void catch_up(struct tb_front *f)
{
    if (f->has_judge && f->store != NULL && f->judge.last_seq > tb_store_last_seq(f->store))
        tb_sync_start(f);
}

static int front_setup(struct tb_child *child)
{
    struct tb_front *f = child->state;
    int r;

    f->base = child->base;
    tb_wr_init(&f->head, HEAD_MAX);
    tb_wr_init(&f->body, TB_FRONT_BODY_MAX);
    tb_wr_init(&f->ipc, IPC_MAX);
    f->next_collect = tb_clock_now_s() + TB_FRONT_COLLECT_S;
    if ((r = tb_map_init(&f->validations, 1024)) < 0 || (r = tb_map_init(&f->uses, 1024)) < 0 ||
        (r = tb_nonces_new(&f->nonces)) < 0 || (r = tb_allowance_new(TB_ALLOWANCE_ACCOUNTS_MAX, &f->new_authz)) < 0 ||
        (r = tb_key_cache_new(TB_KEY_CACHE_MAX, &f->keys)) < 0 || (r = tb_edge_new(f, &f->edge)) < 0 ||
        (r = make_timeouts(f)) < 0 || (r = tb_crew_new(f->base, f->helpers, &f->crew)) < 0 || (r = open_store(f)) < 0)
        return r;
    tb_validation_resume(f);
    catch_up(f);
    return 0;
}

static void front_peer_up(struct tb_child *child, enum tb_role peer)
{
    struct tb_front *f = child->state;

    if (f->edge != NULL)
        tb_edge_resend(f->edge, peer);
}

static void front_peer_down(struct tb_child *child, enum tb_role peer)
{
    struct tb_front *f = child->state;

    if (f->edge != NULL)
        tb_edge_lost(f->edge, peer);
}

/* Clients are taken from the first hello on: before it no order could be made or finalized, and they had better wait.
 */
static int on_hello(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_front *f = child->state;
    struct tb_msg_judge_hello hello;
    int r;

    (void)ch;
    if ((r = tb_msg_judge_hello_read(m->body, &hello)) < 0)
        return r;
    f->judge = hello;
    if (!f->has_judge && !f->draining && (r = tb_server_start(f)) < 0)
        tb_fatal("the listening sockets cannot be served: %s", tb_err_text(r));
    f->has_judge = true;
    catch_up(f);
    if (f->store != NULL)
        tb_revoked_sync(f);
    return 0;
}

static int on_revoked(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    (void)ch;
    return tb_revoked_told(child->state, m->body);
}

static int on_crl(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_front *f = child->state;
    struct tb_msg_crl crl;
    int r;

    (void)ch;
    if ((r = tb_msg_crl_read(m->body, &crl)) < 0)
        return r;
    if ((r = tb_published_take_crl(&f->published, &crl)) < 0)
        tb_log(TB_LOG_WARN, "crl-not-taken", TB_F("why", tb_err_text(r)));
    return 0;
}

static int on_answer(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_front *f = child->state;

    return f->edge == NULL ? TB_E_FORMAT : tb_edge_answer(f->edge, ch, m);
}

static int on_note(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_front *f = child->state;

    return f->edge == NULL ? TB_E_FORMAT : tb_edge_note(f->edge, ch, m);
}

void tb_front_drain_check(struct tb_front *f)
{
    if (!f->draining || f->exiting || f->num_requests > 0 || f->num_conns > 0)
        return;
    f->exiting = true;
    tb_child_exit(f->child);
}

static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
    struct tb_front *f = arg;

    (void)fd;
    (void)what;
    tb_log(TB_LOG_NOTICE, "drain-cut", TB_N("requests", f->num_requests), TB_N("connections", f->num_conns));
    f->exiting = true;
    tb_child_exit(f->child);
}

static void front_drain(struct tb_child *child)
{
    static const struct timeval max = {.tv_sec = TB_FRONT_DRAIN_S};
    struct tb_front *f = child->state;

    if (f->draining)
        return;
    f->draining = true;
    tb_server_drain(f);
    f->drain_timer = evtimer_new(f->base, on_drain_over, f);
    if (f->drain_timer == NULL || event_add(f->drain_timer, &max) < 0) {
        on_drain_over(-1, 0, f);
        return;
    }
    tb_front_drain_check(f);
}

static void front_teardown(struct tb_child *child)
{
    struct tb_front *f = child->state;

    if (f == NULL)
        return;
    f->draining = f->exiting = true;
    tb_server_stop(f);
    tb_crew_free(f->crew);
    tb_store_close(f->store); /* first: what is submitted is on disk, and its callbacks have run */
    f->store = NULL;
    tb_edge_free(f->edge);
    f->edge = NULL;
    tb_finalize_drop_waiting(f);
    if (f->tick != NULL)
        event_free(f->tick);
    if (f->drain_timer != NULL)
        event_free(f->drain_timer);
    front_free(f);
    child->state = NULL;
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {
    [TB_MSG_TOKEN_RSP] = on_answer,   [TB_MSG_VALIDATE_RSP] = on_answer, [TB_MSG_CAA_RSP] = on_answer,
    [TB_MSG_JUDGE_HELLO] = on_hello,  [TB_MSG_FINALIZE_RSP] = on_answer, [TB_MSG_SYNC_RSP] = on_answer,
    [TB_MSG_ACCOUNT_RSP] = on_answer, [TB_MSG_STATS_RSP] = on_answer,    [TB_MSG_REVOKE_RSP] = on_answer,
    [TB_MSG_REVOKED_RSP] = on_answer, [TB_MSG_REVOKED] = on_revoked,     [TB_MSG_CRL] = on_crl,
    [TB_MSG_VALIDATE_NOTE] = on_note,
};

const struct tb_child_role tb_front_role = {
    .role = TB_ROLE_FRONT,
    .open = front_open,
    .sandbox = front_sandbox,
    .setup = front_setup,
    .peer_up = front_peer_up,
    .peer_down = front_peer_down,
    .drain = front_drain,
    .control = tb_control_handle,
    .teardown = front_teardown,
    .handlers = handlers,
};
