#include "bench/steps.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "bench/json_strings.h"

#define STATUS_MAX 31

static int say(struct tb_load_flow *f, const char *what, struct tb_span detail)
{
    snprintf(f->why, sizeof(f->why), "%s%.*s", what, (int)(detail.len < 32 ? detail.len : 32), (const char *)detail.p);
    return -1;
}

static int copy(struct tb_span s, char *out, size_t cap)
{
    if (s.len == 0 || s.len >= cap)
        return TB_E_FORMAT;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

/* Strings of an object into fields: the first one of the name at the depth, others are passed over. */
struct want {
    const char *name;
    unsigned depth;
    char *out;
    size_t cap;
};
static int take_strings(struct tb_span body, const struct want *want, size_t num)
{
    struct tb_load_strings all = tb_load_strings_of(body);
    struct tb_load_string s;

    for (size_t i = 0; i < num; i++)
        want[i].out[0] = '\0';
    while (tb_load_strings_next(&all, &s))
        for (size_t i = 0; i < num; i++)
            if (s.depth == want[i].depth && want[i].out[0] == '\0' && tb_span_eq_str(s.name, want[i].name) &&
                copy(s.value, want[i].out, want[i].cap) < 0)
                return -1;
    return all.bad ? -1 : 0;
}
#define FIELD(n, d, field)                                                                                             \
    {                                                                                                                  \
        n, d, field, sizeof(field)                                                                                     \
    }

/* What a state of an object leads to (RFC 8555 section 7.1.6). */
struct turn {
    const char *status;
    enum tb_load_step next;
};
static int turn(struct tb_load_flow *f, const char *status, const struct turn *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(status, table[i].status) == 0)
            return (int)table[i].next;
    return status[0] == '\0' ? -1 : say(f, "status-", tb_span_str(status));
}

/* The same for an object of which only its state matters. */
static int turn_of(struct tb_load_flow *f, const struct tb_load_response *rs, const struct turn *table, size_t n)
{
    char status[STATUS_MAX + 1];
    const struct want want[] = {FIELD("status", 1, status)};

    return take_strings(rs->body, want, TB_ARRAY_LEN(want)) < 0 ? -1 : turn(f, status, table, n);
}

static int take_directory(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    const struct want want[] = {FIELD("newNonce", 1, f->new_nonce), FIELD("newAccount", 1, f->new_account),
                                FIELD("newOrder", 1, f->new_order)};

    if (take_strings(rs->body, want, TB_ARRAY_LEN(want)) < 0 || f->new_nonce[0] == '\0' || f->new_account[0] == '\0' ||
        f->new_order[0] == '\0')
        return -1;
    return TB_LOAD_ACCOUNT;
}

static int take_nonce(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    (void)rs;
    return f->nonce[0] != '\0' ? (int)f->resume : -1;
}

static int put_account(struct tb_load_flow *f, struct tb_wr *out)
{
    (void)f;
    tb_wr_str(out, "{\"termsOfServiceAgreed\":true}");
    return 0;
}

