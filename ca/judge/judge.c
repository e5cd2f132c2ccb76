#include "ca/judge/judge.h"

#include "ca/judge/account_event.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ca/config/blocked_keys.h"
#include "ca/judge/moduli.h"
#include "lib/base/log.h"

#define PEM_MAX 65536

void tb_judge_answer(struct tb_judge *j, enum tb_role to, enum tb_msg_type type, uint32_t id)
{
    struct tb_channel *ch = j->child->peer[to];
    int r;

    if (ch == NULL)
        return;
    if ((r = tb_wr_err(&j->out)) == 0)
        r = tb_channel_send(ch, type, id, tb_wr_span(&j->out));
    if (r < 0 && r != TB_E_CLOSED)
        tb_log(TB_LOG_WARN, "answer-not-sent", TB_F("to", tb_role_name(to)), TB_F("reason", tb_err_text(r)));
}

/* Opening: keys and certificates. */

static int add_foreign(struct tb_judge *j, const uint8_t digest[static TB_DIGEST_LEN])
{
    if (j->state.num_foreign == TB_FOREIGN_KEYS_MAX)
        return TB_E_LIMIT;
    memcpy(j->state.foreign[j->state.num_foreign++], digest, TB_DIGEST_LEN);
    return 0;
}

static int load_ca(struct tb_judge *j, enum tb_state_file file, enum tb_issuer issuer)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct tb_problem pb = {0};
    struct tb_cacert ca = {0};
    uint8_t *pem = NULL;
    size_t len = 0;
    int r;

    tb_config_file(j->child->cfg, file, path);
    if ((r = tb_child_read_file(path, PEM_MAX, &pem, &len)) < 0)
        return r;
    if ((r = tb_cacert_read(tb_span_of(pem, len), &ca, &pb)) == 0)
        r = add_foreign(j, ca.spki_digest);
    if (r == 0 && issuer != TB_ISSUER_NONE) {
        if (!ca.has_eku || ca.purposes != tb_issuer_purposes(issuer))
            r = tb_problem_set(&pb, TB_E_DENIED, TB_P_SERVER_INTERNAL, "its extended key usages are not the issuer's");
        else {
            j->state.ca[issuer] = ca;
            j->state.has_ca[issuer] = true;
            ca = (struct tb_cacert){0};
        }
    }
    if (r < 0)
        tb_log(TB_LOG_ERROR, "ca-certificate-unusable", TB_F("file", path),
               TB_F("reason", pb.type != TB_P_NONE ? pb.detail : tb_err_text(r)));
    tb_cacert_clear(&ca);
    tb_problem_clear(&pb);
    tb_free_secret(pem, len);
    return r;
}

/* The first certificate of a chain that the CA serves: its key is not to be certified for anybody. */
static int leaf_digest(struct tb_span pem, uint8_t out[static TB_DIGEST_LEN])
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;
    int n = cert != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;

    if (n > 0)
        tb_sha256(out, tb_span_of(der, (size_t)n));
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    return n > 0 ? 0 : TB_E_FORMAT;
}

static int load_server(struct tb_judge *j, enum tb_state_file file)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    uint8_t digest[TB_DIGEST_LEN];
    uint8_t *pem = NULL;
    size_t len = 0;
    int r;

    tb_config_file(j->child->cfg, file, path);
    if ((r = tb_child_read_file(path, PEM_MAX, &pem, &len)) < 0)
        return r;
    if ((r = leaf_digest(tb_span_of(pem, len), digest)) == 0)
        r = add_foreign(j, digest);
    else
        tb_log(TB_LOG_ERROR, "server-certificate-unusable", TB_F("file", path), TB_F("reason", tb_err_text(r)));
    tb_free_secret(pem, len);
    return r;
}

/* One process of this machine's perspective: what it may say, in the zones of the configuration. */
static int load_statement_key(struct tb_judge *j, enum tb_state_file file, uint32_t kinds, tb_methods_t methods)
{
    const struct tb_config *cfg = j->child->cfg;
    struct tb_statement_key *k = &j->state.keys[j->state.num_keys];
    char path[TB_CONFIG_PATH_MAX + 65];
    int r;

    tb_config_file(cfg, file, path);
    if ((r = tb_child_read_key(path, &k->key)) < 0)
        return r;
    k->perspective = cfg->perspective;
    k->kinds = kinds;
    k->methods = methods & cfg->methods;
    for (size_t i = 0; i < cfg->num_zones && k->num_zones < TB_STATEMENT_KEY_ZONES_MAX; i++)
        k->zones[k->num_zones++] = cfg->zones[i].domain;
    j->state.num_keys++;
    return 0;
}

