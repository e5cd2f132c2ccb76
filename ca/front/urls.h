/* URLs of the front's own objects: row numbers in the form that strangers see. */
#ifndef TB_CA_FRONT_URLS_H
#define TB_CA_FRONT_URLS_H

#include "ca/front/front.h"

enum tb_url_kind { TB_URL_ORDER, TB_URL_AUTHZ, TB_URL_CERT, TB_URL_CHALL, TB_URL__COUNT };

/* BASE/acme/order/<id>; of a challenge only the part that its authorization gives. */
void tb_url_make(const struct tb_front *f, enum tb_url_kind kind, uint64_t id, char out[static TB_URL_MAX + 1]);
void tb_url_challenge(const struct tb_front *f, uint64_t authz_id, enum tb_method method,
                      char out[static TB_URL_MAX + 1]);
/* BASE/acme/finalize/... of an order, under the signer and epoch that the judge told. */
void tb_url_finalize(const struct tb_front *f, const struct tb_order *o, char out[static TB_FINALIZE_URL_MAX + 1]);
/* BASE/acme/orders/<thumbprint>: the list of an account's orders. */
void tb_url_orders(const struct tb_front *f, const struct tb_account *a, char out[static TB_URL_MAX + 1]);
/* The number behind the text in a URL of this kind; TB_E_FORMAT. */
int tb_url_id(const struct tb_front *f, enum tb_url_kind kind, struct tb_span text, uint64_t *out) TB_MUST_USE;

#endif
