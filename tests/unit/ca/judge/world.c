#include "tests/unit/ca/judge/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/b64u.h"
#include "lib/jose/sign.h"

tb_time_t w_time = INT64_C(1800000000);

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = NULL;

    assert_int_equal(tb_key_generate(TB_CURVE_P256, &key), 0);
    return key;
}

void w_spki(EVP_PKEY *key, uint8_t out[static TB_DIGEST_LEN])
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);

    assert_true(n > 0);
    tb_sha256(out, tb_span_of(der, (size_t)n));
    OPENSSL_free(der);
}

static void keep_text(struct tb_wr *wr, char out[static W_PEM_MAX])
{
    assert_int_equal(tb_wr_err(wr), 0);
    assert_true(wr->len < W_PEM_MAX);
    memcpy(out, wr->buf, wr->len);
    out[wr->len] = '\0';
    tb_wr_clear(wr);
}

static void make_ca(struct world *w, enum tb_issuer issuer)
{
    EVP_PKEY *root_key = new_key();
    struct tb_wr root, pem, key;

    tb_wr_init(&root, W_PEM_MAX);
    tb_wr_init(&pem, W_PEM_MAX);
    tb_wr_init(&key, W_PEM_MAX);
    w->ca_key[issuer] = new_key();
    assert_int_equal(tb_root_make(&root, root_key, "Root", W_NOW - 7200, W_NOW + 2 * W_CA_LIFE_S), 0);
    assert_int_equal(tb_issuing_make(&pem, w->ca_key[issuer], "Issuing", issuer, tb_wr_span(&root), root_key,
                                     W_NOW - 7200, W_NOW + W_CA_LIFE_S),
                     0);
    assert_int_equal(tb_key_write_pem(&key, w->ca_key[issuer], NULL), 0);
    keep_text(&pem, w->ca_pem[issuer]);
    keep_text(&key, w->ca_key_pem[issuer]);
    assert_int_equal(tb_cacert_read(tb_span_str(w->ca_pem[issuer]), &w->s->ca[issuer], NULL), 0);
    w->s->has_ca[issuer] = true;
    memcpy(w->s->foreign[w->s->num_foreign++], w->s->ca[issuer].spki_digest, TB_DIGEST_LEN);
    tb_wr_clear(&root);
    EVP_PKEY_free(root_key);
}

static void account(EVP_PKEY *key, char url[static TB_ACCOUNT_URL_MAX + 1], uint8_t thumbprint[static TB_DIGEST_LEN])
{
    struct tb_wr json;

    tb_wr_init(&json, TB_JWK_JSON_MAX);
    assert_int_equal(tb_jwk_of_pkey(key, &json, thumbprint), 0);
    tb_account_url(url, W_BASE, thumbprint);
    tb_wr_clear(&json);
}

static struct tb_profile *profile(struct world *w, const char *name, enum tb_issuer issuer, bool offered)
{
    struct tb_profile *p = &w->cfg->profiles[w->cfg->num_profiles++];

    strcpy(p->name, name);
    strcpy(p->version, "2026-01");
    p->issuer = issuer;
    p->purposes = tb_issuer_purposes(issuer);
    p->control_methods = TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01);
    p->ident_dns = p->ident_wildcard = p->ident_ip = true;
    p->lifetime_s = 45 * 86400;
    p->backdate_s = 3600;
    p->control_age_s = 7 * 86400;
    p->caa_age_s = 8 * 3600;
    p->names_max = TB_IDENT_NUM_MAX;
    p->offered = offered;
    if (issuer != TB_ISSUER_SERVER) {
        p->use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
        p->use_age_s = 86400;
    }
    return p;
}

static void make_config(struct world *w)
{
    w->cfg = calloc(1, sizeof(*w->cfg));
    assert_non_null(w->cfg);
    strcpy(w->cfg->base_url, W_BASE);
    strcpy(w->cfg->name, "ca.example");
    memset(w->cfg->ca_id, 0xca, TB_CA_ID_LEN);
    memset(w->cfg->policy_digest, 0x90, TB_DIGEST_LEN);
    w->cfg->signer = 1;
    w->cfg->lifetime_max =
        (struct tb_lifetimes){.server_s = 100 * 86400, .client_s = 100 * 86400, .peer_s = 100 * 86400};
    w->cfg->perspective = 1;
    w->server = profile(w, "server", TB_ISSUER_SERVER, true);
    w->shortlived = profile(w, "shortlived", TB_ISSUER_SERVER, true);
    w->client = profile(w, "client", TB_ISSUER_CLIENT, true);
    w->hidden = profile(w, "hidden", TB_ISSUER_SERVER, false);
    w->preproved = profile(w, "client-preproved", TB_ISSUER_CLIENT, true);
    w->preproved->preproved = true;
    w->peer = profile(w, "peer", TB_ISSUER_PEER, true);
}

struct world *w_new(void)
{
    struct world *w = calloc(1, sizeof(*w));
    struct tb_statement_key *k;

