/*
 * The validator process: makes challenge tokens, validates challenges and CAA for the front, and says what it saw in
 * statements.  It believes its configuration and what it saw itself.
 */
#ifndef TB_CA_VALIDATOR_VALIDATOR_H
#define TB_CA_VALIDATOR_VALIDATOR_H

#include <event2/event_struct.h>

#include "ca/token_maker.h"
#include "ca/validator/caa_lookup.h"
#include "ca/validator/challenge.h"
#include "lib/ipc/msg_validate.h"
#include "lib/json/json.h"

#define TB_VALIDATION_BUCKETS  1024 /* a power of two */
#define TB_VALIDATION_POOL_MAX 64

enum tb_validator_stat {
    TB_VSTAT_TOKENS,
    TB_VSTAT_VALIDATIONS,
    TB_VSTAT_VALID,
    TB_VSTAT_INVALID,
    TB_VSTAT_REFUSED,
    TB_VSTAT_CAA_CHECKS,
    TB_VSTAT_CAA_DENIED,
    TB_VSTAT_TIMEOUTS,
    TB_VSTAT__COUNT
};

struct tb_validator;

/* One request under way: a challenge with its CAA, or CAA alone. */
struct tb_validation {
    struct tb_validator *v;
    struct tb_validation *next, **prev; /* all, or the pool */
    struct tb_validation *bucket_next;
    uint32_t msg_id;
    bool caa_only;
    bool control_pending, caa_pending;
    uint64_t started_ms;
    struct event timer;
    struct tb_msg_validate_req req; /* of CAA alone: spec.ident only */
    uint8_t token_digest[TB_DIGEST_LEN];
    struct tb_challenge challenge;
    struct tb_caa_lookup caa;
};

struct tb_validator {
    struct tb_child *child;
    struct tb_audience audience;
    struct tb_key token_key, statement_key;
    struct tb_challenge_env env;
    struct tb_caa_cache *caa_cache;
    bool draining;
    struct tb_validation *all, *pool;
    struct tb_validation *bucket[TB_VALIDATION_BUCKETS];
    size_t num, num_pool;
    uint64_t stat[TB_VSTAT__COUNT];
    struct tb_wr wr; /* answers */
};

/* validation.c */
int tb_validator_on_validate(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
int tb_validator_on_caa(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* Drops everything under way without an answer: the asker is gone. */
void tb_validator_abandon_all(struct tb_validator *v);
void tb_validator_pool_free(struct tb_validator *v);

/* token.c */
int tb_validator_on_token(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* Its rule: is the method enabled and implemented here, serves it the identifier, do the purposes exist? */
struct tb_token_maker tb_validator_tokens(struct tb_validator *v);

/* statements.c */
void tb_validator_send_problem(struct tb_validator *v, enum tb_msg_type type, uint32_t id, const struct tb_problem *pb);
/* One control statement for each purpose (unless CAA alone was asked), and the CAA statement of a dns name. */
int tb_validator_send_statements(struct tb_validator *v, const struct tb_validation *n) TB_MUST_USE;

/* stats.c */
int tb_validator_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);

/* Operations of the control socket: control.c has their table. */
bool tb_validator_do_validator(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
void tb_validator_control(struct tb_child *child, uint32_t id, struct tb_span json);

#endif
