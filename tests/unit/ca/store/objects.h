/* Sample objects for the store's tests. */
#ifndef TB_TESTS_UNIT_CA_STORE_OBJECTS_H
#define TB_TESTS_UNIT_CA_STORE_OBJECTS_H

#include <stdlib.h>
#include <string.h>

#include "ca/store/object.h"

static inline void sample_account(struct tb_account *a, uint64_t id, uint8_t key)
{
    *a = (struct tb_account){
        .id = id, .state = TB_ACCOUNT_VALID, .jwk = "{\"kty\":\"EC\"}", .contacts = "[]", .created_at = 7};
    memset(a->first_thumbprint, key, TB_DIGEST_LEN);
    memset(a->thumbprint, key, TB_DIGEST_LEN);
}

static inline void sample_authz(struct tb_authz *a, uint64_t id, uint64_t account, const char *name)
{
    *a = (struct tb_authz){.id = id,
                           .account_id = account,
                           .ident = {.type = TB_IDENT_DNS},
                           .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH),
                           .kind = TB_PROOF_CONTROL,
                           .state = TB_AUTHZ_PENDING,
                           .created_at = 1,
                           .expires_at = 1000,
                           .num_challenges = 1};
    strcpy(a->ident.value, name);
    a->challenge[0] = (struct tb_challenge){.method = TB_METHOD_HTTP_01, .state = TB_CHALLENGE_PENDING, .token = "tok"};
}

static inline void sample_order(struct tb_order *o, uint64_t no, uint64_t account)
{
    *o = (struct tb_order){.no = no,
                           .account_id = account,
                           .profile = "server",
                           .version = "1",
                           .state = TB_ORDER_PENDING,
                           .expires_at = 1000};
    o->ident = calloc(1, sizeof(*o->ident));
    o->authz_id = calloc(1, sizeof(*o->authz_id));
    o->num_idents = 1;
    o->num_authz = 1;
    o->ident[0].type = TB_IDENT_DNS;
    strcpy(o->ident[0].value, "a.example");
    o->authz_id[0] = 99;
}

static inline void sample_issue(struct tb_order *o, uint64_t seq, uint8_t serial)
{
    o->state = TB_ORDER_VALID;
    o->seq = seq;
    o->issuer = TB_ISSUER_SERVER;
    o->issued_at = 5;
    o->not_after = 5000;
    memset(o->serial, serial, TB_SERIAL_LEN);
    o->cert = malloc(3);
    memcpy(o->cert, "DER", 3);
    o->cert_len = 3;
}

#endif
