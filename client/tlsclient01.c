/* tls-client-01 (doc/tls-client-01.md): out to each responder, from each address that the name publishes. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/proofs.h"
#include "client/self_signed.h"
#include "client/tlsclient.h"
#include "lib/base/ident.h"

#define WHY_MAX        255
#define LOW_PORT_FIRST 512
#define LOW_PORT_LAST  1023

/* What became of one responder. */
struct outcome {
    bool ok;
    bool answered; /* it refused; else why says what went wrong */
    struct tb_tls_client_line line;
    char why[WHY_MAX + 1];
};

static bool enabled(const struct tb_proof_options *opt)
{
    (void)opt;
    return true;
}

/* A challenge alone must not tell this host where to connect to, when the directory says what is right. */
static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    const struct tb_acme_directory *dir = &ps->acme->dir;

    for (size_t i = 0; dir->num_responders > 0 && i < p->authz.num_responders; i++) {
        size_t k = 0;

        while (k < dir->num_responders && strcmp(dir->responders[k], p->authz.responders[i]) != 0)
            k++;
        if (k == dir->num_responders)
            return tb_fail_set(ps->acme->fail, TB_EXIT_REFUSED, TB_E_DENIED,
                               "the challenge names the responder %s, "
                               "which is not in the server's directory",
                               p->authz.responders[i]);
    }
    return 0;
}

static int finish_connect(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLOUT};
    const struct timeval limit = {.tv_sec = TB_TLSCLIENT_TIMEOUT_S};
    socklen_t len = sizeof(int);
    int err = 0;

    if (poll(&pfd, 1, TB_TLSCLIENT_TIMEOUT_S * 1000) != 1) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0) {
        errno = err != 0 ? err : errno;
        return -1;
    }
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return 0;
}

/* To a free port below 1024, which only a privileged process gets. */
static int bind_low(int fd, int family, const struct addrinfo *from)
{
    struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    if (from != NULL)
        memcpy(&at, from->ai_addr, from->ai_addrlen);
    for (in_port_t port = LOW_PORT_LAST; port >= LOW_PORT_FIRST; port--) {
        if (family == AF_INET)
            ((struct sockaddr_in *)&at)->sin_port = htons(port);
        else
            ((struct sockaddr_in6 *)&at)->sin6_port = htons(port);
        if (bind(fd, (const struct sockaddr *)&at, len) == 0)
            return 0;
        if (errno != EADDRINUSE)
            break;
    }
    return -1;
}

static int bind_to(int fd, int family, const struct addrinfo *from, bool low)
{
    if (low)
        return bind_low(fd, family, from);
    return from == NULL ? 0 : bind(fd, from->ai_addr, from->ai_addrlen);
}

/* From this address (NULL: as the host chooses), or -1 and errno; EADDRNOTAVAIL: it is none of this host's. */
static int connect_from(const struct addrinfo *from, const struct addrinfo *to, bool low)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int saved;

    if (fd < 0)
        return -1;
    if (bind_to(fd, to->ai_family, from, low) == 0 &&
        (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS) && finish_connect(fd) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void try_once(const struct tb_tlsclient *tc, const struct addrinfo *from, const struct addrinfo *to, bool low,
                     struct outcome *out)
{
    struct tb_tls_client_line line;
    int fd = connect_from(from, to, low);

    if (fd < 0) {
        if (errno != EADDRNOTAVAIL && !out->answered)
            snprintf(out->why, sizeof(out->why), "no connection: %s", strerror(errno));
        return;
    }
    if (tb_tlsclient_talk(tc, fd, &line, out->why, sizeof(out->why)) == 0) {
        out->answered = true;
        out->line = line;
        out->ok = line.ok;
    }
    close(fd);
}

/* Is this attempt the last that is needed? Low ports are few, and taken only where they are demanded. */
static bool attempt(const struct tb_tlsclient *tc, const struct addrinfo *from, const struct addrinfo *to,
                    struct outcome *out)
{
    try_once(tc, from, to, false, out);
    if (!out->ok && out->answered && strcmp(out->line.reason, "port") == 0)
        try_once(tc, from, to, true, out);
    return out->ok;
}

/* Names below localhost are this host (RFC 6761 section 6.3), which not every resolver knows. */
static struct addrinfo *lookup(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = port != NULL ? AI_NUMERICSERV : 0};
    struct addrinfo *list = NULL;

    if (tb_dns_name_under(host, "localhost"))
        host = "localhost";
    return getaddrinfo(host, port, &hints, &list) == 0 ? list : NULL;
}

