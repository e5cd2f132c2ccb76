#include "cli/check/explain.h"

#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "cli/check/fact.h"
#include "lib/base/compiler.h"

/* What a detail is made of. */
struct circumstance {
    X509 *at;
    int depth;
    enum tb_check_role role;
    const struct tb_check_peer *peer;
};

typedef void detail_fn(const struct circumstance *c, char *out, size_t size);

static void purpose(const struct circumstance *c, char *out, size_t size)
{
    struct tb_check_fact fact;

    tb_check_fact_of(c->at, &fact);
    if (fact.has_eku && !fact.purpose[c->role])
        snprintf(out, size, "its extended key usage is %s and lacks %s", fact.eku, tb_check_purpose_text(c->role));
    else if (c->depth > 0 && !fact.ca)
        snprintf(out, size, "it is no CA");
    else if (c->depth == 0 && fact.has_ku && !fact.sign)
        snprintf(out, size, "its key usage lacks digitalSignature");
}

static void expired(const struct circumstance *c, char *out, size_t size)
{
    char when[32];

    tb_check_time_text(X509_get0_notAfter(c->at), when);
    snprintf(out, size, "it was valid until %s", when);
}

static void not_yet(const struct circumstance *c, char *out, size_t size)
{
    char when[32];

    tb_check_time_text(X509_get0_notBefore(c->at), when);
    snprintf(out, size, "it is valid from %s", when);
}

static void no_issuer(const struct circumstance *c, char *out, size_t size)
{
    char issuer[TB_CHECK_TEXT_MAX + 1];

    tb_check_name_text(X509_get_issuer_name(c->at), issuer);
    snprintf(out, size, "its issuer \"%s\" is neither sent along nor among the anchors", issuer);
}

static void self_signed(const struct circumstance *c, char *out, size_t size)
{
    snprintf(out, size, "it is its own issuer%s and not among the anchors", c->depth > 0 ? ", a root," : "");
}

static void name_mismatch(const struct circumstance *c, char *out, size_t size)
{
    char san[TB_CHECK_LINE_MAX + 1];

    tb_check_san_text(c->at, san);
    snprintf(out, size, "its names are %.800s; \"%s\" was asked for", san, c->peer->name != NULL ? c->peer->name : "");
}

static void key(const struct circumstance *c, char *out, size_t size)
{
    char text[64];

    tb_check_key_text(X509_get0_pubkey(c->at), text);
    snprintf(out, size, "its key is %s", text);
}

static void signature(const struct circumstance *c, char *out, size_t size)
{
    int nid = X509_get_signature_nid(c->at);

    snprintf(out, size, "its signature is %s", nid != NID_undef ? OBJ_nid2ln(nid) : "of an unknown kind");
}

static const struct {
    int error;
    const char *rfc;
    detail_fn *detail;
} faults[] = {
    {X509_V_ERR_INVALID_PURPOSE, "RFC 5280 section 4.2.1.12", purpose},
    {X509_V_ERR_CERT_HAS_EXPIRED, "RFC 5280 section 6.1.3", expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, "RFC 5280 section 6.1.3", not_yet},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "RFC 5280 section 6.1", no_issuer},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "RFC 5280 section 6.1", no_issuer},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "RFC 5280 section 6.1", no_issuer},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "RFC 5280 section 6.1", self_signed},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "RFC 5280 section 6.1", self_signed},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "RFC 5280 section 6.1.3", NULL},
    {X509_V_ERR_INVALID_CA, "RFC 5280 section 4.2.1.9", NULL},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "RFC 5280 section 4.2.1.9", NULL},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "RFC 5280 section 4.2.1.3", NULL},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "RFC 5280 section 4.2", NULL},
    {X509_V_ERR_PERMITTED_VIOLATION, "RFC 5280 section 4.2.1.10", NULL},
    {X509_V_ERR_EXCLUDED_VIOLATION, "RFC 5280 section 4.2.1.10", NULL},
    {X509_V_ERR_HOSTNAME_MISMATCH, "RFC 9525 section 6", name_mismatch},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "RFC 9525 section 6", name_mismatch},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "", key},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "", key},
    {X509_V_ERR_CA_MD_TOO_WEAK, "", signature},
};

