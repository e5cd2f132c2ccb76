#include "ca/resolver/near.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/hash.h"

#define BUCKETS     256
#define ID_TRIES    4
#define HEADER_LEN  12
#define RECV_BUF    (1 << 20) /* the kernel gives what it allows */
#define REST_MS     1000      /* after "nobody listens": nothing is asked here */
#define LABEL_MAX   63
#define CLASS_IN    1
#define FLAG_QR     0x80
#define FLAG_TC     0x02
#define FLAG_RD     0x01
#define OPCODE_MASK 0x78
#define RCODE_MASK  0x0f

struct tb_near {
    struct event_base *base;
    struct event *ev;
    int fd;
    size_t num;
    uint64_t rests_until_ms;
    struct tb_near_ask *bucket[BUCKETS];
    size_t random_left;
    uint16_t random[128];
};

bool tb_near_is_loopback(const struct sockaddr_storage *sa)
{
    if (sa->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24) == 127;
    return sa->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)sa)->sin6_addr);
}

unsigned tb_near_rcode(struct tb_span packet)
{
    return packet.p[3] & RCODE_MASK;
}

static struct tb_near_ask *find(const struct tb_near *n, uint16_t id)
{
    struct tb_near_ask *ask = n->bucket[id % BUCKETS];

    while (ask != NULL && ask->id != id)
        ask = ask->next;
    return ask;
}

static void take_out(struct tb_near_ask *ask)
{
    struct tb_near_ask **at = &ask->near->bucket[ask->id % BUCKETS];

    while (*at != NULL && *at != ask)
        at = &(*at)->next;
    if (*at == ask)
        *at = ask->next;
    ask->near->num--;
    (void)event_del(&ask->timer);
}

static void late(evutil_socket_t fd, short what, void *arg)
{
    struct tb_near_ask *ask = arg;

    (void)fd;
    (void)what;
    take_out(ask);
    ask->done(ask, (struct tb_span){0});
}

/* Nobody listens: all that is open is handed on. */
static void hand_on(struct tb_near *n)
{
    n->rests_until_ms = tb_clock_mono_ms() + REST_MS;
    for (size_t i = 0; i < BUCKETS; i++)
        while (n->bucket[i] != NULL) {
            struct tb_near_ask *ask = n->bucket[i];

            take_out(ask);
            ask->done(ask, (struct tb_span){0});
        }
}

/* Another question than the one asked under this id is no answer to it; the right one may still come. */
static bool answers(const struct tb_near_ask *ask, struct tb_span packet)
{
    const uint8_t *p = packet.p;

    return (p[2] & (FLAG_QR | OPCODE_MASK)) == FLAG_QR && p[4] == 0 && p[5] == 1 &&
           packet.len - HEADER_LEN >= ask->question_len &&
           memcmp(p + HEADER_LEN, ask->question, ask->question_len) == 0;
}

static void packet_take(struct tb_near *n, struct tb_span packet)
{
    const uint8_t *p = packet.p;
    struct tb_near_ask *ask;
    unsigned rcode;

    if (packet.len < HEADER_LEN)
        return;
    ask = find(n, (uint16_t)(p[0] << 8 | p[1]));
    if (ask == NULL || !answers(ask, packet))
        return;
    take_out(ask);
    rcode = tb_near_rcode(packet);
    /* 3: there is no such name. */
    if ((p[2] & FLAG_TC) != 0 || (rcode != 0 && rcode != 3))
        packet = (struct tb_span){0};
    ask->done(ask, packet);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
    uint8_t in[TB_NEAR_PACKET_MAX + 1];
    struct tb_near *n = arg;
    ssize_t len;

    (void)what;
    while ((len = recv(fd, in, sizeof(in), 0)) >= 0 || errno == EINTR)
        if (len >= 0 && len <= TB_NEAR_PACKET_MAX)
            packet_take(n, tb_span_of(in, (size_t)len));
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        hand_on(n);
}

static int socket_open(struct tb_near *n, const struct sockaddr_storage *addr)
{
    socklen_t len = addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    const int room = RECV_BUF;

    n->fd = socket(addr->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd < 0 || connect(n->fd, (const struct sockaddr *)addr, len) < 0)
        return TB_E_IO;
    (void)setsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    n->ev = event_new(n->base, n->fd, EV_READ | EV_PERSIST, readable, n);
    return n->ev != NULL && event_add(n->ev, NULL) == 0 ? 0 : TB_E_NOMEM;
}

