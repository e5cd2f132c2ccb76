/*
 * Proofs of use (doc/tls-client-01.md) as orders need them: made in the order, or beforehand.  Statements are looked at
 * without their key, for a sentence that comes early; the judge decides.
 */
#ifndef TB_CA_FRONT_USE_H
#define TB_CA_FRONT_USE_H

#include "ca/front/front.h"

#define TB_USE_PROOFS_MAX 16 /* for one name of one account; of more, the newest count */

/* Is there a responder? */
bool tb_use_is_served(const struct tb_front *f);
/* The member responders, of a challenge and of the directory's meta. */
void tb_use_put_responders(const struct tb_front *f, struct tb_jw *jw);
/* Does an order under this profile have authorizations of use? */
bool tb_use_in_order(const struct tb_profile *p);
/* How long a proof of use stands for an authorization: the shortest use_age of the profiles offered, at most
 * authz_valid. */
uint32_t tb_use_valid_s(const struct tb_config *cfg);

struct tb_use_proof {
    uint64_t authz_id;
    uint8_t spki_digest[TB_DIGEST_LEN]; /* of the key that was proved */
    tb_time_t expires_at;
};
struct tb_use_proofs {
    size_t num; /* newest first */
    struct tb_use_proof proof[TB_USE_PROOFS_MAX];
};
/* What this account has proved of a name, with its key of today, that a profile may still take. */
int tb_use_proofs_find(struct tb_front *f, const struct tb_account *account, const struct tb_profile *p,
                       const struct tb_ident *ident, struct tb_use_proofs *out) TB_MUST_USE;
/* The newest proof with this key; NULL. */
const struct tb_use_proof *tb_use_proofs_with(const struct tb_use_proofs *ps,
                                              const uint8_t spki_digest[static TB_DIGEST_LEN]);
/* The statement of use with this key in an authorization, borrowed from it; empty when there is none. */
struct tb_span tb_use_statement(const struct tb_authz *a, const uint8_t spki_digest[static TB_DIGEST_LEN]);

/*
 * newOrder, before any authorization exists: rejectedIdentifier and a subproblem for each name that no proof of use can
 * be made for, or, where they are made beforehand, that this account has none of.
 */
int tb_use_check_names(struct tb_request *rq, const struct tb_profile *p, const struct tb_ident *ident,
                       size_t num) TB_MUST_USE;
/*
 * finalize: badCSR and a subproblem for each name of an order that was not proved with the CSR's key.  The signature of
 * the request is verified before the keys that were proved are named.
 */
int tb_use_check_key(struct tb_request *rq, const struct tb_profile *p, const struct tb_order *o,
                     const uint8_t spki_digest[static TB_DIGEST_LEN]) TB_MUST_USE;
#define TB_USE_IMPOSSIBLE "no proof of use can be made for this name here"
/* How a key is named to people: its digest in hexadecimal. */
void tb_use_key_text(char out[static 2 * TB_DIGEST_LEN + 1], const uint8_t spki_digest[static TB_DIGEST_LEN]);
/* "tabard prove ...", for sentences; NAME and the profile's directory are filled in. */
#define TB_USE_COMMAND_MAX 767
void tb_use_command(char out[static TB_USE_COMMAND_MAX + 1], const struct tb_config *cfg, const struct tb_profile *p,
                    const struct tb_ident *ident);

#endif
