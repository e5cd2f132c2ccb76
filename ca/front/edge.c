#include "ca/front/edge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ca/front/front.h"
#include "lib/base/log.h"

struct call {
    struct tb_map_node node; /* first: by request id */
    TAILQ_ENTRY(call) entry; /* oldest first */
    struct tb_edge_call c;
    uint64_t deadline_ms;
    bool sent; /* to the peer that is there now */
    uint8_t body[];
};
TAILQ_HEAD(call_list, call);

struct tb_edge {
    struct tb_front *front;
    struct tb_map by_id;
    struct call_list calls;
    size_t outstanding[TB_ROLE__COUNT];
    uint32_t last_id;
};

int tb_edge_new(struct tb_front *f, struct tb_edge **out)
{
    struct tb_edge *e = calloc(1, sizeof(*e));
    int r;

    *out = NULL;
    if (e == NULL)
        return TB_E_NOMEM;
    if ((r = tb_map_init(&e->by_id, 4096)) < 0) {
        free(e);
        return r;
    }
    TAILQ_INIT(&e->calls);
    e->front = f;
    *out = e;
    return 0;
}

static void unlink_call(struct tb_edge *e, struct call *k)
{
    tb_map_remove(&e->by_id, &k->node);
    TAILQ_REMOVE(&e->calls, k, entry);
    e->outstanding[k->c.peer]--;
}

static void fail_call(struct tb_edge *e, struct call *k, int err)
{
    unlink_call(e, k);
    (void)k->c.done(e->front, err, (struct tb_span){0}, k->c.arg);
    free(k);
}

void tb_edge_free(struct tb_edge *e)
{
    struct call *k = NULL;

    if (e == NULL)
        return;
    while ((k = TAILQ_FIRST(&e->calls)) != NULL)
        fail_call(e, k, TB_E_CLOSED);
    tb_map_clear(&e->by_id);
    free(e);
}

/* A peer that does not take the message now gets it when it comes back: the call stays outstanding. */
static void send_call(struct tb_edge *e, struct call *k)
{
    struct tb_channel *ch = e->front->child->peer[k->c.peer];
    int r;

    if (ch == NULL)
        return;
    r = tb_channel_send(ch, k->c.req, (uint32_t)k->node.key, tb_span_of(k->body, k->c.body.len));
    k->sent = r == 0;
    if (r < 0)
        tb_log(TB_LOG_WARN, "send-failed", TB_F("peer", tb_role_name(k->c.peer)), TB_F("why", tb_err_text(r)));
}

int tb_edge_call(struct tb_edge *e, const struct tb_edge_call *call)
{
    struct call *k = NULL;

    if (e->by_id.num >= TB_EDGE_CALLS_MAX)
        return TB_E_LIMIT;
    k = malloc(sizeof(*k) + call->body.len);
    if (k == NULL)
        return TB_E_NOMEM;
    k->c = *call;
    k->c.body.p = NULL;
    k->sent = false;
    if (call->body.len > 0)
        memcpy(k->body, call->body.p, call->body.len);
    k->deadline_ms = tb_clock_mono_ms() + 1000 * (uint64_t)call->timeout_s;
    do
        e->last_id++;
    while (e->last_id == 0 || tb_map_find(&e->by_id, e->last_id) != NULL);
    tb_map_insert(&e->by_id, e->last_id, &k->node);
    TAILQ_INSERT_TAIL(&e->calls, k, entry);
    e->outstanding[k->c.peer]++;
    send_call(e, k);
    return 0;
}

int tb_edge_answer(struct tb_edge *e, const struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_map_node *n = tb_map_find(&e->by_id, m->id);
    struct call *k = (struct call *)n;
    int r;

    if (n == NULL)
        return 0; /* answered before, or its deadline passed */
    if (k->c.peer != tb_channel_peer(ch) || k->c.rsp != m->type)
        return TB_E_FORMAT;
    unlink_call(e, k);
    r = k->c.done(e->front, 0, m->body, k->c.arg);
    free(k);
    return r;
}

int tb_edge_note(struct tb_edge *e, const struct tb_channel *ch, const struct tb_msg *m)
{
    struct call *k = (struct call *)tb_map_find(&e->by_id, m->id);

    if (k == NULL)
        return 0; /* its deadline passed */
    if (k->c.peer != tb_channel_peer(ch) || k->c.note == NULL)
        return TB_E_FORMAT;
    return k->c.note(e->front, m->body, k->c.arg);
}

void tb_edge_resend(struct tb_edge *e, enum tb_role peer)
{
    struct call *k = NULL;

    TAILQ_FOREACH(k, &e->calls, entry)
    if (k->c.peer == peer && !k->sent)
        send_call(e, k);
}

void tb_edge_lost(struct tb_edge *e, enum tb_role peer)
{
    struct call *k = NULL;

    TAILQ_FOREACH(k, &e->calls, entry)
    if (k->c.peer == peer)
        k->sent = false;
}

void tb_edge_tick(struct tb_edge *e)
{
    uint64_t now = tb_clock_mono_ms();
    struct call *k = TAILQ_FIRST(&e->calls);

    while (k != NULL) {
        struct call *next = TAILQ_NEXT(k, entry);

        /* fail_call may start calls (at the tail) but ends no other one. */
        if (k->deadline_ms <= now)
            fail_call(e, k, TB_E_TIMEOUT);
        k = next;
    }
}

size_t tb_edge_outstanding(const struct tb_edge *e, enum tb_role peer)
{
    return e->outstanding[peer];
}
