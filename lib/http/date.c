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

/* Read by position, and written again: whatever is not that form differs. */
int tb_http_date_parse(struct tb_span text, tb_time_t *out)
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
