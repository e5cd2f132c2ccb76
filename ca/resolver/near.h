/*
 * First try at a resolver on this machine: one question, one datagram.  Only what is whole and final counts; for
 * everything else (truncated, SERVFAIL, silence) the caller asks again with libunbound, as if nothing had been asked.
 *
 * All questions leave from one connected socket.  A random port for each guards against forged answers from elsewhere:
 * the kernel takes no packet from loopback's addresses in from a network, and nobody else on the machine can send from
 * the resolver's port while the resolver has it.  So this is for loopback only.
 */
#ifndef TB_CA_RESOLVER_NEAR_H
#define TB_CA_RESOLVER_NEAR_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>

#include "ca/resolver/answer.h"

#define TB_NEAR_ASKS_MAX   512  /* unanswered; their answers fit into the socket's buffer */
#define TB_NEAR_TIMEOUT_MS 1000 /* then libunbound asks */
#define TB_NEAR_PACKET_MAX 1232 /* DNS flag day 2020 */

struct tb_near;
struct tb_near_ask;

/* packet is borrowed until the callback returns; p NULL: ask elsewhere. */
typedef void tb_near_done_fn(struct tb_near_ask *ask, struct tb_span packet);

/* In the query's memory; nothing in it is the caller's to read. */
struct tb_near_ask {
    struct tb_near *near;
    struct tb_near_ask *next; /* with the same hash of the id */
    struct event timer;
    tb_near_done_fn *done;
    uint16_t id;
    size_t question_len;
    uint8_t question[TB_DNS_WIRE_NAME_MAX + 4];
};

/* TB_E_INVAL for an address that is not loopback. Opens the socket. */
int tb_near_new(struct event_base *base, const struct sockaddr_storage *addr, struct tb_near **out) TB_MUST_USE;
void tb_near_free(struct tb_near *n); /* no callback fires; NULL-safe */

/*
 * name: normalised text without trailing dot.  0: done comes once, later, from the loop.  Else ask elsewhere at once:
 * TB_E_INVAL, TB_E_LIMIT, TB_E_IO.
 */
int tb_near_ask(struct tb_near *n, struct tb_near_ask *ask, const char *name, uint16_t type,
                tb_near_done_fn *done) TB_MUST_USE;

/* Of a packet that done was called with. */
unsigned tb_near_rcode(struct tb_span packet);

bool tb_near_is_loopback(const struct sockaddr_storage *sa);

#endif
