#include "lib/verify/path.h"

#include <stdio.h>
#include <string.h>

/* How far a path came; the fault of the farthest is told. */
enum rank {
    RANK_NONE,
    RANK_NO_ISSUER,
    RANK_LOOP,
    RANK_SIGNATURE,
    RANK_OTHER_ROLE,
    RANK_ISSUER,
    RANK_DEPTH,
    RANK_COST,
    RANK_RULES
};

struct verified {
    const struct tb_vcert *child, *issuer;
    bool good;
};

struct search {
    const struct tb_path_input *in;
    struct tb_path_issuers *out;
    struct tb_fault *fault;
    enum rank rank;
    struct verified verified[TABARD_CANDIDATES_MAX];
    size_t num_verified;
    size_t steps;
    const struct tb_vcert *path[TABARD_DEPTH_MAX + 2];
    size_t num;
    bool found;
};

static void note(struct search *s, enum rank rank, const struct tb_fault *fault)
{
    if (rank <= s->rank)
        return;
    s->rank = rank;
    *s->fault = *fault;
}

static void note_plain(struct search *s, enum rank rank, enum tabard_reason reason, int depth,
                       const struct tb_vcert *cert, const char *expected, const char *seen)
{
    struct tb_fault fault;

    if (rank <= s->rank)
        return;
    tb_fault_set(&fault, reason, depth == 0 ? "leaf" : "intermediate", depth, cert->subject, expected, seen);
    note(s, rank, &fault);
}

static const struct tb_vcert *top(const struct search *s)
{
    return s->path[s->num - 1];
}

static void remember_issuers(struct search *s)
{
    for (size_t i = 1; i < s->num; i++) {
        size_t j = 0;

        while (j < s->out->num && memcmp(s->out->spki[j], s->path[i]->spki, TB_DIGEST_LEN) != 0)
            j++;
        if (j == s->out->num && j < TB_PATH_ISSUERS_MAX)
            memcpy(s->out->spki[s->out->num++], s->path[i]->spki, TB_DIGEST_LEN);
    }
}

/* Each pair is verified once, however many paths lead over it. */
static bool signature_good(struct search *s, const struct tb_vcert *issuer)
{
    const struct tb_vcert *child = top(s);
    struct verified v = {.child = child, .issuer = issuer};

    for (size_t i = 0; i < s->num_verified; i++)
        if (s->verified[i].child == child && s->verified[i].issuer == issuer)
            return s->verified[i].good;
    if (s->num_verified >= TABARD_CANDIDATES_MAX) {
        note_plain(s, RANK_COST, TABARD_R_PATH_TOO_COSTLY, (int)s->num - 1, child, "at most 64 signatures to verify",
                   "more candidates for issuers");
        return false;
    }
    v.good = tb_vcert_signed_by(child, issuer);
    s->verified[s->num_verified++] = v;
    if (!v.good)
        note_plain(s, RANK_SIGNATURE, TABARD_R_SIGNATURE, (int)s->num - 1, child,
                   "a signature by the key of the issuer that it names", "one that does not verify");
    return v.good;
}

/* The issuer is sound by itself and signed the top of the path. */
static bool step_sound(struct search *s, const struct tb_vcert *issuer, bool anchor)
{
    struct tb_fault fault;

    /* Signature first: nothing is said about a certificate that has no part in this. */
    if (!signature_good(s, issuer))
        return false;
    if (tb_rules_issuer(s->in, issuer, anchor, (int)s->num, &fault))
        return true;
    note(s, RANK_ISSUER, &fault);
    return false;
}

/* RFC 4158 section 2.4.2: the same name with the same key twice is a loop, whatever the certificates look like. */
static bool on_path(const struct search *s, const struct tb_vcert *cert)
{
    for (size_t i = 0; i < s->num; i++)
        if (tb_vcert_same(s->path[i], cert) || (memcmp(s->path[i]->spki, cert->spki, TB_DIGEST_LEN) == 0 &&
                                                X509_NAME_cmp(s->path[i]->subject, cert->subject) == 0))
            return true;
    return false;
}

/* True, and noted, when cert would close a loop. */
static bool closes_loop(struct search *s, const struct tb_vcert *cert)
{
    if (!on_path(s, cert))
        return false;
    note_plain(s, RANK_LOOP, top(s)->self_issued ? TABARD_R_SELF_SIGNED : TABARD_R_PATH_LOOP, (int)s->num - 1, top(s),
               "a path that ends in an anchor", "one that comes back to itself");
    return true;
}