/* The validator speaks of control and CAA, the responder of use by tls-client-01: neither key serves for the other. */
static int load_statement_keys(struct tb_judge *j)
{
    const tb_methods_t use = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    int r = load_statement_key(j, TB_FILE_STATEMENT_KEY,
                               TB_PROOF_KIND_BIT(TB_PROOF_CONTROL) | TB_PROOF_KIND_BIT(TB_PROOF_CAA), ~use);

    if (r < 0 || !j->child->cfg->responder.on)
        return r;
    return load_statement_key(j, TB_FILE_RESPONDER_STATEMENT_KEY, TB_PROOF_KIND_BIT(TB_PROOF_USE), use);
}

static int load_blocked_keys(struct tb_judge *j)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_weak_keys *weak = NULL;
    int r = tb_blocked_keys_read(j->child->cfg, &weak, why);

    if (r < 0) {
        tb_log(TB_LOG_ERROR, "blocked-keys", TB_F("reason", why));
        return r;
    }
    tb_weak_keys_free(j->state.weak);
    j->state.weak = weak;
    return 0;
}

/* Once more from the files: what the configuration says and what roots and issuing CAs say belong together. */
static int load_policy(struct tb_judge *j)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy *policy = NULL;
    int r = tb_policy_open(j->child->cfg, &policy, why);

    if (r < 0) {
        tb_log(TB_LOG_ERROR, "policy", TB_F("reason", why));
        return r;
    }
    tb_policy_free(j->state.policy);
    j->state.policy = policy;
    return 0;
}

static int load_files(struct tb_judge *j)
{
    int r;

    for (enum tb_issuer i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(j->child->cfg, i) &&
            ((r = load_ca(j, tb_issuer_files(i)->issuing, i)) < 0 ||
             (r = load_ca(j, tb_issuer_files(i)->root, TB_ISSUER_NONE)) < 0)) /* only its key counts */
            return r;
    if ((r = load_server(j, TB_FILE_HTTPS_CHAIN)) < 0 ||
        (j->child->cfg->responder.on && (r = load_server(j, TB_FILE_RESPONDER_CHAIN)) < 0) ||
        (r = load_blocked_keys(j)) < 0 || (r = load_policy(j)) < 0)
        return r;
    return load_statement_keys(j);
}

/* Opening: the log. */

static int replay_profile(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset TB_UNUSED)
{
    struct tb_profile_rec profile;
    int r = tb_profile_rec_read(rec->body, &profile);

    return r < 0 ? r : tb_profiles_add(&j->profiles, &profile);
}

static int replay_issue(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset)
{
    struct tb_span digest;
    tb_order_no_t order;
    int r;

    if ((r = tb_issue_rec_peek(rec->body, &order, &digest)) < 0)
        return r;
    j->last_issue_seq = rec->seq;
    if ((r = tb_moduli_replay(j->state.shared, rec->body)) < 0)
        return r;
    if (tb_order_no_time(order) < j->replay_oldest)
        return 0;
    return tb_used_add(&j->state.used, order, digest.p, offset, j->replay_oldest);
}

/* A second revocation of one certificate was never written: the log would not be ours. */
static int replay_revoke(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset TB_UNUSED)
{
    struct tb_revoke_rec revoke;
    int r = tb_revoke_rec_read(rec->body, &revoke);

    return r < 0 ? r : tb_judge_enter_revoked(j, &revoke, rec->seq, rec->time, j->replay_now);
}

static int replay_account(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset TB_UNUSED)
{
    struct tb_account_rec event;
    int r = tb_account_rec_read(rec->body, &event);

    return r < 0 ? r : tb_judge_apply_account(&j->state, &event, rec->seq, rec->time);
}

static int replay_eab(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset TB_UNUSED)
{
    struct tb_eab_rec eab;
    int r = tb_eab_rec_read(rec->body, &eab);

    return r < 0 ? r : tb_eab_keys_apply(&j->state.eab, &eab);
}

