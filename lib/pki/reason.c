#include "lib/pki/reason.h"

#include <stdio.h>
#include <string.h>

static const char *const names[TB_REASON__COUNT] = {
    [TB_REASON_UNSPECIFIED] = "unspecified",
    [TB_REASON_KEY_COMPROMISE] = "keyCompromise",
    [TB_REASON_AFFILIATION_CHANGED] = "affiliationChanged",
    [TB_REASON_SUPERSEDED] = "superseded",
    [TB_REASON_CESSATION_OF_OPERATION] = "cessationOfOperation",
    [TB_REASON_PRIVILEGE_WITHDRAWN] = "privilegeWithdrawn",
};

const char *tb_reason_name(int reason)
{
    return reason >= 0 && reason < TB_REASON__COUNT ? names[reason] : NULL;
}

int tb_reason_parse(const char *text, enum tb_reason *out)
{
    char number[4];

    *out = TB_REASON_UNSPECIFIED;
    for (int i = 0; i < TB_REASON__COUNT; i++) {
        if (names[i] == NULL)
            continue;
        snprintf(number, sizeof(number), "%d", i);
        if (strcmp(text, names[i]) == 0 || strcmp(text, number) == 0) {
            *out = (enum tb_reason)i;
            return 0;
        }
    }
    return TB_E_NOTFOUND;
}

bool tb_reason_for_subscriber(int reason)
{
    return tb_reason_name(reason) != NULL && reason != TB_REASON_PRIVILEGE_WITHDRAWN;
}