    assert_non_null(w);
    make_config(w);
    w->s = calloc(1, sizeof(*w->s));
    assert_non_null(w->s);
    assert_int_equal(tb_judge_state_init(w->s, w->cfg, 3), 0);
    make_ca(w, TB_ISSUER_SERVER);
    make_ca(w, TB_ISSUER_CLIENT);
    make_ca(w, TB_ISSUER_PEER);
    w->account = new_key();
    w->other_account = new_key();
    w->subject = new_key();
    w->other_subject = new_key();
    account(w->account, w->account_url, w->thumbprint);
    account(w->other_account, w->other_account_url, w->other_thumbprint);
    tb_random(&w->key, sizeof(w->key));
    tb_random(&w->foreign_key, sizeof(w->foreign_key));
    k = &w->s->keys[w->s->num_keys++];
    *k = (struct tb_statement_key){.perspective = 1,
                                   .key = w->key,
                                   .kinds = TB_PROOF_KIND_BIT(TB_PROOF_CONTROL) | TB_PROOF_KIND_BIT(TB_PROOF_USE) |
                                            TB_PROOF_KIND_BIT(TB_PROOF_CAA),
                                   .methods = ~(tb_methods_t)0,
                                   .zones = {""},
                                   .num_zones = 1};

    w->now = W_NOW;
    w->ref = (struct tb_finalize_ref){
        .profile = "server", .version = "2026-01", .signer = 1, .epoch = 3, .order = (tb_order_no_t)W_NOW << 24 | 7};
    w->base = W_BASE;
    w->kid = w->account_url;
    w->signer = w->jwk = w->account;
    tb_wr_init(&w->jws, 4 * TB_JWS_BODY_MAX);
    w_name(w, "DNS:a.example");
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_caa(w, "a.example");
    return w;
}

void w_free(struct world *w)
{
    tb_judge_state_clear(w->s);
    free(w->s);
    free(w->cfg);
    EVP_PKEY_free(w->account);
    EVP_PKEY_free(w->other_account);
    EVP_PKEY_free(w->subject);
    EVP_PKEY_free(w->other_subject);
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++)
        EVP_PKEY_free(w->ca_key[i]);
    tb_wr_clear(&w->jws);
    free(w);
}

static struct tb_statement *statement(struct world *w, const char *name, enum tb_proof_kind kind)
{
    struct w_statement *st = &w->st[w->num_st++];
    bool ip = name[strspn(name, "0123456789.:")] == '\0';

    assert_true(w->num_st <= W_STATEMENTS);
    memset(st, 0, sizeof(*st));
    st->key = &w->key;
    st->s.audience = w->s->audience;
    st->s.perspective = 1;
    st->s.kind = kind;
    st->s.made_at = W_NOW - 60;
    assert_int_equal(tb_ident_parse(ip ? TB_IDENT_IP : TB_IDENT_DNS, tb_span_str(name), &st->s.ident, NULL), 0);
    return &st->s;
}

static struct tb_statement *bound(struct world *w, struct tb_statement *s, enum tb_purpose purpose,
                                  enum tb_method method)
{
    s->purpose = purpose;
    s->method = method;
    strcpy(s->account_url, w->account_url);
    memcpy(s->thumbprint, w->thumbprint, TB_DIGEST_LEN);
    memset(s->token_digest, 0x70, TB_DIGEST_LEN);
    return s;
}

struct tb_statement *w_control(struct world *w, const char *name, enum tb_purpose purpose, enum tb_method method)
{
    return bound(w, statement(w, name, TB_PROOF_CONTROL), purpose, method);
}

struct tb_statement *w_use(struct world *w, const char *name)
{
    struct tb_statement *s =
        bound(w, statement(w, name, TB_PROOF_USE), TB_PURPOSE_CLIENT_AUTH, TB_METHOD_TLS_CLIENT_01);

    w_spki(w->subject, s->spki_digest);
    s->egress_kind = 1;
    s->peer_addr[15] = 1;
    return s;
}

struct tb_statement *w_caa(struct world *w, const char *name)
{
    struct tb_statement *s = statement(w, name, TB_PROOF_CAA);

    s->caa.unrestricted = true;
    return s;
}

void w_policy(struct world *w)
{
    char why[TB_CONFIG_WHY_MAX + 1];

    tb_policy_free(w->s->policy);
    assert_int_equal(tb_policy_new(w->cfg, &w->s->policy, why), 0);
}

void w_name(struct world *w, const char *san)
{
    assert_true(w->csr.num_names < TB_ARRAY_LEN(w->csr.names));
    w->csr.names[w->csr.num_names++] = san;
}

static void push_ext(STACK_OF(X509_EXTENSION) * exts, const char *name, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    ext = X509V3_EXT_conf(NULL, &ctx, name, value);
    assert_non_null(ext);
    assert_true(sk_X509_EXTENSION_push(exts, ext) > 0);
}

