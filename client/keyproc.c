#include "client/keyproc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/keys.h"
#include "lib/base/hash.h"
#include "lib/sandbox/sandbox.h"

struct tb_keyproc {
    int fd;
    pid_t pid;
    struct tb_wr jwk;
    uint8_t thumbprint[TB_DIGEST_LEN];
    uint8_t *buf;
};

/* Key from its file, or a new one into it. */
static int child_key(const struct tb_keyproc_options *opt, EVP_PKEY **out, struct tb_fail *fail)
{
    int r;

    if (opt->create_type == NULL || access(opt->path, F_OK) == 0)
        return tb_client_key_read(opt->path, out, fail);
    if ((r = tb_client_key_generate(opt->create_type, out)) < 0)
        return tb_fail_set(fail, TB_EXIT_FAILURE, r, "no key of type %s could be made", opt->create_type);
    return tb_client_key_write(opt->path, *out, fail);
}

/* One signature first, so that OpenSSL has loaded what it needs before the files are gone. */
static int child_ready(EVP_PKEY *key, struct tb_wr *jwk)
{
    const struct tb_jws_fields fields = {.url = "https://warm.up/"};
    struct tb_wr first;
    int r;

    tb_wr_init(&first, TB_JWS_BODY_MAX);
    r = tb_jws_sign(&first, key, &fields, tb_span_of(NULL, 0));
    tb_wr_clear(&first);
    return r < 0 ? r : tb_jwk_of_pkey(key, jwk, NULL);
}

static int child_sandbox(const struct tb_keyproc_options *opt, struct tb_fail *fail)
{
    const struct tb_sandbox_spec spec = {.role = TB_ROLE_KEYHOLDER, .allow_weak = opt->allow_weak_sandbox};
    const struct rlimit none = {0, 0};
    const char *why = NULL;
    uint32_t parts;
    int r;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    r = tb_sandbox_enter(&spec, &parts, &why);
    if (r < 0)
        return tb_fail_set(fail, TB_EXIT_LOCAL, r,
                           "the account key's process cannot enter its sandbox: %s; --allow-weak-sandbox goes on "
                           "without that part",
                           why);
    return 0;
}

/* First message: status and text of a failure, or status 0 and the JWK. */
static void child_greet(int fd, int r, const struct tb_fail *fail, const struct tb_wr *jwk)
{
    struct tb_span text;
    struct tb_wr out;

    tb_wr_init(&out, TB_KEYPROC_MSG_MAX);
    tb_wr_u8(&out, r == 0 ? 0 : (uint8_t)(fail->status != 0 ? fail->status : TB_EXIT_FAILURE));
    if (r == 0)
        tb_wr_var32(&out, tb_wr_span(jwk));
    else
        tb_wr_var32(&out, tb_span_str(fail->text));
    text = tb_wr_span(&out);
    (void)!write(fd, text.p, text.len);
    tb_wr_clear(&out);
}

static void child_run(int fd, const struct tb_keyproc_options *opt) TB_NORETURN;
static void child_run(int fd, const struct tb_keyproc_options *opt)
{
    struct tb_fail fail = {0};
    EVP_PKEY *key = NULL;
    struct tb_wr jwk;
    int r;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* the terminal's signal is for the parent, which still has something to sign */
    tb_wr_init(&jwk, TB_JWK_JSON_MAX);
    r = child_key(opt, &key, &fail);
    if (r == 0 && (r = child_ready(key, &jwk)) < 0)
        (void)tb_fail_set(&fail, TB_EXIT_LOCAL, r, "%s: this key cannot sign", opt->path);
    if (r == 0)
        r = child_sandbox(opt, &fail);
    child_greet(fd, r, &fail, &jwk);
    if (r == 0)
        tb_keyproc_serve(fd, key);
    EVP_PKEY_free(key);
    _exit(0);
}

static ssize_t receive(struct tb_keyproc *kp)
{
    ssize_t n;

    do {
        n = read(kp->fd, kp->buf, TB_KEYPROC_MSG_MAX);
    } while (n < 0 && errno == EINTR);
    return n;
}

