#include "tests/unit/ca/resolver/dns_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ca/resolver/answer.h"
#include "tests/unit/test.h"

#define CONNS_MAX       16
#define PORTS_TRIED_MAX 64 /* pairs of ports, to find one of which both are free */

struct entry {
    char name[TB_IDENT_VALUE_MAX + 1];
    uint16_t type;
    enum dns_server_fault fault;
    uint8_t rdata[512];
    size_t len;
};

struct conn {
    struct dns_server *server;
    struct event *ev; /* NULL: free */
    int fd;
};

struct dns_server {
    int udp, tcp;
    struct conn conn[CONNS_MAX];
    uint16_t port;
    struct event *udp_ev, *tcp_ev;
    struct event_base *base;
    unsigned asked;
    size_t num;
    struct entry entry[DNS_SERVER_RECORDS_MAX];
};

static void put_name(struct tb_wr *wr, const char *name)
{
    while (*name != '\0') {
        size_t n = strcspn(name, ".");

        tb_wr_u8(wr, (uint8_t)n);
        tb_wr_bytes(wr, name, n);
        name += n + (name[n] == '.');
    }
    tb_wr_u8(wr, 0);
}

/* Text of the question's name; the position behind type and class, or 0. */
static size_t question(const uint8_t *p, size_t len, char name[256], uint16_t *type)
{
    size_t at = 12, out = 0;

    while (at < len && p[at] != 0) {
        size_t n = p[at++];

        if (n > 63 || at + n >= len || out + n + 2 > 256)
            return 0;
        if (out > 0)
            name[out++] = '.';
        memcpy(name + out, p + at, n);
        out += n;
        at += n;
    }
    name[out] = '\0';
    if (at + 5 > len)
        return 0;
    *type = (uint16_t)(p[at + 1] << 8 | p[at + 2]);
    return at + 5;
}

static enum dns_server_fault fault_of(const struct dns_server *s, const char *name, uint16_t type)
{
    for (size_t i = 0; i < s->num; i++)
        if (s->entry[i].fault != DNS_FINE && strcasecmp(s->entry[i].name, name) == 0 &&
            (s->entry[i].type == 0 || s->entry[i].type == type))
            return s->entry[i].fault;
    return DNS_FINE;
}

static uint16_t put_answers(const struct dns_server *s, struct tb_wr *wr, const char *name, uint16_t type, bool *exists)
{
    uint16_t n = 0;

    for (size_t i = 0; i < s->num; i++) {
        const struct entry *e = &s->entry[i];

        if (e->fault != DNS_FINE || strcasecmp(e->name, name) != 0)
            continue;
        *exists = true;
        if (e->type != type && e->type != TB_DNS_TYPE_CNAME)
            continue;
        put_name(wr, e->name);
        tb_wr_u16(wr, e->type);
        tb_wr_u16(wr, 1);
        tb_wr_u32(wr, 300);
        tb_wr_u16(wr, (uint16_t)e->len);
        tb_wr_bytes(wr, e->rdata, e->len);
        n++;
    }
    return n;
}

/* What an authoritative server says beside "no": RFC 2308 section 2. */
static void put_denial(struct tb_wr *wr)
{
    static const uint8_t soa[22] = {0};

    put_name(wr, "test");
    tb_wr_u16(wr, TB_DNS_TYPE_SOA);
    tb_wr_u16(wr, 1);
    tb_wr_u32(wr, 300);
    tb_wr_u16(wr, sizeof(soa));
    tb_wr_bytes(wr, soa, sizeof(soa));
}

