#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/backup/archive.h"
#include "lib/base/b64u.h"
#include "lib/base/mem.h"

struct reader {
    tb_archive_source_fn *source;
    void *source_arg;
    const struct tb_archive_sink *sink;
    void *sink_arg;
    char *why;
    uint64_t offset; /* of what is read next */
    size_t num_files;
    tb_time_t mtime;   /* of the last file */
    struct tb_wr sums; /* what SHA256SUMS has to say */
    EVP_MD_CTX *md;
    uint8_t *piece;
};

/* The first reason wins: a sink may have said more. */
static int say(const struct reader *rd, int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(const struct reader *rd, int err, const char *fmt, ...)
{
    va_list ap;

    if (rd->why[0] != '\0')
        return err;
    va_start(ap, fmt);
    vsnprintf(rd->why, TB_ARCHIVE_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

/* Fills buf as far as the source goes. */
static int take(struct reader *rd, const char *name, void *buf, size_t len, size_t *out)
{
    ssize_t n = 1;

    for (*out = 0; *out < len && n != 0; *out += n > 0 ? (size_t)n : 0) {
        n = rd->source(rd->source_arg, (uint8_t *)buf + *out, len - *out);
        if (n < 0 && errno != EINTR)
            return say(rd, TB_E_IO, "%s: cannot read at offset %llu: %s", name, (unsigned long long)rd->offset,
                       strerror(errno));
    }
    rd->offset += *out;
    return 0;
}

static int take_all(struct reader *rd, const char *name, void *buf, size_t len)
{
    size_t got;
    int r = take(rd, name, buf, len, &got);

    if (r == 0 && got < len)
        r = say(rd, TB_E_TRUNC, "%s: the archive is cut off at offset %llu", name, (unsigned long long)rd->offset);
    return r;
}

static bool is_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static int take_padding(struct reader *rd, const struct tb_ustar *h)
{
    uint8_t rest[TB_USTAR_BLOCK];
    size_t len = tb_ustar_padding(h->size);
    int r = take_all(rd, h->name, rest, len);

    if (r == 0 && !is_zero(rest, len))
        r = say(rd, TB_E_FORMAT, "%s: damaged at offset %llu: octets between the files", h->name,
                (unsigned long long)(rd->offset - len));
    return r;
}

static int take_header(struct reader *rd, struct tb_ustar *h)
{
    uint64_t at = rd->offset;
    uint8_t block[TB_USTAR_BLOCK];
    int r = take_all(rd, "header", block, sizeof(block));

    if (r < 0)
        return r;
    if ((r = tb_ustar_read(block, h)) == TB_E_UNSUPPORTED)
        return say(rd, r, "the archive is of another version; this program reads %s", TB_BACKUP_DIR);
    if (r < 0 && at == 0)
        return say(rd, r, "this is no archive of tabardd backup (is it enciphered or compressed?)");
    if (r < 0 && is_zero(block, sizeof(block)))
        return say(rd, r, "the archive ends at offset %llu without %s", (unsigned long long)at, TB_ARCHIVE_SUMS);
    if (r < 0)
        return say(rd, r, "damaged at offset %llu: no header of a regular file as tabardd backup writes it",
                   (unsigned long long)at);
    return 0;
}

static bool is_known(const struct reader *rd, const char *name)
{
    char line[TB_USTAR_NAME_MAX + 4];
    int len = snprintf(line, sizeof(line), "  %s\n", name);

    return rd->sums.len > 0 && memmem(rd->sums.buf, rd->sums.len, line, (size_t)len) != NULL;
}

/* The name goes into messages, and into lines. */
static bool is_printable(const char *name)
{
    for (; *name != '\0'; name++)
        if (*name <= ' ' || *name > '~')
            return false;
    return true;
}

static int take_content(struct reader *rd, const struct tb_ustar *h)
{
    uint64_t left = h->size;
    int r = 0;

    while (r == 0 && left > 0) {
        size_t len = left < TB_ARCHIVE_PIECE ? (size_t)left : TB_ARCHIVE_PIECE;
        struct tb_span piece = tb_span_of(rd->piece, len);

        if ((r = take_all(rd, h->name, rd->piece, len)) < 0)
            break;
        left -= len;
        if (EVP_DigestUpdate(rd->md, piece.p, piece.len) != 1)
            r = say(rd, TB_E_CRYPTO, "cannot compute a digest");
        else if ((r = rd->sink->data(rd->sink_arg, piece, rd->why)) < 0)
            r = say(rd, r, "%s: %s", h->name, tb_err_text(r));
    }
    return r;
}

static int take_file(struct reader *rd, const struct tb_ustar *h)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[2 * TB_DIGEST_LEN + 1];
    int r;

    if (!is_printable(h->name))
        return say(rd, TB_E_FORMAT, "the name of file %zu is not printable", rd->num_files + 1);
    if (is_known(rd, h->name))
        return say(rd, TB_E_DUP, "%s: stands twice in the archive", h->name);
    if (rd->num_files++ == TB_ARCHIVE_FILES_MAX)
        return say(rd, TB_E_LIMIT, "the archive has more than %d files", TB_ARCHIVE_FILES_MAX);
    rd->mtime = h->mtime;
    if ((r = rd->sink->begin(rd->sink_arg, h, rd->why)) < 0)
        return say(rd, r, "%s: %s", h->name, tb_err_text(r));
    if (EVP_DigestInit_ex(rd->md, EVP_sha256(), NULL) != 1)
        return say(rd, TB_E_CRYPTO, "cannot compute a digest");
    if ((r = take_content(rd, h)) < 0 || (r = take_padding(rd, h)) < 0)
        return r;
    if ((r = rd->sink->end(rd->sink_arg, rd->why)) < 0)
        return say(rd, r, "%s: %s", h->name, tb_err_text(r));
    if (EVP_DigestFinal_ex(rd->md, digest, NULL) != 1)
        return say(rd, TB_E_CRYPTO, "cannot compute a digest");
    tb_hex_encode(hex, tb_span_of(digest, TB_DIGEST_LEN));
    tb_wr_printf(&rd->sums, "%s  %s\n", hex, h->name);
    return tb_wr_err(&rd->sums);
}

/* The file whose line is not what it must be. */
static int blame(const struct reader *rd, const uint8_t *sums)
{
    size_t at = 0, start = 0, len;
    const char *line, *end;

    while (at < rd->sums.len && sums[at] == rd->sums.buf[at]) {
        if (rd->sums.buf[at++] == '\n')
            start = at;
    }
    line = (const char *)rd->sums.buf + start + 2 * TB_DIGEST_LEN + 2;
    end = start < rd->sums.len ? memchr(line, '\n', (size_t)((const char *)rd->sums.buf + rd->sums.len - line)) : NULL;
    len = end == NULL ? 0 : (size_t)(end - line);
    return say(rd, TB_E_BADSIG, "%.*s: damaged: its digest is not the one in %s", (int)len, line, TB_ARCHIVE_SUMS);
}

static int take_sums(struct reader *rd, const struct tb_ustar *h)
{
    uint8_t *sums = NULL;
    int r;

    if (h->mode != 0600 || h->mtime != rd->mtime || h->size != rd->sums.len)
        return say(rd, TB_E_FORMAT, "%s: does not list the files that stand before it", h->name);
    if ((sums = malloc(rd->sums.len + 1)) == NULL)
        return TB_E_NOMEM;
    if ((r = take_all(rd, h->name, sums, rd->sums.len)) == 0 && memcmp(sums, rd->sums.buf, rd->sums.len) != 0)
        r = blame(rd, sums);
    free(sums);
    return r < 0 ? r : take_padding(rd, h);
}

static int take_end(struct reader *rd)
{
    uint8_t end[2 * TB_USTAR_BLOCK + 1];
    size_t got;
    int r = take(rd, "end", end, sizeof(end), &got);

    if (r < 0)
        return r;
    if (got < sizeof(end) - 1)
        return say(rd, TB_E_TRUNC, "the archive is cut off at offset %llu, in its end", (unsigned long long)rd->offset);
    if (got == sizeof(end) || !is_zero(end, got))
        return say(rd, TB_E_TRAIL, "more than the end of the archive stands behind %s", TB_ARCHIVE_SUMS);
    return 0;
}

static int read_all(struct reader *rd)
{
    struct tb_ustar h;
    int r;

    if (rd->md == NULL || rd->piece == NULL)
        return TB_E_NOMEM;
    while ((r = take_header(rd, &h)) == 0 && strcmp(h.name, TB_ARCHIVE_SUMS) != 0)
        if ((r = take_file(rd, &h)) < 0)
            return r;
    if (r < 0)
        return r;
    if (rd->num_files == 0)
        return say(rd, TB_E_FORMAT, "the archive is empty");
    if ((r = take_sums(rd, &h)) < 0)
        return r;
    return take_end(rd);
}

int tb_archive_read(tb_archive_source_fn *source, void *source_arg, const struct tb_archive_sink *sink, void *sink_arg,
                    char why[static TB_ARCHIVE_WHY_MAX + 1])
{
    struct reader rd = {.source = source,
                        .source_arg = source_arg,
                        .sink = sink,
                        .sink_arg = sink_arg,
                        .why = why,
                        .md = EVP_MD_CTX_new(),
                        .piece = malloc(TB_ARCHIVE_PIECE)};
    int r;

    why[0] = '\0';
    tb_wr_init(&rd.sums, TB_ARCHIVE_SUMS_MAX);
    if ((r = read_all(&rd)) < 0)
        r = say(&rd, r, "%s", tb_err_text(r));
    tb_wr_clear(&rd.sums);
    EVP_MD_CTX_free(rd.md);
    tb_free_secret(rd.piece, TB_ARCHIVE_PIECE);
    return r;
}
