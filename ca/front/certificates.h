/* The operator's look at what was issued: one certificate, or those that a filter takes, by the front's store. */
#ifndef TB_CA_FRONT_CERTIFICATES_H
#define TB_CA_FRONT_CERTIFICATES_H

#include "ca/operation.h"

#define TB_CERTIFICATES_PAGE 200 /* rows of one answer at most, and when the request says nothing 50 */
#define TB_CERTIFICATES_LOOK 512 /* rows that one request looks at */

/*
 * {"cmd":"list","limit":N,"before":ORDER} and the members of ca/cert_filter.h: newest first.  "next" in the answer:
 * there may be more, below that order; so an answer may hold fewer than asked for, even none, and still have it.
 */
bool tb_certificates_list(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
/* {"cmd":"show","serial":HEX} */
bool tb_certificates_show(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);

#endif
