/* A JWK that already is a JSON object: of a JWS header, or of keyChange's "oldKey". */
#ifndef TB_JOSE_JWK_JSON_H
#define TB_JOSE_JWK_JSON_H

#include "lib/jose/jwk.h"
#include "lib/json/json.h"

/* As tb_jwk_parse; obj may be of any JSON type (TB_E_FORMAT unless it is an object) and stays the caller's. */
int tb_jwk_of_json(const json_t *obj, struct tb_jwk **out, struct tb_problem *pb) TB_MUST_USE;

#endif
