/* dns-01 by dynamic update (RFC 2136) at the zone's primary server, signed by TSIG when there is a key. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/dns01.h"
#include "client/dns_message.h"
#include "client/files.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"

#define DNS_PORT       "53"
#define TIMEOUT_S      10
#define KEY_FILE_MAX   4096
#define SERVER_MAX     255
#define RCODE_NXDOMAIN 3
#define RCODE_REFUSED  5
#define ALIASES_MAX    8 /* zones that a chain of aliases may cross */

static bool enabled(const struct tb_proof_options *opt)
{
    return opt->dns_update != NULL;
}

/* HOST, HOST:PORT, [ADDRESS]:PORT or an address. */
static void split(const char *server, char host[static SERVER_MAX + 1], char port[static 8])
{
    const char *colon = strrchr(server, ':');
    bool has_port = colon != NULL && (server[0] == '[' ? colon[-1] == ']' : strchr(server, ':') == colon);
    size_t len = has_port ? (size_t)(colon - server) : strlen(server);

    snprintf(port, 8, "%s", has_port ? colon + 1 : DNS_PORT);
    if (len >= 2 && server[0] == '[' && server[len - 1] == ']') {
        server++;
        len -= 2;
    }
    snprintf(host, SERVER_MAX + 1, "%.*s", (int)(len < SERVER_MAX ? len : SERVER_MAX), server);
}