static size_t fault_of(int error)
{
    size_t i = 0;

    while (i < TB_ARRAY_LEN(faults) && faults[i].error != error)
        i++;
    return i;
}

static bool is_anchor(X509 *cert, const struct tb_check_peer *peer, const struct tb_check_measure *m)
{
    for (int i = 0; i < sk_X509_num(peer->anchors); i++)
        if (X509_cmp(sk_X509_value(peer->anchors, i), cert) == 0)
            return true;
    /* The system's store is not a list: a path that was built to its end ends there. */
    return peer->anchors == NULL && m->depth == sk_X509_num(m->path) - 1 && tb_check_self_issued(cert) &&
           m->error != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN && m->error != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

const char *tb_check_object(const struct tb_check_measure *m, const struct tb_check_peer *peer)
{
    if (m->at == NULL)
        return "";
    if (m->depth == 0)
        return "leaf";
    return is_anchor(m->at, peer, m) ? "anchor" : "intermediate";
}

const char *tb_check_rfc(const struct tb_check_measure *m)
{
    size_t i = fault_of(m->error);

    return i < TB_ARRAY_LEN(faults) ? faults[i].rfc : "";
}

void tb_check_detail(const struct tb_check_measure *m, enum tb_check_role role, const struct tb_check_peer *peer,
                     char out[static TB_CHECK_LINE_MAX + 1])
{
    struct circumstance c = {.at = m->at, .depth = m->depth, .role = role, .peer = peer};
    size_t i = fault_of(m->error);

    out[0] = '\0';
    if (m->at != NULL && i < TB_ARRAY_LEN(faults) && faults[i].detail != NULL)
        faults[i].detail(&c, out, TB_CHECK_LINE_MAX + 1);
}

static const char *version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

static void accepted(const struct tb_check_measure *m, bool trial, char *out, size_t size)
{
    snprintf(out, size, "%s by OpenSSL %s (measured: %s handshake%s)%s.", trial ? "would be accepted" : "accepted",
             version(), m->protocol, m->completed ? "" : " up to the decision on the chain; no private key is at hand",
             trial ? " if a CA that the peer trusts issued exactly what is asked for" : "");
}

static void refused(const struct tb_check_measure *m, enum tb_check_role role, const struct tb_check_peer *peer,
                    bool trial, char *out, size_t size)
{
    char detail[TB_CHECK_LINE_MAX + 1];
    char subject[TB_CHECK_TEXT_MAX + 1] = "";
    const char *verb = trial ? "would be refused" : "refused";
    const char *rfc = tb_check_rfc(m);

    if (m->error == X509_V_OK) {
        snprintf(out, size, "%s by OpenSSL %s (measured: %s handshake) because %s.", verb, version(), m->protocol,
                 m->why);
        return;
    }
    tb_check_detail(m, role, peer, detail);
    if (m->at != NULL)
        tb_check_name_text(X509_get_subject_name(m->at), subject);
    snprintf(
        out, size,
        "%s by OpenSSL %s (measured: %s handshake) because of the certificate at depth %d, %s%s\"%s\": %s%s%s%s%s%s.",
        verb, version(), m->protocol, m->depth, tb_check_object(m, peer), m->at != NULL ? " " : "", subject,
        X509_verify_cert_error_string(m->error), detail[0] != '\0' ? "; " : "", detail, rfc[0] != '\0' ? " (" : "", rfc,
        rfc[0] != '\0' ? ")" : "");
}

void tb_check_sentence(const struct tb_check_measure *m, enum tb_check_role role, const struct tb_check_peer *peer,
                       enum tb_check_kind kind, char out[static TB_CHECK_LINE_MAX + 1])
{
    bool trial = kind == TB_CHECK_KIND_CSR;

    if (m->verdict == TB_CHECK_ACCEPTED)
        accepted(m, trial, out, TB_CHECK_LINE_MAX + 1);
    else if (m->verdict == TB_CHECK_REFUSED)
        refused(m, role, peer, trial, out, TB_CHECK_LINE_MAX + 1);
    else
        snprintf(out, TB_CHECK_LINE_MAX + 1, "OpenSSL's answer could not be measured: %s.", m->why);
}
