#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verify/decision.h"
#include "lib/verify/proofs.h"

/* A later library may know more members; an older program must not have set them. */
bool tb_request_tail_zero(const struct tabard_request *in)
{
    const uint8_t *p = (const uint8_t *)in;

    for (size_t i = sizeof(*in); i < in->size; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static bool forward_sound(const struct tabard_request *req)
{
    if (req->num_forward > TABARD_FORWARD_MAX || (req->num_forward > 0 && req->forward == NULL))
        return false;
    for (size_t i = 0; i < req->num_forward; i++)
        if (req->forward[i].name == NULL || req->forward[i].num > TABARD_FORWARD_ADDRS_MAX ||
            (req->forward[i].num > 0 && req->forward[i].addresses == NULL))
            return false;
    return true;
}

int tb_request_read(const struct tabard_request *in, bool with_policy, struct tabard_request *out)
{
    *out = (struct tabard_request){0};
    if (in == NULL || in->size < sizeof(*in) || in->size > TB_REQUEST_SIZE_MAX || !tb_request_tail_zero(in))
        return TB_E_INVAL;
    if ((in->role != TABARD_ROLE_CLIENT && in->role != TABARD_ROLE_SERVER) || in->revocation < TABARD_REVOCATION_NONE ||
        in->revocation > TABARD_REVOCATION_CHAIN ||
        (in->peer_checks & ~(TABARD_PEER_IN_SAN | TABARD_PEER_FORWARD)) != 0 || !forward_sound(in))
        return TB_E_INVAL;
    if (with_policy && (in->policy == NULL || in->resource == NULL || in->resource[0] == '\0' ||
                        strnlen(in->resource, TABARD_RESOURCE_MAX + 1) > TABARD_RESOURCE_MAX))
        return TB_E_INVAL;
    *out = *in;
    return 0;
}

static bool is_eku_reason(enum tabard_reason reason)
{
    return reason >= TABARD_R_EKU_ABSENT && reason <= TABARD_R_EKU_EMAIL_ONLY;
}

/*
 * A path, or with *out_eku one that fails for its purpose alone.  fault is that of the strict rule.
 */
static bool find_path(const struct tabard_request *req, const struct tb_vcert *certs, size_t num,
                      struct tb_path_issuers *issuers, bool *out_eku, struct tb_fault *fault)
{
    struct tb_path_input in = {.certs = certs,
                               .num = num,
                               .anchors = req->anchors,
                               .crls = req->crls,
                               .role = req->role,
                               .revocation = req->revocation,
                               .now = req->time};
    struct tb_fault other;

    *out_eku = false;
    if (tb_path_find(&in, issuers, fault))
        return true;
    if (!is_eku_reason(fault->reason))
        return false;
    in.ignore_eku = true;
    *out_eku = tb_path_find(&in, issuers, &other);
    return false;
}

/* The common name, when an entry lists it: only to tell people what they ran into. */
static bool cn_listed(const struct tb_vrules *rules, const struct tb_vcert *leaf, struct tb_vname *out)
{
    X509_NAME *subject = leaf->subject;
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const ASN1_STRING *cn = at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)) : NULL;

    return cn != NULL &&
           tb_vname_parse(TB_VNAME_DNS, tb_span_of(ASN1_STRING_get0_data(cn), (size_t)ASN1_STRING_length(cn)), out) ==
               TABARD_R_ALLOWED &&
           tb_vrules_first(rules, TB_VINDEX_NAME, TB_VNAME_DNS, out->wildcard, out->text, NULL) != NULL;
}

static bool deny_name(struct tabard_decision *decision, const struct tb_vcert *leaf, enum tabard_reason reason,
                      const struct tb_vname *name, const char *expected, const char *seen)
{
    bool of_leaf = reason != TABARD_R_ACCOUNT_AMBIGUOUS && reason != TABARD_R_ENTRY_ENDED;

    tb_fault_set(&decision->fault, reason, of_leaf ? "leaf" : "policy", of_leaf ? 0 : -1,
                 of_leaf ? leaf->subject : NULL, expected, seen);
    if (name != NULL)
        tb_vname_text(decision->fault.name, name);
    return false;
}

static bool allow(struct tabard_decision *decision, const struct tb_ventry *entry, const struct tb_vname *name,
                  bool strict)
{
    decision->allowed = true;
    decision->strict = strict;
    memcpy(decision->account, entry->account, sizeof(decision->account));
    memcpy(decision->entry, entry->name, sizeof(decision->entry));
    if (strict)
        tb_fault_clear(&decision->fault);
    tb_vname_text(decision->fault.name, name);
    atomic_fetch_add_explicit(strict ? &entry->counter->allowed : &entry->counter->shadow_allowed, 1,
                              memory_order_relaxed);
    return true;
}

