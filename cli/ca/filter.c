#include "cli/ca/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/amount.h"
#include "lib/base/compiler.h"

bool tb_ca_filter_given(const struct tb_ca_args *a)
{
    return tb_ca_value(a, "name") != NULL || tb_ca_value(a, "profile") != NULL || tb_ca_value(a, "expiring") != NULL ||
           tb_ca_value(a, "valid") != NULL;
}

int tb_ca_filter_request(const struct tb_ca_args *a, json_t *req)
{
    const char *expiring = tb_ca_value(a, "expiring");
    uint32_t seconds = 0;
    json_t *more;
    int r;

    if (expiring != NULL && (tb_value_duration(expiring, &seconds) < 0 || seconds == 0))
        return tb_ca_misuse(a->action, "--expiring takes a duration such as 30d, 12h or 90m");
    more = json_pack("{s:s*,s:s*}", "name", tb_ca_value(a, "name"), "profile", tb_ca_value(a, "profile"));
    if (more == NULL)
        return tb_ca_misuse(a->action, "a value is not UTF-8");
    r = json_object_update(req, more);
    json_decref(more);
    if (r == 0 && expiring != NULL)
        r = json_object_set_new(req, "expiring_s", json_integer(seconds));
    if (r == 0 && tb_ca_value(a, "valid") != NULL)
        r = json_object_set_new(req, "valid", json_true());
    return r == 0 ? TB_CLI_OK : TB_CLI_FAILURE;
}

bool tb_ca_number(const struct tb_ca_args *a, const char *option, uint64_t fallback, uint64_t max, uint64_t *out)
{
    const char *text = tb_ca_value(a, option);
    char what[96];
    char *end = NULL;

    *out = fallback;
    if (text == NULL)
        return true;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (text[0] >= '1' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= max)
        return true;
    snprintf(what, sizeof(what), "--%s is a number from 1 to %" PRIu64, option, max);
    (void)tb_ca_misuse(a->action, what);
    return false;
}
