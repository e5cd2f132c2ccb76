#include "cli/check/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/check/input.h"
#include "cli/check/starttls.h"

static int fail(char why[static TB_CHECK_WHY_MAX + 1], int err, const char *what, const char *detail)
{
    snprintf(why, TB_CHECK_WHY_MAX + 1, "%s: %s", what, detail != NULL ? detail : "no reason given");
    return err;
}

bool tb_check_live_parse(const char *text, char host[static TB_LIVE_HOST_MAX + 1], char port[static 6])
{
    const char *colon = strrchr(text, ':');
    const char *begin = text;
    size_t len;

    if (colon == NULL || colon[1] == '\0' || strlen(colon + 1) > 5 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
        begin++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false;
    }
    if (len == 0 || len > TB_LIVE_HOST_MAX || memchr(begin, '/', len) != NULL)
        return false;
    memcpy(host, begin, len);
    host[len] = '\0';
    snprintf(port, 6, "%s", colon + 1);
    return strtol(port, NULL, 10) >= 1 && strtol(port, NULL, 10) <= 65535;
}

/* A blocking socket with time-outs; -1 with errno. */
static int connect_one(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct timeval tv = {.tv_sec = TB_LIVE_TIMEOUT_MS / 1000};
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int err = 0;
    socklen_t len = sizeof(err);
    int r;

    if (fd < 0)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS) {
        err = errno;
    } else {
        r = poll(&p, 1, TB_LIVE_TIMEOUT_MS);
        if (r == 0)
            err = ETIMEDOUT;
        else if (r < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
            err = errno;
    }
    if (err == 0 && (fcntl(fd, F_SETFL, 0) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
                     setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0))
        err = errno;
    if (err == 0)
        return fd;
    close(fd);
    errno = err;
    return -1;
}

static int connect_any(const char *host, const char *port, char why[static TB_CHECK_WHY_MAX + 1])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int r = getaddrinfo(host, port, &hints, &list);
    int fd = -1;

    if (r != 0)
        return fail(why, TB_E_IO, "cannot resolve", gai_strerror(r));
    for (const struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next)
        fd = connect_one(ai);
    if (fd < 0)
        fail(why, TB_E_IO, "cannot connect", strerror(errno));
    freeaddrinfo(list);
    return fd >= 0 ? fd : TB_E_IO;
}

static int asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    struct tb_check_input *out = SSL_get_app_data(ssl);

    (void)cert;
    (void)key;
    out->asks_client = true;
    return 0; /* go on without one */
}

static bool is_address(const char *host)
{
    struct in6_addr a;

    return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static int take_chain(SSL *ssl, struct tb_check_input *out, char why[static TB_CHECK_WHY_MAX + 1])
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

    if (sk_X509_num(chain) <= 0)
        return fail(why, TB_E_NOTFOUND, "no certificate came", ERR_reason_error_string(ERR_peek_last_error()));
    if (sk_X509_num(chain) > TB_CHECK_CERTS_MAX)
        return fail(why, TB_E_LIMIT, "the chain", "too many certificates");
    out->chain = X509_chain_up_ref(chain);
    return out->chain != NULL ? 0 : TB_E_NOMEM;
}

/* A server that insists on a client certificate breaks off after it has shown its own: that is enough. */
static int shake(int fd, const char *name, struct tb_check_input *out, char why[static TB_CHECK_WHY_MAX + 1])
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    int r = TB_E_CRYPTO;

    if (ctx == NULL)
        return fail(why, r, "TLS", "no context");
    SSL_CTX_set_security_level(ctx, 0); /* what is weak is to be seen, and judged later */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_client_cert_cb(ctx, asked);
    ssl = SSL_new(ctx);
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_set_app_data(ssl, out) == 1 &&
        (is_address(name) || SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)name) == 1)) {
        ERR_clear_error();
        if (SSL_connect(ssl) == 1)
            SSL_shutdown(ssl);
        r = take_chain(ssl, out, why);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return r;
}

int tb_check_live(const char *text, const char *starttls, const char *name, struct tb_check_input *out,
                  char why[static TB_CHECK_WHY_MAX + 1])
{
    char host[TB_LIVE_HOST_MAX + 1];
    char port[6];
    int fd;
    int r = 0;

    *out = (struct tb_check_input){.kind = TB_CHECK_KIND_LIVE};
    if (!tb_check_live_parse(text, host, port))
        return fail(why, TB_E_INVAL, "not HOST:PORT", text);
    if ((fd = connect_any(host, port, why)) < 0)
        return fd;
    if (starttls != NULL && (r = tb_starttls(fd, starttls, name != NULL ? name : host)) < 0)
        fail(why, r, starttls, r == TB_E_UNSUPPORTED ? "the server does not offer TLS" : tb_err_text(r));
    if (r == 0)
        r = shake(fd, name != NULL ? name : host, out, why);
    close(fd);
    if (r == 0 && (out->label = strdup(text)) == NULL)
        r = fail(why, TB_E_NOMEM, "memory", "none left");
    if (r < 0)
        tb_check_input_clear(out);
    return r;
}