/* Both families; published addresses of this host first, then as the host chooses. */
static void ask_responder(const struct tb_tlsclient *tc, const char *port, const char *name, struct outcome *out)
{
    struct addrinfo *to = lookup(tc->host, port);
    struct addrinfo *from = lookup(name, NULL);
    unsigned tries = 0;

    if (to == NULL)
        snprintf(out->why, sizeof(out->why), "its name has no address");
    for (const struct addrinfo *t = to; t != NULL && !out->ok; t = t->ai_next) {
        for (const struct addrinfo *f = from; f != NULL && !out->ok; f = f->ai_next)
            if (f->ai_family == t->ai_family && tries++ < TB_TLSCLIENT_TRIES_MAX)
                (void)attempt(tc, f, t, out);
        if (!out->ok && tries++ < TB_TLSCLIENT_TRIES_MAX)
            (void)attempt(tc, NULL, t, out);
    }
    if (to != NULL)
        freeaddrinfo(to);
    if (from != NULL)
        freeaddrinfo(from);
}

static int complain(struct tb_proofs *ps, struct tb_proof *p, const char *responder, const struct outcome *o)
{
    struct tb_acme_authz now;
    const struct tb_acme_challenge *c;

    if (!o->answered)
        return tb_fail_set(ps->acme->fail, TB_EXIT_PROOF, TB_E_DENIED, "%s: responder %s: %s", p->authz.ident.value,
                           responder, o->why);
    /* The server knows more: which addresses it expected. */
    if (tb_acme_authz_get(ps->acme, p->authz.url, &now) == 0 &&
        (c = tb_acme_authz_find(&now, "tls-client-01")) != NULL && c->error[0] != '\0')
        return tb_fail_set(ps->acme->fail, TB_EXIT_PROOF, TB_E_DENIED, "%s: responder %s refused (%s), it saw %s: %s%s",
                           p->authz.ident.value, responder, o->line.reason, o->line.address, c->error,
                           tb_tlsclient_advice(o->line.reason));
    return tb_fail_set(ps->acme->fail, TB_EXIT_PROOF, TB_E_DENIED, "%s: responder %s refused (%s), it saw %s%s",
                       p->authz.ident.value, responder, o->line.reason, o->line.address,
                       tb_tlsclient_advice(o->line.reason));
}

static int connect_all(struct tb_proofs *ps, struct tb_proof *p, X509 *cert)
{
    struct outcome last = {0};
    const char *who = p->authz.responders[0];
    unsigned num_ok = 0;

    for (size_t i = 0; i < p->authz.num_responders; i++) {
        char host[TB_DIRECTORY_RESPONDER_MAX + 1];
        struct tb_tlsclient tc = {
            .host = host, .token = p->challenge.token, .ca_file = ps->opt->ca_file, .cert = cert, .key = ps->key};
        struct outcome o = {0};
        char *port;

        strcpy(host, p->authz.responders[i]);
        port = strrchr(host, ':');
        *port++ = '\0';
        ask_responder(&tc, port, p->authz.ident.value, &o);
        num_ok += o.ok;
        if (o.ok) {
            tb_say(ps->acme->say, "%s: responder %s saw %s", p->authz.ident.value, host, o.line.address);
        } else {
            last = o;
            who = p->authz.responders[i];
        }
    }
    return num_ok >= p->authz.quorum ? 0 : complain(ps, p, who, &last);
}

/* After the server has said that the responders are armed. */
static int act(struct tb_proofs *ps, struct tb_proof *p)
{
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_acme_authz now;
    X509 *cert = NULL;
    int r;

    if ((r = tb_acme_authz_get(ps->acme, p->authz.url, &now)) < 0 || strcmp(now.status, "pending") != 0)
        return r; /* it ended at once: waiting will tell why */
    tb_tls_client_digest(digest, tb_span_str(p->key_authorization));
    if ((r = tb_self_signed(ps->key, &p->authz.ident, digest, true, &cert)) < 0)
        return tb_fail_set(ps->acme->fail, TB_EXIT_FAILURE, r, "no certificate could be made for the proof");
    r = connect_all(ps, p, cert);
    X509_free(cert);
    return r;
}

const struct tb_proof_method tb_proof_tlsclient01 = {
    .type = "tls-client-01", .enabled = enabled, .prepare = prepare, .act = act};
