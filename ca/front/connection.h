/* Connection: one client, over TLS or (metrics, CRLs) plain; one request at a time, pipelined ones wait their turn. */
#ifndef TB_CA_FRONT_CONNECTION_H
#define TB_CA_FRONT_CONNECTION_H

#include <sys/queue.h>

#include <event2/event.h>

#include "ca/front/stream.h"
#include "lib/base/bytes.h"
#include "lib/http/request.h"

struct tb_front;
struct tb_request;

#define TB_CONN_INPUT_MAX (TB_HTTP_HEAD_MAX + TB_HTTP_BODY_MAX)

enum tb_conn_kind { TB_CONN_ACME, TB_CONN_METRICS, TB_CONN_HTTP };

enum tb_conn_state {
    TB_CONN_HANDSHAKE,
    TB_CONN_IDLE,    /* no byte of a request yet */
    TB_CONN_READING, /* from the first byte of a request to its last: request_timeout_s */
    TB_CONN_BUSY,    /* the request is with its handler */
    TB_CONN_WRITING, /* the answer leaves */
    TB_CONN_LINGER   /* answered and closed; unread bytes are dropped so that no reset overtakes the answer */
};

struct tb_conn {
    TAILQ_ENTRY(tb_conn) entry;
    TAILQ_ENTRY(tb_conn) idle_entry; /* linked while state is IDLE or HANDSHAKE, oldest first */
    struct tb_front *front;
    struct tb_stream stream;
    struct event *ev_read;  /* always added, except while the input is full */
    struct event *ev_write; /* added while the socket takes nothing */
    struct event *timer;
    uint8_t *in; /* the begun request, or what came while one was answered; owned */
    size_t in_len, in_cap;
    struct tb_request *rq; /* while BUSY */
    enum tb_conn_kind kind;
    enum tb_conn_state state;
    bool close_after;  /* the answer being written is the last */
    bool linger_after; /* and the client may still be sending */
    bool continue_sent;
    bool full;   /* the input: the socket is not read */
    bool served; /* had a request */
};
TAILQ_HEAD(tb_conn_list, tb_conn);

/* Takes fd. On failure the descriptor is closed. */
void tb_conn_accept(struct tb_front *f, int fd, enum tb_conn_kind kind);
/* The whole answer to the request that conn has; called once a request. */
void tb_conn_send(struct tb_conn *conn, struct tb_span answer, bool close_after, bool linger);
/* The process drains and this one waits: it is closed, at once or, when it is new, after a moment for its request. */
void tb_conn_drain(struct tb_conn *conn);
/* Closes at once; a request that is with its handler goes on without a client. */
void tb_conn_free(struct tb_conn *conn);

#endif
