/*
 * The account key in a process of its own: forked at the start, before anything comes from the network; it reads the
 * key, gives everything up (no files, no network, a dozen system calls), and signs what it is asked.  The key is never
 * in the process that speaks with servers.
 */
#ifndef TB_CLIENT_KEYPROC_H
#define TB_CLIENT_KEYPROC_H

#include "client/fail.h"
#include "lib/base/mem.h"
#include "lib/jose/sign.h"

#define TB_KEYPROC_MSG_MAX 131072 /* one request or answer: a JWS of 50000 bytes with its headers fits */

struct tb_keyproc;

struct tb_keyproc_options {
    const char *path;        /* key file in any form that tb_client_key_parse reads */
    const char *create_type; /* NULL: the file must exist; else a key of this type is made when it does not */
    bool allow_weak_sandbox; /* go on where the kernel lacks a part of the sandbox */
};

/* One thread only. The child ends with tb_keyproc_free or with the parent. */
int tb_keyproc_start(const struct tb_keyproc_options *opt, struct tb_keyproc **out, struct tb_fail *fail) TB_MUST_USE;
void tb_keyproc_free(struct tb_keyproc *kp); /* NULL-safe */
/* Canonical public JWK; borrowed, lives as long as kp. */
struct tb_span tb_keyproc_jwk(const struct tb_keyproc *kp);
const uint8_t *tb_keyproc_thumbprint(const struct tb_keyproc *kp);
/* As tb_jws_sign, appended to out. */
int tb_keyproc_sign(struct tb_keyproc *kp, const struct tb_jws_fields *fields, struct tb_span payload,
                    struct tb_wr *out, struct tb_fail *fail) TB_MUST_USE;

/* The child's side: serves requests from fd until it closes. Exposed for tests. */
void tb_keyproc_serve(int fd, EVP_PKEY *key);

#endif
