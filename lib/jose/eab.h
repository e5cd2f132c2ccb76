/* External account binding (RFC 8555 section 7.3.4): a JWS inside newAccount, MACed with a key that the CA gave out. */
#ifndef TB_JOSE_EAB_H
#define TB_JOSE_EAB_H

#include <jansson.h>

#include "lib/jose/jws.h"

#define TB_EAB_KID_TEXT_MAX 64
#define TB_EAB_MEMBER_MAX   8192 /* each of the three members, still encoded */

enum tb_eab_alg { TB_EAB_NONE = 0, TB_EAB_HS256, TB_EAB_HS384, TB_EAB_HS512 };

/* Parsed, not verified. */
struct tb_eab {
    enum tb_eab_alg alg;
    char kid[TB_EAB_KID_TEXT_MAX + 1];
    char url[TB_JWS_URL_MAX + 1];
    struct tb_jwk *jwk; /* the payload: the account's key; owned */
    struct tb_span signing_input, mac;
    void *mem; /* owns what the spans point to */
};

/*
 * The member externalAccountBinding; obj may be of any JSON type.  Refuses everything but protected, payload and
 * signature; a header with nonce, jwk, crit or b64, or without a MAC algorithm, kid or url.  The reason is in pb.
 */
int tb_eab_parse(const json_t *obj, struct tb_eab *out, struct tb_problem *pb) TB_MUST_USE;
void tb_eab_clear(struct tb_eab *eab); /* NULL-safe; zeroed struct allowed */
/* TB_E_BADSIG unless the MAC is that of this key; constant time. */
int tb_eab_verify(const struct tb_eab *eab, struct tb_span key) TB_MUST_USE;

#endif
