/* The outcome as the caller reads it, and the steps that fill it. */
#ifndef TB_VERIFY_DECISION_H
#define TB_VERIFY_DECISION_H

#include "lib/verify/path.h"
#include "lib/verify/policy.h"

#define TB_REQUEST_SIZE_MAX 4096

struct tabard_decision {
    bool allowed; /* as enforced */
    bool strict;
    char account[TABARD_ACCOUNT_MAX + 1];
    char entry[TABARD_ENTRY_NAME_MAX + 1];
    struct tb_fault fault; /* of the strict answer */
};

/* What the policy says of authenticated names. */
struct tb_match {
    const struct tb_ventry *entry; /* that decided or came nearest; NULL: none lists a name */
    const struct tb_vname *name;
    enum tabard_reason reason;      /* of the strict answer */
    const struct tb_ventry *shadow; /* a shadow entry that forgives what is wrong; else NULL */
    const struct tb_vname *shadow_name;
    uint64_t issuers; /* of the rules' issuers, those that stand on the path */
};

/* names: of the leaf.  eku_fault: the chain is sound but for its purpose, which shadow entries forgive. */
void tb_match_policy(const struct tb_vrules *rules, const struct tabard_request *req, const struct tb_vcert *leaf,
                     const struct tb_vname *names, size_t num, const struct tb_path_issuers *issuers, bool eku_fault,
                     struct tb_match *out);

/* peer.c: TABARD_R_ALLOWED or what is wrong. */
enum tabard_reason tb_peer_in_san(const struct tabard_address *peer, const struct tb_vname *names, size_t num);
enum tabard_reason tb_peer_forward(const struct tabard_request *req, const struct tb_vname *name);
bool tb_address_sound(const struct tabard_address *address);
void tb_address_text(char out[static 64], const struct tabard_address *address);

/* Is every member that this library does not know zero?  size is at least its own. */
bool tb_request_tail_zero(const struct tabard_request *in);
/* The request, copied and checked. */
int tb_request_read(const struct tabard_request *in, bool with_policy, struct tabard_request *out) TB_MUST_USE;
/* certs: leaf first. */
bool tb_decide_certs(const struct tabard_request *req, const struct tb_vcert *certs, size_t num,
                     struct tabard_decision *decision);
bool tb_decision_deny(struct tabard_decision *decision, enum tabard_reason reason, const char *object,
                      const char *expected, const char *seen);

#endif
