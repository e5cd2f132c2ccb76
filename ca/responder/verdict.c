/* The verdict on a connection whose handshake is done: who came from where, with which key, for what. */
#include <openssl/x509.h>
#include <string.h>

#include "ca/responder/connection.h"
#include "ca/responder/responder.h"
#include "lib/base/hash.h"
#include "lib/pki/use_cert.h"

#define LOW_PORTS_END 1024

/* What a refusal says: a word to the client, a sentence to the challenge. */
struct refusal {
    const char *word;
    struct tb_problem problem;
};

/* The word chooses the type of the problem. */
static int refuse(struct refusal *out, int err, const char *word, const char *text)
{
    static const struct {
        const char *word;
        enum tb_problem_type type;
    } types[] = {
        {"certificate", TB_P_INCORRECT_RESPONSE}, {"digest", TB_P_INCORRECT_RESPONSE}, {"key", TB_P_BAD_PUBLIC_KEY},
        {"address", TB_P_UNAUTHORIZED},           {"port", TB_P_UNAUTHORIZED},         {"busy", TB_P_RATE_LIMITED},
        {"internal", TB_P_SERVER_INTERNAL}};
    enum tb_problem_type type = TB_P_SERVER_INTERNAL;

    for (size_t i = 0; i < TB_ARRAY_LEN(types); i++)
        if (strcmp(types[i].word, word) == 0)
            type = types[i].type;
    out->word = word;
    return tb_problem_set(&out->problem, err, type, "%s", text);
}

static int check_address(const struct tb_connection *c, const struct tb_window *w, const char *seen,
                         struct tb_use_seen *out, struct refusal *no)
{
    char text[TB_PROBLEM_DETAIL_MAX + 1], expected[TB_SOURCES_TEXT_MAX + 1];

    out->peer = c->peer;
    out->prefix = tb_sources_match(&w->sources, &c->peer);
    if (out->prefix > 0)
        return 0;
    tb_sources_text(expected, &w->sources);
    (void)snprintf(text, sizeof(text), "the connection came from %s; expected for %.253s: %s (%s)", seen,
                   w->req.spec.ident.value, expected,
                   w->sources.declared                      ? "declared at _acme-egress"
                   : w->req.spec.ident.type == TB_IDENT_DNS ? "its A and AAAA records"
                                                            : "the identifier itself");
    return refuse(no, TB_E_DENIED, "address", text);
}

static int check_port(const struct tb_connection *c, const struct tb_window *w, const char *seen, struct refusal *no)
{
    char text[TB_PROBLEM_DETAIL_MAX + 1];

    if (!w->sources.zone->low_source_port || c->port < LOW_PORTS_END)
        return 0;
    (void)snprintf(text, sizeof(text), "the connection came from port %u of %s; expected one below %d", c->port, seen,
                   LOW_PORTS_END);
    return refuse(no, TB_E_DENIED, "port", text);
}

static const char *cert_err_text(int err)
{
    switch (err) {
    case TB_E_DUP:
        return "is not the only one";
    case TB_E_LIMIT:
        return "is longer than 4096 octets";
    case TB_E_NOTFOUND:
        return "is missing";
    default:
        return "is not a certificate message of TLS 1.3";
    }
}
_Static_assert(TB_TLS_CLIENT_CERT_MAX == 4096, "the sentence says so");

/* The handshake's signature was verified with the key as OpenSSL reads it: that must be the key that we read. */
static bool same_key(const struct tb_connection *c, const struct tb_spki *key)
{
    X509 *cert = SSL_get0_peer_certificate(c->ssl);
    EVP_PKEY *pkey = cert != NULL ? X509_get0_pubkey(cert) : NULL;
    uint8_t digest[TB_DIGEST_LEN];
    uint8_t *der = NULL;
    int len = pkey != NULL ? i2d_PUBKEY(pkey, &der) : 0;
    bool same;

    if (len <= 0)
        return false;
    tb_sha256(digest, tb_span_of(der, (size_t)len));
    same = tb_span_eq(tb_span_of(der, (size_t)len), key->der) && memcmp(digest, key->digest, sizeof(digest)) == 0;
    OPENSSL_free(der);
    return same;
}

static int check_certificate(const struct tb_connection *c, const struct tb_window *w, const char *seen,
                             struct tb_spki *out_key, struct refusal *no)
{
    const char *word = TB_USE_CERT_REASON_CERTIFICATE, *why = cert_err_text(c->cert_err);
    char text[TB_PROBLEM_DETAIL_MAX + 1];
    int r = c->cert_err;

    if (r == 0)
        r = tb_use_cert_check(tb_span_of(c->cert, c->cert_len), &w->req.spec.ident, w->digest, out_key, &word, &why);
    if (r == 0 && !same_key(c, out_key)) {
        r = TB_E_DENIED;
        word = TB_USE_CERT_REASON_CERTIFICATE;
        why = "has another key than the one that the handshake was made with";
    }
    if (r == 0)
        return 0;
    (void)snprintf(text, sizeof(text), "the certificate that was shown from %s %s (doc/tls-client-01.md section 4.3)",
                   seen, why);
    return refuse(no, r, word, text);
}

static int judge(struct tb_connection *c, struct tb_window *w, const char *seen, struct refusal *no)
{
    struct tb_use_seen use = {.prefix = 0};
    struct tb_spki key;
    int r;

    if (c->busy)
        return refuse(no, TB_E_LIMIT, "busy", "too many connections were made for this proof; try a new challenge");
    if ((r = check_address(c, w, seen, &use, no)) < 0 || (r = check_port(c, w, seen, no)) < 0 ||
        (r = check_certificate(c, w, seen, &key, no)) < 0)
        return r;
    use.spki_digest = key.digest;
    if ((r = tb_responder_send_statement(c->rp, w, &use)) < 0)
        return refuse(no, r, "internal", "the statement could not be made or told");
    return 0;
}

static void write_line(struct tb_connection *c, const char *seen, const char *word)
{
    struct tb_tls_client_line line = {.ok = word == NULL};
    struct tb_wr wr;

    (void)snprintf(line.reason, sizeof(line.reason), "%s", word != NULL ? word : "");
    (void)snprintf(line.address, sizeof(line.address), "%s", seen);
    tb_wr_fixed(&wr, c->line, sizeof(c->line));
    tb_tls_client_line_write(&wr, &line);
    c->line_len = wr.len;
}
_Static_assert(TB_ADDRESS_TEXT_MAX <= TB_TLS_CLIENT_ADDRESS_MAX + 1, "an address fits the line");

bool tb_connection_judge(struct tb_connection *c)
{
    struct tb_window *w = tb_window_find(c->rp, c->tag);
    struct refusal no = {.word = NULL};
    char seen[TB_ADDRESS_TEXT_MAX];

    if (w == NULL)
        return false;
    tb_address_text(seen, &c->peer);
    if (judge(c, w, seen, &no) == 0) {
        tb_window_proved(w);
    } else {
        c->rp->stat[TB_RSTAT_REFUSED]++;
        tb_window_refuse(w, &no.problem);
    }
    write_line(c, seen, no.word);
    return true;
}
