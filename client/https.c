#include "client/https.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

struct tb_https {
    CURL *easy;
    const char *ca_file;        /* for messages */
    struct curl_slist *headers; /* of every request */
    char error[CURL_ERROR_SIZE];
};

/* What the call-backs fill. */
struct taking {
    struct tb_https_answer *out;
    size_t head_len;
    bool too_long;
};

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
    struct taking *t = arg;

    tb_wr_bytes(&t->out->body, data, size * n);
    if (tb_wr_err(&t->out->body) == 0)
        return size * n;
    t->too_long = true;
    return 0;
}

static size_t take_head(char *data, size_t size, size_t n, void *arg)
{
    struct taking *t = arg;
    size_t len = size * n;

    if (len > TB_HTTPS_HEAD_MAX - t->head_len) {
        t->too_long = true;
        return 0;
    }
    t->head_len += len;
    tb_https_header(t->out, tb_span_of(data, len));
    return len;
}

static int set_options(struct tb_https *h, const struct tb_https_options *opt)
{
    CURL *c = h->easy;
    CURLcode r = CURLE_OK;
    char agent[96];

    /* RFC 8555 section 6.1: who we are, and who speaks HTTP for us. */
    snprintf(agent, sizeof(agent), "tabard/" TB_VERSION " (ACME client) libcurl/%.32s",
             curl_version_info(CURLVERSION_NOW)->version);
#define SET(option, value) (r = r != CURLE_OK ? r : curl_easy_setopt(c, (option), (value)))
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, opt->proxy != NULL ? opt->proxy : "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CONNECTTIMEOUT, (long)TB_HTTPS_CONNECT_S);
    SET(CURLOPT_TIMEOUT, (long)TB_HTTPS_TOTAL_S);
    SET(CURLOPT_MAXFILESIZE, (long)TB_HTTPS_BODY_MAX);
    SET(CURLOPT_BUFFERSIZE, 16384L);
    SET(CURLOPT_USERAGENT, agent); /* copied */
    SET(CURLOPT_ERRORBUFFER, h->error);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    if (opt->ca_file != NULL) {
        SET(CURLOPT_CAINFO, opt->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
#undef SET
    return r == CURLE_OK ? 0 : TB_E_UNSUPPORTED;
}

/* Accept-Language (RFC 8555 section 6.1): the language of our own messages, among which a server's are shown. */
static int set_headers(struct tb_https *h)
{
    static const char *const lines[] = {"Content-Type: application/jose+json", "Accept-Language: en", "Expect:"};
    struct curl_slist *more;

    for (size_t i = 0; i < TB_ARRAY_LEN(lines); i++) {
        if ((more = curl_slist_append(h->headers, lines[i])) == NULL)
            return TB_E_NOMEM;
        h->headers = more;
    }
    return 0;
}

int tb_https_new(const struct tb_https_options *opt, struct tb_https **out, struct tb_fail *fail)
{
    struct tb_https *h = calloc(1, sizeof(*h));

    *out = NULL;
    if (h == NULL)
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
    h->easy = curl_easy_init();
    h->ca_file = opt->ca_file;
    if (h->easy == NULL || set_headers(h) < 0 || set_options(h, opt) < 0) {
        tb_https_free(h);
        return tb_fail_set(fail, TB_EXIT_FAILURE, TB_E_UNSUPPORTED, "libcurl cannot do what is needed here");
    }
    *out = h;
    return 0;
}

void tb_https_free(struct tb_https *h)
{
    if (h == NULL)
        return;
    curl_easy_cleanup(h->easy);
    curl_slist_free_all(h->headers);
    free(h);
}

static const struct {
    CURLcode code;
    const char *what;
    const char *advice;
} reasons[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "its name has no address", "check the name in --server and this host's resolver"},
    {CURLE_COULDNT_CONNECT, "no connection", "check that the server runs, and address and port in --server"},
    {CURLE_OPERATION_TIMEDOUT, "no answer in time", "try again later; check the way to the server"},
    {CURLE_PEER_FAILED_VERIFICATION, "its certificate is not trusted", "give the root of the CA with --ca FILE"},
    {CURLE_SSL_CACERT_BADFILE, "the file given by --ca cannot be used", "it must hold certificates in PEM"},
    {CURLE_SSL_CONNECT_ERROR, "no TLS connection", "check that --server names a server that speaks HTTPS"},
};

static int complain(const struct tb_https *h, const struct taking *t, CURLcode code, const char *url,
                    struct tb_fail *fail)
{
    char host[TB_HTTPS_URL_MAX + 1];
    const char *said = h->error[0] != '\0' ? h->error : curl_easy_strerror(code);

    tb_https_host(host, sizeof(host), url);
    if (t->too_long || code == CURLE_FILESIZE_EXCEEDED)
        return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_LIMIT, "%s: the answer is longer than any ACME server sends",
                           url);
    for (size_t i = 0; i < TB_ARRAY_LEN(reasons); i++)
        if (reasons[i].code == code)
            return tb_fail_set(fail, TB_EXIT_UNREACHABLE, TB_E_CLOSED, "%s: %s (%s); %s", host, reasons[i].what, said,
                               reasons[i].advice);
    return tb_fail_set(fail, TB_EXIT_UNREACHABLE, TB_E_CLOSED, "%s: %s; try again later", host, said);
}

static int perform(struct tb_https *h, const char *url, const char *accept, struct tb_https_answer *out,
                   struct tb_fail *fail)
{
    struct taking t = {.out = out};
    char accept_line[TB_HTTPS_TYPE_MAX + 16];
    struct curl_slist *headers = NULL;
    struct curl_slist accept_item = {.data = accept_line};
    CURLcode code;

    if (!tb_https_url_ok(tb_span_str(url)))
        return tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_FORMAT, "\"%s\" is no https URL of at most %d characters", url,
                           TB_HTTPS_URL_MAX);
    snprintf(accept_line, sizeof(accept_line), "Accept: %s", accept);
    accept_item.next = h->headers;
    headers = &accept_item;
    h->error[0] = '\0';
    (void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(h->easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, &t);
    (void)curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, &t);
    code = curl_easy_perform(h->easy);
    (void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
    if (code != CURLE_OK)
        return complain(h, &t, code, url, fail);
    (void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &out->status);
    return 0;
}

static void answer_init(struct tb_https_answer *out)
{
    *out = (struct tb_https_answer){.retry_after_s = -1};
    tb_wr_init(&out->body, TB_HTTPS_BODY_MAX);
}

int tb_https_request(struct tb_https *h, const char *url, const char *accept, const struct tb_span *body,
                     struct tb_https_answer *out, struct tb_fail *fail)
{
    answer_init(out);
    if (body == NULL) {
        (void)curl_easy_setopt(h->easy, CURLOPT_HTTPGET, 1L);
    } else {
        (void)curl_easy_setopt(h->easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE, (long)body->len);
        (void)curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, body->p);
    }
    return perform(h, url, accept, out, fail);
}

int tb_https_head(struct tb_https *h, const char *url, struct tb_https_answer *out, struct tb_fail *fail)
{
    int r;

    answer_init(out);
    (void)curl_easy_setopt(h->easy, CURLOPT_NOBODY, 1L);
    r = perform(h, url, "*/*", out, fail);
    (void)curl_easy_setopt(h->easy, CURLOPT_NOBODY, 0L);
    return r;
}

void tb_https_answer_clear(struct tb_https_answer *a)
{
    tb_wr_clear(&a->body);
    *a = (struct tb_https_answer){.retry_after_s = -1};
}
