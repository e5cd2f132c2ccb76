/*
 * Bytes: a borrowed span, a bounded reader that cannot overrun, and a writer
 * that remembers its first error.  All integers on our wires are big-endian.
 */
#ifndef TB_BASE_BYTES_H
#define TB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Borrowed bytes; p may be NULL only when len is 0. */
struct tb_span {
    const uint8_t *p;
    size_t len;
};

/* A span over a C string, without its NUL. */
struct tb_span tb_span_str(const char *s);
static inline struct tb_span tb_span_of(const void *p, size_t len)
{
    return (struct tb_span){.p = p, .len = len};
}
/* Not constant time. */
bool tb_span_eq(struct tb_span a, struct tb_span b);
bool tb_span_eq_str(struct tb_span a, const char *s);

/*
 * Reader.  Every call either succeeds and advances, or fails with TB_E_TRUNC
 * (or the error named) and leaves the reader where it was.
 */
struct tb_rd {
    const uint8_t *p;
    size_t left;
};

static inline struct tb_rd tb_rd_of(struct tb_span s)
{
    return (struct tb_rd){.p = s.p, .left = s.len};
}
int tb_rd_u8(struct tb_rd *rd, uint8_t *out) TB_MUST_USE;
int tb_rd_u16(struct tb_rd *rd, uint16_t *out) TB_MUST_USE;
int tb_rd_u32(struct tb_rd *rd, uint32_t *out) TB_MUST_USE;
int tb_rd_u64(struct tb_rd *rd, uint64_t *out) TB_MUST_USE;
/* n bytes, borrowed from the input. */
int tb_rd_bytes(struct tb_rd *rd, size_t n, struct tb_span *out) TB_MUST_USE;
/* n bytes, copied. */
int tb_rd_copy(struct tb_rd *rd, void *out, size_t n) TB_MUST_USE;
/* u16 length and that many bytes, borrowed; TB_E_LIMIT when longer than max. */
int tb_rd_var16(struct tb_rd *rd, size_t max, struct tb_span *out) TB_MUST_USE;
/* u32 length and that many bytes, borrowed; TB_E_LIMIT when longer than max. */
int tb_rd_var32(struct tb_rd *rd, size_t max, struct tb_span *out) TB_MUST_USE;
/*
 * u16 length and text, copied with a NUL into out of size cap; TB_E_LIMIT when it
 * does not fit, TB_E_FORMAT when it contains a NUL.
 */
int tb_rd_str16(struct tb_rd *rd, char *out, size_t cap) TB_MUST_USE;
/* 0 when nothing is left, else TB_E_TRAIL. */
int tb_rd_end(const struct tb_rd *rd) TB_MUST_USE;

/*
 * Writer over memory that it owns (tb_wr_init) or borrows (tb_wr_fixed).  After
 * the first failure every call does nothing; ask tb_wr_err once at the end.
 * A zeroed struct is a valid, empty writer with max 0 (every write fails).
 */
struct tb_wr {
    uint8_t *buf;
    size_t len;
    size_t cap;
    size_t max;
    int err;
    bool fixed;
};

void tb_wr_init(struct tb_wr *wr, size_t max);
void tb_wr_fixed(struct tb_wr *wr, void *buf, size_t cap);
/* Frees owned memory; the writer is empty and unusable (max 0) afterwards. NULL-safe. */
void tb_wr_clear(struct tb_wr *wr);
/* Like tb_wr_clear, and wipes the content first. */
void tb_wr_clear_secret(struct tb_wr *wr);
/* Empties the writer and its error, keeps its memory. */
void tb_wr_reset(struct tb_wr *wr);
int tb_wr_err(const struct tb_wr *wr) TB_MUST_USE;
struct tb_span tb_wr_span(const struct tb_wr *wr);
/* Hands the owned memory over (caller frees); the writer is empty afterwards. NULL on error. */
uint8_t *tb_wr_take(struct tb_wr *wr, size_t *out_len);

void tb_wr_u8(struct tb_wr *wr, uint8_t v);
void tb_wr_u16(struct tb_wr *wr, uint16_t v);
void tb_wr_u32(struct tb_wr *wr, uint32_t v);
void tb_wr_u64(struct tb_wr *wr, uint64_t v);
void tb_wr_bytes(struct tb_wr *wr, const void *p, size_t n);
void tb_wr_str(struct tb_wr *wr, const char *s);
/* Length-prefixed forms of the readers above; a longer value than the prefix holds is TB_E_LIMIT. */
void tb_wr_var16(struct tb_wr *wr, struct tb_span s);
void tb_wr_var32(struct tb_wr *wr, struct tb_span s);
void tb_wr_str16(struct tb_wr *wr, const char *s);
void tb_wr_printf(struct tb_wr *wr, const char *fmt, ...) TB_PRINTF(2, 3);
/* Room for n bytes at the end, for the caller to fill; NULL after an error. */
uint8_t *tb_wr_reserve(struct tb_wr *wr, size_t n);

#endif
