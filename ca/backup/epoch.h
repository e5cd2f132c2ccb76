/*
 * What restore does to the log: it goes on in a new epoch, so that an order that may have got its certificate after the
 * backup gets none here, and a sequence number that may have been given is not given again.
 */
#ifndef TB_CA_BACKUP_EPOCH_H
#define TB_CA_BACKUP_EPOCH_H

#include "ca/backup/log_set.h"
#include "ca/config/maker.h"

/*
 * Epochs leap by a random number, so that two restores from one archive do not go on under one number: what the clock
 * must keep apart otherwise.
 */
#define TB_EPOCH_LEAP_MAX         4096
/* An epoch has at most 2^32 records (TB_ILOG_INDEX_MAX): its numbers begin where those of the one before cannot reach.
 */
#define TB_EPOCH_FIRST_SEQ(epoch) (((uint64_t)(epoch)-1) << 32 | 1)

/*
 * The newest file of the set, in cfg's log directory, goes on as in `file`, a later copy of it that was kept elsewhere.
 * TB_E_DENIED (of another CA, signer, epoch), TB_E_BADSIG (it does not begin as the archive's), TB_E_STATE (it is
 * shorter), TB_E_IO.  Open the set again afterwards.
 */
int tb_epoch_extend(const struct tb_log_set *s, const struct tb_config *cfg, const char *file,
                    char why[static TB_LOG_SET_WHY_MAX + 1]) TB_MUST_USE;
/*
 * Begin the next epoch, in a file that mk makes.  It begins at now + 1: order numbers count seconds, and none of this
 * one or before is to serve in it.  TB_E_LIMIT, TB_E_STATE (the clock is behind), TB_E_IO.
 */
int tb_epoch_begin(const struct tb_log_set *s, const struct tb_config *cfg, struct tb_maker *mk, tb_time_t now,
                   uint32_t *out_epoch, char why[static TB_LOG_SET_WHY_MAX + 1]) TB_MUST_USE;

#endif
