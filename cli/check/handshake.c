#include "cli/check/handshake.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "cli/check/stand_in.h"
#include "cli/check/trial.h"

#define ROUNDS_MAX 1000 /* of the two sides taking turns: far above what the longest chain needs */

/* Both sides of one handshake; "shower" has the chain, "verifier" the anchors. */
struct pair {
    SSL_CTX *shower_ctx;
    SSL_CTX *verifier_ctx;
    SSL *shower;
    SSL *verifier;
    EVP_PKEY *stand_in;
};

static void unknown(struct tb_check_measure *out, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    out->verdict = TB_CHECK_UNKNOWN;
    snprintf(out->why, sizeof(out->why), "%s%s%s", what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    ERR_clear_error();
}

/* OpenSSL's own decision, in place of its own call of the same function: the fault is read where it is fresh. */
static int decide(X509_STORE_CTX *ctx, void *arg)
{
    struct tb_check_measure *out = arg;
    int ok = X509_verify_cert(ctx);

    out->verdict = ok == 1 ? TB_CHECK_ACCEPTED : TB_CHECK_REFUSED;
    out->error = ok == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    out->depth = ok == 1 ? -1 : X509_STORE_CTX_get_error_depth(ctx);
    out->path = X509_STORE_CTX_get1_chain(ctx);
    out->at = ok == 1 ? NULL : X509_STORE_CTX_get_current_cert(ctx);
    if (out->at != NULL)
        X509_up_ref(out->at);
    return ok;
}

static int set_name(X509_VERIFY_PARAM *param, const char *name)
{
    return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1 || X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
}

static bool make_verifier(struct pair *p, enum tb_check_role role, const struct tb_check_peer *peer,
                          struct tb_check_measure *out)
{
    bool server = role == TB_CHECK_CLIENT;
    SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    X509_STORE *store = ctx != NULL ? SSL_CTX_get_cert_store(ctx) : NULL;

    p->verifier_ctx = ctx;
    if (ctx == NULL)
        return false;
    if (peer->anchors == NULL && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return false;
    for (int i = 0; i < sk_X509_num(peer->anchors); i++)
        if (X509_STORE_add_cert(store, sk_X509_value(peer->anchors, i)) != 1)
            return false;
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), (time_t)peer->at);
    if (role == TB_CHECK_SERVER && peer->name != NULL && set_name(SSL_CTX_get0_param(ctx), peer->name) != 1)
        return false;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, decide, out);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return !server || tb_check_trial_identity(ctx);
}

/* The side that shows must not judge: whatever the chain is, it goes out. */
static bool make_shower(struct pair *p, enum tb_check_role role, STACK_OF(X509) * chain, EVP_PKEY *key)
{
    SSL_CTX *ctx = SSL_CTX_new(role == TB_CHECK_CLIENT ? TLS_client_method() : TLS_server_method());
    STACK_OF(X509) *rest = sk_X509_dup(chain);
    X509 *leaf = rest != NULL ? sk_X509_shift(rest) : NULL;
    bool ok = false;

    p->shower_ctx = ctx;
    if (ctx == NULL || leaf == NULL)
        goto out;
    if (key == NULL && X509_get0_pubkey(leaf) != NULL)
        key = p->stand_in = tb_check_stand_in(X509_get0_pubkey(leaf));
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    ok = key != NULL && SSL_CTX_use_cert_and_key(ctx, leaf, key, rest, 1) == 1;
out:
    sk_X509_free(rest);
    return ok;
}

static bool connect_pair(struct pair *p, enum tb_check_role role)
{
    BIO *a = NULL;
    BIO *b = NULL;

    p->shower = SSL_new(p->shower_ctx);
    p->verifier = SSL_new(p->verifier_ctx);
    if (p->shower == NULL || p->verifier == NULL || BIO_new_bio_pair(&a, 0, &b, 0) != 1)
        return false;
    SSL_set_bio(p->shower, a, a);
    SSL_set_bio(p->verifier, b, b);
    if (role == TB_CHECK_CLIENT) {
        SSL_set_connect_state(p->shower);
        SSL_set_accept_state(p->verifier);
    } else {
        SSL_set_accept_state(p->shower);
        SSL_set_connect_state(p->verifier);
    }
    return true;
}

/* 1: the verifier finished; 0: it gave up; -1: neither. The error queue holds the verifier's reason. */
static int run(struct pair *p)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        int r;

        SSL_do_handshake(p->shower);
        ERR_clear_error();
        r = SSL_do_handshake(p->verifier);
        if (r == 1)
            return 1;
        r = SSL_get_error(p->verifier, r);
        if (r != SSL_ERROR_WANT_READ && r != SSL_ERROR_WANT_WRITE)
            return 0;
    }
    return -1;
}

/* The chain was accepted, and the handshake did not end: only a stand-in's signature may be the reason. */
static void judge_end(struct tb_check_measure *out, bool stand_in)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(e);

    if (stand_in && ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_BAD_SIGNATURE)
        return;
    out->verdict = TB_CHECK_REFUSED;
    snprintf(out->why, sizeof(out->why), "the chain is in order and the handshake failed afterwards: %s",
             reason != NULL ? reason : "no reason given");
}

static void measure(struct pair *p, enum tb_check_role role, struct tb_check_measure *out)
{
    bool decided;
    int r;

    if (!connect_pair(p, role)) {
        unknown(out, "no handshake could be set up");
        return;
    }
    r = run(p);
    decided = out->verdict != TB_CHECK_UNKNOWN;
    out->protocol = SSL_get_version(p->verifier);
    out->completed = r == 1;
    if (!decided)
        unknown(out, "the handshake ended before a certificate was shown");
    else if (out->verdict == TB_CHECK_ACCEPTED && r != 1)
        judge_end(out, p->stand_in != NULL);
    ERR_clear_error();
}

void tb_check_handshake(STACK_OF(X509) * chain, EVP_PKEY *key, enum tb_check_role role,
                        const struct tb_check_peer *peer, struct tb_check_measure *out)
{
    struct pair p = {0};

    *out = (struct tb_check_measure){.verdict = TB_CHECK_UNKNOWN, .depth = -1, .protocol = ""};
    ERR_clear_error();
    if (!make_verifier(&p, role, peer, out))
        unknown(out, "the verifying side could not be set up");
    else if (!make_shower(&p, role, chain, key))
        unknown(out, key != NULL ? "OpenSSL does not take this certificate with this key"
                                 : "OpenSSL does not show a certificate with this kind of key; try --key");
    else
        measure(&p, role, out);
    SSL_free(p.shower);
    SSL_free(p.verifier);
    SSL_CTX_free(p.shower_ctx);
    SSL_CTX_free(p.verifier_ctx);
    EVP_PKEY_free(p.stand_in);
    ERR_clear_error();
}

void tb_check_measure_clear(struct tb_check_measure *m)
{
    X509_free(m->at);
    sk_X509_pop_free(m->path, X509_free);
    *m = (struct tb_check_measure){.verdict = TB_CHECK_UNKNOWN, .depth = -1, .protocol = ""};
}