static int take_account(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    if (copy(rs->location, f->kid, sizeof(f->kid)) < 0 || tb_load_jws_set_kid(&f->jws, f->kid) < 0)
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

static int take_order(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const struct turn table[] = {{"pending", TB_LOAD_AUTHZ}, {"ready", TB_LOAD_FINALIZE}};
    char status[STATUS_MAX + 1];
    const struct want want[] = {FIELD("status", 1, status), FIELD("finalize", 1, f->finalize),
                                FIELD("authorizations", 2, f->authz)};

    if (copy(rs->location, f->order, sizeof(f->order)) < 0 || take_strings(rs->body, want, TB_ARRAY_LEN(want)) < 0 ||
        f->finalize[0] == '\0' || f->authz[0] == '\0')
        return -1;
    return turn(f, status, table, TB_ARRAY_LEN(table));
}

/* Members come in any order, so a challenge is known when all its strings have been read. */
struct seen {
    unsigned object;
    struct tb_span type, url, token;
};
static bool is_http01(const struct seen *c)
{
    return tb_span_eq_str(c->type, "http-01") && c->url.len > 0 && c->token.len > 0;
}

static void see(struct seen *c, const struct tb_load_string *s)
{
    if (c->object != s->object)
        *c = (struct seen){.object = s->object};
    if (tb_span_eq_str(s->name, "type"))
        c->type = s->value;
    else if (tb_span_eq_str(s->name, "url"))
        c->url = s->value;
    else if (tb_span_eq_str(s->name, "token"))
        c->token = s->value;
}

static int take_authz(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const struct turn table[] = {{"pending", TB_LOAD_CHALLENGE}, {"valid", TB_LOAD_FINALIZE}};
    struct tb_load_strings all = tb_load_strings_of(rs->body);
    struct tb_load_string s;
    struct seen c = {0};
    struct seen found = {0};
    char status[STATUS_MAX + 1] = "";

    while (tb_load_strings_next(&all, &s)) {
        if (s.depth == 1 && tb_span_eq_str(s.name, "status") && copy(s.value, status, sizeof(status)) < 0)
            return -1;
        if (s.depth != 3)
            continue;
        see(&c, &s);
        if (is_http01(&c))
            found = c;
    }
    if (found.object == 0)
        return say(f, "no-http-01", tb_span_of(NULL, 0));
    if (all.bad || copy(found.url, f->challenge_url, sizeof(f->challenge_url)) < 0 ||
        copy(found.token, f->challenge->token, sizeof(f->challenge->token)) < 0)
        return -1;
    return turn(f, status, table, TB_ARRAY_LEN(table));
}

static int put_empty(struct tb_load_flow *f, struct tb_wr *out)
{
    (void)f;
    tb_wr_str(out, "{}");
    return 0;
}

/* A server that answers when its validation has ended saves a poll. */
static int take_challenge(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const struct turn table[] = {
        {"pending", TB_LOAD_AUTHZ_POLL}, {"processing", TB_LOAD_AUTHZ_POLL}, {"valid", TB_LOAD_FINALIZE}};

    return turn_of(f, rs, table, TB_ARRAY_LEN(table));
}

static int take_authz_poll(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const struct turn table[] = {{"pending", TB_LOAD_AUTHZ_POLL}, {"valid", TB_LOAD_FINALIZE}};

    return turn_of(f, rs, table, TB_ARRAY_LEN(table));
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

static int take_finalized(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const struct turn table[] = {{"processing", TB_LOAD_ORDER_POLL}, {"valid", TB_LOAD_CERTIFICATE}};
    char status[STATUS_MAX + 1];
    const struct want want[] = {FIELD("status", 1, status), FIELD("certificate", 1, f->certificate)};
    int next;

    if (take_strings(rs->body, want, TB_ARRAY_LEN(want)) < 0)
        return -1;
    next = turn(f, status, table, TB_ARRAY_LEN(table));
    if (next == TB_LOAD_CERTIFICATE && f->certificate[0] == '\0')
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

static int take_certificate(struct tb_load_flow *f, const struct tb_load_response *rs)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";

    if (rs->body.len < sizeof(begin) || memcmp(rs->body.p, begin, sizeof(begin) - 1) != 0)
        return say(f, "no-pem", tb_span_of(NULL, 0));
    if (f->check && !is_ours(f, rs->body))
        return say(f, "wrong-certificate", tb_span_of(NULL, 0));
    f->check = false;
    return TB_LOAD_DONE;
}

#define URL(m) offsetof(struct tb_load_flow, m)

static const struct tb_load_step_row table[] = {
    [TB_LOAD_DIRECTORY] = {.name = "directory", .method = "GET", .status = 200, .take = take_directory},
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
    [TB_LOAD_ORDER] =
        {.name = "newOrder", .url = URL(new_order), .status = 201, .payload = put_order, .take = take_order},
    [TB_LOAD_AUTHZ] = {.name = "authorization", .url = URL(authz), .status = 200, .take = take_authz},
    [TB_LOAD_CHALLENGE] =
        {.name = "challenge", .url = URL(challenge_url), .status = 200, .payload = put_empty, .take = take_challenge},
    [TB_LOAD_AUTHZ_POLL] =
        {.name = "authorization-poll", .url = URL(authz), .poll = true, .status = 200, .take = take_authz_poll},
    [TB_LOAD_FINALIZE] =
        {.name = "finalize", .url = URL(finalize), .status = 200, .payload = put_finalize, .take = take_finalized},
    [TB_LOAD_ORDER_POLL] =
        {.name = "order-poll", .url = URL(order), .poll = true, .status = 200, .take = take_finalized},
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
