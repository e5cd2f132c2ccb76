/*
 * Edge: calls to validator, responder and judge.  Each call keeps its message until it is answered, so that a peer that
 * was restarted gets everything outstanding again; every call has a deadline.
 */
#ifndef TB_CA_FRONT_EDGE_H
#define TB_CA_FRONT_EDGE_H

#include "lib/base/bytes.h"
#include "lib/ipc/channel.h"

#define TB_EDGE_CALLS_MAX 16384

struct tb_edge;
struct tb_front;

/*
 * Called once: err 0 and the body of the answer, or TB_E_TIMEOUT, or TB_E_CLOSED when the front ends.  A negative
 * result says that the body is malformed: the edge closes it and the call has ended all the same.
 */
typedef int tb_edge_done_fn(struct tb_front *f, int err, struct tb_span body, void *arg);
/* Something about a call that is not its answer; any number of times before done. A negative result: malformed. */
typedef int tb_edge_note_fn(struct tb_front *f, struct tb_span body, void *arg);

struct tb_edge_call {
    enum tb_role peer;
    enum tb_msg_type req, rsp;
    struct tb_span body; /* copied */
    unsigned timeout_s;  /* at least 1 */
    tb_edge_done_fn *done;
    tb_edge_note_fn *note; /* NULL: none may come */
    void *arg;
};

int tb_edge_new(struct tb_front *f, struct tb_edge **out) TB_MUST_USE;
void tb_edge_free(struct tb_edge *e); /* ends every call with TB_E_CLOSED; NULL-safe */
/* TB_E_LIMIT when too many are outstanding; done is not called on failure. A peer that is away gets it when back. */
int tb_edge_call(struct tb_edge *e, const struct tb_edge_call *call) TB_MUST_USE;
/* An answer arrived: the message handler of every *_RSP. */
int tb_edge_answer(struct tb_edge *e, const struct tb_channel *ch, const struct tb_msg *m);
/* A note about a call arrived: it stays outstanding. */
int tb_edge_note(struct tb_edge *e, const struct tb_channel *ch, const struct tb_msg *m);
/* The peer has gone: what it has not answered it has not got. */
void tb_edge_lost(struct tb_edge *e, enum tb_role peer);
/* The peer is there (again): send what it has not got. */
void tb_edge_resend(struct tb_edge *e, enum tb_role peer);
/* Ends the calls whose deadline passed; called every second. */
void tb_edge_tick(struct tb_edge *e);
/* Calls outstanding with this peer. */
size_t tb_edge_outstanding(const struct tb_edge *e, enum tb_role peer);

#endif
