#include "lib/verify/decision.h"

#include <stdlib.h>

struct tabard_decision *tabard_decision_new(void)
{
    struct tabard_decision *decision = calloc(1, sizeof(*decision));

    if (decision != NULL)
        tb_decision_deny(decision, TABARD_R_ARGUMENT, "request", "a decision", "none was asked for");
    return decision;
}

void tabard_decision_free(struct tabard_decision *decision)
{
    free(decision);
}

bool tb_decision_deny(struct tabard_decision *decision, enum tabard_reason reason, const char *object,
                      const char *expected, const char *seen)
{
    decision->allowed = decision->strict = false;
    decision->account[0] = decision->entry[0] = '\0';
    tb_fault_set(&decision->fault, reason, object, -1, NULL, expected, seen);
    return false;
}

bool tabard_decision_allowed(const struct tabard_decision *decision)
{
    return decision != NULL && decision->allowed;
}

bool tabard_decision_strict(const struct tabard_decision *decision)
{
    return decision != NULL && decision->strict;
}

enum tabard_reason tabard_decision_reason(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.reason : TABARD_R_ARGUMENT;
}

const char *tabard_decision_account(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->account : "";
}

const char *tabard_decision_entry(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->entry : "";
}

const char *tabard_decision_name(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.name : "";
}

const char *tabard_decision_object(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.object : "request";
}

int tabard_decision_depth(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.depth : -1;
}

const char *tabard_decision_subject(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.subject : "";
}

const char *tabard_decision_expected(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.expected : "";
}

const char *tabard_decision_seen(const struct tabard_decision *decision)
{
    return decision != NULL ? decision->fault.seen : "";
}
