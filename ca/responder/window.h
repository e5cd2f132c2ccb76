/* Window: one proof that the front asked for, from its request until it was made or its time is over. */
#ifndef TB_CA_RESPONDER_WINDOW_H
#define TB_CA_RESPONDER_WINDOW_H

#include <event2/event_struct.h>

#include "ca/child.h"
#include "ca/responder/sources.h"
#include "lib/acme/tls_client.h"
#include "lib/ipc/msg_validate.h"

#define TB_WINDOW_BUCKETS         4096 /* a power of two */
#define TB_WINDOWS_MAX            4096
#define TB_WINDOWS_OF_ACCOUNT_MAX 256 /* one account does not take all of them */

struct tb_responder;

struct tb_window {
    struct tb_responder *rp;
    struct tb_window *next, **prev;
    struct tb_window *bucket_next; /* by tag */
    uint32_t msg_id;
    bool armed; /* sources are known and the front was told */
    uint64_t started_ms;
    struct event timer;
    struct tb_msg_validate_req req;
    uint8_t token_digest[TB_DIGEST_LEN];
    uint8_t digest[TB_DIGEST_LEN]; /* what the certificate must hold */
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];
    struct tb_sources sources;
    unsigned tries[2];      /* connections of strangers, and of those who may come */
    struct tb_problem last; /* refusal */
};

struct tb_windows {
    struct tb_window *all;
    struct tb_window *bucket[TB_WINDOW_BUCKETS];
    size_t num;
};

int tb_responder_on_validate(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* The window of a tag, armed; NULL when there is none. */
struct tb_window *tb_window_find(const struct tb_responder *rp, const char *tag);
/* A refusal: recorded, told to the front, and it ends nothing.  Takes what pb holds. */
void tb_window_refuse(struct tb_window *w, struct tb_problem *pb);
/* The proof was made and told: the window is gone. */
void tb_window_proved(struct tb_window *w);
/* Drops everything under way without an answer: the asker is gone. */
void tb_windows_abandon(struct tb_responder *rp);

#endif
