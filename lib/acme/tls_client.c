#include "lib/acme/tls_client.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/base/hash.h"

#define TAG_OCTETS 10
#define DOMAIN     "tls-client-01" /* with its NUL under the digest */

_Static_assert(TAG_OCTETS * 8 == TB_TLS_CLIENT_TAG_LEN * 5, "whole characters, no padding");
_Static_assert(sizeof("refused  \n") - 1 + TB_TLS_CLIENT_REASON_MAX + TB_TLS_CLIENT_ADDRESS_MAX <=
                   TB_TLS_CLIENT_LINE_MAX,
               "the longest line fits");

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void tb_tls_client_tag(char out[static TB_TLS_CLIENT_TAG_LEN + 1], struct tb_span token)
{
    uint8_t digest[TB_DIGEST_LEN];
    uint64_t bits = 0;
    unsigned num = 0;

    tb_sha256(digest, token);
    for (size_t i = 0; i < TAG_OCTETS; i++) {
        bits = bits << 8 | digest[i];
        for (num += 8; num >= 5; num -= 5)
            *out++ = alphabet[bits >> (num - 5) & 31];
    }
    *out = '\0';
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool same_text(struct tb_span a, const char *b)
{
    if (a.len != strlen(b))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower((uint8_t)b[i]))
            return false;
    return true;
}

int tb_tls_client_tag_of(char out[static TB_TLS_CLIENT_TAG_LEN + 1], struct tb_span name, const char *host)
{
    const size_t n = TB_TLS_CLIENT_TAG_LEN;
    char tag[TB_TLS_CLIENT_TAG_LEN + 1] = "";

    out[0] = '\0';
    if (name.len < n + 2 || name.p[n] != '.' || !same_text(tb_span_of(name.p + n + 1, name.len - n - 1), host))
        return TB_E_FORMAT;
    for (size_t i = 0; i < n; i++) {
        tag[i] = lower(name.p[i]);
        if (tag[i] == '\0' || strchr(alphabet, tag[i]) == NULL)
            return TB_E_FORMAT;
    }
    memcpy(out, tag, sizeof(tag));
    return 0;
}

void tb_tls_client_digest(uint8_t out[static TB_DIGEST_LEN], struct tb_span key_authorization)
{
    const struct tb_span parts[] = {tb_span_of(DOMAIN, sizeof(DOMAIN)), key_authorization};

    tb_sha256v(out, parts, TB_ARRAY_LEN(parts));
}

void tb_tls_client_line_write(struct tb_wr *wr, const struct tb_tls_client_line *line)
{
    if (line->ok)
        tb_wr_printf(wr, "ok %s\n", line->address);
    else
        tb_wr_printf(wr, "refused %s %s\n", line->reason, line->address);
}

/* The octets before the next space, or all that is left. */
static struct tb_span word_next(struct tb_span *rest)
{
    const uint8_t *space = rest->len > 0 ? memchr(rest->p, ' ', rest->len) : NULL;
    struct tb_span word = tb_span_of(rest->p, space != NULL ? (size_t)(space - rest->p) : rest->len);
    size_t skip = word.len + (space != NULL);

    *rest = tb_span_of(rest->p + skip, rest->len - skip);
    return word;
}

static bool reason_copy(char out[static TB_TLS_CLIENT_REASON_MAX + 1], struct tb_span s)
{
    if (s.len == 0 || s.len > TB_TLS_CLIENT_REASON_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < 'a' || s.p[i] > 'z')
            return false;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return true;
}

static bool address_copy(char out[static TB_TLS_CLIENT_ADDRESS_MAX + 1], struct tb_span s)
{
    uint8_t raw[sizeof(struct in6_addr)];

    if (s.len == 0 || s.len > TB_TLS_CLIENT_ADDRESS_MAX || memchr(s.p, '\0', s.len) != NULL)
        return false;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return inet_pton(AF_INET, out, raw) == 1 || inet_pton(AF_INET6, out, raw) == 1;
}

int tb_tls_client_line_read(struct tb_span text, struct tb_tls_client_line *out)
{
    struct tb_tls_client_line line = {.ok = false};
    struct tb_span rest = text;
    struct tb_span verdict;

    *out = line;
    if (text.len > TB_TLS_CLIENT_LINE_MAX)
        return TB_E_LIMIT;
    if (text.len == 0 || text.p[text.len - 1] != '\n')
        return TB_E_TRUNC;
    rest.len--;
    verdict = word_next(&rest);
    line.ok = tb_span_eq_str(verdict, "ok");
    if (!line.ok && (!tb_span_eq_str(verdict, "refused") || !reason_copy(line.reason, word_next(&rest))))
        return TB_E_FORMAT;
    if (!address_copy(line.address, rest))
        return TB_E_FORMAT;
    *out = line;
    return 0;
}
