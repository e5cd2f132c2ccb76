/* A CA as init makes it, in a directory of its own, and a process of it that a test plays the parent of. */
#ifndef TB_TESTS_UNIT_CA_MADE_CA_H
#define TB_TESTS_UNIT_CA_MADE_CA_H

#include "ca/child.h"

struct made_ca {
    char dir[64];
    const struct tb_child_role *role;
    struct tb_child child; /* with configuration and loop; the test calls the role */
    struct tb_channel *mine[TB_ROLE__COUNT];
};

/* Makes the directory; nothing of the role was called yet. */
void made_ca_new(struct made_ca *m, const struct tb_child_role *role);
/* Tears the role down and removes the directory. */
void made_ca_free(struct made_ca *m);
/* Overwrites a file of the state with what it cannot be. */
void made_ca_spoil(const struct made_ca *m, enum tb_state_file file);
/* An edge to a peer (or the parent) whose end m->mine the test holds; what is sent there is dropped. */
void made_ca_edge(struct made_ca *m, enum tb_role peer);
/* A message of the peer, as if it had arrived. */
int made_ca_receive(struct made_ca *m, enum tb_role peer, enum tb_msg_type type, uint32_t id, struct tb_span body);
/* Lets the loop turn for so long. */
void made_ca_run(struct made_ca *m, unsigned ms);

#endif
