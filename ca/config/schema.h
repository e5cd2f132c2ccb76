/*
 * The schema of tabard.yaml: one table says for every key its shape, place, range, default and the comment that init
 * prints above it.  read.c fills struct tb_config by it, write.c prints a struct tb_config by it.
 */
#ifndef TB_CA_CONFIG_SCHEMA_H
#define TB_CA_CONFIG_SCHEMA_H

#include "ca/config/config.h"
#include "lib/yaml/yaml.h"

enum tb_shape {
    TB_SHAPE_TEXT,     /* char[size]; min..max are lengths */
    TB_SHAPE_NUMBER,   /* unsigned integer of size 2 or 4 */
    TB_SHAPE_DURATION, /* uint32_t, seconds */
    TB_SHAPE_BOOL,     /* bool */
    TB_SHAPE_HEX,      /* uint8_t[size] */
    TB_SHAPE_LISTEN,   /* struct tb_listen; "off" when min is 0 */
    TB_SHAPE_NET,      /* struct tb_net */
    TB_SHAPE_CHOICE,   /* an enum (4 bytes), by word */
    TB_SHAPE_BITS,     /* sequence of words; uint32_t, bit n is word n */
    TB_SHAPE_FLAGS,    /* sequence of words; consecutive bools, word 1 first */
    TB_SHAPE_LIST,     /* sequence of scalars as `item` says; min..max entries, number at num_offset */
    TB_SHAPE_MAP,      /* mapping by `sub`, in place */
    TB_SHAPE_MAPS,     /* sequence of mappings by `sub`; min..max entries of `size` bytes, number at num_offset */
    TB_SHAPE__COUNT
};

/* One key.  Offsets count from the struct that the table describes. */
struct tb_setting {
    const char *key; /* NULL ends a table */
    enum tb_shape shape;
    size_t offset;
    size_t size;        /* of the member; of one entry for LIST and MAPS */
    size_t num_offset;  /* LIST, MAPS */
    uint32_t min, max;  /* number, seconds, length or entries */
    const char *preset; /* value when absent; NULL = must be present */
    const char *what;   /* "a duration": for messages; TEXT and LIST items only, the others have it from their shape */
    const char *expect; /* "\"ADDR:PORT\"": likewise */
    /* TEXT: well-formed?  May normalise text in place (never longer). */
    bool (*check)(char *text);
    const char *empty; /* TEXT: how an empty one is written; NULL = "" */
    /* CHOICE, BITS, FLAGS: the i-th word, NULL for a gap; num_words past the last. */
    const char *(*word)(unsigned i);
    unsigned num_words;
    const struct tb_setting *item; /* LIST */
    const struct tb_setting *sub;  /* MAP, MAPS */
    const char *comment;           /* lines for init; the range and default are printed from the table */
};

extern const struct tb_setting tb_schema[];        /* of struct tb_config */
extern const struct tb_setting tb_schema_limits[]; /* of struct tb_limits */

/* Fill cfg from a tree by the schema; the first error as a sentence in why. */
int tb_schema_read(struct tb_config *cfg, const struct tb_yaml *root, const char *path,
                   char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
/* What an error expected: "a whole number with s, m, h or d, from 5m to 48h". */
void tb_setting_expect(char *out, size_t cap, const struct tb_setting *s);
/* A value as a message shows it: in quotes, cut, and harmless on a terminal. */
#define TB_FOUND_MAX 64
void tb_setting_show(char out[static TB_FOUND_MAX + 8], const char *text);
/* Checks that concern several keys; the same form of message, with the line of the nearest key. */
int tb_config_check(struct tb_config *cfg, const struct tb_yaml *root, const char *path,
                    char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
/* "PATH:LINE: text" into why, cut at its size; returns TB_E_CONFIG. */
int tb_config_refuse(char why[static TB_CONFIG_WHY_MAX + 1], const char *path, unsigned line, const char *fmt, ...)
    TB_PRINTF(4, 5);

/* The defaults of every limit. */
void tb_schema_limits_preset(struct tb_limits *out);

/* One entry of `profiles` as it stands in that file. */
void tb_config_write_profile(struct tb_wr *wr, const struct tb_profile *p);
/* The file that init writes: every setting of cfg, with comments. tb_wr_err tells. */
void tb_config_write(struct tb_wr *wr, const struct tb_config *cfg);

#endif