static int dial(const char *server, struct tb_fail *fail)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    char host[SERVER_MAX + 1];
    struct addrinfo *list = NULL;
    char port[8];
    int fd = -1;
    int err = EADDRNOTAVAIL;

    split(server, host, port);
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_NOTFOUND, "--dns-update %s: no such host or port", server);
        return -1;
    }
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        if ((fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            err = errno;
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    errno = err;
    if (fd < 0)
        (void)tb_fail_errno(fail, "--dns-update %s", server);
    return fd;
}

static int transfer(int fd, void *buf, size_t len, bool out)
{
    uint8_t *p = buf;

    while (len > 0) {
        ssize_t n = out ? send(fd, p, len, MSG_NOSIGNAL) : recv(fd, p, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TB_E_IO;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* One message out, one in, by TCP: two octets of length in front (RFC 1035 section 4.2.2). */
static int exchange(int fd, struct tb_span request, struct tb_wr *answer)
{
    uint8_t length[2] = {(uint8_t)(request.len >> 8), (uint8_t)request.len};
    struct tb_wr copy;
    uint8_t *room;
    int r;

    tb_wr_init(&copy, TB_DNS_MESSAGE_MAX);
    tb_wr_bytes(&copy, request.p, request.len);
    r = tb_wr_err(&copy);
    if (r == 0 && (r = transfer(fd, length, 2, true)) == 0 && (r = transfer(fd, copy.buf, copy.len, true)) == 0 &&
        (r = transfer(fd, length, 2, false)) == 0) {
        room = tb_wr_reserve(answer, (size_t)length[0] << 8 | length[1]);
        r = room != NULL ? transfer(fd, room, (size_t)length[0] << 8 | length[1], false) : TB_E_LIMIT;
    }
    tb_wr_clear(&copy);
    return r;
}

static int read_key(const char *path, struct tb_tsig_key *out, struct tb_fail *fail)
{
    struct tb_wr text;
    int r;

    tb_wr_init(&text, KEY_FILE_MAX);
    if ((r = tb_file_read(path, &text, fail)) == 0 && (r = tb_tsig_key_parse(tb_wr_span(&text), out)) < 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, r,
                        "--dns-key %s: neither a key of BIND's form nor algorithm:name:secret, "
                        "with hmac-sha256, hmac-sha384 or hmac-sha512",
                        path);
    tb_wr_clear_secret(&text);
    return r;
}

/* Ask or update, sign and verify when there is a key. */
static int talk(const char *server, const struct tb_tsig_key *key, struct tb_wr *request, unsigned opcode, uint16_t id,
                const char *name, const char *txt, struct tb_dns_answer *out, struct tb_fail *fail)
{
    tb_time_t now = tb_clock_now_s();
    struct tb_tsig_mac mac;
    struct tb_wr answer;
    int fd;
    int r = tb_wr_err(request);

    if (r == 0 && key->algorithm != NULL)
        r = tb_tsig_sign(request, key, now, &mac);
    if (r < 0)
        return tb_fail_set(fail, TB_EXIT_FAILURE, r, "no DNS message could be written: %s", tb_err_text(r));
    if ((fd = dial(server, fail)) < 0)
        return TB_E_IO;
    tb_wr_init(&answer, TB_DNS_MESSAGE_MAX);
    if ((r = exchange(fd, tb_wr_span(request), &answer)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, r, "--dns-update %s: no answer", server);
    else if ((r = tb_dns_answer_read(tb_wr_span(&answer), id, opcode, name, txt, out)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, r, "--dns-update %s: its answer cannot be read", server);
    /* Who has no such zone refuses without a signature; that is believed, because it ends here. */
    else if (key->algorithm != NULL && !(opcode == TB_DNS_OPCODE_QUERY && out->rcode == RCODE_REFUSED) &&
             (r = tb_tsig_verify(tb_wr_span(&answer), key, now, &mac)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, r,
                          "--dns-update %s: its answer (code %d) is not signed with the key %s; "
                          "does the server have this key?",
                          server, out->rcode, key->name);
    close(fd);
    tb_wr_clear(&answer);
    return r;
}

static uint16_t random_id(void)
{
    uint16_t id;

    tb_random(&id, sizeof(id));
    return id;
}

static int ask(const char *server, const struct tb_tsig_key *key, const char *name, struct tb_dns_answer *out,
               struct tb_fail *fail)
{
    uint16_t id = random_id();
    struct tb_wr request;
    int r;

    tb_wr_init(&request, TB_DNS_MESSAGE_MAX);
    if ((r = tb_dns_query_write(&request, id, name, TB_DNS_TYPE_SOA)) < 0)
        (void)tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s is no DNS name", name);
    else
        r = talk(server, key, &request, TB_DNS_OPCODE_QUERY, id, name, NULL, out, fail);
    tb_wr_clear(&request);
    return r;
}

/* Where the record goes: the zone, and the name behind its aliases, which a server follows within one zone only. */
static int locate(const char *server, const struct tb_tsig_key *key, const char *name, struct tb_dns_answer *out,
                  struct tb_fail *fail)
{
    char at[TB_DNS_NAME_MAX + 1];
    int r;

    snprintf(at, sizeof(at), "%s", name);
    for (unsigned i = 0; i < ALIASES_MAX; i++) {
        if ((r = ask(server, key, at, out, fail)) < 0)
            return r;
        if (strcmp(out->alias, at) == 0)
            break;
        strcpy(at, out->alias);
    }
    if ((out->rcode != 0 && out->rcode != RCODE_NXDOMAIN) || out->zone[0] == '\0' || strcmp(out->alias, at) != 0 ||
        !tb_dns_name_under(at, out->zone))
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_NOTFOUND, "--dns-update %s: it has no zone for %s (code %d)",
                           server, at, out->rcode);
    return 0;
}

static int update(const struct tb_proof_options *opt, const struct tb_proof *p, bool add, struct tb_fail *fail)
{
    char value[TB_B64U_DIGEST_LEN + 1];
    struct tb_tsig_key key = {0};
    char name[TB_DNS01_NAME_MAX];
    struct tb_dns_answer where;
    struct tb_dns_answer done = {0};
    uint16_t id = random_id();
    struct tb_wr request;
    int r = 0;

    tb_dns01_record(p, name, value);
    tb_wr_init(&request, TB_DNS_MESSAGE_MAX);
    if (opt->dns_key != NULL)
        r = read_key(opt->dns_key, &key, fail);
    if (r == 0 && (r = locate(opt->dns_update, &key, name, &where, fail)) == 0 &&
        (r = tb_dns_update_write(&request, id, where.zone, where.alias, value, add)) == 0)
        r = talk(opt->dns_update, &key, &request, TB_DNS_OPCODE_UPDATE, id, where.zone, NULL, &done, fail);
    if (r == 0 && done.rcode != 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_DENIED,
                        "--dns-update %s: it refuses the update of zone %s (code %d); "
                        "check its rules for updates%s",
                        opt->dns_update, where.zone, done.rcode, opt->dns_key == NULL ? ", and --dns-key" : "");
    tb_wr_clear(&request);
    tb_wipe(&key, sizeof(key));
    return r;
}

static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    return update(ps->opt, p, true, ps->acme->fail);
}

static void withdraw(struct tb_proofs *ps, struct tb_proof *p)
{
    struct tb_fail fail = {0};

    if (update(ps->opt, p, false, &fail) < 0)
        tb_say(ps->acme->say, "%s (the record may still be there)", fail.text);
}

const struct tb_proof_method tb_proof_dns01_update = {
    .type = "dns-01", .wildcard = true, .enabled = enabled, .prepare = prepare, .withdraw = withdraw};
