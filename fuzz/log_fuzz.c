/*
 * Functions under test: tb_ilog_scan, tb_log_header_read, tb_log_rec_read, tb_issue_rec_read, tb_profile_rec_read,
 * tb_revoke_rec_read.
 * The input is a log file, and once more a bare body.  Properties: what scans is a prefix that scans alike; what reads
 * is written back byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/judge/account_record.h"
#include "ca/judge/eab_keys.h"
#include "ca/judge/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)                                                                                                     \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            abort();                                                                                                   \
    } while (0)

static void same_bytes(struct tb_wr *wr, struct tb_span want)
{
    MUST(tb_wr_err(wr) == 0);
    MUST(tb_span_eq(tb_wr_span(wr), want));
    tb_wr_clear(wr);
}

static void issue_body(struct tb_span body)
{
    static struct tb_ident names[TB_IDENT_NUM_MAX];
    static struct tb_evidence evidence[TB_LOG_EVIDENCE_MAX];
    struct tb_issue_rec rec;
    struct tb_rd rd;
    struct tb_wr wr;

    if (tb_issue_rec_read(body, &rec) < 0)
        return;
    rd = tb_rd_of(rec.names_wire);
    for (size_t i = 0; i < rec.num_names; i++)
        MUST(tb_ident_read(&rd, &names[i]) == 0);
    MUST(tb_rd_end(&rd) == 0);
    rd = tb_rd_of(rec.evidence_wire);
    for (size_t i = 0; i < rec.num_evidence; i++)
        MUST(tb_evidence_read(&rd, &evidence[i]) == 0);
    MUST(tb_rd_end(&rd) == 0);
    rec.names = names;
    rec.evidence = evidence;
    tb_wr_init(&wr, TB_LOG_BODY_MAX + body.len);
    tb_issue_rec_write(&wr, &rec);
    same_bytes(&wr, body);
}

static void profile_body(struct tb_span body)
{
    struct tb_profile_rec rec;
    struct tb_wr wr;

    if (tb_profile_rec_read(body, &rec) < 0)
        return;
    tb_wr_init(&wr, body.len + 1);
    tb_profile_rec_write(&wr, &rec);
    same_bytes(&wr, body);
}

static void account_body(struct tb_span body)
{
    struct tb_account_rec rec;
    struct tb_wr wr;

    if (tb_account_rec_read(body, &rec) < 0)
        return;
    tb_wr_init(&wr, body.len + 1);
    tb_account_rec_write(&wr, &rec);
    same_bytes(&wr, body);
}

static void revoke_body(struct tb_span body)
{
    struct tb_revoke_rec rec;
    struct tb_wr wr;

    if (tb_revoke_rec_read(body, &rec) < 0)
        return;
    tb_wr_init(&wr, body.len + 1);
    tb_revoke_rec_write(&wr, &rec);
    same_bytes(&wr, body);
}

static void eab_body(struct tb_span body)
{
    struct tb_eab_rec rec;
    struct tb_wr wr;

    if (tb_eab_rec_read(body, &rec) < 0)
        return;
    tb_wr_init(&wr, body.len + 1);
    tb_eab_rec_write(&wr, &rec);
    same_bytes(&wr, body);
}

static void (*const bodies[])(struct tb_span body) = {
    [TB_LOG_REC_PROFILE] = profile_body, [TB_LOG_REC_ISSUE] = issue_body, [TB_LOG_REC_REVOKE] = revoke_body,
    [TB_LOG_REC_ACCOUNT] = account_body, [TB_LOG_REC_EAB] = eab_body,
};
_Static_assert(TB_ARRAY_LEN(bodies) == TB_LOG_REC__COUNT, "every type of record has its body here");

static int on_record(void *arg, const struct tb_log_rec *rec, uint64_t offset)
{
    uint64_t *last = arg;

    MUST(offset >= TB_LOG_HEADER_LEN && offset > *last);
    *last = offset;
    bodies[rec->type](rec->body);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    struct tb_ilog_scan whole, prefix;
    uint64_t last = 0;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    for (size_t i = TB_LOG_REC_NONE + 1; i < TB_ARRAY_LEN(bodies); i++)
        bodies[i](tb_span_of(copy, size));
    if (tb_ilog_scan(tb_span_of(copy, size), on_record, &last, &whole) == 0) {
        MUST(whole.good_len + whole.torn_len == size);
        last = 0;
        MUST(tb_ilog_scan(tb_span_of(copy, whole.good_len), on_record, &last, &prefix) == 0);
        MUST(prefix.num_records == whole.num_records && prefix.torn_len == 0);
        MUST(memcmp(prefix.chain, whole.chain, TB_DIGEST_LEN) == 0);
    }
    free(copy);
    return 0;
}
