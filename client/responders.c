/* Lists of responders (doc/tls-client-01.md, section 3): in a challenge, and pinned in the directory. */
#include <stdlib.h>
#include <string.h>

#include "client/directory.h"
#include "lib/base/ident.h"

static bool one_ok(const char *text)
{
    const char *colon = strrchr(text, ':');
    struct tb_ident host;
    unsigned long port;
    char *end;

    if (colon == NULL || colon[1] < '1' || colon[1] > '9' || strlen(text) > TB_DIRECTORY_RESPONDER_MAX)
        return false;
    port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > 65535)
        return false;
    return tb_ident_parse(TB_IDENT_DNS, tb_span_of(text, (size_t)(colon - text)), &host, NULL) == 0 && !host.wildcard &&
           strchr(host.value, '.') != NULL;
}

int tb_acme_responders(const json_t *list, char out[static TB_DIRECTORY_RESPONDERS_MAX][TB_DIRECTORY_RESPONDER_MAX + 1],
                       size_t *out_num)
{
    size_t num = json_array_size(list);

    *out_num = 0;
    if (num == 0)
        return TB_E_FORMAT;
    if (num > TB_DIRECTORY_RESPONDERS_MAX)
        return TB_E_LIMIT;
    for (size_t i = 0; i < num; i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (text == NULL || !one_ok(text))
            return TB_E_FORMAT;
        strcpy(out[i], text);
    }
    *out_num = num;
    return 0;
}