static void expected_of(const struct tb_match *match, const struct tabard_request *req, const struct tb_vrules *rules,
                        const struct tb_vcert *leaf, char out[static 256], char seen[static 256])
{
    struct tb_vproof proof;
    char time[24];

    snprintf(out, 256, "a name, issuer and role that an entry grants");
    snprintf(seen, 256, "none");
    switch (match->reason) {
    case TABARD_R_RESOURCE_NOT_GRANTED:
        snprintf(out, 256, "an entry for this resource");
        tb_fault_escape(seen, 256, tb_span_str(req->resource));
        break;
    case TABARD_R_ENTRY_ENDED:
        tb_fault_time(time, match->entry->until);
        snprintf(out, 256, "a time before %s", time);
        tb_fault_time(time, req->time);
        snprintf(seen, 256, "%s", time);
        break;
    case TABARD_R_PEER_FORWARD_ABSENT:
    case TABARD_R_PEER_FORWARD_MISMATCH:
        snprintf(out, 256, "the peer's address among those that the name resolves to");
        tb_address_text(seen, &req->peer);
        break;
    case TABARD_R_PROOF_METHOD_UNKNOWN:
    case TABARD_R_PROOF_METHOD_OTHER:
        tb_vmethods_text(out, 256, match->entry->proofs);
        if (tb_vproof_find(rules, match->issuers, match->entry, req->role, leaf, match->name, &proof))
            tb_vproof_text(seen, 256, &proof);
        break;
    case TABARD_R_ISSUER_NOT_LISTED:
    case TABARD_R_ISSUER_OTHER_NAME:
        snprintf(out, 256, "the issuer that the entry names");
        snprintf(seen, 256, "another");
        break;
    default:
        break;
    }
}

/* The fault of the match, unless the purpose was the fault, which then stays. */
static bool conclude(const struct tabard_request *req, const struct tb_vrules *rules, const struct tb_vcert *leaf,
                     const struct tb_match *match, bool eku_fault, struct tabard_decision *decision)
{
    char expected[256];
    char seen[256];

    if (match->reason == TABARD_R_ALLOWED && !eku_fault)
        return allow(decision, match->entry, match->name, true);
    if (!eku_fault) {
        expected_of(match, req, rules, leaf, expected, seen);
        deny_name(decision, leaf, match->reason, match->name, expected, seen);
    }
    if (match->entry != NULL)
        memcpy(decision->entry, match->entry->name, sizeof(decision->entry));
    if (match->shadow != NULL)
        return allow(decision, match->shadow, match->shadow_name, false);
    if (match->entry != NULL)
        atomic_fetch_add_explicit(&match->entry->counter->denied, 1, memory_order_relaxed);
    return false;
}

static bool decide_names(const struct tabard_request *req, const struct tb_vrules *rules, const struct tb_vcert *leaf,
                         const struct tb_path_issuers *issuers, bool eku_fault, struct tabard_decision *decision)
{
    struct tb_vname *names = NULL;
    struct tb_vname cn;
    struct tb_fault fault;
    struct tb_match match;
    size_t num = 0;
    bool ok = false;

    if (!tb_vnames_read(leaf, &names, &num, &fault)) {
        if (!eku_fault)
            decision->fault = fault;
        if (!eku_fault && fault.reason == TABARD_R_SAN_ABSENT && cn_listed(rules, leaf, &cn))
            deny_name(decision, leaf, TABARD_R_CN_ONLY, &cn, "a subject alternative name", "the common name alone");
        goto out;
    }
    if ((req->peer_checks & TABARD_PEER_IN_SAN) != 0 && tb_peer_in_san(&req->peer, names, num) != TABARD_R_ALLOWED) {
        char seen[64];

        tb_address_text(seen, &req->peer);
        if (!eku_fault)
            deny_name(decision, leaf, TABARD_R_PEER_NOT_IN_SAN, NULL,
                      "the peer's address as a subject alternative name", seen);
        goto out;
    }
    tb_match_policy(rules, req, leaf, names, num, issuers, eku_fault, &match);
    if (match.entry == NULL && !eku_fault && cn_listed(rules, leaf, &cn))
        deny_name(decision, leaf, TABARD_R_CN_ONLY, &cn, "a subject alternative name", "the common name alone");
    else
        ok = conclude(req, rules, leaf, &match, eku_fault, decision);
out:
    free(names);
    return ok;
}

bool tb_decide_certs(const struct tabard_request *req, const struct tb_vcert *certs, size_t num,
                     struct tabard_decision *decision)
{
    struct tb_vrules *rules = tb_vpolicy_get(req->policy);
    struct tb_path_issuers issuers;
    bool eku_fault = false;
    bool ok = false;

    tb_decision_deny(decision, TABARD_R_ARGUMENT, "request", "", "");
    if (rules->state != TB_VSTATE_LOADED)
        tb_decision_deny(decision, rules->state == TB_VSTATE_BROKEN ? TABARD_R_POLICY_BROKEN : TABARD_R_POLICY_ABSENT,
                         "policy", "a whole and sound policy", "none");
    else if (rules->num_entries == 0)
        tb_decision_deny(decision, TABARD_R_POLICY_EMPTY, "policy", "an entry", "none");
    else if (req->peer_checks != 0 && !tb_address_sound(&req->peer))
        tb_decision_deny(decision, TABARD_R_PEER_ADDRESS_ABSENT, "request", "the peer's address", "none");
    else if (find_path(req, certs, num, &issuers, &eku_fault, &decision->fault) || eku_fault)
        ok = decide_names(req, rules, &certs[0], &issuers, eku_fault, decision);
    tb_vrules_release(rules);
    return ok;
}

