#include "lib/base/alabel.h"

#include <stdint.h>
#include <string.h>

#define PREFIX_LEN    4
#define CONTROL_END   0xa0 /* first code point behind the control characters */
#define CODEPOINT_MAX 0x10ffff

/* Bootstring parameters of Punycode, RFC 3492 section 5. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 0x80 };

static uint32_t digit_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a');
    return c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 : BASE;
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias + TMIN ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
}

static uint32_t adapt(uint32_t delta, uint32_t num, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / DAMP : delta / 2;
    for (delta += delta / num; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* A generalised variable-length integer at *s; false when it ends too soon, or is larger than any that is used. */
static bool read_delta(const char **s, const char *end, uint32_t bias, uint32_t *out)
{
    uint64_t value = 0, weight = 1;

    for (uint32_t k = BASE; *s < end; k += BASE) {
        uint32_t digit = digit_of(*(*s)++);
        uint32_t t = threshold(k, bias);

        if (digit >= BASE || (value += digit * weight) > UINT32_MAX)
            return false;
        if (digit < t) {
            *out = (uint32_t)value;
            return true;
        }
        if ((weight *= BASE - t) > UINT32_MAX)
            return false;
    }
    return false;
}

/* Every text has one encoding only, so what can be decoded is what the encoder makes (section 6.2). */
bool tb_alabel_ok(const char *label, size_t len)
{
    const char *s = label + PREFIX_LEN, *end = label + len;
    const char *hyphen = len > PREFIX_LEN ? memrchr(s, '-', len - PREFIX_LEN) : NULL;
    uint32_t num = hyphen != NULL ? (uint32_t)(hyphen - s) : 0; /* characters so far: those before the hyphen */
    uint32_t bias = INITIAL_BIAS;
    uint64_t n = INITIAL_N, i = 0;
    bool first = true;
    uint32_t delta;

    if (hyphen == s)
        return false; /* the encoder writes no hyphen when nothing stands before it */
    for (s = hyphen != NULL ? hyphen + 1 : s; s < end; first = false) {
        if (!read_delta(&s, end, bias, &delta))
            return false;
        bias = adapt(delta, ++num, first);
        i += delta;
        n += i / num;
        i = i % num + 1;
        if (n < CONTROL_END || n > CODEPOINT_MAX || (n >= 0xd800 && n <= 0xdfff))
            return false;
    }
    return !first;
}
