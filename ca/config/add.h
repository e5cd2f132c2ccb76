/* tabardd add: what an addition to an existing CA works on, and what each addition does. */
#ifndef TB_CA_CONFIG_ADD_H
#define TB_CA_CONFIG_ADD_H

#include "ca/config/init_options.h"
#include "ca/config/part.h"
#include "ca/config/place.h"
#include "lib/yaml/yaml.h"

struct tb_add {
    const char *config, *responder, *responder_address, *passphrase_file; /* options, as text; NULL = not given */
    bool reload, help;
    char passphrase[TB_PASSPHRASE_MAX + 1];
    struct tb_config *cfg; /* as it is; from `make` on as it will be */
    struct tb_wr text;     /* of the configuration, likewise */
    struct tb_yaml *tree;  /* of that text */
    tb_time_t now;
    bool edited;     /* the text is another */
    size_t num_made; /* files */
    tb_place_why why;
};

struct tb_addition {
    enum tb_part part;
    /* Make text say that the part is there, when it does not; or refuse. */
    int (*edit)(struct tb_add *a);
    /* Make the files that are not there. */
    int (*make)(struct tb_add *a);
};
extern const struct tb_addition tb_add_responder, tb_add_peer;

/* A top-level value; the reason in a->why says what the operator is to write there himself. */
int tb_add_set(struct tb_add *a, const char *key, const char *value) TB_MUST_USE;
/* The same for a value whose node is known: the tree is read again after each edit. */
int tb_add_set_at(struct tb_add *a, unsigned line, const char *key, const char *value) TB_MUST_USE;
/* Text behind a line. */
int tb_add_insert(struct tb_add *a, unsigned line, struct tb_span more) TB_MUST_USE;
/* Counts and tells a file that was made. */
void tb_add_made(struct tb_add *a, const char *path);

#endif
