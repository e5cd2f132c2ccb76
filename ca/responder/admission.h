/*
 * Admission: whether challenges are made for names at all.  A name that DNS answers to be nowhere can prove no use, and
 * is refused before there is an authorization; what DNS does not answer is left to the arming of the challenge.
 */
#ifndef TB_CA_RESPONDER_ADMISSION_H
#define TB_CA_RESPONDER_ADMISSION_H

#include <event2/event_struct.h>

#include "ca/child.h"
#include "ca/responder/sources.h"
#include "lib/ipc/msg_validate.h"

#define TB_ADMISSIONS_MAX        256  /* under way; more get their tokens at once */
#define TB_ADMISSIONS_NAMES_MAX  4096 /* of all of them: 3.4 kB each */
#define TB_ADMISSION_TIMEOUT_MAX 5    /* seconds; the front waits for tokens twice as long */

struct tb_responder;

/* One request for tokens while its names are looked up. */
struct tb_admission {
    struct tb_responder *rp;
    struct tb_admission *next, **prev;
    struct event timer;
    uint32_t msg_id;
    struct tb_span body; /* of the request; owned */
    struct tb_msg_token_req req;
    size_t pending;
    struct tb_sources sources[]; /* one a challenge */
};

struct tb_admissions {
    struct tb_admission *all;
    size_t num, num_names;
};

/*
 * m is the request as it came, req the same read; what is kept of m is copied.  0: it was or will be answered, and req
 * was taken and is empty.  TB_E_LIMIT: no room or no memory, and req is untouched: answer it at once.
 */
int tb_admission_new(struct tb_responder *rp, const struct tb_msg *m, struct tb_msg_token_req *req) TB_MUST_USE;
/* Drops everything under way without an answer: the asker is gone. */
void tb_admissions_abandon(struct tb_responder *rp);

#endif
