#include "ca/keyholder/keyholder.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "ca/child.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"

#define PEM_MAX 65536

/* SHA-256 over the key's SubjectPublicKeyInfo, as tb_cacert has it of the certificate's. */
static int key_digest(EVP_PKEY *key, uint8_t out[static TB_DIGEST_LEN])
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);

    if (n <= 0)
        return TB_E_CRYPTO;
    tb_sha256(out, tb_span_of(der, (size_t)n));
    OPENSSL_free(der);
    return 0;
}

int tb_keyholder_add(struct tb_keyholder *kh, enum tb_issuer issuer, struct tb_span cert_pem, struct tb_span key_pem,
                     struct tb_problem *pb)
{
    struct tb_cacert cert = {0};
    EVP_PKEY *key = NULL;
    struct tb_signer *signer = NULL;
    uint8_t digest[TB_DIGEST_LEN];
    int r;

    if (issuer <= TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || kh->ca[issuer].present)
        return TB_E_INVAL;
    if ((r = tb_cacert_read(cert_pem, &cert, pb)) < 0 || (r = tb_key_read_pem(key_pem, NULL, &key, pb)) < 0 ||
        (r = key_digest(key, digest)) < 0 || (r = tb_signer_new(key, &signer)) < 0)
        goto out;
    if (memcmp(digest, cert.spki_digest, TB_DIGEST_LEN) != 0)
        r = tb_problem_set(pb, TB_E_DENIED, TB_P_SERVER_INTERNAL, "key and certificate do not belong together");
    else if (!cert.has_eku || cert.purposes != tb_issuer_purposes(issuer))
        r = tb_problem_set(pb, TB_E_DENIED, TB_P_SERVER_INTERNAL,
                           "extended key usages of the certificate are not those of issuer \"%s\"",
                           tb_issuer_name(issuer));
    if (r < 0)
        goto out;
    kh->ca[issuer].cert = cert;
    kh->ca[issuer].signer = signer;
    kh->ca[issuer].present = true;
    memcpy(kh->ca_keys[kh->num_ca_keys++], digest, TB_DIGEST_LEN);
    cert = (struct tb_cacert){0};
    signer = NULL;
out:
    tb_signer_free(signer);
    EVP_PKEY_free(key);
    tb_cacert_clear(&cert);
    return r;
}

/* NULL when the request may be signed. */
static const char *judge_request(struct tb_keyholder *kh, const struct tb_msg_sign_req *req, tb_time_t now)
{
    struct tb_ceiling c = {.cfg = kh->cfg,
                           .issuer = req->issuer,
                           .ca_keys = (const uint8_t(*)[TB_DIGEST_LEN])kh->ca_keys,
                           .num_ca_keys = kh->num_ca_keys,
                           .now = now};
    struct tb_tbs tbs = {0};
    uint8_t digest[TB_DIGEST_LEN];
    const char *reason = NULL;

    if (req->issuer <= TB_ISSUER_NONE || req->issuer >= TB_ISSUER__COUNT || !kh->ca[req->issuer].present)
        return "issuer";
    c.ca = &kh->ca[req->issuer].cert;
    if (tb_tbs_read_under(req->tbs, kh->cfg != NULL ? &kh->cfg->arc : NULL, &tbs) < 0)
        return "tbs-form";
    reason = tb_ceiling_check(&c, &tbs);
    tb_sha256(digest, req->tbs);
    if (reason == NULL && tb_serials_claim(kh->serials, tbs.serial.p, digest) < 0)
        reason = "serial-used";
    tb_tbs_clear(&tbs);
    return reason;
}

int tb_keyholder_sign(struct tb_keyholder *kh, const struct tb_msg_sign_req *req, tb_time_t now,
                      struct tb_msg_sign_rsp *out, const char **out_reason)
{
    const char *reason = judge_request(kh, req, now);
    int r = reason == NULL ? 0 : TB_E_DENIED;

    memset(out, 0, sizeof(*out));
    *out_reason = reason;
    if (r == 0) {
        r = tb_signer_sign(kh->ca[req->issuer].signer, kh->ca[req->issuer].cert.sig_alg, req->tbs, out->sig,
                           &out->sig_len);
        if (r == 0)
            return 0;
        *out_reason = "signing-failed";
        out->sig_len = 0;
    }
    return tb_problem_set(&out->problem, r, TB_P_SERVER_INTERNAL, "The keyholder refused to sign: %s.", *out_reason);
}

void tb_keyholder_clear(struct tb_keyholder *kh)
{
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++) {
        tb_cacert_clear(&kh->ca[i].cert);
        tb_signer_free(kh->ca[i].signer);
    }
    tb_serials_free(kh->serials);
    memset(kh, 0, sizeof(*kh));
}

/* The child. */