static int (*const replays[])(struct tb_judge *j, const struct tb_log_rec *rec, uint64_t offset) = {
    [TB_LOG_REC_PROFILE] = replay_profile, [TB_LOG_REC_ISSUE] = replay_issue, [TB_LOG_REC_REVOKE] = replay_revoke,
    [TB_LOG_REC_ACCOUNT] = replay_account, [TB_LOG_REC_EAB] = replay_eab,
};
_Static_assert(TB_ARRAY_LEN(replays) == TB_LOG_REC__COUNT, "the judge replays every type of record");

static int replay(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    if (rec->type <= TB_LOG_REC_NONE || rec->type >= TB_LOG_REC__COUNT)
        return TB_E_FORMAT;
    return replays[rec->type](arg, rec, offset);
}

/* The judge refuses orders of the epochs before this one, so it need not know which of them were used. */
static int replay_epoch(void *arg)
{
    struct tb_judge *j = arg;

    tb_used_clear(&j->state.used);
    return tb_used_init(&j->state.used, TB_USED_MAX);
}

static int open_log(struct tb_judge *j)
{
    const struct tb_config *cfg = j->child->cfg;
    char dir[TB_CONFIG_PATH_MAX + 65];
    tb_time_t now = tb_clock_now_s();
    struct tb_ilog_how how = {.dir = dir,
                              .ca_id = cfg->ca_id,
                              .signer = cfg->signer,
                              .now = now,
                              .lock_wait_ms = TB_ILOG_LOCK_WAIT_MS,
                              .epoch = replay_epoch,
                              .replay = replay,
                              .arg = j};
    int r;

    tb_config_file(cfg, TB_FILE_LOG_DIR, dir);
    j->replay_now = now;
    j->replay_oldest = now - TB_ORDER_WINDOW_S;
    if ((r = tb_ilog_open(&how, &j->log, j->why)) < 0) {
        tb_log(TB_LOG_ERROR, "issuance-log-unusable", TB_F("directory", dir), TB_F("reason", j->why));
        return r;
    }
    tb_revoked_expire(&j->state.revoked, now);
    if (tb_ilog_torn(j->log) > 0)
        tb_log(TB_LOG_WARN, "issuance-log-torn-tail-cut", TB_F("directory", dir), TB_N("bytes", tb_ilog_torn(j->log)));
    if (tb_ilog_last_time(j->log) > now + TB_CLOCK_SKEW_S)
        tb_log(TB_LOG_WARN, "clock-behind-issuance-log", TB_N("seconds", tb_ilog_last_time(j->log) - now));
    j->state.floor = tb_ilog_last_time(j->log) > now ? tb_ilog_last_time(j->log) : now;
    j->state.epoch = tb_ilog_epoch(j->log);
    j->state.epoch_began_at = tb_ilog_began_at(j->log);
    return 0;
}

static int log_profile(struct tb_judge *j, const struct tb_profile_rec *rec)
{
    struct tb_log_rec written;
    uint64_t offset;
    int r;

    tb_wr_reset(&j->out);
    tb_profile_rec_write(&j->out, rec);
    if ((r = tb_wr_err(&j->out)) < 0 || (r = tb_profiles_add(&j->profiles, rec)) < 0)
        return r;
    return tb_ilog_append(j->log, TB_LOG_REC_PROFILE, j->state.floor, tb_wr_span(&j->out), &written, &offset);
}

/* Offered profiles are logged before anything is issued under them; none may have changed since. */
static int check_profiles(struct tb_judge *j)
{
    const struct tb_config *cfg = j->child->cfg;
    struct tb_profile_rec rec;
    int r = 0;

    for (size_t i = 0; i < cfg->num_profiles && r == 0; i++) {
        r = tb_profiles_check(&j->profiles, &cfg->profiles[i], &rec);
        if (r == TB_E_CONFIG)
            tb_log(TB_LOG_ERROR, "profile-changed", TB_F("profile", rec.name), TB_F("version", rec.version),
                   TB_F("reason", "the issuance log has another body under this name and version; "
                                  "give the changed profile a new version"));
        else if (r == TB_E_NOTFOUND)
            r = cfg->profiles[i].offered ? log_profile(j, &rec) : 0;
    }
    if (r == 0 && (r = tb_ilog_sync(j->log)) < 0)
        tb_log(TB_LOG_ERROR, "issuance-log-unusable", TB_F("reason", tb_err_text(r)));
    return r;
}

/* The child. */