static void try_anchor(struct search *s, const struct tb_anchor *anchor)
{
    struct tb_fault fault;

    if (!tb_vcert_issued(&anchor->cert, top(s)) || closes_loop(s, &anchor->cert))
        return;
    if ((anchor->roles & TABARD_ROLE_BIT(s->in->role)) == 0) {
        if (!signature_good(s, &anchor->cert))
            return;
        tb_fault_set(&fault, TABARD_R_ANCHOR_OTHER_ROLE, "anchor", (int)s->num, anchor->cert.subject,
                     s->in->role == TABARD_ROLE_CLIENT ? "an anchor for clients" : "an anchor for servers",
                     s->in->role == TABARD_ROLE_CLIENT ? "one for servers only" : "one for clients only");
        note(s, RANK_OTHER_ROLE, &fault);
        return;
    }
    if (!step_sound(s, &anchor->cert, true))
        return;
    s->path[s->num++] = &anchor->cert;
    if (tb_rules_check(s->in, s->path, s->num, &fault)) {
        s->found = true;
        remember_issuers(s);
    } else {
        note(s, RANK_RULES, &fault);
    }
    s->num--;
}

static bool is_anchor(const struct search *s, const struct tb_vcert *cert)
{
    const struct tabard_anchors *anchors = s->in->anchors;

    for (size_t i = 0; i < anchors->num; i++)
        if ((anchors->list[i].roles & TABARD_ROLE_BIT(s->in->role)) != 0 && tb_vcert_same(&anchors->list[i].cert, cert))
            return true;
    return false;
}

static void extend(struct search *s);

static void try_intermediate(struct search *s, const struct tb_vcert *cert)
{
    if (!tb_vcert_issued(cert, top(s)) || is_anchor(s, cert) || closes_loop(s, cert))
        return;
    if (s->num > TABARD_DEPTH_MAX) {
        note_plain(s, RANK_DEPTH, TABARD_R_PATH_TOO_DEEP, (int)s->num - 1, top(s), "at most 8 intermediates", "more");
        return;
    }
    if (!step_sound(s, cert, false))
        return;
    s->path[s->num++] = cert;
    extend(s);
    s->num--;
}

/* Depth first; recursion ends at TABARD_DEPTH_MAX, breadth at the steps. */
static void extend(struct search *s)
{
    const struct tabard_anchors *anchors = s->in->anchors;

    if (++s->steps > TABARD_STEPS_MAX) {
        note_plain(s, RANK_COST, TABARD_R_PATH_TOO_COSTLY, (int)s->num - 1, top(s), "at most 256 partial paths",
                   "more");
        return;
    }
    for (size_t i = 0; i < anchors->num; i++)
        try_anchor(s, &anchors->list[i]);
    for (size_t i = 1; i < s->in->num; i++)
        try_intermediate(s, &s->in->certs[i]);
    if (s->rank < RANK_NO_ISSUER && !s->found)
        note_plain(s, RANK_NO_ISSUER, top(s)->self_issued ? TABARD_R_SELF_SIGNED : TABARD_R_NO_ISSUER, (int)s->num - 1,
                   top(s), "an issuer among the anchors or in the chain", "none");
}

static bool has_anchor(const struct tb_path_input *in)
{
    for (size_t i = 0; in->anchors != NULL && i < in->anchors->num; i++)
        if ((in->anchors->list[i].roles & TABARD_ROLE_BIT(in->role)) != 0)
            return true;
    return false;
}

bool tb_path_find(const struct tb_path_input *in, struct tb_path_issuers *out, struct tb_fault *fault)
{
    struct search s = {.in = in, .out = out, .fault = fault};

    out->num = 0;
    tb_fault_clear(fault);
    if (!has_anchor(in)) {
        tb_fault_set(fault, TABARD_R_NO_ANCHOR_FOR_ROLE, "request", -1, NULL, "an anchor for the role", "none");
        return false;
    }
    if (!tb_rules_leaf(in, &in->certs[0], fault))
        return false;
    s.path[s.num++] = &in->certs[0];
    extend(&s);
    if (s.found)
        tb_fault_clear(fault);
    return s.found;
}