static size_t make_csr(struct world *w, uint8_t out[static W_CSR_MAX])
{
    EVP_PKEY *key = w->csr.key != NULL ? w->csr.key : w->subject;
    STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
    X509_REQ *req = X509_REQ_new();
    char san[4096] = "";
    unsigned char *p = out;
    int n;

    for (size_t i = 0; i < w->csr.num_names; i++) {
        strcat(san, i > 0 ? "," : "");
        strcat(san, w->csr.names[i]);
    }
    if (san[0] != '\0')
        push_ext(exts, "subjectAltName", san);
    for (size_t i = 0; i < 4 && w->csr.extra_ext[i][0] != NULL; i++)
        push_ext(exts, w->csr.extra_ext[i][0], w->csr.extra_ext[i][1]);
    if (w->csr.cn != NULL)
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_ASC, (const unsigned char *)w->csr.cn,
                                   -1, -1, 0);
    X509_REQ_set_version(req, 0);
    X509_REQ_set_pubkey(req, key);
    if (sk_X509_EXTENSION_num(exts) > 0)
        X509_REQ_add_extensions(req, exts);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    n = i2d_X509_REQ(req, NULL);
    assert_true(n > 0 && n <= W_CSR_MAX);
    i2d_X509_REQ(req, &p);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    X509_REQ_free(req);
    return (size_t)n;
}

static void make_jws(struct world *w)
{
    static char text[TB_B64U_LEN(W_CSR_MAX) + 1], payload[sizeof(text) + 32];
    char url[TB_FINALIZE_URL_MAX + 1];
    uint8_t der[W_CSR_MAX];
    struct tb_jws_fields fields = {.nonce = "bm9uY2U", .kid = w->kid};

    tb_finalize_url(url, w->base, &w->ref);
    fields.url = w->url != NULL ? w->url : url;
    if (w->payload == NULL) {
        tb_b64u_encode(text, tb_span_of(der, make_csr(w, der)));
        snprintf(payload, sizeof(payload), "{\"csr\":\"%s\"}", text);
    }
    tb_wr_reset(&w->jws);
    assert_int_equal(tb_jws_sign(&w->jws, w->signer, &fields, tb_span_str(w->payload != NULL ? w->payload : payload)),
                     0);
}

void w_request(struct world *w, struct tb_wr *out)
{
    struct tb_span blob[W_STATEMENTS];
    struct tb_wr mem[W_STATEMENTS], jwk;
    struct tb_msg_finalize_req req = {.account_statement = w->account_statement, .statement = blob};

    if (!w->resend)
        make_jws(w);
    tb_wr_init(&jwk, TB_JWK_JSON_MAX);
    assert_int_equal(tb_jwk_of_pkey(w->jwk, &jwk, NULL), 0);
    for (size_t i = 0; i < w->num_st; i++) {
        tb_wr_init(&mem[i], TB_STATEMENT_MAX);
        assert_int_equal(tb_statement_write(&mem[i], &w->st[i].s, w->st[i].key), 0);
        blob[i] = tb_wr_span(&mem[i]);
    }
    req.jws = tb_wr_span(&w->jws);
    req.account_jwk = tb_wr_span(&jwk);
    req.num_statements = w->num_st;
    tb_msg_finalize_req_write(out, &req);
    assert_int_equal(tb_wr_err(out), 0);
    for (size_t i = 0; i < w->num_st; i++)
        tb_wr_clear(&mem[i]);
    tb_wr_clear(&jwk);
}

void w_decide(struct world *w, struct tb_decision *d)
{
    struct tb_msg_finalize_req req;
    struct tb_wr body;

    tb_wr_init(&body, 1u << 20);
    w_request(w, &body);
    assert_int_equal(tb_msg_finalize_req_read(tb_wr_span(&body), &req), 0);
    tb_judge_decide(w->s, &req, w->now, d);
    tb_msg_finalize_req_clear(&req);
    tb_wr_clear(&body);
}

void w_refused(struct world *w, const char *reason)
{
    struct tb_decision d;

    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_REFUSE);
    assert_non_null(d.reason);
    assert_string_equal(d.reason, reason);
    assert_int_not_equal(d.problem.type, TB_P_NONE);
    assert_true(d.problem.detail[0] != '\0' || d.problem.num_sub > 0);
    tb_decision_clear(&d);
}

void w_signed(struct world *w)
{
    struct tb_decision d;

    w_decide(w, &d);
    if (d.verdict != TB_VERDICT_SIGN)
        print_error("refused: %s: %s\n", d.reason, d.problem.detail);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.problem.type, TB_P_NONE);
    tb_decision_clear(&d);
}

int w_constrained_ca(struct world *w, const char *constraints, uint8_t **out)
{
    const struct tb_cacert *ca = &w->s->ca[TB_ISSUER_SERVER];
    const unsigned char *p = ca->der;
    X509 *x = d2i_X509(NULL, &p, (long)ca->der_len);
    char text[128];
    X509_EXTENSION *ext;
    int len;

    snprintf(text, sizeof(text), "critical,%s", constraints);
    ext = X509V3_EXT_conf_nid(NULL, NULL, NID_name_constraints, text);
    assert_non_null(x);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(x, ext, -1), 1);
    assert_true(X509_sign(x, w->ca_key[TB_ISSUER_SERVER], EVP_sha256()) > 0);
    *out = NULL;
    len = i2d_X509(x, out);
    assert_true(len > 0);
    X509_EXTENSION_free(ext);
    X509_free(x);
    return len;
}
