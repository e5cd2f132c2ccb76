/*
 * Functions under test: tb_archive_read, tb_ustar_read.  What is read, in pieces of any length, is what the writer
 * writes, octet for octet: an archive has one reading and one form.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ca/backup/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(cond)                                                                                                     \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            abort();                                                                                                   \
    } while (0)

struct input {
    const uint8_t *data;
    size_t left;
    size_t at_a_time;
};

struct output {
    struct tb_archive_writer w;
    struct tb_ustar file;
    struct tb_wr content;
    int fd;
};

static ssize_t source(void *arg, void *buf, size_t len)
{
    struct input *in = arg;
    size_t n = in->left < len ? in->left : len;

    if (n > in->at_a_time)
        n = in->at_a_time;
    if (n > 0)
        memcpy(buf, in->data, n);
    in->data += n;
    in->left -= n;
    return (ssize_t)n;
}

static int on_begin(void *arg, const struct tb_ustar *file, char *why)
{
    struct output *out = arg;

    (void)why;
    if (out->fd < 0) {
        out->fd = memfd_create("archive", MFD_CLOEXEC);
        MUST(out->fd >= 0 && tb_archive_writer_init(&out->w, out->fd, file->mtime) == 0);
    }
    out->file = *file;
    tb_wr_reset(&out->content);
    return file->mtime == out->w.made_at ? 0 : TB_E_FORMAT; /* as restore demands, and the writer makes */
}

static int on_data(void *arg, struct tb_span piece, char *why)
{
    struct output *out = arg;

    (void)why;
    tb_wr_bytes(&out->content, piece.p, piece.len);
    return tb_wr_err(&out->content);
}

static int on_end(void *arg, char *why)
{
    struct output *out = arg;

    (void)why;
    MUST(out->content.len == out->file.size);
    MUST(tb_archive_put(&out->w, out->file.name, out->file.mode, tb_wr_span(&out->content)) == 0);
    return 0;
}

static const struct tb_archive_sink sink = {on_begin, on_data, on_end};

static void same_octets(struct output *out, const uint8_t *data, size_t size)
{
    uint8_t *again;

    MUST(tb_archive_end(&out->w) == 0 && out->w.size == size);
    again = malloc(size);
    MUST(again != NULL && pread(out->fd, again, size, 0) == (ssize_t)size);
    MUST(memcmp(again, data, size) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    char why[TB_ARCHIVE_WHY_MAX + 1];
    int first = 0;

    MUST(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    for (size_t at_a_time = 1u << 20; at_a_time > 0; at_a_time /= 1024 * 3) {
        struct input in = {copy, size, at_a_time};
        struct output out = {.fd = -1};
        int r;

        tb_wr_init(&out.content, 1u << 20);
        r = tb_archive_read(source, &in, &sink, &out, why);
        MUST((r < 0) == (why[0] != '\0') && strlen(why) <= TB_ARCHIVE_WHY_MAX);
        if (r == 0)
            same_octets(&out, copy, size);
        MUST(at_a_time == 1u << 20 || r == first);
        first = r;
        tb_wr_clear(&out.content);
        if (out.fd >= 0) {
            tb_archive_writer_clear(&out.w);
            close(out.fd);
        }
    }
    free(copy);
    return 0;
}
