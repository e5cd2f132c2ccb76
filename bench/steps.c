#include "bench/steps.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static int say(struct tb_load_flow *f, const char *what, struct tb_span detail)
{
    snprintf(f->why, sizeof(f->why), "%s%.*s", what, (int)(detail.len < 32 ? detail.len : 32), (const char *)detail.p);
    return -1;
}

/* A string member into a field of the flow. */
static int copy(const json_t *doc, const char *member, char *out, size_t cap)
{
    struct tb_span s;
    int r = tb_json_str(doc, member, cap - 1, &s);

    if (r < 0)
        return r;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static int copy_location(const struct tb_load_response *rs, char *out, size_t cap)
{
    if (rs->location.len == 0 || rs->location.len >= cap)
        return TB_E_FORMAT;
    memcpy(out, rs->location.p, rs->location.len);
    out[rs->location.len] = '\0';
    return 0;
}

/* What a state of an object leads to (RFC 8555 section 7.1.6). */
struct turn {
    const char *status;
    enum tb_load_step next;
};
static int turn(struct tb_load_flow *f, const json_t *doc, const struct turn *table, size_t n)
{
    struct tb_span status;

    if (tb_json_str(doc, "status", 32, &status) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (tb_span_eq_str(status, table[i].status))
            return (int)table[i].next;
    return say(f, "status-", status);
}

static int take_directory(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    (void)rs;
    if (copy(doc, "newNonce", f->new_nonce, sizeof(f->new_nonce)) < 0 ||
        copy(doc, "newAccount", f->new_account, sizeof(f->new_account)) < 0 ||
        copy(doc, "newOrder", f->new_order, sizeof(f->new_order)) < 0)
        return -1;
    return TB_LOAD_ACCOUNT;
}

static int take_nonce(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    (void)rs;
    (void)doc;
    return f->nonce[0] != '\0' ? (int)f->resume : -1;
}

static int put_account(struct tb_load_flow *f, struct tb_wr *out)
{
    (void)f;
    tb_wr_str(out, "{\"termsOfServiceAgreed\":true}");
    return 0;
}

static int take_account(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    (void)doc;
    if (copy_location(rs, f->kid, sizeof(f->kid)) < 0 || tb_load_jws_set_kid(&f->jws, f->kid) < 0)
        return -1;
    return TB_LOAD_DONE;
}

static int put_order(struct tb_load_flow *f, struct tb_wr *out)
{
    struct tb_jw jw = tb_jw_of(out);

    tb_jw_obj(&jw);
    tb_jw_key(&jw, "identifiers");
    tb_jw_arr(&jw);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "type", "dns");
    tb_jw_kv(&jw, "value", f->name);
    tb_jw_end_obj(&jw);
    tb_jw_end_arr(&jw);
    if (f->opt->profile != NULL)
        tb_jw_kv(&jw, "profile", f->opt->profile);
    tb_jw_end_obj(&jw);
    return 0;
}

static int take_order(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const struct turn table[] = {{"pending", TB_LOAD_AUTHZ}, {"ready", TB_LOAD_FINALIZE}};
    const char *authz = json_string_value(json_array_get(json_object_get(doc, "authorizations"), 0));

    if (copy_location(rs, f->order, sizeof(f->order)) < 0 || authz == NULL || strlen(authz) >= sizeof(f->authz) ||
        copy(doc, "finalize", f->finalize, sizeof(f->finalize)) < 0)
        return -1;
    snprintf(f->authz, sizeof(f->authz), "%s", authz);
    return turn(f, doc, table, TB_ARRAY_LEN(table));
}

static int take_authz(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const struct turn table[] = {{"pending", TB_LOAD_CHALLENGE}, {"valid", TB_LOAD_FINALIZE}};
    const json_t *list = json_object_get(doc, "challenges");

    (void)rs;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        struct tb_span type;

        if (tb_json_str(c, "type", TB_LOAD_TEXT_MAX, &type) < 0 || !tb_span_eq_str(type, "http-01"))
            continue;
        if (copy(c, "url", f->challenge_url, sizeof(f->challenge_url)) < 0 ||
            copy(c, "token", f->challenge->token, sizeof(f->challenge->token)) < 0)
            return -1;
        return turn(f, doc, table, TB_ARRAY_LEN(table));
    }
    return say(f, "no-http-01", tb_span_of(NULL, 0));
}

static int put_empty(struct tb_load_flow *f, struct tb_wr *out)
{
    (void)f;
    tb_wr_str(out, "{}");
    return 0;
}

/* A server that answers when its validation has ended saves a poll. */
static int take_challenge(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const struct turn table[] = {
        {"pending", TB_LOAD_AUTHZ_POLL}, {"processing", TB_LOAD_AUTHZ_POLL}, {"valid", TB_LOAD_FINALIZE}};

    (void)rs;
    return turn(f, doc, table, TB_ARRAY_LEN(table));
}

