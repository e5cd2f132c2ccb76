#include <string.h>

#include "lib/verify/decision.h"
#include "lib/verify/proofs.h"

struct matcher {
    const struct tb_vrules *rules;
    const struct tabard_request *req;
    const struct tb_vcert *leaf;
    bool eku_fault;
    uint64_t path_issuers; /* of the rules' issuers, those that stand on the path */
    struct tb_match *out;
    const struct tb_ventry *strict;
    const struct tb_vname *strict_name;
    bool strict_ambiguous, shadow_ambiguous;
    unsigned nearest; /* how far the nearest entry came */
};

/* The order in which an entry is asked; what fails later came nearer. */
static const enum tabard_reason stages[] = {
    TABARD_R_RESOURCE_NOT_GRANTED,  TABARD_R_PURPOSE_NOT_GRANTED,  TABARD_R_ISSUER_NOT_LISTED,
    TABARD_R_ISSUER_OTHER_NAME,     TABARD_R_ENTRY_ENDED,          TABARD_R_PEER_FORWARD_ABSENT,
    TABARD_R_PEER_FORWARD_MISMATCH, TABARD_R_PROOF_METHOD_UNKNOWN, TABARD_R_PROOF_METHOD_OTHER,
};

static unsigned stage_of(enum tabard_reason reason)
{
    for (unsigned i = 0; i < TB_ARRAY_LEN(stages); i++)
        if (stages[i] == reason)
            return i + 1;
    return 0;
}

static bool issuer_on_path(const struct tb_vissuer *issuer, const struct tb_path_issuers *path)
{
    for (size_t i = 0; i < issuer->num; i++)
        for (size_t j = 0; j < path->num; j++)
            if (memcmp(issuer->spki[i], path->spki[j], TB_DIGEST_LEN) == 0)
                return true;
    return false;
}

static enum tabard_reason judge_proofs(const struct matcher *m, const struct tb_ventry *entry,
                                       const struct tb_vname *name)
{
    struct tb_vproof proof;

    if (entry->proofs == 0)
        return TABARD_R_ALLOWED;
    if (!tb_vproof_find(m->rules, m->path_issuers, entry, m->req->role, m->leaf, name, &proof))
        return TABARD_R_PROOF_METHOD_UNKNOWN;
    return tb_vproof_serves(&proof, entry->proofs) ? TABARD_R_ALLOWED : TABARD_R_PROOF_METHOD_OTHER;
}

static enum tabard_reason judge(const struct matcher *m, const struct tb_ventry *entry, const struct tb_vname *name)
{
    enum tabard_reason reason = TABARD_R_ALLOWED;

    if (entry->role != m->req->role)
        return TABARD_R_PURPOSE_NOT_GRANTED;
    if (!entry->any_issuer && (entry->issuers & m->path_issuers) == 0)
        return m->path_issuers == 0 ? TABARD_R_ISSUER_NOT_LISTED : TABARD_R_ISSUER_OTHER_NAME;
    if (m->req->time >= entry->until && entry->until != TB_VPOLICY_NEVER)
        return TABARD_R_ENTRY_ENDED;
    if ((m->req->peer_checks & TABARD_PEER_FORWARD) != 0)
        reason = tb_peer_forward(m->req, name);
    return reason != TABARD_R_ALLOWED ? reason : judge_proofs(m, entry, name);
}

static bool forgivable(enum tabard_reason reason)
{
    return reason == TABARD_R_ALLOWED || reason == TABARD_R_PROOF_METHOD_UNKNOWN ||
           reason == TABARD_R_PROOF_METHOD_OTHER;
}

static void keep(const struct tb_ventry *entry, const struct tb_vname *name, const struct tb_ventry **out,
                 const struct tb_vname **out_name, bool *ambiguous)
{
    if (*out != NULL && strcmp((*out)->account, entry->account) != 0)
        *ambiguous = true;
    /* The lowest entry, so that the order of names decides nothing. */
    if (*out == NULL || entry < *out) {
        *out = entry;
        *out_name = name;
    }
}

static void consider(struct matcher *m, const struct tb_ventry *entry, const struct tb_vname *name,
                     enum tabard_reason reason)
{
    unsigned stage = stage_of(reason);

