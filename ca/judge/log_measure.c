#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/judge/log.h"

#define WINDOW (4u * TB_LOG_REC_MAX)

/* A part of the file in memory. */
struct window {
    int fd;
    uint8_t *buf;
    uint64_t offset; /* in the file */
    size_t len;
    bool end; /* nothing follows */
};

/* From offset on, as much as fits; what is there already is not read again. */
static int fill(struct window *w, uint64_t offset)
{
    size_t skip = (size_t)(offset - w->offset);
    ssize_t n = 1;

    memmove(w->buf, w->buf + skip, w->len - skip);
    w->len -= skip;
    w->offset = offset;
    while (w->len < WINDOW && n != 0) {
        n = pread(w->fd, w->buf + w->len, WINDOW - w->len, (off_t)(w->offset + w->len));
        if (n < 0 && errno != EINTR)
            return TB_E_IO;
        w->len += n > 0 ? (size_t)n : 0;
    }
    w->end = w->len < WINDOW;
    return 0;
}

static int read_records(const struct window *w, struct tb_ilog_scan *out)
{
    struct tb_rd rd = tb_rd_of(tb_span_of(w->buf, w->len));
    struct tb_log_rec rec;
    int r;

    while (rd.left > 0) {
        if ((r = tb_log_rec_read(&rd, &rec, out->chain)) < 0)
            return r;
        if (rec.seq != out->header.first_seq + out->num_records || rec.time < out->last_time)
            return TB_E_FORMAT;
        out->num_records++;
        out->last_time = rec.time;
        out->good_len = w->offset + w->len - rd.left;
    }
    return 0;
}

/* The window begins with what is no record. A tail of zeros may be longer than the window. */
static int judge_tail(struct window *w, int err, struct tb_ilog_scan *out)
{
    uint64_t seq = out->header.first_seq + out->num_records;
    int r = 0;

    while (r == 0 && tb_ilog_is_torn(err, tb_span_of(w->buf, w->len), seq, out->chain)) {
        out->torn_len = w->offset + w->len - out->good_len;
        if (w->end)
            return 0;
        r = fill(w, w->offset + w->len);
    }
    out->bad_offset = out->good_len;
    return r < 0 ? r : err;
}

static int measure(struct window *w, struct tb_ilog_scan *out)
{
    struct tb_rd rd;
    int r;

    if ((r = fill(w, 0)) < 0)
        return r;
    rd = tb_rd_of(tb_span_of(w->buf, w->len));
    if ((r = tb_log_header_read(&rd, &out->header)) < 0)
        return r;
    memcpy(out->chain, w->buf + TB_LOG_HEADER_LEN - TB_DIGEST_LEN, TB_DIGEST_LEN);
    out->good_len = TB_LOG_HEADER_LEN;
    do {
        /* What reading stops at may be cut off by the window only: it goes to its beginning. */
        if ((r = fill(w, out->good_len)) < 0)
            return r;
        if ((r = read_records(w, out)) < 0 && out->good_len == w->offset)
            return judge_tail(w, r, out);
    } while (r < 0 || !w->end);
    return 0;
}

int tb_ilog_measure(int fd, struct tb_ilog_scan *out)
{
    struct window w = {.fd = fd, .buf = malloc(WINDOW)};
    int r;

    memset(out, 0, sizeof(*out));
    if (w.buf == NULL)
        return TB_E_NOMEM;
    r = measure(&w, out);
    free(w.buf);
    return r;
}
