/*
 * tabard ca: one file an action, one line an action in ca.c's table.  An action names its options and words; the
 * common part reads the command line, asks over the control socket, and prints.
 */
#ifndef TB_CLI_CA_CA_H
#define TB_CLI_CA_CA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"

#define TB_CA_OPTIONS_MAX 12
#define TB_CA_MANY_MAX    100 /* values of an option that may stand several times: names of a certificate */
#define TB_SERIAL_HEX_MAX 40  /* 20 octets, RFC 5280 section 4.1.2.2 */

struct tb_ca_option {
    const char *name;  /* long option without dashes */
    const char *value; /* what it takes, for the usage; NULL = a switch */
    const char *help;
};

struct tb_ca_args {
    const struct tb_ca_action *action;
    const char *dir;
    bool json;
    const char *value[TB_CA_OPTIONS_MAX]; /* as the action's options; NULL = not given; "" for a given switch */
    const char *many[TB_CA_MANY_MAX];     /* of the option that may stand several times */
    size_t num_many;
    char **word; /* what stands behind the action */
    size_t num_words;
};

struct tb_ca_action {
    const char *word;  /* also "cmd" of the request */
    const char *usage; /* its words: "SERIAL"; may be "" */
    const char *help;
    size_t min_words, max_words;
    const struct tb_ca_option *options; /* beside --dir, --json, --help */
    size_t num_options;
    const char *many; /* the option that may stand several times, with a value; NULL = none */
    /* Add members to the request; TB_CLI_OK, or the exit status after a complaint (tb_ca_misuse). NULL = none. */
    int (*request)(const struct tb_ca_args *a, json_t *req);
    /* For people; --json prints the answer as it came. */
    void (*print)(const struct tb_ca_args *a, const json_t *answer);
    /* Instead of both, when one question and one answer are not all. */
    int (*run)(const struct tb_ca_args *a);
};

/* Ask; what fails (also an answer that is an error) is told, and the exit status returned. json_decref *out. */
int tb_ca_ask(const struct tb_ca_args *a, const json_t *request, json_t **out);
/* The value of an option by its name; NULL when it was not given. */
const char *tb_ca_value(const struct tb_ca_args *a, const char *name);
/* Complain and show the action's usage: TB_CLI_USAGE. */
int tb_ca_misuse(const struct tb_ca_action *action, const char *what);
bool tb_ca_is_serial(const char *s);
/* The answer's members as lines. */
void tb_ca_print_object(const struct tb_ca_args *a, const json_t *answer);

/* The answer as it came. */
void tb_ca_print_json(const json_t *answer);

extern const struct tb_ca_action tb_ca_eab, tb_ca_explain, tb_ca_export, tb_ca_list, tb_ca_revoke, tb_ca_show,
    tb_ca_status;

#endif