static void clear_chain(struct tb_vcert *certs, size_t num)
{
    for (size_t i = 0; certs != NULL && i < num; i++)
        tb_vcert_clear(&certs[i]);
    free(certs);
}

/* What lies above the leaf is sorted, so that its order decides nothing, not even when a limit is met. */
static int compare_certs(const void *a, const void *b)
{
    return memcmp(((const struct tb_vcert *)a)->digest, ((const struct tb_vcert *)b)->digest, TB_DIGEST_LEN);
}

static bool constrained(const struct tabard_anchors *anchors, const struct tb_vcert *certs, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (certs[i].constraints != NULL)
            return true;
    for (size_t i = 0; anchors != NULL && i < anchors->num; i++)
        if (anchors->list[i].cert.constraints != NULL)
            return true;
    return false;
}

/* OpenSSL judges name constraints, over its own objects: made once, not once for each path. */
static int load_constrained(const struct tabard_anchors *anchors, struct tb_vcert *certs, size_t num)
{
    int r = 0;

    if (!constrained(anchors, certs, num))
        return 0;
    for (size_t i = 0; i < num && r == 0; i++)
        r = tb_vcert_load(&certs[i]);
    return r;
}

static bool parse_chain(const struct tabard_anchors *anchors, const struct tabard_cert *chain, size_t num,
                        struct tb_vcert **out, struct tabard_decision *decision)
{
    struct tb_vcert *certs;
    char seen[64];

    *out = NULL;
    if (num == 0 || chain == NULL)
        return tb_decision_deny(decision, TABARD_R_NO_CERTIFICATE, "request", "a certificate", "none");
    if (num > TABARD_CHAIN_MAX)
        return tb_decision_deny(decision, TABARD_R_CHAIN_TOO_LONG, "request", "at most 16 certificates", "more");
    certs = calloc(num, sizeof(*certs));
    if (certs == NULL)
        return tb_decision_deny(decision, TABARD_R_MEMORY, "request", "", "");
    for (size_t i = 0; i < num; i++) {
        int r = tb_vcert_parse(&certs[i], chain[i].der, chain[i].len);

        if (r == 0)
            continue;
        clear_chain(certs, i);
        snprintf(seen, sizeof(seen), "certificate %zu of the chain", i);
        return tb_decision_deny(decision, r == TB_E_LIMIT ? TABARD_R_CHAIN_TOO_LONG : TABARD_R_CERTIFICATE_MALFORMED,
                                i == 0 ? "leaf" : "intermediate", "a certificate of at most 65536 octets", seen);
    }
    if (load_constrained(anchors, certs, num) < 0) {
        clear_chain(certs, num);
        return tb_decision_deny(decision, TABARD_R_CERTIFICATE_MALFORMED, "request", "certificates", "something else");
    }
    qsort(certs + 1, num - 1, sizeof(*certs), compare_certs);
    *out = certs;
    return true;
}

bool tabard_decide(const struct tabard_request *request, const struct tabard_cert *chain, size_t num,
                   struct tabard_decision *decision)
{
    struct tabard_decision own;
    struct tabard_decision *out = decision != NULL ? decision : &own;
    struct tabard_request req;
    struct tb_vcert *certs = NULL;
    bool ok;

    if (tb_request_read(request, true, &req) < 0)
        return tb_decision_deny(out, TABARD_R_ARGUMENT, "request", "a complete request",
                                "a member is missing or wrong");
    if (!parse_chain(req.anchors, chain, num, &certs, out))
        return false;
    ok = tb_decide_certs(&req, certs, num, out);
    clear_chain(certs, num);
    return ok;
}

void tabard_chain_check(const struct tabard_request *request, const struct tabard_cert *chain, size_t num,
                        struct tabard_decision *decision)
{
    struct tabard_request req;
    struct tb_vcert *certs = NULL;
    struct tb_vname *names = NULL;
    struct tb_path_issuers issuers;
    size_t num_names = 0;
    bool eku = false;

    if (decision == NULL)
        return;
    if (tb_request_read(request, false, &req) < 0) {
        tb_decision_deny(decision, TABARD_R_ARGUMENT, "request", "a complete request", "a member is missing or wrong");
        return;
    }
    if (!parse_chain(req.anchors, chain, num, &certs, decision))
        return;
    tb_decision_deny(decision, TABARD_R_CHAIN_SOUND, "", "", "");
    if (find_path(&req, certs, num, &issuers, &eku, &decision->fault) &&
        tb_vnames_read(&certs[0], &names, &num_names, &decision->fault))
        tb_decision_deny(decision, TABARD_R_CHAIN_SOUND, "", "", "");
    free(names);
    clear_chain(certs, num);
}