static int judge_open(struct tb_child *child)
{
    struct tb_judge *j = calloc(1, sizeof(*j));
    int r;

    if (j == NULL)
        return TB_E_NOMEM;
    child->state = j;
    j->child = child;
    tb_flights_init(&j->flights);
    tb_crls_init(&j->crls);
    tb_wr_init(&j->out, tb_msg_info(TB_MSG_SYNC_RSP)->max);
    tb_wr_init(&j->rec, TB_LOG_REC_MAX);
    tb_wr_init(&j->certs, tb_msg_info(TB_MSG_SYNC_RSP)->max);
    if ((r = tb_judge_state_init(&j->state, child->cfg, 0)) < 0 || (r = load_files(j)) < 0 || (r = open_log(j)) < 0 ||
        (r = tb_judge_load_account_key(j)) < 0)
        return r;
    return check_profiles(j);
}

/* Everything was opened before: no path, no network. */
static void judge_sandbox(const struct tb_child *child TB_UNUSED, struct tb_sandbox_spec *spec)
{
    spec->network = false;
    spec->num_paths = 0;
}

static int judge_setup(struct tb_child *child)
{
    struct tb_judge *j = child->state;

    j->commit = evtimer_new(child->base, tb_judge_commit, j);
    return j->commit != NULL ? tb_judge_crls_start(j) : TB_E_NOMEM;
}

static void judge_peer_up(struct tb_child *child, enum tb_role peer)
{
    struct tb_judge *j = child->state;
    const struct tb_msg_judge_hello hello = {
        .signer = j->state.signer, .epoch = j->state.epoch, .last_seq = j->last_issue_seq};

    if (peer == TB_ROLE_KEYHOLDER) {
        tb_judge_resend(j);
        tb_judge_crls_peer_up(j, peer);
        return;
    }
    if (peer != TB_ROLE_FRONT)
        return;
    tb_wr_reset(&j->out);
    tb_msg_judge_hello_write(&j->out, &hello);
    tb_judge_answer(j, peer, TB_MSG_JUDGE_HELLO, 0);
    tb_judge_crls_peer_up(j, peer);
}

static void judge_peer_down(struct tb_child *child, enum tb_role peer)
{
    if (peer == TB_ROLE_FRONT)
        tb_judge_forget_waiters(child->state);
    tb_judge_crls_peer_down(child->state, peer);
}

void tb_judge_exit_when_idle(struct tb_judge *j)
{
    if (j->draining && tb_flights_count(&j->flights) == 0 && j->num_waiters == 0 && j->revocations.num == 0)
        tb_child_exit(j->child);
}

static void judge_drain(struct tb_child *child)
{
    struct tb_judge *j = child->state;

    j->draining = true;
    tb_judge_exit_when_idle(j);
}

static void judge_teardown(struct tb_child *child)
{
    struct tb_judge *j = child->state;

    if (j == NULL)
        return;
    if (j->commit != NULL)
        event_free(j->commit);
    tb_ilog_close(j->log);
    if (j->look != NULL)
        event_free(j->look);
    tb_crls_clear(&j->crls);
    tb_flights_clear(&j->flights);
    tb_profiles_clear(&j->profiles);
    tb_wr_clear(&j->out);
    tb_wr_clear(&j->rec);
    tb_wr_clear(&j->certs);
    tb_judge_state_clear(&j->state);
    free(j);
    child->state = NULL;
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {
    [TB_MSG_FINALIZE_REQ] = tb_judge_on_finalize,
    [TB_MSG_SIGN_RSP] = tb_judge_on_signed,
    [TB_MSG_SYNC_REQ] = tb_judge_on_sync,
    [TB_MSG_STATS_REQ] = tb_judge_on_stats,
    [TB_MSG_ACCOUNT_REQ] = tb_judge_on_account,
    [TB_MSG_REVOKE_REQ] = tb_judge_on_revoke,
    [TB_MSG_REVOKED_REQ] = tb_judge_on_revoked_sync,
    [TB_MSG_CRL_SIGN_RSP] = tb_judge_on_crl_signed,
};

const struct tb_child_role tb_judge_role = {
    .role = TB_ROLE_JUDGE,
    .open = judge_open,
    .sandbox = judge_sandbox,
    .setup = judge_setup,
    .peer_up = judge_peer_up,
    .peer_down = judge_peer_down,
    .drain = judge_drain,
    .control = tb_judge_control,
    .teardown = judge_teardown,
    .handlers = handlers,
};
