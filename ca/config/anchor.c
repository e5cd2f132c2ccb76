/* DNSSEC trust anchors in zone-file form: "OWNER [TTL] [IN] DS|DNSKEY N N N DATA...". */
#include <string.h>

#include "ca/config/value.h"

#define WORDS_MAX 16

/* The words of a line in buf; 0 when there are more than WORDS_MAX. */
static size_t split(char *buf, char *words[static WORDS_MAX])
{
    size_t n = 0;
    char *save = NULL;

    for (char *w = strtok_r(buf, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        if (n == WORDS_MAX)
            return 0;
        words[n++] = w;
    }
    return n;
}

static bool is_owner(char *s)
{
    struct tb_ident id;
    size_t len = strlen(s);

    if (strcmp(s, ".") == 0)
        return true;
    if (s[len - 1] == '.')
        s[len - 1] = '\0';
    return tb_ident_parse(TB_IDENT_DNS, tb_span_str(s), &id, NULL) == 0 && !id.wildcard;
}

bool tb_value_trust_anchor(const char *s)
{
    static const char data[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    char buf[sizeof(((struct tb_zone *)0)->trust_anchor[0])];
    char *words[WORDS_MAX];
    size_t n, i = 1;
    uint32_t num;

    if (strlen(s) >= sizeof(buf))
        return false;
    strcpy(buf, s);
    n = split(buf, words);
    if (n < 6 || !is_owner(words[0]))
        return false;
    if (tb_value_number(words[i], &num) == 0)
        i++;
    if (strcmp(words[i], "IN") == 0)
        i++;
    if (strcmp(words[i], "DS") != 0 && strcmp(words[i], "DNSKEY") != 0)
        return false;
    if (n < i + 5)
        return false;
    for (size_t k = 1; k <= 3; k++)
        if (tb_value_number(words[i + k], &num) != 0 || num > UINT16_MAX)
            return false;
    for (i += 4; i < n; i++)
        if (strspn(words[i], data) != strlen(words[i]))
            return false;
    return true;
}
