/*
 * What the front publishes over plain HTTP: the CRLs that the judge sends, the roots' CRLs and the issuing CAs'
 * certificates of the state directory.  Everything is signed; the front adds nothing but headers for caches.
 */
#ifndef TB_CA_FRONT_PUBLISHED_H
#define TB_CA_FRONT_PUBLISHED_H

#include "lib/ipc/msg_crl.h"

#define TB_ETAG_MAX 34 /* quotes and 32 hex digits */

struct tb_document {
    uint8_t *der; /* owned */
    size_t len;
    const char *type;
    tb_time_t modified;
    tb_time_t next_update; /* 0: no end */
    char etag[TB_ETAG_MAX + 1];
};

struct tb_published {
    struct tb_document *crl[TB_ISSUER__COUNT][TB_CRL_SHARDS];
    struct tb_document *root_crl[TB_ISSUER__COUNT];
    struct tb_document *issuing[TB_ISSUER__COUNT];
    struct tb_wr answer; /* scratch: head and document in one piece */
};

void tb_published_init(struct tb_published *p);
void tb_published_clear(struct tb_published *p);
/* A root's CRL or an issuing certificate, as its PEM file has it; the file's time is the document's. */
int tb_published_load(struct tb_document **slot, const char *path, const char *label, const char *type) TB_MUST_USE;
int tb_published_take_crl(struct tb_published *p, const struct tb_msg_crl *m) TB_MUST_USE;

struct tb_request;
void tb_crl_handle(struct tb_request *rq);      /* /crl/ISSUER/SHARD.crl */
void tb_root_crl_handle(struct tb_request *rq); /* /crl/root-ISSUER.crl */
void tb_issuing_handle(struct tb_request *rq);  /* /aia/issuing-ISSUER.cer */

#endif
