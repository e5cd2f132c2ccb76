/* revokeCert (RFC 8555 section 7.6), and what the judge's log says is revoked. */
#ifndef TB_CA_FRONT_REVOKE_H
#define TB_CA_FRONT_REVOKE_H

#include "ca/front/front.h"

/* The judge tells unasked: the message handler of TB_MSG_REVOKED. */
int tb_revoked_told(struct tb_front *f, struct tb_span body);
/* Fetch the revocations that the judge's log has and the store has not. */
void tb_revoked_sync(struct tb_front *f);

#endif
