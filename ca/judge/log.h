/*
 * The issuance log: one append-only file for each epoch under DIR/log, chained by digests, written by one judge at a
 * time.  Opening replays all of them, oldest first; appending collects; syncing writes and makes durable what was
 * collected, in the newest.  Offsets count through all files.
 */
#ifndef TB_CA_JUDGE_LOG_H
#define TB_CA_JUDGE_LOG_H

#include "ca/judge/log_file.h"

#define TB_ILOG_LOCK_WAIT_MS (30 * 1000) /* an older judge may still drain */
#define TB_ILOG_PENDING_MAX  (64u << 20) /* bytes collected between two syncs */
#define TB_ILOG_WHY_MAX      255

struct tb_ilog;

/* Called for each record while opening; a negative result ends the opening with it. */
typedef int tb_ilog_replay_fn(void *arg, const struct tb_log_rec *rec, uint64_t offset);

/* What a look through a whole file finds. */
struct tb_ilog_scan {
    struct tb_log_header header;
    uint64_t good_len; /* bytes up to the end of the last whole record */
    uint64_t torn_len; /* bytes after it: a record that a crash left incomplete */
    uint64_t num_records;
    tb_time_t last_time; /* of the last record; 0 = none */
    uint8_t chain[TB_DIGEST_LEN];
    uint64_t bad_offset; /* on failure: where */
};
/*
 * Look through a file in memory.  0; TB_E_TRUNC, TB_E_FORMAT, TB_E_UNSUPPORTED of the header; TB_E_BADSIG or
 * TB_E_FORMAT at out->bad_offset when a record in the middle is damaged, out of sequence, or not what it says.
 */
int tb_ilog_scan(struct tb_span file, tb_ilog_replay_fn *replay, void *arg, struct tb_ilog_scan *out) TB_MUST_USE;
/*
 * Likewise through a descriptor, for a reader beside the judge, who may lengthen the file or cut its tail meanwhile.
 * TB_E_IO and TB_E_NOMEM, too.
 */
int tb_ilog_measure(int fd, struct tb_ilog_scan *out) TB_MUST_USE;
/* Is the rest, at which reading record seq failed with err, a tail that a crash left? */
bool tb_ilog_is_torn(int err, struct tb_span rest, uint64_t seq, const uint8_t chain[static TB_DIGEST_LEN]);

struct tb_ilog_how {
    const char *dir;
    const uint8_t *ca_id; /* TB_CA_ID_LEN */
    uint32_t signer;
    tb_time_t now; /* when the first epoch begins, if it is made now */
    uint32_t lock_wait_ms;
    int (*epoch)(void *arg); /* before the records of each epoch; may be NULL */
    tb_ilog_replay_fn *replay;
    void *arg;
};
/*
 * Lock the directory, replay the files of all epochs (or make that of epoch 1), cut off a torn tail of the newest.  On
 * failure a sentence in why: TB_E_TIMEOUT (locked by another), TB_E_IO, TB_E_LIMIT (too many files), TB_E_BADSIG and
 * TB_E_FORMAT (damaged, or an epoch does not follow the one before), TB_E_DENIED (another CA's or signer's), or what
 * replay returned.
 */
int tb_ilog_open(const struct tb_ilog_how *how, struct tb_ilog **out, char why[static TB_ILOG_WHY_MAX + 1]) TB_MUST_USE;
void tb_ilog_close(struct tb_ilog *log); /* NULL-safe; drops what was not synced */

uint32_t tb_ilog_epoch(const struct tb_ilog *log);
tb_time_t tb_ilog_began_at(const struct tb_ilog *log); /* this epoch */
uint64_t tb_ilog_size(const struct tb_ilog *log);      /* durable bytes of all files */
uint64_t tb_ilog_torn(const struct tb_ilog *log);      /* bytes cut off at opening */
/* Of the newest record, or when this epoch began if that is later. */
tb_time_t tb_ilog_last_time(const struct tb_ilog *log);

/*
 * Collect a record.  Its time is raised to that of the record before, so that times never fall.  TB_E_LIMIT when body
 * is too long or too much is collected (nothing changed then); any other failure leaves the log unusable.
 */
int tb_ilog_append(struct tb_ilog *log, enum tb_log_type type, tb_time_t time, struct tb_span body,
                   struct tb_log_rec *out_rec, uint64_t *out_offset) TB_MUST_USE;
bool tb_ilog_pending(const struct tb_ilog *log);
/* Write and make durable.  After a failure the log must not be used again: the kernel may have dropped the pages. */
int tb_ilog_sync(struct tb_ilog *log) TB_MUST_USE;

/*
 * Read a durable record again and check its digest; rec borrows from buf, which is reset first.  TB_E_NOTFOUND at the
 * end.  out_next may be NULL.
 */
int tb_ilog_read(const struct tb_ilog *log, uint64_t offset, struct tb_wr *buf, struct tb_log_rec *out,
                 uint64_t *out_next) TB_MUST_USE;
/*
 * Where the record with this number stands, or the next one there is: numbers leap between epochs.  TB_E_NOTFOUND when
 * there is none.
 */
int tb_ilog_find(const struct tb_ilog *log, uint64_t seq, uint64_t *out_offset) TB_MUST_USE;

#endif