int tb_near_new(struct event_base *base, const struct sockaddr_storage *addr, struct tb_near **out)
{
    struct tb_near *n;
    int r;

    *out = NULL;
    if (!tb_near_is_loopback(addr))
        return TB_E_INVAL;
    if ((n = calloc(1, sizeof(*n))) == NULL)
        return TB_E_NOMEM;
    n->base = base;
    if ((r = socket_open(n, addr)) < 0) {
        tb_near_free(n);
        return r;
    }
    *out = n;
    return 0;
}

void tb_near_free(struct tb_near *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (n->bucket[i] != NULL)
            take_out(n->bucket[i]);
    if (n->ev != NULL)
        event_free(n->ev);
    if (n->fd >= 0)
        (void)close(n->fd);
    tb_wipe(n->random, sizeof(n->random));
    free(n);
}

static uint16_t random_id(struct tb_near *n)
{
    uint16_t id;

    if (n->random_left == 0) {
        tb_random(n->random, sizeof(n->random));
        n->random_left = TB_ARRAY_LEN(n->random);
    }
    id = n->random[--n->random_left];
    n->random[n->random_left] = 0;
    return id;
}

static int question_write(struct tb_near_ask *ask, const char *name, uint16_t type)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, ask->question, sizeof(ask->question));
    while (*name != '\0') {
        size_t n = strcspn(name, ".");

        if (n == 0 || n > LABEL_MAX)
            return TB_E_INVAL;
        tb_wr_u8(&wr, (uint8_t)n);
        tb_wr_bytes(&wr, name, n);
        name += n;
        name += *name == '.';
    }
    tb_wr_u8(&wr, 0);
    if (wr.len > TB_DNS_WIRE_NAME_MAX)
        return TB_E_INVAL;
    tb_wr_u16(&wr, type);
    tb_wr_u16(&wr, CLASS_IN);
    ask->question_len = wr.len;
    return tb_wr_err(&wr) < 0 ? TB_E_INVAL : 0;
}

static int packet_send(const struct tb_near *n, const struct tb_near_ask *ask)
{
    static const uint8_t opt[] = {0, 0, 41, TB_NEAR_PACKET_MAX >> 8, TB_NEAR_PACKET_MAX & 0xff, 0, 0, 0, 0, 0, 0};
    uint8_t out[HEADER_LEN + sizeof(ask->question) + sizeof(opt)] = {(uint8_t)(ask->id >> 8), (uint8_t)ask->id,
                                                                     FLAG_RD, [5] = 1, [11] = 1};
    ssize_t r;

    memcpy(out + HEADER_LEN, ask->question, ask->question_len);
    memcpy(out + HEADER_LEN + ask->question_len, opt, sizeof(opt));
    do {
        r = send(n->fd, out, HEADER_LEN + ask->question_len + sizeof(opt), MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? TB_E_IO : 0;
}

int tb_near_ask(struct tb_near *n, struct tb_near_ask *ask, const char *name, uint16_t type, tb_near_done_fn *done)
{
    const struct timeval tv = {.tv_sec = TB_NEAR_TIMEOUT_MS / 1000, .tv_usec = TB_NEAR_TIMEOUT_MS % 1000 * 1000};
    const struct timeval *common = event_base_init_common_timeout(n->base, &tv);
    bool is_free = false;
    int r;

    if (n->num == TB_NEAR_ASKS_MAX || tb_clock_mono_ms() < n->rests_until_ms)
        return TB_E_LIMIT;
    if ((r = question_write(ask, name, type)) < 0)
        return r;
    for (int tries = 0; tries < ID_TRIES && !is_free; tries++) {
        ask->id = random_id(n);
        is_free = find(n, ask->id) == NULL;
    }
    if (!is_free)
        return TB_E_LIMIT;
    if ((r = packet_send(n, ask)) < 0)
        return r;
    ask->near = n;
    ask->done = done;
    ask->next = n->bucket[ask->id % BUCKETS];
    n->bucket[ask->id % BUCKETS] = ask;
    n->num++;
    (void)evtimer_assign(&ask->timer, n->base, late, ask);
    (void)evtimer_add(&ask->timer, common != NULL ? common : &tv);
    return 0;
}
