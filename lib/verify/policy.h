/* The policy: entries as the file has them, their index, and the holder that is reloaded under load. */
#ifndef TB_VERIFY_POLICY_H
#define TB_VERIFY_POLICY_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/pki/arc.h"
#include "lib/profile/method.h"
#include "lib/verify/names.h"

#define TB_VPOLICY_NODES_MAX   400000 /* YAML nodes: 16384 entries of two dozen */
#define TB_VPOLICY_ISSUERS_MAX 64     /* names under "issuers"; the YAML reader's maximum of members */
#define TB_VPOLICY_KEYS_MAX    16     /* keys under one of them */
#define TB_VPOLICY_LIST_MAX    64     /* values of one list in an entry */
#define TB_VPOLICY_ITEMS_MAX   65536  /* pairs of name and resource, all entries together */
#define TB_VPOLICY_NEVER       INT64_MAX

/* Shared by the loads of one policy, so that counting goes on over a reload. */
struct tb_vcounter {
    atomic_uint refs;
    atomic_ullong allowed, denied, shadow_allowed;
};

struct tb_ventry {
    char name[TABARD_ENTRY_NAME_MAX + 1];
    char account[TABARD_ACCOUNT_MAX + 1];
    uint64_t issuers; /* bit n: issuer n of the rules */
    bool any_issuer;
    enum tabard_role role;
    tb_methods_t proofs; /* 0: none asked for */
    int64_t until;
    bool shadow;
    struct tb_vcounter *counter;
};

struct tb_vissuer {
    char name[TABARD_ENTRY_NAME_MAX + 1];
    uint8_t spki[TB_VPOLICY_KEYS_MAX][TB_DIGEST_LEN];
    size_t num;
    struct tb_arc arc; /* under which it tells of proofs; empty: it tells nothing */
};

/* What an index looks for. */
enum tb_vindex {
    TB_VINDEX_GRANT,  /* name and resource */
    TB_VINDEX_NAME,   /* name alone: was it listed at all? */
    TB_VINDEX_PARENT, /* exact DNS names by their parent, and resource: what a server's wildcard covers */
    TB_VINDEX__COUNT
};

/* One name with one resource of one entry. */
struct tb_vitem {
    enum tb_vname_type type;
    bool wildcard;
    const char *name; /* normalised; owned */
    const char *resource;
    uint32_t entry;
    uint32_t next[TB_VINDEX__COUNT]; /* item + 1 in the same bucket; 0 ends. Ascending. */
};

enum tb_vstate { TB_VSTATE_ABSENT, TB_VSTATE_BROKEN, TB_VSTATE_LOADED };

/* Immutable once published, but for counters. */
struct tb_vrules {
    atomic_uint refs;
    enum tb_vstate state;
    struct tb_ventry *entries;
    size_t num_entries;
    struct tb_vitem *items;
    size_t num_items;
    uint32_t *buckets[TB_VINDEX__COUNT];
    uint32_t mask;
    struct tb_vissuer *issuers;
    size_t num_issuers;
    uint64_t issuers_used; /* by entries; bits as there */
};

struct tabard_policy {
    pthread_mutex_t lock; /* of the pointer, never held while deciding */
    struct tb_vrules *rules;
    struct tb_vrules *broken; /* empty, for a load that failed */
};

/* policy_parse.c: the grammar of tabard-policy(5).  Counters are not set yet. */
int tb_vrules_parse(struct tb_span text, struct tb_vrules **out, struct tabard_problem *problem) TB_MUST_USE;

/* policy_index.c */
struct tb_vrules *tb_vrules_new(enum tb_vstate state);
void tb_vrules_release(struct tb_vrules *rules); /* NULL-safe */
int tb_vrules_add_item(struct tb_vrules *rules, const struct tb_vname *name, const char *resource,
                       uint32_t entry) TB_MUST_USE;
int tb_vrules_index(struct tb_vrules *rules) TB_MUST_USE;
/* First and next item under a key; name is the parent for TB_VINDEX_PARENT; resource NULL for TB_VINDEX_NAME. */
const struct tb_vitem *tb_vrules_first(const struct tb_vrules *rules, enum tb_vindex index, enum tb_vname_type type,
                                       bool wildcard, const char *name, const char *resource);
const struct tb_vitem *tb_vrules_next(const struct tb_vrules *rules, enum tb_vindex index, const struct tb_vitem *item);

/* policy.c: a reference to the rules of now. */
struct tb_vrules *tb_vpolicy_get(struct tabard_policy *policy);

#endif
