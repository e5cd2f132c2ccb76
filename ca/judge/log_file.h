/*
 * One file of the issuance log: an epoch.  Offsets here count from the beginning of the file; in the log it stands
 * behind the bytes of the epochs before.
 */
#ifndef TB_CA_JUDGE_LOG_FILE_H
#define TB_CA_JUDGE_LOG_FILE_H

#include "ca/judge/log_record.h"

#define TB_ILOG_INDEX_STEP 64         /* records between two remembered offsets */
#define TB_ILOG_INDEX_MAX  (1u << 26) /* remembered offsets: 2^32 records in an epoch */
#define TB_ILOG_EPOCH_MAX  99999999   /* eight digits in the file name */
#define TB_ILOG_NAME_LEN   (9 + 8 + 4)
#define TB_ILOG_FILES_MAX  64 /* epochs: the first, and one for each restore in a row */

/* "issuance-EEEEEEEE.log" */
void tb_ilog_name(char out[static TB_ILOG_NAME_LEN + 1], uint32_t epoch);
/* 0 when name is not that of a log file. */
uint32_t tb_ilog_name_epoch(const char *name);

/* The epochs of the files in a directory, rising. TB_E_IO; TB_E_LIMIT when there are more. */
int tb_ilog_list(int dir_fd, uint32_t epoch[static TB_ILOG_FILES_MAX], size_t *out_num) TB_MUST_USE;

struct tb_ilog_file {
    int fd;
    struct tb_log_header header;
    uint64_t base; /* bytes of the files before */
    uint64_t size; /* durable */
    uint64_t next_seq;
    uint64_t *index; /* offset of every TB_ILOG_INDEX_STEPth record */
    size_t num_index, cap_index;
};

void tb_ilog_file_close(struct tb_ilog_file *f); /* a file whose fd is -1 is closed already */
/* The record with this number stands at offset; called for each, in their order. TB_E_LIMIT, TB_E_NOMEM. */
int tb_ilog_file_note(struct tb_ilog_file *f, uint64_t seq, uint64_t offset) TB_MUST_USE;
/* As tb_ilog_read and tb_ilog_find. */
int tb_ilog_file_read(const struct tb_ilog_file *f, uint64_t offset, struct tb_wr *buf, struct tb_log_rec *out,
                      uint64_t *out_next) TB_MUST_USE;
int tb_ilog_file_find(const struct tb_ilog_file *f, uint64_t seq, uint64_t *out_offset) TB_MUST_USE;

#endif
