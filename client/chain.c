#include "client/chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/b64u.h"
#include "lib/base/mem.h"
#include "lib/pki/cacert.h"
#include "lib/pki/pem_read.h"
#include "lib/pki/san.h"

static const char end_line[] = "-----END CERTIFICATE-----";

static int parse_one(struct tb_span pem, X509 **out, const char **out_why)
{
    char label[TB_PEM_LABEL_MAX + 1];
    uint8_t *der = NULL;
    const unsigned char *p;
    size_t len = 0;
    int r = tb_pem_read(pem, label, &der, &len);

    *out_why = "something that is no certificate in PEM stands in it";
    if (r == 0 && strcmp(label, "CERTIFICATE") == 0) {
        p = der;
        *out = d2i_X509(NULL, &p, (long)len);
        if (*out == NULL || p != der + len)
            r = TB_E_FORMAT;
    } else if (r == 0) {
        r = TB_E_FORMAT;
    }
    free(der);
    ERR_clear_error();
    return r == TB_E_NOMEM || r == TB_E_LIMIT ? r : r < 0 ? TB_E_FORMAT : 0;
}

static bool blank(struct tb_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] != ' ' && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
            return false;
    return true;
}

static int links_hold(const struct tb_client_chain *chain, const char **out_why)
{
    for (size_t i = 0; i + 1 < chain->num; i++) {
        EVP_PKEY *key = X509_get0_pubkey(chain->certs[i + 1]);

        if (key == NULL || X509_verify(chain->certs[i], key) != 1) {
            ERR_clear_error();
            *out_why = "a certificate in it is not signed by the one that follows";
            return TB_E_BADSIG;
        }
    }
    return 0;
}

int tb_client_chain_parse(struct tb_span pem, struct tb_client_chain *out, const char **out_why)
{
    int r = 0;

    *out = (struct tb_client_chain){0};
    *out_why = "it is too long";
    if (pem.len > TB_CLIENT_CHAIN_PEM_MAX)
        return TB_E_LIMIT;
    while (r == 0 && !blank(pem)) {
        const uint8_t *end = memmem(pem.p, pem.len, end_line, sizeof(end_line) - 1);
        size_t len = end != NULL ? (size_t)(end - pem.p) + sizeof(end_line) - 1 : pem.len;

        *out_why = "it has too many certificates";
        if (out->num == TB_CLIENT_CHAIN_MAX) {
            r = TB_E_LIMIT;
            break;
        }
        if ((r = parse_one(tb_span_of(pem.p, len), &out->certs[out->num], out_why)) == 0)
            out->num++;
        pem = tb_span_of(pem.p + len, pem.len - len);
    }
    if (r == 0 && out->num == 0) {
        *out_why = "it is empty";
        r = TB_E_FORMAT;
    }
    if (r == 0)
        r = links_hold(out, out_why);
    if (r < 0)
        tb_client_chain_clear(out);
    return r;
}

void tb_client_chain_clear(struct tb_client_chain *chain)
{
    for (size_t i = 0; i < TB_CLIENT_CHAIN_MAX; i++)
        X509_free(chain->certs[i]);
    *chain = (struct tb_client_chain){0};
}

int tb_client_chain_pem(const struct tb_client_chain *chain, size_t from, size_t to, struct tb_wr *pem)
{
    for (size_t i = from; i < to && i < chain->num; i++) {
        uint8_t *der = NULL;
        int len = i2d_X509(chain->certs[i], &der);

        if (len <= 0)
            return TB_E_CRYPTO;
        tb_pem_write(pem, "CERTIFICATE", tb_span_of(der, (size_t)len));
        OPENSSL_free(der);
    }
    return tb_wr_err(pem);
}

static bool holds(const struct tb_ident *list, size_t num, const struct tb_ident *id)
{
    for (size_t i = 0; i < num; i++)
        if (tb_ident_eq(&list[i], id))
            return true;
    return false;
}

bool tb_client_chain_names(const struct tb_client_chain *chain, const struct tb_ident *names, size_t num)
{
    int at = X509_get_ext_by_NID(chain->certs[0], NID_subject_alt_name, -1);
    const ASN1_OCTET_STRING *value = at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(chain->certs[0], at)) : NULL;
    struct tb_ident *found = NULL;
    size_t num_found = 0;
    const char *why;
    bool same = true;

    if (value == NULL || tb_san_read(tb_span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), 0,
                                     &found, &num_found, &why) < 0)
        return false;
    for (size_t i = 0; i < num_found; i++)
        same = same && holds(names, num, &found[i]);
    for (size_t i = 0; i < num; i++)
        same = same && holds(found, num_found, &names[i]);
    free(found);
    return same;
}

bool tb_client_chain_key(const struct tb_client_chain *chain, EVP_PKEY *key)
{
    bool same = X509_check_private_key(chain->certs[0], key) == 1;

    ERR_clear_error();
    return same;
}

static tb_time_t to_time(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (tb_time_t)timegm(&tm) : 0;
}

void tb_client_chain_times(const struct tb_client_chain *chain, tb_time_t *not_before, tb_time_t *not_after)
{
    *not_before = to_time(X509_get0_notBefore(chain->certs[0]));
    *not_after = to_time(X509_get0_notAfter(chain->certs[0]));
}

int tb_client_chain_certid(const struct tb_client_chain *chain, char out[static TB_CERTID_MAX + 1])
{
    const ASN1_OCTET_STRING *keyid = X509_get0_authority_key_id(chain->certs[0]);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(chain->certs[0]);
    uint8_t *der = NULL;
    int len = i2d_ASN1_INTEGER(serial, &der);
    struct tb_span aki;
    int r = TB_E_UNSUPPORTED;

    out[0] = '\0';
    /* Content octets of the INTEGER, sign octet included: tag and a length of one octet stand before them. */
    if (keyid != NULL && len > 2 && len <= 2 + 32) {
        aki = tb_span_of(ASN1_STRING_get0_data(keyid), (size_t)ASN1_STRING_length(keyid));
        if (aki.len > 0 && TB_B64U_LEN(aki.len) + 1 + TB_B64U_LEN((size_t)len - 2) <= TB_CERTID_MAX) {
            tb_b64u_encode(out, aki);
            out[TB_B64U_LEN(aki.len)] = '.';
            tb_b64u_encode(out + TB_B64U_LEN(aki.len) + 1, tb_span_of(der + 2, (size_t)len - 2));
            r = 0;
        }
    }
    OPENSSL_free(der);
    return r;
}