static int load_issuer(struct tb_child *child, struct tb_keyholder *kh, enum tb_issuer issuer)
{
    char cert_path[TB_CONFIG_PATH_MAX + 65], key_path[TB_CONFIG_PATH_MAX + 65];
    uint8_t *cert = NULL, *key = NULL;
    size_t cert_len = 0, key_len = 0;
    struct tb_problem pb = {0};
    int r;

    tb_config_file(child->cfg, tb_issuer_files(issuer)->issuing, cert_path);
    tb_config_file(child->cfg, tb_issuer_files(issuer)->issuing_key, key_path);
    if ((r = tb_child_read_file(cert_path, PEM_MAX, &cert, &cert_len)) < 0 ||
        (r = tb_child_read_file(key_path, PEM_MAX, &key, &key_len)) < 0)
        goto out;
    r = tb_keyholder_add(kh, issuer, tb_span_of(cert, cert_len), tb_span_of(key, key_len), &pb);
    if (r < 0)
        tb_log(TB_LOG_ERROR, "issuing-ca-unusable", TB_F("certificate", cert_path), TB_F("key", key_path),
               TB_F("reason", pb.type != TB_P_NONE ? pb.detail : tb_err_text(r)));
out:
    tb_problem_clear(&pb);
    tb_free_secret(cert, cert_len);
    tb_free_secret(key, key_len);
    return r;
}

static int keyholder_open(struct tb_child *child)
{
    struct tb_keyholder *kh = calloc(1, sizeof(*kh));
    int r;

    if (kh == NULL)
        return TB_E_NOMEM;
    child->state = kh;
    kh->cfg = child->cfg;
    for (enum tb_issuer i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(kh->cfg, i) && (r = load_issuer(child, kh, i)) < 0)
            return r;
    return tb_serials_new(TB_SERIALS_MAX, &kh->serials);
}

static void keyholder_sandbox(const struct tb_child *child TB_UNUSED, struct tb_sandbox_spec *spec)
{
    spec->network = false;
    spec->num_paths = 0;
}

/* A refusal is logged with the digest of what was refused; either answer goes back. */
static void answer(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_msg_sign_rsp *rsp)
{
    uint8_t buf[sizeof(struct tb_msg_sign_rsp) + 64];
    struct tb_wr wr;
    int r;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_msg_sign_rsp_write(&wr, rsp);
    tb_problem_clear(&rsp->problem);
    if ((r = tb_wr_err(&wr)) == 0)
        r = tb_channel_send(ch, type, id, tb_wr_span(&wr));
    if (r < 0)
        tb_log(TB_LOG_WARN, "answer-not-sent", TB_F("to", "judge"), TB_F("reason", tb_err_text(r)));
}

static void log_refusal(const char *reason, enum tb_issuer issuer, struct tb_span tbs)
{
    char digest_hex[2 * TB_DIGEST_LEN + 1];
    uint8_t digest[TB_DIGEST_LEN];

    tb_sha256(digest, tbs);
    tb_hex_encode(digest_hex, tb_span_of(digest, sizeof(digest)));
    tb_log(TB_LOG_NOTICE, "sign-refused", TB_F("reason", reason), TB_F("issuer", tb_issuer_name(issuer)),
           TB_F("tbs_sha256", digest_hex));
}

static int on_sign_req(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_msg_sign_req req = {0};
    struct tb_msg_sign_rsp rsp;
    const char *reason;
    int r;

    if ((r = tb_msg_sign_req_read(m->body, &req)) < 0)
        return r;
    if (tb_keyholder_sign(child->state, &req, tb_clock_now_s(), &rsp, &reason) < 0)
        log_refusal(reason, req.issuer, req.tbs);
    answer(ch, TB_MSG_SIGN_RSP, m->id, &rsp);
    return 0;
}

static int on_crl_sign_req(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_msg_crl_sign_req req = {0};
    struct tb_msg_sign_rsp rsp;
    const char *reason;
    int r;

    if ((r = tb_msg_crl_sign_req_read(m->body, &req)) < 0)
        return r;
    if (tb_keyholder_sign_crl(child->state, &req, tb_clock_now_s(), &rsp, &reason) < 0)
        log_refusal(reason, req.issuer, req.tbs);
    answer(ch, TB_MSG_CRL_SIGN_RSP, m->id, &rsp);
    return 0;
}

static void keyholder_teardown(struct tb_child *child)
{
    struct tb_keyholder *kh = child->state;

    if (kh == NULL)
        return;
    tb_keyholder_clear(kh);
    free(kh);
    child->state = NULL;
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {
    [TB_MSG_SIGN_REQ] = on_sign_req,
    [TB_MSG_CRL_SIGN_REQ] = on_crl_sign_req,
};

const struct tb_child_role tb_keyholder_role = {
    .role = TB_ROLE_KEYHOLDER,
    .open = keyholder_open,
    .sandbox = keyholder_sandbox,
    .teardown = keyholder_teardown,
    .handlers = handlers,
};
