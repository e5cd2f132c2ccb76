/*
 * Proving names: for each authorization one challenge is chosen, prepared, answered and waited for; whatever was put
 * somewhere for it is taken away again.
 */
#ifndef TB_CLIENT_PROOFS_H
#define TB_CLIENT_PROOFS_H

#include <openssl/evp.h>

#include "client/answerer.h"
#include "client/authz.h"

#define TB_KEY_AUTHORIZATION_MAX (TB_CHALLENGE_TOKEN_MAX + 1 + 43)

/* What the operator allows. With nothing set, http-01 is answered on port 80. */
struct tb_proof_options {
    const char *http;       /* where to listen; NULL: port 80 of all addresses */
    const char *webroot;    /* directory of a web server that serves the names; NULL: none */
    const char *tls_alpn;   /* where to listen; NULL: no tls-alpn-01 */
    const char *dns_hook;   /* program; NULL: none */
    const char *dns_update; /* primary server, HOST or HOST:PORT; NULL: no dynamic update */
    const char *dns_key;    /* file with its TSIG key; NULL: updates are not signed */
    bool http_set;          /* http was asked for beside others */
    const char *ca_file;    /* anchors for responders of tls-client-01 */
};

/* One authorization on its way. */
struct tb_proof {
    struct tb_acme_authz authz;
    struct tb_acme_challenge challenge; /* the one that was chosen; authz is read anew while we wait */
    const struct tb_proof_method *method;
    bool prepared;
    char key_authorization[TB_KEY_AUTHORIZATION_MAX + 1];
};

/* What the proofs of one order share. */
struct tb_proofs {
    struct tb_acme *acme;
    const struct tb_proof_options *opt;
    EVP_PKEY *key;            /* of the certificate: tls-client-01 proves with it */
    struct tb_answerer *http; /* made when first needed */
    struct tb_answerer *tls;
    struct tb_proof *proofs; /* owned */
    size_t num;
};

/* A way to answer a challenge. One row of the table in proofs.c, one file each. */
struct tb_proof_method {
    const char *type; /* of the challenge */
    bool wildcard;    /* may prove wildcards */
    bool (*enabled)(const struct tb_proof_options *opt);
    int (*prepare)(struct tb_proofs *ps, struct tb_proof *p);
    int (*act)(struct tb_proofs *ps, struct tb_proof *p);       /* NULL: the server does the rest */
    void (*withdraw)(struct tb_proofs *ps, struct tb_proof *p); /* NULL: nothing to take away */
};
extern const struct tb_proof_method tb_proof_http01, tb_proof_webroot, tb_proof_tlsalpn01, tb_proof_tlsclient01,
    tb_proof_dns01_hook, tb_proof_dns01_update;

/* All of an order's authorizations; those that are valid are left alone. */
int tb_proofs_make(struct tb_acme *a, const struct tb_proof_options *opt, EVP_PKEY *key,
                   const char (*urls)[TB_HTTPS_URL_MAX + 1], size_t num) TB_MUST_USE;

#endif
