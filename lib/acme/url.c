#include "lib/acme/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/b64u.h"

#define ACCOUNT_PATH  "/acme/acct/"
#define FINALIZE_PATH "/acme/finalize/"

#define U32_DIGITS 10
#define I64_DIGITS 19

_Static_assert(TB_BASE_URL_MAX + sizeof(ACCOUNT_PATH) - 1 + TB_B64U_DIGEST_LEN <= TB_ACCOUNT_URL_MAX,
               "every account URL fits");
_Static_assert(TB_BASE_URL_MAX + sizeof(FINALIZE_PATH) - 1 + TB_PROFILE_NAME_MAX + 1 + TB_PROFILE_VERSION_MAX +
                       2 * (1 + U32_DIGITS) + 1 + I64_DIGITS <=
                   TB_FINALIZE_URL_MAX,
               "every finalize URL fits");

/* The rest of url after base and path; NULL when it does not begin with them.  An empty base is nobody's. */
static const char *after(const char *url, const char *base, const char *path)
{
    size_t b = strlen(base);
    size_t p = strlen(path);

    if (b == 0 || strncmp(url, base, b) != 0 || strncmp(url + b, path, p) != 0)
        return NULL;
    return url + b + p;
}

void tb_account_url(char out[static TB_ACCOUNT_URL_MAX + 1], const char *base,
                    const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    char text[TB_B64U_DIGEST_LEN + 1];

    tb_b64u_encode(text, tb_span_of(thumbprint, TB_DIGEST_LEN));
    snprintf(out, TB_ACCOUNT_URL_MAX + 1, "%s" ACCOUNT_PATH "%s", base, text);
}

int tb_account_url_parse(const char *url, const char *base, uint8_t out_thumbprint[static TB_DIGEST_LEN])
{
    const char *id = after(url, base, ACCOUNT_PATH);
    uint8_t digest[TB_DIGEST_LEN];
    size_t n;

    memset(out_thumbprint, 0, TB_DIGEST_LEN);
    if (id == NULL || strlen(id) != TB_B64U_DIGEST_LEN ||
        tb_b64u_decode(digest, sizeof(digest), &n, tb_span_str(id)) < 0)
        return TB_E_FORMAT;
    memcpy(out_thumbprint, digest, TB_DIGEST_LEN);
    return 0;
}

void tb_finalize_url(char out[static TB_FINALIZE_URL_MAX + 1], const char *base, const struct tb_finalize_ref *ref)
{
    snprintf(out, TB_FINALIZE_URL_MAX + 1, "%s" FINALIZE_PATH "%s@%s/%" PRIu32 "/%" PRIu32 "/%" PRIu64, base,
             ref->profile, ref->version, ref->signer, ref->epoch, ref->order);
}

/* Decimal without leading zeros, up to max, ended by `end`; moves *s behind it. */
static int decimal(const char **s, char end, uint64_t max, uint64_t *out)
{
    const char *p = *s;

    *out = 0;
    if (*p < '1' || *p > '9')
        return TB_E_FORMAT;
    for (; *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (*out > (max - digit) / 10)
            return TB_E_FORMAT;
        *out = *out * 10 + digit;
    }
    if (*p != end)
        return TB_E_FORMAT;
    *s = end == '\0' ? p : p + 1;
    return 0;
}

int tb_finalize_url_parse(const char *url, const char *base, struct tb_finalize_ref *out)
{
    const char *s = after(url, base, FINALIZE_PATH);
    struct tb_finalize_ref ref;
    const char *slash;
    uint64_t signer;
    uint64_t epoch;

    *out = (struct tb_finalize_ref){0};
    if (s == NULL || (slash = strchr(s, '/')) == NULL ||
        tb_profile_ref_parse(tb_span_of(s, (size_t)(slash - s)), ref.profile, ref.version) < 0)
        return TB_E_FORMAT;
    s = slash + 1;
    if (decimal(&s, '/', UINT32_MAX, &signer) < 0 || decimal(&s, '/', UINT32_MAX, &epoch) < 0 ||
        decimal(&s, '\0', INT64_MAX, &ref.order) < 0)
        return TB_E_FORMAT;
    ref.signer = (uint32_t)signer;
    ref.epoch = (uint32_t)epoch;
    *out = ref;
    return 0;
}
