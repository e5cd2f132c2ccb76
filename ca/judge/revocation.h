/* Revocations on the judge's loop: decided, logged, durable, entered, and only then told to anybody. */
#ifndef TB_CA_JUDGE_REVOCATION_H
#define TB_CA_JUDGE_REVOCATION_H

#include "ca/judge/revoke.h"

#define TB_REVOCATIONS_MAX 64 /* that wait for one sync */

enum tb_revocation_asker {
    TB_ASKER_NONE = 0, /* has gone */
    TB_ASKER_FRONT,
    TB_ASKER_OPERATOR
};

struct tb_revocation {
    struct tb_revoke_rec rec;
    bool again; /* revoked before, or in the same sync: only the answer waits */
    uint64_t seq;
    tb_time_t revoked_at;
    enum tb_revocation_asker asker;
    uint32_t id; /* of the request */
};

struct tb_revocations {
    struct tb_revocation wait[TB_REVOCATIONS_MAX];
    size_t num;
};

#endif
