/*
 * What tabard check works on: one chain, seen in each of the two roles of TLS.
 *
 * Everything read here (files, endpoints, configurations) was made by others: sizes have maxima, and texts that come
 * from a certificate are escaped before they are shown.
 */
#ifndef TB_CLI_CHECK_CHECK_H
#define TB_CLI_CHECK_CHECK_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define TB_CHECK_FILE_MAX    (1u << 20) /* octets of one input file */
#define TB_CHECK_CERTS_MAX   32         /* certificates of one input */
#define TB_CHECK_ANCHORS_MAX 1024       /* of all --anchors together */
#define TB_CHECK_TEXT_MAX    255        /* one subject, one list of usages */
#define TB_CHECK_WHY_MAX     511        /* one reason for people */
#define TB_CHECK_LINE_MAX    2047       /* one sentence */

enum tb_check_role { TB_CHECK_CLIENT, TB_CHECK_SERVER, TB_CHECK_ROLES };

/* The values are the exit statuses of tabard-check(1). */
enum tb_check_verdict { TB_CHECK_ACCEPTED = 0, TB_CHECK_REFUSED = 1, TB_CHECK_UNKNOWN = 2 };

/* "client", "server". */
const char *tb_check_role_text(enum tb_check_role role);
/* "clientAuth", "serverAuth": the purpose that the role needs. */
const char *tb_check_purpose_text(enum tb_check_role role);
/* "accepted", "refused", "unknown". */
const char *tb_check_verdict_text(enum tb_check_verdict verdict);

/* The other side of the connection: whom it trusts, what it expects, when. */
struct tb_check_peer {
    STACK_OF(X509) * anchors; /* NULL: the system's store */
    const char *anchors_name;
    const char *name; /* of the server, to be found in its certificate; NULL: not asked */
    int64_t at;       /* seconds since 1970 */
};

enum tb_check_kind {
    TB_CHECK_KIND_CHAIN,
    TB_CHECK_KIND_PKCS12,
    TB_CHECK_KIND_CSR,
    TB_CHECK_KIND_LIVE,
};

/* One input; zeroed is empty, tb_check_input_clear frees. */
struct tb_check_input {
    char *label; /* path, or HOST:PORT */
    enum tb_check_kind kind;
    STACK_OF(X509) * chain;   /* as it is sent: leaf first */
    EVP_PKEY *key;            /* the leaf's private key; NULL: not at hand */
    X509_REQ *csr;            /* kind CSR only; the chain is a trial issuance of it */
    STACK_OF(X509) * anchors; /* kind CSR only: of the trial */
    bool asks_client;         /* live: the server asked for a client certificate */
};

#endif
