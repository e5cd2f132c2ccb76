/*
 * Part of a CA that is there when the configuration wants it, and perhaps not since init: `tabardd add` makes the files
 * of one that an existing CA lacks.
 */
#ifndef TB_CA_CONFIG_PART_H
#define TB_CA_CONFIG_PART_H

#include "ca/config/config.h"

enum tb_part { TB_PART_RESPONDER, TB_PART_PEER, TB_PART__COUNT };

const char *tb_part_word(enum tb_part part);
bool tb_part_wanted(const struct tb_config *cfg, enum tb_part part);
/* Is a file missing that its processes open?  Then path is the first. */
bool tb_part_lacks(const struct tb_config *cfg, enum tb_part part, char path[static TB_CONFIG_PATH_MAX + 65]);

#endif
