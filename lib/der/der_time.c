#include "lib/der/der.h"

#include <stdio.h>
#include <time.h>

#define UTC_LEN         13 /* YYMMDDhhmmssZ */
#define GENERALIZED_LEN 15 /* YYYYMMDDhhmmssZ */
#define UTC_YEAR_FIRST  1950
#define UTC_YEAR_LAST   2049
#define YEAR_LAST       9999
#define TM_YEAR_BASE    1900

static int two_digits(const uint8_t *p, int *out)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return TB_E_FORMAT;
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return 0;
}

/* MMDDhhmmssZ after the year. */
static int rest_parse(const uint8_t *p, int year, tb_time_t *out)
{
    struct tm tm = {.tm_year = year - TM_YEAR_BASE};
    struct tm back;
    int month;
    time_t t;

    if (two_digits(p, &month) < 0 || two_digits(p + 2, &tm.tm_mday) < 0 || two_digits(p + 4, &tm.tm_hour) < 0 ||
        two_digits(p + 6, &tm.tm_min) < 0 || two_digits(p + 8, &tm.tm_sec) < 0 || p[10] != 'Z')
        return TB_E_FORMAT;
    tm.tm_mon = month - 1;
    back = tm;
    t = timegm(&back);
    /* timegm carries a 31st of February or a 60th second over: then the fields have changed. */
    if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
        back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
        return TB_E_FORMAT;
    *out = (tb_time_t)t;
    return 0;
}

int tb_der_time(struct tb_rd *rd, tb_time_t *out)
{
    struct tb_rd try = *rd;
    struct tb_span s;
    bool utc = tb_der_next_is(rd, TB_DER_UTC_TIME);
    int century = 0;
    int year;
    int r;

    if ((r = tb_der_get(&try, utc ? TB_DER_UTC_TIME : TB_DER_GENERALIZED_TIME, &s)) < 0)
        return r;
    if (s.len != (utc ? UTC_LEN : GENERALIZED_LEN))
        return TB_E_FORMAT;
    if (!utc && two_digits(s.p, &century) < 0)
        return TB_E_FORMAT;
    if (two_digits(s.p + (utc ? 0 : 2), &year) < 0)
        return TB_E_FORMAT;
    year += utc ? (year < UTC_YEAR_FIRST % 100 ? 2000 : TM_YEAR_BASE) : century * 100;
    if (!utc && year <= UTC_YEAR_LAST)
        return TB_E_FORMAT;
    if ((r = rest_parse(s.p + (utc ? 2 : 4), year, out)) < 0)
        return r;
    *rd = try;
    return 0;
}

static void two_put(uint8_t **p, int v)
{
    *(*p)++ = (uint8_t)('0' + v / 10 % 10);
    *(*p)++ = (uint8_t)('0' + v % 10);
}

void tb_der_put_time(struct tb_wr *wr, tb_time_t t)
{
    uint8_t text[GENERALIZED_LEN];
    uint8_t *p = text;
    struct tm tm;
    time_t tt = (time_t)t;
    int year;

    if (gmtime_r(&tt, &tm) == NULL || tm.tm_year < UTC_YEAR_FIRST - TM_YEAR_BASE ||
        tm.tm_year > YEAR_LAST - TM_YEAR_BASE) {
        if (wr->err == 0)
            wr->err = TB_E_INVAL;
        return;
    }
    year = tm.tm_year + TM_YEAR_BASE;
    if (year > UTC_YEAR_LAST)
        two_put(&p, year / 100);
    two_put(&p, year % 100);
    two_put(&p, tm.tm_mon + 1);
    two_put(&p, tm.tm_mday);
    two_put(&p, tm.tm_hour);
    two_put(&p, tm.tm_min);
    two_put(&p, tm.tm_sec);
    *p++ = 'Z';
    tb_der_put(wr, year > UTC_YEAR_LAST ? TB_DER_GENERALIZED_TIME : TB_DER_UTC_TIME,
               tb_span_of(text, (size_t)(p - text)));
}
