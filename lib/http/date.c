#include "lib/http/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"

#define TIME_MIN INT64_C(-62167219200) /* 0000-01-01 */
#define TIME_MAX INT64_C(253402300799) /* 9999-12-31 */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void tb_http_date_format(char out[static TB_HTTP_DATE_LEN + 1], tb_time_t t)
{
    time_t clamped = (time_t)(t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t);
    struct tm tm;

    (void)gmtime_r(&clamped, &tm);
    (void)snprintf(out, TB_HTTP_DATE_LEN + 1, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
                   (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
                   (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static int number(const uint8_t *p, size_t digits)
{
    int v = 0;

    for (size_t i = 0; i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = 10 * v + (p[i] - '0');
    }
    return v;
}

/* The preferred form, read by position and written again: whatever is not that form differs. */
static int parse_preferred(struct tb_span text, tb_time_t *out)
{
    char again[TB_HTTP_DATE_LEN + 1];
    struct tm tm = {.tm_mon = -1};
    tb_time_t t;

    *out = 0;
    if (text.len != TB_HTTP_DATE_LEN)
        return TB_E_FORMAT;
    for (int i = 0; i < 12; i++)
        if (memcmp(text.p + 8, months[i], 3) == 0)
            tm.tm_mon = i;
    tm.tm_mday = number(text.p + 5, 2);
    tm.tm_year = number(text.p + 12, 4) - 1900;
    tm.tm_hour = number(text.p + 17, 2);
    tm.tm_min = number(text.p + 20, 2);
    tm.tm_sec = number(text.p + 23, 2);
    if (tm.tm_mon < 0 || tm.tm_mday < 0 || tm.tm_year < -1900 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
        return TB_E_FORMAT;
    t = (tb_time_t)timegm(&tm);
    tb_http_date_format(again, t);
    if (!tb_span_eq_str(text, again))
        return TB_E_FORMAT;
    *out = t;
    return 0;
}

/* Which of the seven begins with the three letters. */
static const char *day_long(const uint8_t *p)
{
    static const char *const names[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

    for (int i = 0; i < 7; i++)
        if (memcmp(p, days[i], 3) == 0)
            return names[i];
    return "";
}

/* Two digits of a year: more than 50 years ahead is the past century's. */
static int year_of(int two, tb_time_t now)
{
    time_t t = (time_t)now;
    struct tm tm;
    int this_year, year;

    (void)gmtime_r(&t, &tm);
    this_year = tm.tm_year + 1900;
    year = this_year - this_year % 100 + two;
    return year > this_year + 50 ? year - 100 : year;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool rewrite_rfc850(struct tb_span text, tb_time_t now, char out[static TB_HTTP_DATE_LEN + 1])
{
    const char *day = text.len > 3 ? day_long(text.p) : "";
    size_t n = strlen(day);
    const char *p = (const char *)text.p;
    int two;

    if (n == 0 || text.len != n + 24 || memcmp(p, day, n) != 0 || memcmp(p + n, ", ", 2) != 0)
        return false;
    p += n + 2;
    if (p[2] != '-' || p[6] != '-' || (two = number((const uint8_t *)p + 7, 2)) < 0)
        return false;
    (void)snprintf(out, TB_HTTP_DATE_LEN + 1, "%.3s, %.2s %.3s %04u%.13s", day, p, p + 3,
                   (unsigned)year_of(two, now) % 10000, p + 9);
    return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool rewrite_asctime(struct tb_span text, char out[static TB_HTTP_DATE_LEN + 1])
{
    const char *p = (const char *)text.p;

    if (text.len != 24 || p[3] != ' ' || p[7] != ' ' || p[10] != ' ' || p[19] != ' ' || p[8] == '0')
        return false;
    (void)snprintf(out, TB_HTTP_DATE_LEN + 1, "%.3s, %c%c %.3s %.4s %.8s GMT", p, p[8] == ' ' ? '0' : p[8], p[9], p + 4,
                   p + 20, p + 11);
    return true;
}

int tb_http_date_parse(struct tb_span text, tb_time_t now, tb_time_t *out)
{
    char again[TB_HTTP_DATE_LEN + 1];

    *out = 0;
    if (text.len == TB_HTTP_DATE_LEN && text.p[3] == ',')
        return parse_preferred(text, out);
    if (rewrite_rfc850(text, now, again) || rewrite_asctime(text, again))
        return parse_preferred(tb_span_str(again), out);
    return TB_E_FORMAT;
}
