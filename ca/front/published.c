#include "ca/front/published.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca/child.h"
#include "ca/front/front.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/http/date.h"
#include "lib/pki/pem_read.h"

#define FRESH_MAX_S    300 /* a CRL may change at any time, and a cache shall notice soon */
#define FRESH_STATIC_S 86400
#define HEAD_MAX       4096
#define ETAG_OCTETS    16

static void document_free(struct tb_document *d)
{
    if (d == NULL)
        return;
    free(d->der);
    free(d);
}

static struct tb_document *document_new(struct tb_span der, const char *type)
{
    struct tb_document *d = calloc(1, sizeof(*d));
    uint8_t digest[TB_DIGEST_LEN];
    char hex[2 * ETAG_OCTETS + 1];

    if (d == NULL || (d->der = malloc(der.len)) == NULL) {
        free(d);
        return NULL;
    }
    memcpy(d->der, der.p, der.len);
    d->len = der.len;
    d->type = type;
    tb_sha256(digest, der);
    tb_hex_encode(hex, tb_span_of(digest, ETAG_OCTETS));
    (void)snprintf(d->etag, sizeof(d->etag), "\"%s\"", hex);
    return d;
}

static void replace(struct tb_document **slot, struct tb_document *d)
{
    document_free(*slot);
    *slot = d;
}

void tb_published_init(struct tb_published *p)
{
    memset(p, 0, sizeof(*p));
    tb_wr_init(&p->answer, HEAD_MAX + TB_CRL_MAX);
}

void tb_published_clear(struct tb_published *p)
{
    tb_wr_clear(&p->answer);
    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++) {
        replace(&p->root_crl[i], NULL);
        replace(&p->issuing[i], NULL);
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
            replace(&p->crl[i][k], NULL);
    }
}

int tb_published_take_crl(struct tb_published *p, const struct tb_msg_crl *m)
{
    struct tb_document *d = document_new(m->der, "application/pkix-crl");

    if (d == NULL)
        return TB_E_NOMEM;
    d->modified = m->this_update;
    d->next_update = m->next_update;
    replace(&p->crl[m->issuer][m->shard], d);
    return 0;
}

static tb_time_t time_of(const ASN1_TIME *t)
{
    struct tm tm;

    return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? (tb_time_t)timegm(&tm) : 0;
}

static int read_times(struct tb_document *d, bool is_crl)
{
    const unsigned char *p = d->der;
    X509_CRL *crl = is_crl ? d2i_X509_CRL(NULL, &p, (long)d->len) : NULL;
    X509 *cert = is_crl ? NULL : d2i_X509(NULL, &p, (long)d->len);

    if (crl != NULL) {
        d->modified = time_of(X509_CRL_get0_lastUpdate(crl));
        d->next_update = time_of(X509_CRL_get0_nextUpdate(crl));
    } else if (cert != NULL) {
        d->modified = time_of(X509_get0_notBefore(cert));
    }
    X509_CRL_free(crl);
    X509_free(cert);
    ERR_clear_error();
    return p == d->der + d->len && d->modified != 0 ? 0 : TB_E_FORMAT;
}

int tb_published_load(struct tb_document **slot, const char *path, const char *label, const char *type)
{
    char found[TB_PEM_LABEL_MAX + 1];
    struct tb_document *d = NULL;
    uint8_t *pem = NULL;
    uint8_t *der = NULL;
    size_t pem_len = 0;
    size_t der_len = 0;
    int r;

    if ((r = tb_child_read_file(path, TB_PEM_MAX, &pem, &pem_len)) < 0)
        return r;
    if ((r = tb_pem_read(tb_span_of(pem, pem_len), found, &der, &der_len)) == 0)
        r = strcmp(found, label) != 0                                    ? TB_E_FORMAT
            : (d = document_new(tb_span_of(der, der_len), type)) == NULL ? TB_E_NOMEM
                                                                         : read_times(d, label[0] == 'X');
    if (r == 0) {
        replace(slot, d);
        d = NULL;
    } else {
        tb_log(TB_LOG_ERROR, "not-published", TB_F("file", path), TB_F("reason", tb_err_text(r)));
    }
    document_free(d);
    tb_free_secret(der, der_len);
    tb_free_secret(pem, pem_len);
    return r;
}