/* Length of the answer, 0 for silence. */
static size_t respond(struct dns_server *s, const uint8_t *in, size_t in_len, bool udp, uint8_t *out, size_t cap)
{
    enum dns_server_fault fault;
    char name[256];
    uint16_t type, num = 0;
    size_t end = question(in, in_len, name, &type);
    bool exists = false;
    struct tb_wr wr;
    unsigned rcode;

    if (end == 0)
        return 0;
    s->asked++;
    fault = fault_of(s, name, type);
    if (fault == DNS_SILENT)
        return 0;
    tb_wr_fixed(&wr, out, cap);
    tb_wr_bytes(&wr, in, end);
    if (fault == DNS_FINE || !udp)
        num = put_answers(s, &wr, name, type, &exists);
    rcode = fault == DNS_SERVFAIL ? 2 : fault == DNS_REFUSED ? 5 : fault == DNS_FINE && !exists ? 3 : 0;
    if (fault == DNS_FINE && num == 0)
        put_denial(&wr);
    assert_ok(tb_wr_err(&wr));
    out[2] = (uint8_t)(0x85 | (udp && fault == DNS_TRUNCATED ? 0x02 : 0)); /* QR AA RD */
    out[3] = (uint8_t)(0x80 | rcode);
    out[6] = 0;
    out[7] = (uint8_t)(fault == DNS_SERVFAIL || fault == DNS_REFUSED ? 0 : num);
    memset(out + 8, 0, 4);
    out[9] = fault == DNS_FINE && num == 0;
    return wr.len;
}

static void udp_ready(evutil_socket_t fd, short what, void *arg)
{
    uint8_t in[4096], out[65536];
    struct sockaddr_storage from;
    socklen_t from_len = sizeof(from);
    ssize_t n = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&from, &from_len);
    size_t len;

    (void)what;
    if (n > 0 && (len = respond(arg, in, (size_t)n, true, out, sizeof(out))) > 0)
        (void)!sendto(fd, out, len, 0, (struct sockaddr *)&from, from_len);
}

static void conn_end(struct conn *c)
{
    event_free(c->ev);
    close(c->fd);
    c->ev = NULL;
}

/* One question, sent whole by the resolver. */
static void conn_ready(evutil_socket_t fd, short what, void *arg)
{
    uint8_t in[4096], out[65536];
    struct conn *c = arg;
    ssize_t n = recv(fd, in, sizeof(in), 0);
    size_t len;

    (void)what;
    if (n > 2 && (len = respond(c->server, in + 2, (size_t)n - 2, false, out + 2, sizeof(out) - 2)) > 0) {
        out[0] = (uint8_t)(len >> 8);
        out[1] = (uint8_t)len;
        (void)!write(fd, out, len + 2);
    }
    conn_end(c);
}

/* The resolver runs on the same loop: it may not have sent its question yet, so nothing may wait for it here. */
static void tcp_ready(evutil_socket_t fd, short what, void *arg)
{
    struct dns_server *s = arg;
    int in = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    size_t i = 0;

    (void)what;
    if (in < 0)
        return;
    while (i < CONNS_MAX && s->conn[i].ev != NULL)
        i++;
    assert_true(i < CONNS_MAX);
    s->conn[i].server = s;
    s->conn[i].fd = in;
    s->conn[i].ev = event_new(s->base, in, EV_READ, conn_ready, &s->conn[i]);
    assert_ok(event_add(s->conn[i].ev, NULL));
}

/* The kernel knows which TCP port is free; the UDP port of that number may be another process's. */
static bool ports_bind(struct dns_server *s)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);

    s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_ok(bind(s->tcp, (struct sockaddr *)&sin, sizeof(sin)));
    assert_ok(getsockname(s->tcp, (struct sockaddr *)&sin, &len));
    s->port = ntohs(sin.sin_port);
    if (bind(s->udp, (struct sockaddr *)&sin, sizeof(sin)) == 0)
        return true;
    assert_int_equal(errno, EADDRINUSE);
    close(s->udp);
    close(s->tcp);
    return false;
}

struct dns_server *dns_server_new(struct event_base *base)
{
    struct dns_server *s = calloc(1, sizeof(*s));
    unsigned tries = 1;

