#include "lib/base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"

#define TIME_MIN INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

tb_time_t tb_clock_now_s(void)
{
    return time(NULL);
}

uint64_t tb_clock_now_us(void)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t tb_clock_mono_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void tb_rfc3339_format(char out[static TB_RFC3339_LEN + 1], tb_time_t t)
{
    struct tm tm;
    time_t tt = (time_t)(t < TIME_MIN ? TIME_MIN : t > TIME_MAX ? TIME_MAX : t);
    char buf[72];

    gmtime_r(&tt, &tm);
    snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec);
    memcpy(out, buf, TB_RFC3339_LEN);
    out[TB_RFC3339_LEN] = '\0';
}

static int digits(const char **s, int n, int max, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        char c = (*s)[i];

        if (c < '0' || c > '9')
            return TB_E_FORMAT;
        *out = *out * 10 + (c - '0');
    }
    *s += n;
    return *out <= max ? 0 : TB_E_FORMAT;
}

static int literal(const char **s, char c)
{
    if (**s != c)
        return TB_E_FORMAT;
    (*s)++;
    return 0;
}

static int zone(const char **s, tb_time_t *out_offset_s)
{
    int hour;
    int min;
    char sign = **s;

    *out_offset_s = 0;
    if (sign == 'Z')
        return literal(s, 'Z');
    if (sign != '+' && sign != '-')
        return TB_E_FORMAT;
    (*s)++;
    if (digits(s, 2, 23, &hour) < 0 || literal(s, ':') < 0 || digits(s, 2, 59, &min) < 0)
        return TB_E_FORMAT;
    *out_offset_s = (hour * 3600 + min * 60) * (sign == '+' ? 1 : -1);
    return 0;
}

int tb_rfc3339_parse(const char *s, tb_time_t *out)
{
    struct tm tm = {0};
    struct tm back;
    tb_time_t offset_s;
    time_t t;
    int year;
    int month;

    *out = 0;
    if (digits(&s, 4, 9999, &year) < 0 || literal(&s, '-') < 0 || digits(&s, 2, 12, &month) < 0 ||
        literal(&s, '-') < 0 || digits(&s, 2, 31, &tm.tm_mday) < 0 || literal(&s, 'T') < 0 ||
        digits(&s, 2, 23, &tm.tm_hour) < 0 || literal(&s, ':') < 0 || digits(&s, 2, 59, &tm.tm_min) < 0 ||
        literal(&s, ':') < 0 || digits(&s, 2, 59, &tm.tm_sec) < 0)
        return TB_E_FORMAT;
    if (*s == '.') {
        s++;
        if (!isdigit((unsigned char)*s))
            return TB_E_FORMAT;
        while (isdigit((unsigned char)*s))
            s++;
    }
    if (zone(&s, &offset_s) < 0 || *s != '\0')
        return TB_E_FORMAT;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    t = timegm(&tm);
    gmtime_r(&t, &back);
    if (back.tm_mday != tm.tm_mday || back.tm_mon != month - 1)
        return TB_E_FORMAT;
    *out = (tb_time_t)t - offset_s;
    return 0;
}