    if (reason == TABARD_R_ALLOWED && !m->eku_fault)
        keep(entry, name, &m->strict, &m->strict_name, &m->strict_ambiguous);
    else if (entry->shadow && forgivable(reason))
        keep(entry, name, &m->out->shadow, &m->out->shadow_name, &m->shadow_ambiguous);
    if (reason == TABARD_R_ALLOWED)
        stage = TB_ARRAY_LEN(stages) + 1;
    if (m->out->entry == NULL || stage > m->nearest || (stage == m->nearest && entry < m->out->entry)) {
        m->out->entry = entry;
        m->out->name = name;
        m->out->reason = reason;
        m->nearest = stage;
    }
}

/* All grants under a key.  True when there was one, whatever it said. */
static bool match_grants(struct matcher *m, enum tb_vindex index, const struct tb_vname *name, bool wildcard,
                         const char *key)
{
    const struct tb_vitem *item = tb_vrules_first(m->rules, index, name->type, wildcard, key, m->req->resource);
    bool any = item != NULL;

    /* Two accounts are as ambiguous as ten thousand. */
    for (; item != NULL && !m->strict_ambiguous; item = tb_vrules_next(m->rules, index, item)) {
        const struct tb_ventry *entry = &m->rules->entries[item->entry];

        consider(m, entry, name, judge(m, entry, name));
    }
    return any;
}

static void match_other_resource(struct matcher *m, const struct tb_vname *name, bool wildcard, const char *key)
{
    const struct tb_vitem *item = tb_vrules_first(m->rules, TB_VINDEX_NAME, name->type, wildcard, key, NULL);

    if (item != NULL)
        consider(m, &m->rules->entries[item->entry], name, TABARD_R_RESOURCE_NOT_GRANTED);
}

static void match_name(struct matcher *m, const struct tb_vname *name)
{
    const char *parent = name->type == TB_VNAME_DNS && !name->wildcard ? tb_vname_parent(name->text) : NULL;
    bool any = match_grants(m, TB_VINDEX_GRANT, name, name->wildcard, name->text);

    /* One label below a pattern with a wildcard. */
    if (parent != NULL)
        any = match_grants(m, TB_VINDEX_GRANT, name, true, parent) || any;
    /* A server may be one of many under its wildcard; a client that is anybody is nobody (RFC 9525 section 6.3). */
    if (name->wildcard && m->req->role == TABARD_ROLE_SERVER)
        any = match_grants(m, TB_VINDEX_PARENT, name, false, name->text) || any;
    if (any)
        return;
    match_other_resource(m, name, name->wildcard, name->text);
    if (parent != NULL)
        match_other_resource(m, name, true, parent);
}

static enum tabard_reason not_listed(const struct matcher *m, const struct tb_vname *names, size_t num,
                                     const struct tb_vname **out_name)
{
    for (size_t i = 0; i < num; i++) {
        *out_name = &names[i];
        if (names[i].wildcard && m->req->role == TABARD_ROLE_CLIENT)
            return TABARD_R_NAME_WILDCARD_IDENTITY;
    }
    for (size_t i = 0; i < num; i++) {
        *out_name = &names[i];
        if (names[i].type == TB_VNAME_DNS &&
            (strncmp(names[i].text, "xn--", 4) == 0 || strstr(names[i].text, ".xn--") != NULL))
            return TABARD_R_NAME_IDN_NOT_LISTED;
    }
    *out_name = num > 0 ? &names[0] : NULL;
    return TABARD_R_NAME_NOT_LISTED;
}

void tb_match_policy(const struct tb_vrules *rules, const struct tabard_request *req, const struct tb_vcert *leaf,
                     const struct tb_vname *names, size_t num, const struct tb_path_issuers *issuers, bool eku_fault,
                     struct tb_match *out)
{
    struct matcher m = {.rules = rules, .req = req, .leaf = leaf, .eku_fault = eku_fault, .out = out};

    *out = (struct tb_match){0};
    for (size_t i = 0; i < rules->num_issuers; i++)
        if (issuer_on_path(&rules->issuers[i], issuers))
            m.path_issuers |= UINT64_C(1) << i;
    m.path_issuers &= rules->issuers_used;
    out->issuers = m.path_issuers;
    for (size_t i = 0; i < num; i++)
        match_name(&m, &names[i]);
    if (m.strict_ambiguous || (m.strict == NULL && m.shadow_ambiguous)) {
        out->reason = TABARD_R_ACCOUNT_AMBIGUOUS;
        out->shadow = NULL;
    } else if (m.strict != NULL) {
        out->entry = m.strict;
        out->name = m.strict_name;
        out->reason = TABARD_R_ALLOWED;
        out->shadow = NULL;
    } else if (out->entry == NULL) {
        out->reason = not_listed(&m, names, num, &out->name);
    }
}