static int take_authz_poll(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const struct turn table[] = {{"pending", TB_LOAD_AUTHZ_POLL}, {"valid", TB_LOAD_FINALIZE}};

    (void)rs;
    return turn(f, doc, table, TB_ARRAY_LEN(table));
}

static int put_finalize(struct tb_load_flow *f, struct tb_wr *out)
{
    char b64[TB_B64U_LEN(TB_LOAD_CSR_MAX) + 1];
    uint8_t der[TB_LOAD_CSR_MAX];
    struct tb_wr csr;
    struct tb_jw jw = tb_jw_of(out);
    int r;

    tb_wr_fixed(&csr, der, sizeof(der));
    if ((r = tb_load_csr_make(&csr, f->cert_key, f->name)) < 0)
        return r;
    tb_b64u_encode(b64, tb_wr_span(&csr));
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "csr", b64);
    tb_jw_end_obj(&jw);
    return 0;
}

static int take_finalized(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const struct turn table[] = {{"processing", TB_LOAD_ORDER_POLL}, {"valid", TB_LOAD_CERTIFICATE}};
    int next = turn(f, doc, table, TB_ARRAY_LEN(table));

    (void)rs;
    if (next == TB_LOAD_CERTIFICATE && copy(doc, "certificate", f->certificate, sizeof(f->certificate)) < 0)
        return say(f, "no-certificate-url", tb_span_of(NULL, 0));
    return next;
}

/* The leaf comes first (RFC 8555 section 7.4.2) and must certify our key and name. */
static bool is_ours(const struct tb_load_flow *f, struct tb_span pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    X509 *leaf = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool ok = leaf != NULL && EVP_PKEY_eq(X509_get0_pubkey(leaf), f->cert_key->key) == 1 &&
              X509_check_host(leaf, f->name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;

    X509_free(leaf);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

static int take_certificate(struct tb_load_flow *f, const struct tb_load_response *rs, const json_t *doc)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";

    (void)doc;
    if (rs->body.len < sizeof(begin) || memcmp(rs->body.p, begin, sizeof(begin) - 1) != 0)
        return say(f, "no-pem", tb_span_of(NULL, 0));
    if (f->check && !is_ours(f, rs->body))
        return say(f, "wrong-certificate", tb_span_of(NULL, 0));
    f->check = false;
    return TB_LOAD_DONE;
}

#define URL(m) offsetof(struct tb_load_flow, m)

static const struct tb_load_step_row table[] = {
    [TB_LOAD_DIRECTORY] = {.name = "directory", .method = "GET", .json = true, .status = 200, .take = take_directory},
    [TB_LOAD_NONCE] = {.name = "newNonce",
                       .method = "HEAD",
                       .url = URL(new_nonce),
                       .status = 200,
                       .status_too = 204,
                       .take = take_nonce},
    [TB_LOAD_ACCOUNT] = {.name = "newAccount",
                         .url = URL(new_account),
                         .with_jwk = true,
                         .status = 201,
                         .status_too = 200,
                         .payload = put_account,
                         .take = take_account},
    [TB_LOAD_ORDER] = {.name = "newOrder",
                       .url = URL(new_order),
                       .json = true,
                       .status = 201,
                       .payload = put_order,
                       .take = take_order},
    [TB_LOAD_AUTHZ] = {.name = "authorization", .url = URL(authz), .json = true, .status = 200, .take = take_authz},
    [TB_LOAD_CHALLENGE] = {.name = "challenge",
                           .url = URL(challenge_url),
                           .json = true,
                           .status = 200,
                           .payload = put_empty,
                           .take = take_challenge},
    [TB_LOAD_AUTHZ_POLL] = {.name = "authorization-poll",
                            .url = URL(authz),
                            .json = true,
                            .poll = true,
                            .status = 200,
                            .take = take_authz_poll},
    [TB_LOAD_FINALIZE] = {.name = "finalize",
                          .url = URL(finalize),
                          .json = true,
                          .status = 200,
                          .payload = put_finalize,
                          .take = take_finalized},
    [TB_LOAD_ORDER_POLL] =
        {.name = "order-poll", .url = URL(order), .json = true, .poll = true, .status = 200, .take = take_finalized},
    [TB_LOAD_CERTIFICATE] = {.name = "certificate", .url = URL(certificate), .status = 200, .take = take_certificate},
};
_Static_assert(TB_ARRAY_LEN(table) == TB_LOAD_STEP__COUNT, "each step has a row");
_Static_assert(TB_LOAD_STEP__COUNT <= TB_LOAD_KINDS_MAX, "each step is timed");

const struct tb_load_step_row *tb_load_step_row(enum tb_load_step step)
{
    return &table[step];
}

const char *tb_load_step_name(enum tb_load_step step)
{
    return table[step].name;
}

bool tb_load_step_is_poll(enum tb_load_step step)
{
    return step != TB_LOAD_DONE && table[step].poll;
}