    assert_non_null(s);
    s->base = base;
    while (!ports_bind(s))
        assert_true(tries++ < PORTS_TRIED_MAX);
    assert_ok(listen(s->tcp, 16));
    s->udp_ev = event_new(base, s->udp, EV_READ | EV_PERSIST, udp_ready, s);
    s->tcp_ev = event_new(base, s->tcp, EV_READ | EV_PERSIST, tcp_ready, s);
    assert_ok(event_add(s->udp_ev, NULL));
    assert_ok(event_add(s->tcp_ev, NULL));
    return s;
}

void dns_server_free(struct dns_server *s)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(s->conn); i++)
        if (s->conn[i].ev != NULL)
            conn_end(&s->conn[i]);
    event_free(s->udp_ev);
    event_free(s->tcp_ev);
    close(s->udp);
    close(s->tcp);
    free(s);
}

void dns_server_listen(const struct dns_server *s, struct tb_listen *out)
{
    struct sockaddr_in *sin = (struct sockaddr_in *)&out->addr;

    *out = (struct tb_listen){.on = true, .addr_len = sizeof(*sin)};
    sin->sin_family = AF_INET;
    sin->sin_port = htons(s->port);
    sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

void dns_server_clear(struct dns_server *s)
{
    s->num = 0;
    s->asked = 0;
}

static struct entry *add(struct dns_server *s, const char *name, uint16_t type)
{
    struct entry *e = &s->entry[s->num++];

    assert_true(s->num <= DNS_SERVER_RECORDS_MAX && strlen(name) < sizeof(e->name));
    *e = (struct entry){.type = type};
    strcpy(e->name, name);
    return e;
}

void dns_server_add(struct dns_server *s, const char *name, uint16_t type, const void *rdata, size_t len)
{
    struct entry *e = add(s, name, type);

    assert_true(len <= sizeof(e->rdata));
    memcpy(e->rdata, rdata, len);
    e->len = len;
}

void dns_server_add_a(struct dns_server *s, const char *name, const char *addr)
{
    uint8_t raw[16];

    if (inet_pton(AF_INET, addr, raw) == 1) {
        dns_server_add(s, name, TB_DNS_TYPE_A, raw, 4);
        return;
    }
    assert_int_equal(inet_pton(AF_INET6, addr, raw), 1);
    dns_server_add(s, name, TB_DNS_TYPE_AAAA, raw, 16);
}

void dns_server_add_txt(struct dns_server *s, const char *name, const char *text)
{
    uint8_t raw[256] = {(uint8_t)strlen(text)};

    memcpy(raw + 1, text, strlen(text));
    dns_server_add(s, name, TB_DNS_TYPE_TXT, raw, strlen(text) + 1);
}

void dns_server_add_cname(struct dns_server *s, const char *name, const char *target)
{
    struct entry *e = add(s, name, TB_DNS_TYPE_CNAME);
    struct tb_wr wr;

    tb_wr_fixed(&wr, e->rdata, sizeof(e->rdata));
    put_name(&wr, target);
    e->len = wr.len;
}

void dns_server_add_caa(struct dns_server *s, const char *name, uint8_t flags, const char *tag, const char *value)
{
    struct entry *e = add(s, name, TB_DNS_TYPE_CAA);
    struct tb_wr wr;

    tb_wr_fixed(&wr, e->rdata, sizeof(e->rdata));
    tb_wr_u8(&wr, flags);
    tb_wr_u8(&wr, (uint8_t)strlen(tag));
    tb_wr_str(&wr, tag);
    tb_wr_str(&wr, value);
    assert_ok(tb_wr_err(&wr));
    e->len = wr.len;
}

void dns_server_fault(struct dns_server *s, const char *name, uint16_t type, enum dns_server_fault fault)
{
    add(s, name, type)->fault = fault;
}

unsigned dns_server_asked(const struct dns_server *s)
{
    return s->asked;
}
