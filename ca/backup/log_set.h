/* The log files of a state directory, measured and checked as the judge checks them: one chain, of this CA and signer.
 */
#ifndef TB_CA_BACKUP_LOG_SET_H
#define TB_CA_BACKUP_LOG_SET_H

#include "ca/config/config.h"
#include "ca/judge/log.h"

#define TB_LOG_SET_WHY_MAX 511

struct tb_log_set {
    size_t num;
    struct {
        int fd;
        uint32_t epoch;
        struct tb_ilog_scan scan; /* good_len: up to there it is whole, and never changes again */
    } file[TB_ILOG_FILES_MAX];
    uint64_t num_records;
    tb_time_t last_time; /* of the newest record, 0 = none */
};

/*
 * All files of cfg's log directory; none is no failure.  On failure the reason in why.  A record that is just being
 * written, or that a crash left, ends the newest file before it.
 */
int tb_log_set_open(struct tb_log_set *s, const struct tb_config *cfg,
                    char why[static TB_LOG_SET_WHY_MAX + 1]) TB_MUST_USE;
void tb_log_set_close(struct tb_log_set *s); /* of a set that was opened, successfully or not */
/* One file, whatever directory it lies in: is it a whole log of this CA and signer? */
int tb_log_set_measure(const struct tb_config *cfg, int fd, const char *name, struct tb_ilog_scan *out,
                       char why[static TB_LOG_SET_WHY_MAX + 1]) TB_MUST_USE;

#endif
