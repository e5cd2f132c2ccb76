/* The header fields that ACME uses (RFC 8555 sections 6.5, 6.6, 7.1; RFC 8288 links). */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client/https.h"
#include "lib/base/b64u.h"

static struct tb_span trim(struct tb_span s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = tb_span_of(s.p + 1, s.len - 1);
    while (s.len > 0 &&
           (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t' || s.p[s.len - 1] == '\r' || s.p[s.len - 1] == '\n'))
        s.len--;
    return s;
}

static void copy(char *out, size_t cap, struct tb_span s)
{
    if (s.len >= cap)
        return;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
}

static void take_nonce(struct tb_https_answer *out, struct tb_span value)
{
    if (tb_b64u_alphabet(value))
        copy(out->nonce, sizeof(out->nonce), value);
}

static void take_location(struct tb_https_answer *out, struct tb_span value)
{
    if (tb_https_url_ok(value))
        copy(out->location, sizeof(out->location), value);
}

static void take_type(struct tb_https_answer *out, struct tb_span value)
{
    copy(out->content_type, sizeof(out->content_type), value);
}

/* Seconds or an HTTP date (RFC 9110 section 10.2.3); what is neither counts as absent. */
static void take_retry_after(struct tb_https_answer *out, struct tb_span value)
{
    char text[64] = "";
    time_t when;
    char *end;
    long n;

    copy(text, sizeof(text), value);
    if (text[0] == '\0')
        return;
    if (text[0] >= '0' && text[0] <= '9' && (n = strtol(text, &end, 10)) >= 0 && *end == '\0') {
        out->retry_after_s = n < TB_HTTPS_RETRY_MAX_S ? n : TB_HTTPS_RETRY_MAX_S;
        return;
    }
    if ((when = curl_getdate(text, NULL)) == (time_t)-1)
        return;
    out->retry_after_s = when > time(NULL) ? (int64_t)(when - time(NULL)) : 0;
    if (out->retry_after_s > TB_HTTPS_RETRY_MAX_S)
        out->retry_after_s = TB_HTTPS_RETRY_MAX_S;
}

/* Only the one relation that a person is told about. */
static void take_link(struct tb_https_answer *out, struct tb_span value)
{
    static const char rel[] = "rel=\"terms-of-service\"";
    const uint8_t *end = value.len > 0 ? memchr(value.p, '>', value.len) : NULL;
    struct tb_span url;

    if (end == NULL || value.p[0] != '<' ||
        memmem(end, (size_t)(value.p + value.len - end), rel, sizeof(rel) - 1) == NULL)
        return;
    url = tb_span_of(value.p + 1, (size_t)(end - value.p) - 1);
    if (tb_https_url_ok(url))
        copy(out->terms, sizeof(out->terms), url);
}

static const struct {
    const char *name;
    void (*take)(struct tb_https_answer *out, struct tb_span value);
} fields[] = {
    {"replay-nonce", take_nonce},      {"location", take_location}, {"content-type", take_type},
    {"retry-after", take_retry_after}, {"link", take_link},
};

void tb_https_header(struct tb_https_answer *out, struct tb_span line)
{
    const uint8_t *colon = line.len > 0 ? memchr(line.p, ':', line.len) : NULL;
    size_t name_len;

    if (colon == NULL)
        return;
    name_len = (size_t)(colon - line.p);
    for (size_t i = 0; i < TB_ARRAY_LEN(fields); i++)
        if (strlen(fields[i].name) == name_len && strncasecmp(fields[i].name, (const char *)line.p, name_len) == 0)
            fields[i].take(out, trim(tb_span_of(colon + 1, line.len - name_len - 1)));
}

bool tb_https_url_ok(struct tb_span url)
{
    static const char scheme[] = "https://";
    const size_t n = sizeof(scheme) - 1;
    bool authority = true; /* where an '@' would set a user apart */

    if (url.len <= n || url.len > TB_HTTPS_URL_MAX || memcmp(url.p, scheme, n) != 0 || url.p[n] == '/')
        return false;
    for (size_t i = 0; i < url.len; i++) {
        if (url.p[i] <= 0x20 || url.p[i] > 0x7e || url.p[i] == '"' || url.p[i] == '\\')
            return false;
        authority = authority && (i < n || strchr("/?#", url.p[i]) == NULL);
        if (authority && url.p[i] == '@')
            return false;
    }
    return true;
}

void tb_https_host(char *out, size_t cap, const char *url)
{
    const char *p = strstr(url, "://");

    p = p != NULL ? p + 3 : url;
    snprintf(out, cap, "%.*s", (int)strcspn(p, "/?#"), p);
}
