/* Everything that is known of one input, before it becomes text or JSON. */
#ifndef TB_CLI_CHECK_RESULT_H
#define TB_CLI_CHECK_RESULT_H

#include "cli/check/handshake.h"
#include "cli/check/stacks.h"
#include "cli/check/strict.h"

#define TB_CHECK_NEXT_MAX 8

struct tb_check_answer {
    bool asked; /* the role was to be checked */
    struct tb_check_measure measure;
    struct tb_check_strict strict;
    struct tb_check_documented documented[TB_CHECK_STACKS];
    const char *object; /* what is at fault: "leaf", "intermediate", "anchor"; "" */
    const char *rfc;
    char sentence[TB_CHECK_LINE_MAX + 1];
};

struct tb_check_result {
    struct tb_check_input in;
    char why[TB_CHECK_WHY_MAX + 1]; /* when nothing could be loaded; "" */
    const struct tb_check_peer *peer;
    struct tb_check_answer answer[TB_CHECK_ROLES];
    const char *next[TB_CHECK_NEXT_MAX]; /* what to do; constant texts */
    size_t num_next;
};

/* Measure the loaded input in each role of the set (bits 1 << role); result->in is owned by the result. */
void tb_check_result_fill(struct tb_check_result *result, unsigned roles, const struct tb_check_peer *peer);
/*
 * One verdict for the exit status: of one role, that role's.  Of both, accepted when one is (most certificates are made
 * for one role), else refused when one is.
 */
enum tb_check_verdict tb_check_result_verdict(const struct tb_check_result *result);
void tb_check_result_clear(struct tb_check_result *result);
/* Fill result->next. */
void tb_check_suggest(struct tb_check_result *result);

#endif
