/* JSON forms of orders, authorizations and challenges, and reading them for the account that asks. */
#ifndef TB_CA_FRONT_OBJECTS_H
#define TB_CA_FRONT_OBJECTS_H

#include "ca/front/front.h"
#include "ca/front/urls.h"

/* The order of the caller that the text in a URL (TB_URL_ORDER or TB_URL_CERT) names; else the reply has been sent and
 * the result is negative. */
int tb_order_of_caller(struct tb_request *rq, enum tb_url_kind kind, struct tb_span id,
                       struct tb_order *out) TB_MUST_USE;
int tb_authz_of_caller(struct tb_request *rq, struct tb_span id, struct tb_authz *out) TB_MUST_USE;

/* Was it made for a key that the account has no more?  What the old key proved ended with it, whenever it was to end.
 */
bool tb_authz_outlived(const struct tb_authz *a, const struct tb_account *account);

/* State now: reads the authorizations of an order that is still open. */
int tb_order_state_now(struct tb_front *f, const struct tb_order *o, enum tb_order_state *out) TB_MUST_USE;

void tb_order_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_order *o, enum tb_order_state state);
void tb_authz_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_authz *a);
void tb_challenge_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_authz *a,
                       const struct tb_challenge *c);

/* Reply with the object, Location set. */
void tb_order_reply(struct tb_request *rq, int http_status, const struct tb_order *o, enum tb_order_state state);
void tb_authz_reply(struct tb_request *rq, int http_status, const struct tb_authz *a);

#endif
