/* What to do next, also when that is: nothing, and no Tabard. */
#include <openssl/x509_vfy.h>

#include "cli/check/fact.h"
#include "cli/check/result.h"
#include "lib/base/compiler.h"

/* What the suggestions look at. */
struct view {
    const struct tb_check_result *result;
    const struct tb_check_answer *client;
    const struct tb_check_answer *server;
    struct tb_check_fact leaf;
};

static bool is(const struct tb_check_answer *a, enum tb_check_verdict v)
{
    return a->asked && a->measure.verdict == v;
}

static bool lacks_purpose(const struct tb_check_answer *a, int depth_min)
{
    return is(a, TB_CHECK_REFUSED) && a->measure.error == X509_V_ERR_INVALID_PURPOSE && a->measure.depth >= depth_min;
}

static bool has_error(const struct view *v, int error)
{
    return (is(v->client, TB_CHECK_REFUSED) && v->client->measure.error == error) ||
           (is(v->server, TB_CHECK_REFUSED) && v->server->measure.error == error);
}

static bool csr(const struct view *v)
{
    return v->result->in.kind == TB_CHECK_KIND_CSR;
}

static bool incomplete(const struct view *v)
{
    return has_error(v, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT) ||
           has_error(v, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) ||
           has_error(v, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
}

static bool expired(const struct view *v)
{
    return has_error(v, X509_V_ERR_CERT_HAS_EXPIRED);
}

static bool untrusted(const struct view *v)
{
    return has_error(v, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) || has_error(v, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
}

static bool starts_with_ca(const struct view *v)
{
    return v->leaf.ca;
}

static bool wrong_name(const struct view *v)
{
    return has_error(v, X509_V_ERR_HOSTNAME_MISMATCH) || has_error(v, X509_V_ERR_IP_ADDRESS_MISMATCH);
}

static bool server_only(const struct view *v)
{
    return !csr(v) && is(v->server, TB_CHECK_ACCEPTED) && lacks_purpose(v->client, 0) && v->client->measure.depth == 0;
}

static bool client_wanted(const struct view *v)
{
    return !csr(v) && !v->server->asked && lacks_purpose(v->client, 0) && v->client->measure.depth == 0;
}

static bool client_only(const struct view *v)
{
    return !csr(v) && is(v->client, TB_CHECK_ACCEPTED) && lacks_purpose(v->server, 0);
}

static bool server_wanted(const struct view *v)
{
    return !csr(v) && !v->client->asked && lacks_purpose(v->server, 0) && v->server->measure.depth == 0;
}

static bool ca_limited(const struct view *v)
{
    return !csr(v) && (lacks_purpose(v->client, 1) || lacks_purpose(v->server, 1));
}

static bool two_roles(const struct view *v)
{
    return !csr(v) && is(v->client, TB_CHECK_ACCEPTED) && is(v->server, TB_CHECK_ACCEPTED) && v->leaf.has_eku;
}

static bool no_purpose(const struct view *v)
{
    return !csr(v) && !v->leaf.has_eku && (is(v->client, TB_CHECK_ACCEPTED) || is(v->server, TB_CHECK_ACCEPTED));
}

static bool csr_asks_client(const struct view *v)
{
    return csr(v) && v->leaf.purpose[TB_CHECK_CLIENT];
}

static bool csr_without_purpose(const struct view *v)
{
    return csr(v) && !v->leaf.has_eku;
}

static bool csr_without_san(const struct view *v)
{
    return csr(v) && X509_get_ext_by_NID(sk_X509_value(v->result->in.chain, 0), NID_subject_alt_name, -1) < 0;
}

static bool asks_client(const struct view *v)
{
    return v->result->in.asks_client;
}

static bool good(const struct tb_check_answer *a)
{
    return is(a, TB_CHECK_ACCEPTED) && a->strict.sentence[0] == '\0';
}

static bool all_well(const struct view *v)
{
    return !csr(v) && ((good(v->server) && !v->client->asked) || (good(v->client) && !v->server->asked));
}

/* In the order in which they are given; at most TB_CHECK_NEXT_MAX of them. */
static const struct {
    bool (*holds)(const struct view *v);
    const char *text;
} suggestions[] = {
    {starts_with_ca, "The first certificate is that of a CA. Put the leaf first, then the intermediates."},
    {incomplete, "Append the missing intermediate to the file that is sent, or give its root with --anchors."},
    {untrusted, "Give the peer's anchors with --anchors; if they do not hold this root, the peer must be told to trust "
                "it, or the certificate must come from a CA that it trusts."},
    {expired, "Renew what has expired; compare old and new with tabard check --diff OLD NEW before you install it."},
    {wrong_name, "Ask for a certificate with that name as subjectAltName, or connect by a name that it holds."},
    {server_only, "It is a server's certificate. If this host never connects out with it, nothing is to be done and "
                  "you do not need Tabard. tabard check --config FILE... tells whether it is used as client."},
    {server_only, "If it does connect out, get a second certificate with clientAuth from a CA that those peers trust, "
                  "and configure it apart from the server's; public CAs end clientAuth by 15 March 2027."},
    {client_wanted, "Get a second certificate with clientAuth from a CA that the peer trusts and configure it apart "
                    "from the server's. A peer that takes only publicly trusted certificates has to change that first; "
                    "Tabard does not help there."},
    {client_only, "It is a client's certificate; servers need another one with serverAuth. Any public CA issues that; "
                  "you do not need Tabard for it."},
    {server_wanted, "Get a certificate with serverAuth. Any public CA issues that; you do not need Tabard for it."},
    {ca_limited, "A CA above it is limited to another purpose: no certificate that it issues serves this role. Get one "
                 "from an issuing CA made for it; Java and others that look at the leaf alone hide this."},
    {two_roles, "One certificate serves both roles. Public CAs take clientAuth away at a renewal: run tabard check "
                "--diff OLD NEW before each one, and plan two certificates."},
    {no_purpose, "A certificate without extended key usage serves whoever it is shown to; have it reissued with the "
                 "purpose of its role alone."},
    {csr_asks_client, "The request asks for clientAuth. Public CAs refuse or drop it; send it to a private CA, and "
                      "prove the use to it."},
    {csr_without_purpose, "The request names no purpose: the CA will choose one. Check what comes back with tabard "
                          "check before you install it."},
    {csr_without_san, "The request has no subjectAltName. Verifiers read nothing else; add the names there."},
    {asks_client, "The server asks for a client certificate. Check yours with tabard check CHAIN --role client."},
    {all_well, "Nothing is to be done for this role, and you do not need Tabard for it."},
};

void tb_check_suggest(struct tb_check_result *result)
{
    struct view v = {
        .result = result, .client = &result->answer[TB_CHECK_CLIENT], .server = &result->answer[TB_CHECK_SERVER]};

    result->num_next = 0;
    if (sk_X509_num(result->in.chain) <= 0)
        return;
    tb_check_fact_of(sk_X509_value(result->in.chain, 0), &v.leaf);
    for (size_t i = 0; i < TB_ARRAY_LEN(suggestions) && result->num_next < TB_CHECK_NEXT_MAX; i++)
        if (suggestions[i].holds(&v))
            result->next[result->num_next++] = suggestions[i].text;
}