/* Serving. */

/* If-None-Match (RFC 9110 section 13.1.2): our tags have no comma and no weak twin. */
static bool etag_matches(struct tb_span list, const char *etag)
{
    size_t len = strlen(etag);

    if (tb_span_eq_str(list, "*"))
        return true;
    for (size_t i = 0; i + len <= list.len; i++)
        if (memcmp(list.p + i, etag, len) == 0)
            return true;
    return false;
}

static bool not_modified(const struct tb_request *rq, const struct tb_document *d)
{
    tb_time_t since;

    if (rq->if_none_match.len > 0)
        return etag_matches(rq->if_none_match, d->etag);
    return rq->if_modified_since.len > 0 && tb_http_date_parse(rq->if_modified_since, tb_clock_now_s(), &since) == 0 &&
           d->modified <= since;
}

static tb_time_t fresh_for(const struct tb_document *d, tb_time_t now)
{
    tb_time_t left = d->next_update - now;

    if (d->next_update == 0)
        return FRESH_STATIC_S;
    return left < 0 ? 0 : left < FRESH_MAX_S ? left : FRESH_MAX_S;
}

static void publish(struct tb_request *rq, const struct tb_document *d)
{
    char date[TB_HTTP_DATE_LEN + 1];

    if (d == NULL) { /* the judge has not sent it yet */
        rq->retry_after_s = 1;
        (void)tb_reply_body(rq);
        tb_reply(rq, 503, "text/plain");
        return;
    }
    tb_http_date_format(date, d->modified);
    (void)snprintf(rq->validators, sizeof(rq->validators),
                   "ETag: %s\r\nLast-Modified: %s\r\nCache-Control: public, max-age=%lld\r\n", d->etag, date,
                   (long long)fresh_for(d, tb_clock_now_s()));
    if (not_modified(rq, d))
        tb_reply_empty(rq, 304);
    else
        tb_reply_document(rq, d);
}

/* The issuer in "PREFIX-ISSUER.EXT". */
static enum tb_issuer issuer_in(struct tb_span name, const char *prefix, const char *ext)
{
    size_t before = strlen(prefix);
    size_t after = strlen(ext);

    if (name.len < before + after || memcmp(name.p, prefix, before) != 0 ||
        memcmp(name.p + name.len - after, ext, after) != 0)
        return TB_ISSUER_NONE;
    return tb_issuer_find(tb_span_of(name.p + before, name.len - before - after));
}

void tb_crl_handle(struct tb_request *rq)
{
    struct tb_published *p = &rq->front->published;
    enum tb_issuer issuer = tb_issuer_find(rq->params.param[0]);
    char want[16];

    for (unsigned k = 0; issuer != TB_ISSUER_NONE && rq->front->issuer_pem[issuer] != NULL && k < TB_CRL_SHARDS; k++) {
        (void)snprintf(want, sizeof(want), "%u.crl", k);
        if (tb_span_eq_str(rq->params.param[1], want)) {
            publish(rq, p->crl[issuer][k]);
            return;
        }
    }
    tb_reply_not_found(rq);
}

static void publish_file(struct tb_request *rq, const struct tb_document *d)
{
    if (d == NULL)
        tb_reply_not_found(rq);
    else
        publish(rq, d);
}

void tb_root_crl_handle(struct tb_request *rq)
{
    publish_file(rq, rq->front->published.root_crl[issuer_in(rq->params.param[0], "root-", ".crl")]);
}

void tb_issuing_handle(struct tb_request *rq)
{
    publish_file(rq, rq->front->published.issuing[issuer_in(rq->params.param[0], "issuing-", ".cer")]);
}