static int greeting_read(struct tb_keyproc *kp, struct tb_fail *fail)
{
    ssize_t n = receive(kp);
    struct tb_rd rd = tb_rd_of(tb_span_of(kp->buf, n > 0 ? (size_t)n : 0));
    struct tb_span text;
    uint8_t status;

    if (tb_rd_u8(&rd, &status) < 0 || tb_rd_var32(&rd, TB_JWK_JSON_MAX, &text) < 0 || tb_rd_end(&rd) < 0 ||
        status >= TB_EXIT__COUNT)
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_CLOSED, "the account key's process ended at its start");
    if (status != 0)
        return tb_fail_set(fail, (enum tb_exit)status, TB_E_DENIED, "%.*s", (int)text.len, (const char *)text.p);
    tb_wr_bytes(&kp->jwk, text.p, text.len);
    tb_sha256(kp->thumbprint, text);
    return tb_wr_err(&kp->jwk);
}

int tb_keyproc_start(const struct tb_keyproc_options *opt, struct tb_keyproc **out, struct tb_fail *fail)
{
    struct tb_keyproc *kp = calloc(1, sizeof(*kp));
    int pair[2];
    int r;

    *out = NULL;
    if (kp == NULL || (kp->buf = malloc(TB_KEYPROC_MSG_MAX)) == NULL ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        if (kp != NULL)
            free(kp->buf);
        free(kp);
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_NOMEM, "the account key's process cannot be made");
    }
    kp->fd = pair[0];
    tb_wr_init(&kp->jwk, TB_JWK_JSON_MAX);
    kp->pid = fork();
    if (kp->pid == 0) {
        close(pair[0]);
        child_run(pair[1], opt);
    }
    close(pair[1]);
    r = kp->pid < 0 ? tb_fail_errno(fail, "the account key's process cannot be made") : greeting_read(kp, fail);
    if (r < 0) {
        tb_keyproc_free(kp);
        return r;
    }
    *out = kp;
    return 0;
}

void tb_keyproc_free(struct tb_keyproc *kp)
{
    if (kp == NULL)
        return;
    close(kp->fd);
    if (kp->pid > 0)
        while (waitpid(kp->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    tb_wr_clear(&kp->jwk);
    free(kp->buf);
    free(kp);
}

struct tb_span tb_keyproc_jwk(const struct tb_keyproc *kp)
{
    return tb_wr_span(&kp->jwk);
}

const uint8_t *tb_keyproc_thumbprint(const struct tb_keyproc *kp)
{
    return kp->thumbprint;
}

static int ask(struct tb_keyproc *kp, const struct tb_wr *request, struct tb_wr *out)
{
    struct tb_span text = tb_wr_span(request);
    struct tb_rd rd;
    uint32_t result;
    ssize_t n;
    int r;

    if ((r = tb_wr_err(request)) < 0)
        return r;
    if (send(kp->fd, text.p, text.len, MSG_NOSIGNAL) != (ssize_t)text.len || (n = receive(kp)) <= 0)
        return TB_E_CLOSED;
    rd = tb_rd_of(tb_span_of(kp->buf, (size_t)n));
    if (tb_rd_u32(&rd, &result) < 0)
        return TB_E_FORMAT;
    if (result != 0)
        return TB_E_CRYPTO;
    tb_wr_bytes(out, rd.p, rd.left);
    return tb_wr_err(out);
}

int tb_keyproc_sign(struct tb_keyproc *kp, const struct tb_jws_fields *fields, struct tb_span payload,
                    struct tb_wr *out, struct tb_fail *fail)
{
    struct tb_wr request;
    int r;

    tb_wr_init(&request, TB_KEYPROC_MSG_MAX);
    tb_wr_str16(&request, fields->url);
    tb_wr_str16(&request, fields->nonce != NULL ? fields->nonce : "");
    tb_wr_str16(&request, fields->kid != NULL ? fields->kid : "");
    tb_wr_var32(&request, payload);
    r = ask(kp, &request, out);
    tb_wr_clear(&request);
    if (r < 0)
        return tb_fail_set(fail, TB_EXIT_FAILURE, r, "the account key's process did not sign: %s", tb_err_text(r));
    return 0;
}
