#include "cli/check/starttls.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/base/bytes.h"
#include "lib/base/compiler.h"

struct talk {
    int fd;
    int64_t deadline_ms;
    char line[TB_STARTTLS_LINE_MAX + 1];
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int send_all(struct talk *t, const void *p, size_t len)
{
    const char *s = p;

    while (len > 0) {
        ssize_t n = send(t->fd, s, len, MSG_NOSIGNAL);

        if (n <= 0)
            return TB_E_IO;
        s += n;
        len -= (size_t)n;
    }
    return 0;
}

static int send_text(struct talk *t, const char *s)
{
    return send_all(t, s, strlen(s));
}

/* One octet at a time: what follows belongs to TLS. */
static int get(struct talk *t, char *out)
{
    for (;;) {
        int64_t left = t->deadline_ms - now_ms();
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        ssize_t n;
        int r = left > 0 ? poll(&p, 1, (int)left) : 0;

        if (r == 0)
            return TB_E_TIMEOUT;
        if (r < 0 && errno != EINTR)
            return TB_E_IO;
        if (r < 0)
            continue;
        n = recv(t->fd, out, 1, 0);
        if (n == 1)
            return 0;
        if (n == 0)
            return TB_E_CLOSED;
        if (errno != EINTR && errno != EAGAIN)
            return TB_E_IO;
    }
}

/* Up to and with the end character, into t->line. */
static int get_until(struct talk *t, char end)
{
    for (size_t n = 0; n < TB_STARTTLS_LINE_MAX; n++) {
        int r = get(t, &t->line[n]);

        if (r < 0)
            return r;
        t->line[n + 1] = '\0';
        if (t->line[n] == end)
            return 0;
    }
    return TB_E_LIMIT;
}

/* An SMTP reply (RFC 5321 section 4.2.1); *offered tells whether one of its lines is the keyword. */
static int smtp_reply(struct talk *t, const char *code, const char *keyword, bool *offered)
{
    for (int i = 0; i < TB_STARTTLS_LINES_MAX; i++) {
        int r = get_until(t, '\n');

        if (r < 0)
            return r;
        if (strlen(t->line) < 4 || strncmp(t->line, code, 3) != 0)
            return isdigit((unsigned char)t->line[0]) ? TB_E_UNSUPPORTED : TB_E_FORMAT;
        if (keyword != NULL && strncasecmp(t->line + 4, keyword, strlen(keyword)) == 0)
            *offered = true;
        if (t->line[3] == ' ' || t->line[3] == '\r' || t->line[3] == '\n')
            return 0;
    }
    return TB_E_LIMIT;
}

static int smtp(struct talk *t, const char *host)
{
    bool offered = false;
    int r;

    (void)host;
    if ((r = smtp_reply(t, "220", NULL, NULL)) < 0 || (r = send_text(t, "EHLO tabard.invalid\r\n")) < 0 ||
        (r = smtp_reply(t, "250", "STARTTLS", &offered)) < 0)
        return r;
    if (!offered)
        return TB_E_UNSUPPORTED;
    if ((r = send_text(t, "STARTTLS\r\n")) < 0)
        return r;
    return smtp_reply(t, "220", NULL, NULL);
}

/* RFC 9051 section 6.2.1 */
static int imap(struct talk *t, const char *host)
{
    int r;

    (void)host;
    if ((r = get_until(t, '\n')) < 0)
        return r;
    if (strncasecmp(t->line, "* OK", 4) != 0)
        return TB_E_FORMAT;
    if ((r = send_text(t, "t1 STARTTLS\r\n")) < 0)
        return r;
    for (int i = 0; i < TB_STARTTLS_LINES_MAX; i++) {
        if ((r = get_until(t, '\n')) < 0)
            return r;
        if (strncasecmp(t->line, "t1 OK", 5) == 0)
            return 0;
        if (strncmp(t->line, "t1 ", 3) == 0)
            return TB_E_UNSUPPORTED;
    }
    return TB_E_LIMIT;
}

static const char *tag_of(const struct talk *t)
{
    const char *tag = strrchr(t->line, '<');

    return tag != NULL ? tag : "";
}

/* Read tags until one begins with want; those that begin with stop end it. */
static int xmpp_tag(struct talk *t, const char *want, const char *stop, bool *seen_starttls)
{
    for (int i = 0; i < TB_STARTTLS_LINES_MAX; i++) {
        int r = get_until(t, '>');

        if (r < 0)
            return r;
        if (strncmp(tag_of(t), "<starttls", 9) == 0)
            *seen_starttls = true;
        if (strncmp(tag_of(t), want, strlen(want)) == 0)
            return 0;
        if (strncmp(tag_of(t), stop, strlen(stop)) == 0 || strncmp(tag_of(t), "</stream:stream", 15) == 0)
            return TB_E_UNSUPPORTED;
    }
    return TB_E_LIMIT;
}

/* RFC 6120 section 5.4 */
static int xmpp(struct talk *t, const char *host)
{
    char opening[512];
    bool offered = false;
    int n = snprintf(opening, sizeof(opening),
                     "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
                     "xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>",
                     host);
    int r;

    if (n < 0 || (size_t)n >= sizeof(opening) || strpbrk(host, "<>&'\"") != NULL)
        return TB_E_INVAL;
    if ((r = send_text(t, opening)) < 0 || (r = xmpp_tag(t, "</stream:features", "<stream:features/", &offered)) < 0)
        return r;
    if (!offered)
        return TB_E_UNSUPPORTED;
    if ((r = send_text(t, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")) < 0 ||
        (r = xmpp_tag(t, "<proceed", "<failure", &offered)) < 0)
        return r;
    return t->line[strlen(t->line) - 2] == '/' ? 0 : xmpp_tag(t, "</proceed", "<failure", &offered);
}

/* SSLRequest: length 8, code 80877103 */
static int postgres(struct talk *t, const char *host)
{
    static const unsigned char request[] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    char answer = 0;
    int r;

    (void)host;
    if ((r = send_all(t, request, sizeof(request))) < 0 || (r = get(t, &answer)) < 0)
        return r;
    if (answer == 'S')
        return 0;
    return answer == 'N' || answer == 'E' ? TB_E_UNSUPPORTED : TB_E_FORMAT;
}

/* Tag and length in BER, which LDAP writes with lengths longer than needed. */
static int ber_header(struct tb_rd *rd, uint8_t want, size_t *out_len)
{
    uint8_t tag;
    uint8_t b;
    size_t len = 0;

    if (tb_rd_u8(rd, &tag) < 0 || tag != want || tb_rd_u8(rd, &b) < 0)
        return TB_E_FORMAT;
    if (b < 0x80) {
        *out_len = b;
        return 0;
    }
    if (b == 0x80 || b > 0x84)
        return TB_E_FORMAT;
    for (int n = b & 0x7f; n > 0; n--) {
        if (tb_rd_u8(rd, &b) < 0)
            return TB_E_FORMAT;
        len = len << 8 | b;
    }
    *out_len = len;
    return 0;
}

/* ExtendedResponse with our message id and resultCode success, RFC 4511 section 4.12 */
static int ldap_result(struct tb_span body)
{
    struct tb_rd rd = tb_rd_of(body);
    size_t len;
    uint8_t v;

    if (ber_header(&rd, 0x02, &len) < 0 || len != 1 || tb_rd_u8(&rd, &v) < 0 || v != 1 ||
        ber_header(&rd, 0x78, &len) < 0 || ber_header(&rd, 0x0a, &len) < 0 || len != 1 || tb_rd_u8(&rd, &v) < 0)
        return TB_E_FORMAT;
    return v == 0 ? 0 : TB_E_UNSUPPORTED;
}

static int ldap(struct talk *t, const char *host)
{
    static const char request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                  "1.3.6.1.4.1.1466.20037"; /* RFC 4511 section 4.14.1 */
    struct tb_rd rd;
    size_t have = 2;
    size_t len = 0;
    int r;

    (void)host;
    if ((r = send_all(t, request, sizeof(request) - 1)) < 0 || (r = get(t, &t->line[0])) < 0 ||
        (r = get(t, &t->line[1])) < 0)
        return r;
    if (((unsigned char)t->line[1] & 0x80) != 0)
        have += (unsigned char)t->line[1] & 0x07;
    for (size_t i = 2; i < have; i++)
        if ((r = get(t, &t->line[i])) < 0)
            return r;
    rd = tb_rd_of(tb_span_of(t->line, have));
    if ((r = ber_header(&rd, 0x30, &len)) < 0 || tb_rd_end(&rd) < 0)
        return TB_E_FORMAT;
    if (len > TB_STARTTLS_LINE_MAX)
        return TB_E_LIMIT;
    for (size_t i = 0; i < len; i++)
        if ((r = get(t, &t->line[i])) < 0)
            return r;
    return ldap_result(tb_span_of(t->line, len));
}

static const struct {
    const char *name;
    int (*speak)(struct talk *t, const char *host);
} protocols[] = {{"smtp", smtp}, {"imap", imap}, {"xmpp", xmpp}, {"postgres", postgres}, {"ldap", ldap}};

bool tb_starttls_known(const char *protocol)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(protocols); i++)
        if (strcmp(protocols[i].name, protocol) == 0)
            return true;
    return false;
}

int tb_starttls(int fd, const char *protocol, const char *host)
{
    struct talk t = {.fd = fd, .deadline_ms = now_ms() + TB_STARTTLS_TIMEOUT_MS};

    for (size_t i = 0; i < TB_ARRAY_LEN(protocols); i++)
        if (strcmp(protocols[i].name, protocol) == 0)
            return protocols[i].speak(&t, host);
    return TB_E_INVAL;
}
