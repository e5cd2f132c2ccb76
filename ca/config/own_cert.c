#include "ca/config/own_cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca/config/pem_file.h"
#include "ca/config/responder.h"
#include "ca/config/value.h"
#include "ca/keyholder/ceiling.h"

bool tb_own_cert_of(const struct tb_config *cfg, enum tb_own which, struct tb_own_cert *out)
{
    *out = (struct tb_own_cert){.chain = TB_FILE_HTTPS_CHAIN, .key = TB_FILE_HTTPS_KEY, .num_names = 1};
    if (which == TB_OWN_HTTPS)
        return tb_value_host(cfg->name, &out->names[0]) == 0;
    out->chain = TB_FILE_RESPONDER_CHAIN;
    out->key = TB_FILE_RESPONDER_KEY;
    /* Every proof has a name of its own below the host. */
    out->num_names = 2;
    out->names[1].wildcard = true;
    for (size_t i = 0; i < out->num_names; i++) {
        out->names[i].type = TB_IDENT_DNS;
        tb_responder_host(out->names[i].value, cfg);
    }
    return cfg->responder.on;
}

/* "*.HOST" or "HOST", or the octets of an address, as the certificate has it. */
static bool is_name(const GENERAL_NAME *gn, const struct tb_ident *id)
{
    ASN1_OCTET_STRING *ip = NULL;
    char text[TB_IDENT_VALUE_MAX + 3];
    bool same;

    if (id->type == TB_IDENT_IP) {
        ip = gn->type == GEN_IPADD ? a2i_IPADDRESS(id->value) : NULL;
        same = ip != NULL && ASN1_STRING_cmp(ip, gn->d.iPAddress) == 0;
        ASN1_OCTET_STRING_free(ip);
        return same;
    }
    snprintf(text, sizeof(text), "%s%s", id->wildcard ? "*." : "", id->value);
    return gn->type == GEN_DNS &&
           tb_span_eq_str(tb_span_of(ASN1_STRING_get0_data(gn->d.dNSName), (size_t)ASN1_STRING_length(gn->d.dNSName)),
                          text);
}

/* Does the certificate name each of ours, and what else? */
static void compare_names(X509 *cert, const struct tb_own_cert *own, bool *out_all, bool *out_more)
{
    GENERAL_NAMES *san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int num = san != NULL ? sk_GENERAL_NAME_num(san) : 0;
    size_t found = 0;

    for (size_t i = 0; i < own->num_names; i++)
        for (int k = 0; k < num; k++)
            if (is_name(sk_GENERAL_NAME_value(san, k), &own->names[i])) {
                found++;
                break;
            }
    *out_all = found == own->num_names;
    *out_more = (size_t)num > found;
    GENERAL_NAMES_free(san);
}

static bool is_issued_by(X509 *cert, const struct tb_cacert *issuing)
{
    const uint8_t *p = issuing->der;
    X509 *ca = d2i_X509(NULL, &p, (long)issuing->der_len);
    bool yes = ca != NULL && X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(ca)) == 0 &&
               X509_verify(cert, X509_get0_pubkey(ca)) == 1;

    X509_free(ca);
    return yes;
}

static tb_time_t time_of(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (tb_time_t)timegm(&tm) : 0;
}

static enum tb_own_kind kind_of(X509 *cert, const struct tb_own_cert *own, const struct tb_cacert *issuing,
                                const struct tb_own_state *st)
{
    bool all, more;

    if (!is_issued_by(cert, issuing))
        return TB_OWN_OTHER_CA;
    /* Ours ends with the issuing CA when that comes sooner; no order's certificate is made to. */
    if (st->not_after - st->not_before <= TB_CEILING_LIFETIME_MAX_S && st->not_after != issuing->not_after)
        return TB_OWN_ORDERED;
    compare_names(cert, own, &all, &more);
    if (!all)
        return TB_OWN_RENAMED;
    return more ? TB_OWN_OTHER_NAMES : TB_OWN_OURS;
}

void tb_own_cert_look(const struct tb_own_cert *own, struct tb_span chain_pem, const struct tb_cacert *issuing,
                      struct tb_own_state *out)
{
    BIO *bio = BIO_new_mem_buf(chain_pem.p, (int)chain_pem.len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    *out = (struct tb_own_state){.kind = TB_OWN_UNREADABLE};
    if (cert != NULL) {
        out->not_before = time_of(X509_get0_notBefore(cert));
        out->not_after = time_of(X509_get0_notAfter(cert));
        out->kind = kind_of(cert, own, issuing, out);
    }
    X509_free(cert);
    BIO_free(bio);
    ERR_clear_error();
}

static int read_into(struct tb_wr *wr, const struct tb_config *cfg, enum tb_state_file file, tb_place_why why)
{
    struct tb_place pl;
    uint8_t *text = NULL;
    size_t len = 0;
    int r = tb_place_open(&pl, cfg, file, 0, TB_OWNER_START, why);

    tb_wr_init(wr, TB_PEM_FILE_MAX);
    if (r == 0)
        r = tb_place_read(&pl, false, TB_PEM_FILE_MAX, &text, &len, why);
    if (r == 0) {
        tb_wr_bytes(wr, text, len);
        r = tb_wr_err(wr);
    }
    tb_free_secret(text, len);
    tb_place_close(&pl);
    return r;
}

int tb_own_issuer_read(const struct tb_config *cfg, struct tb_hierarchy *h, struct tb_cacert *ca, tb_place_why why)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct tb_problem pb = {0};
    int r;

    *h = (struct tb_hierarchy){0};
    *ca = (struct tb_cacert){0};
    if ((r = read_into(&h->issuing, cfg, TB_FILE_ISSUING_SERVER, why)) < 0 ||
        (r = read_into(&h->issuing_key, cfg, TB_FILE_ISSUING_SERVER_KEY, why)) < 0)
        return r;
    tb_config_file(cfg, TB_FILE_ISSUING_SERVER, path);
    if ((r = tb_cacert_read(tb_wr_span(&h->issuing), ca, &pb)) < 0) {
        snprintf(why, sizeof(tb_place_why), "%s: %s", path, pb.detail);
    } else if (!ca->has_eku || ca->purposes != TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) ||
               !tb_pem_key_fits(tb_wr_span(&h->issuing), tb_wr_span(&h->issuing_key))) {
        snprintf(why, sizeof(tb_place_why), "%s: is no issuing CA for servers, or keys/ has not its key", path);
        r = TB_E_CONFIG;
    }
    tb_problem_clear(&pb);
    return r;
}
