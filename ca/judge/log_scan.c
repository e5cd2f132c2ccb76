#include "ca/judge/log.h"

#include <string.h>

static bool all_zero(struct tb_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] != 0)
            return false;
    return true;
}

/* Does the head of a record with this number stand anywhere in s? */
static bool holds_record(struct tb_span s, uint64_t seq)
{
    uint8_t want[8];
    struct tb_wr wr;
    const uint8_t *at = s.p, *end = s.p + s.len;

    tb_wr_fixed(&wr, want, sizeof(want));
    tb_wr_u64(&wr, seq);
    while ((at = memmem(at, (size_t)(end - at), want, sizeof(want))) != NULL) {
        if (at - s.p >= 5 && at[-1] != TB_LOG_REC_NONE && at[-1] < TB_LOG_REC__COUNT && at[-5] == 0)
            return true;
        at++;
    }
    return false;
}

/* Would the bytes be a sound record, were its length field not damaged? */
static bool whole_but_for_length(struct tb_span s, const uint8_t chain[static TB_DIGEST_LEN])
{
    uint8_t len[4], got[TB_DIGEST_LEN];
    struct tb_wr wr;

    if (s.len < 4 + TB_LOG_REC_FIXED + TB_DIGEST_LEN)
        return false;
    tb_wr_fixed(&wr, len, sizeof(len));
    tb_wr_u32(&wr, (uint32_t)(s.len - 4 - TB_DIGEST_LEN));
    const struct tb_span parts[] = {tb_span_of(chain, TB_DIGEST_LEN), tb_span_of(len, sizeof(len)),
                                    tb_span_of(s.p + 4, s.len - 4 - TB_DIGEST_LEN)};
    tb_sha256v(got, parts, TB_ARRAY_LEN(parts));
    return memcmp(got, s.p + s.len - TB_DIGEST_LEN, TB_DIGEST_LEN) == 0;
}

/*
 * A crash leaves the beginning of the last record, or a tail that the file system never filled.  A damaged length must
 * not pass for one: what would be cut off may have been acknowledged.
 */
bool tb_ilog_is_torn(int err, struct tb_span rest, uint64_t seq, const uint8_t chain[static TB_DIGEST_LEN])
{
    if (all_zero(rest))
        return true;
    if (err != TB_E_TRUNC)
        return false;
    return !holds_record(rest, seq + 1) && !whole_but_for_length(rest, chain);
}

int tb_ilog_scan(struct tb_span file, tb_ilog_replay_fn *replay, void *arg, struct tb_ilog_scan *out)
{
    struct tb_rd rd = tb_rd_of(file);
    struct tb_log_rec rec;
    uint64_t offset, seq;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_log_header_read(&rd, &out->header)) < 0)
        return r;
    memcpy(out->chain, file.p + TB_LOG_HEADER_LEN - TB_DIGEST_LEN, TB_DIGEST_LEN);
    out->good_len = TB_LOG_HEADER_LEN;
    while (rd.left > 0) {
        offset = file.len - rd.left;
        seq = out->header.first_seq + out->num_records;
        if ((r = tb_log_rec_read(&rd, &rec, out->chain)) < 0) {
            if (tb_ilog_is_torn(r, tb_span_of(rd.p, rd.left), seq, out->chain))
                break;
        } else if (rec.seq != seq || rec.time < out->last_time) {
            r = TB_E_FORMAT;
        } else {
            r = replay(arg, &rec, offset);
        }
        if (r < 0) {
            out->bad_offset = offset;
            return r;
        }
        out->num_records++;
        out->last_time = rec.time;
        out->good_len = file.len - rd.left;
    }
    out->torn_len = rd.left;
    return 0;
}
