/* Tables of the mappings within tabard.yaml. */
#ifndef TB_CA_CONFIG_SCHEMA_PARTS_H
#define TB_CA_CONFIG_SCHEMA_PARTS_H

#include <stddef.h>

#include "ca/config/schema.h"

/* Place of a member, and of an array with the member that counts its entries, in the struct that a table describes. */
#define TB_MEMBER(t, m)     .offset = offsetof(t, m), .size = sizeof(((t *)0)->m)
#define TB_ENTRIES(t, m, n) .offset = offsetof(t, m), .size = sizeof(((t *)0)->m[0]), .num_offset = offsetof(t, n)

extern const struct tb_setting tb_schema_profile[];   /* of struct tb_profile */
extern const struct tb_setting tb_schema_zone[];      /* of struct tb_zone */
extern const struct tb_setting tb_schema_names[];     /* of struct tb_names */
extern const struct tb_setting tb_schema_lifetimes[]; /* of struct tb_lifetimes */
extern const struct tb_setting tb_schema_chain[];     /* of struct tb_chain */
extern const struct tb_setting tb_schema_early[];     /* of struct tb_early_renewal */

/* Entries of lists. */
extern const struct tb_setting tb_schema_net_item, tb_schema_caa_item;

#endif
