#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/backup/archive.h"
#include "lib/base/b64u.h"
#include "lib/base/mem.h"

static int say(struct tb_archive_writer *w, int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(struct tb_archive_writer *w, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(w->why, sizeof(w->why), fmt, ap);
    va_end(ap);
    return err;
}

int tb_archive_writer_init(struct tb_archive_writer *w, int fd, tb_time_t made_at)
{
    *w = (struct tb_archive_writer){.fd = fd, .made_at = made_at};
    tb_wr_init(&w->sums, TB_ARCHIVE_SUMS_MAX);
    w->md = EVP_MD_CTX_new();
    w->piece = malloc(TB_ARCHIVE_PIECE);
    return w->md != NULL && w->piece != NULL ? 0 : TB_E_NOMEM;
}

void tb_archive_writer_clear(struct tb_archive_writer *w)
{
    tb_wr_clear(&w->sums);
    EVP_MD_CTX_free(w->md);
    tb_free_secret(w->piece, TB_ARCHIVE_PIECE);
    *w = (struct tb_archive_writer){.fd = -1};
}

static int write_out(struct tb_archive_writer *w, struct tb_span s)
{
    while (s.len > 0) {
        ssize_t n = write(w->fd, s.p, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return say(w, TB_E_IO, "cannot write: %s", strerror(errno));
        s = tb_span_of(s.p + n, s.len - (size_t)n);
        w->size += (uint64_t)n;
    }
    return 0;
}

static int begin(struct tb_archive_writer *w, const char *name, mode_t mode, uint64_t size)
{
    struct tb_ustar h = {.mode = mode, .size = size, .mtime = w->made_at};
    uint8_t block[TB_USTAR_BLOCK];

    if (strlen(name) > TB_USTAR_NAME_MAX)
        return say(w, TB_E_LIMIT, "%s: the name is too long for an archive; at most %d characters", name,
                   TB_USTAR_NAME_MAX);
    memcpy(h.name, name, strlen(name));
    if (tb_ustar_write(block, &h) < 0 || EVP_DigestInit_ex(w->md, EVP_sha256(), NULL) != 1)
        return say(w, TB_E_LIMIT, "%s: too large", name);
    return write_out(w, tb_span_of(block, sizeof(block)));
}

static int add(struct tb_archive_writer *w, struct tb_span s)
{
    if (EVP_DigestUpdate(w->md, s.p, s.len) != 1)
        return say(w, TB_E_CRYPTO, "cannot compute a digest");
    return write_out(w, s);
}

static int pad(struct tb_archive_writer *w, uint64_t size)
{
    static const uint8_t zero[TB_USTAR_BLOCK];

    return write_out(w, tb_span_of(zero, tb_ustar_padding(size)));
}

/* The line of sha256sum(1), so that "sha256sum -c SHA256SUMS" checks what tar(1) has unpacked. */
static int finish(struct tb_archive_writer *w, const char *name, uint64_t size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[2 * TB_DIGEST_LEN + 1];

    if (w->num_files++ == TB_ARCHIVE_FILES_MAX)
        return say(w, TB_E_LIMIT, "more than %d files", TB_ARCHIVE_FILES_MAX);
    if (EVP_DigestFinal_ex(w->md, digest, NULL) != 1)
        return say(w, TB_E_CRYPTO, "cannot compute a digest");
    tb_hex_encode(hex, tb_span_of(digest, TB_DIGEST_LEN));
    tb_wr_printf(&w->sums, "%s  %s\n", hex, name);
    if (tb_wr_err(&w->sums) < 0)
        return say(w, tb_wr_err(&w->sums), "%s: %s", name, tb_err_text(tb_wr_err(&w->sums)));
    return pad(w, size);
}

int tb_archive_put(struct tb_archive_writer *w, const char *name, mode_t mode, struct tb_span content)
{
    int r;

    if ((r = begin(w, name, mode, content.len)) < 0 || (r = add(w, content)) < 0)
        return r;
    return finish(w, name, content.len);
}

int tb_archive_put_fd(struct tb_archive_writer *w, const char *name, mode_t mode, int fd, uint64_t size)
{
    uint64_t done = 0;
    int r = begin(w, name, mode, size);

    while (r == 0 && done < size) {
        size_t want = size - done < TB_ARCHIVE_PIECE ? (size_t)(size - done) : TB_ARCHIVE_PIECE;
        ssize_t n = pread(fd, w->piece, want, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return say(w, TB_E_IO, "%s: cannot read: %s", name, strerror(errno));
        if (n == 0)
            return say(w, TB_E_TRUNC, "%s: became shorter while it was read", name);
        r = add(w, tb_span_of(w->piece, (size_t)n));
        done += (uint64_t)n;
    }
    return r < 0 ? r : finish(w, name, size);
}

int tb_archive_end(struct tb_archive_writer *w)
{
    static const uint8_t end[2 * TB_USTAR_BLOCK];
    struct tb_span sums = tb_wr_span(&w->sums);
    int r;

    if ((r = begin(w, TB_ARCHIVE_SUMS, 0600, sums.len)) < 0 || (r = write_out(w, sums)) < 0 ||
        (r = pad(w, sums.len)) < 0)
        return r;
    return write_out(w, tb_span_of(end, sizeof(end)));
}
