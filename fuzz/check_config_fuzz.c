/* tb_config_scan and tb_config_kind_guess: the first octet chooses the kind, the rest is the configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check/config.h"

#define BOTH (1u << TB_CHECK_CLIENT | 1u << TB_CHECK_SERVER)

/* At least as many as there are: YAML 1.1 ends a line with CR, NEL, LS and PS, too (their last octets). */
static unsigned count_lines(const char *text)
{
    unsigned n = 1;

    for (; *text != '\0'; text++)
        n += strchr("\n\r\x85\xa8\xa9", *text) != NULL;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_config_uses uses = {0};
    enum tb_config_kind kind = TB_CONFIG_POSTFIX;
    char *text;

    if (size < 1 || (text = malloc(size)) == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (!tb_config_kind_guess("x", text, &kind))
        kind = TB_CONFIG_POSTFIX;
    if (data[0] % (TB_CONFIG_KINDS + 1) < TB_CONFIG_KINDS)
        kind = (enum tb_config_kind)(data[0] % (TB_CONFIG_KINDS + 1));
    if (tb_config_scan(kind, "x", text, &uses) < 0 && uses.num > TB_CONFIG_USES_MAX)
        abort();
    for (size_t i = 0; i < uses.num; i++) {
        const struct tb_config_use *u = &uses.use[i];

        /* Every use stands on a line of the text, has a role, and names something. */
        if (u->line < 1 || u->line > count_lines(text) || u->roles == 0 || (u->roles & ~BOTH) != 0 ||
            u->cert[0] == '\0' || strlen(u->cert) > TB_CONFIG_VALUE_MAX || u->kind != kind)
            abort();
    }
    tb_config_uses_clear(&uses);
    free(text);
    return 0;
}
