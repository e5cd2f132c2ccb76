/* What a certificate says about its use, and how it is named in a sentence. */
#ifndef TB_CLI_CHECK_FACT_H
#define TB_CLI_CHECK_FACT_H

#include "cli/check/check.h"

struct tb_check_fact {
    bool ca;      /* basicConstraints says so */
    bool has_eku; /* false: no extension, or one that does not decode */
    bool any;     /* anyExtendedKeyUsage */
    bool email;   /* emailProtection */
    bool purpose[TB_CHECK_ROLES];
    bool has_ku;
    bool sign;                       /* keyUsage digitalSignature */
    char eku[TB_CHECK_TEXT_MAX + 1]; /* "serverAuth, clientAuth"; "none" */
};

void tb_check_fact_of(X509 *cert, struct tb_check_fact *out);
/* The RFC 4514 form, nothing unprintable in it; cut with "..." at the maximum. */
void tb_check_name_text(const X509_NAME *name, char out[static TB_CHECK_TEXT_MAX + 1]);
/* "2027-03-15 00:00:00Z" */
void tb_check_time_text(const ASN1_TIME *time, char out[static 32]);
/* "DNS:www.example.org, IP Address:192.0.2.1"; "none". */
void tb_check_san_text(X509 *cert, char out[static TB_CHECK_LINE_MAX + 1]);
/* "EC P-256", "RSA 2048". */
void tb_check_key_text(EVP_PKEY *key, char out[static 64]);
bool tb_check_self_issued(X509 *cert);

#endif
