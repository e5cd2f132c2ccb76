/* tabard_policy_check, tabard_policy_load (tb_vrules_parse): any octets are a policy or a reason why not; no prefix of
 * a policy is one; the same octets load as they check. */
#include <stdlib.h>
#include <string.h>

#include "include/tabard/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_problem problem;
    struct tabard_counters counters;
    size_t entries = 0;
    char *text = malloc(size > 0 ? size : 1);
    int r;

    if (policy == NULL || text == NULL)
        abort();
    memcpy(text, data, size);
    r = tabard_policy_check(text, size, &entries, &problem);
    if (r != 0 && (entries != 0 || problem.why[0] == '\0'))
        abort();
    if (r == 0 && tabard_policy_check(text, size - 1, NULL, NULL) == 0)
        abort();
    if (tabard_policy_load(policy, text, size, NULL) != r)
        abort();
    /* A load that failed leaves no entry behind. */
    if (tabard_policy_counters(policy, 0, &counters) != (entries > 0))
        abort();
    if (entries > 0 && tabard_policy_counters(policy, entries, &counters))
        abort();
    free(text);
    tabard_policy_free(policy);
    return 0;
}
