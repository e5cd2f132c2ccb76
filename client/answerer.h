/*
 * Answers to validations while the session goes on: a thread with a loop of its own.  Everything is put in before
 * it starts; afterwards nothing is shared.
 */
#ifndef TB_CLIENT_ANSWERER_H
#define TB_CLIENT_ANSWERER_H

#include <openssl/ssl.h>

#include "client/fail.h"

#define TB_ANSWERER_ENTRIES_MAX     200
#define TB_ANSWERER_CONNECTIONS_MAX 64 /* those beyond are closed at once */
#define TB_ANSWERER_TIMEOUT_S       10

struct tb_answerer;

/* fd, a listening socket, is the answerer's from here on. */
int tb_answerer_http(int fd, struct tb_answerer **out) TB_MUST_USE;
int tb_answerer_tls(int fd, struct tb_answerer **out) TB_MUST_USE;
/* http-01: what GET /.well-known/acme-challenge/<token> gets. TB_E_LIMIT. */
int tb_answerer_add_token(struct tb_answerer *an, const char *token, const char *key_authorization) TB_MUST_USE;
/* tls-alpn-01: the certificate for a server name; both are taken over, also on failure. */
int tb_answerer_add_cert(struct tb_answerer *an, const char *sni, X509 *cert, EVP_PKEY *key) TB_MUST_USE;
int tb_answerer_start(struct tb_answerer *an) TB_MUST_USE;
/* Stops the thread, closes everything. NULL-safe. */
void tb_answerer_free(struct tb_answerer *an);

#endif
