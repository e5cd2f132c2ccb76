#include "ca/judge/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void tb_ilog_name(char out[static TB_ILOG_NAME_LEN + 1], uint32_t epoch)
{
    snprintf(out, TB_ILOG_NAME_LEN + 1, "issuance-%08u.log", epoch % (TB_ILOG_EPOCH_MAX + 1));
}

uint32_t tb_ilog_name_epoch(const char *name)
{
    char again[TB_ILOG_NAME_LEN + 1];
    unsigned epoch;

    if (strlen(name) != TB_ILOG_NAME_LEN || sscanf(name, "issuance-%8u.log", &epoch) != 1 || epoch > TB_ILOG_EPOCH_MAX)
        return 0;
    tb_ilog_name(again, epoch);
    return strcmp(name, again) == 0 ? epoch : 0;
}

static int by_epoch(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int tb_ilog_list(int dir_fd, uint32_t epoch[static TB_ILOG_FILES_MAX], size_t *out_num)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    uint32_t found;
    int r = 0;

    *out_num = 0;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return TB_E_IO;
    }
    while (r == 0 && (e = readdir(dir)) != NULL) {
        if ((found = tb_ilog_name_epoch(e->d_name)) == 0)
            continue;
        if (*out_num == TB_ILOG_FILES_MAX)
            r = TB_E_LIMIT;
        else
            epoch[(*out_num)++] = found;
    }
    closedir(dir);
    qsort(epoch, *out_num, sizeof(*epoch), by_epoch);
    return r;
}

void tb_ilog_file_close(struct tb_ilog_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    free(f->index);
    *f = (struct tb_ilog_file){.fd = -1};
}

int tb_ilog_file_note(struct tb_ilog_file *f, uint64_t seq, uint64_t offset)
{
    size_t cap = f->cap_index == 0 ? 1024 : 2 * f->cap_index;
    uint64_t *p;

    if ((seq - f->header.first_seq) % TB_ILOG_INDEX_STEP != 0)
        return 0;
    if (f->num_index == TB_ILOG_INDEX_MAX)
        return TB_E_LIMIT;
    if (f->num_index == f->cap_index) {
        p = reallocarray(f->index, cap, sizeof(*p));
        if (p == NULL)
            return TB_E_NOMEM;
        f->index = p;
        f->cap_index = cap;
    }
    f->index[f->num_index++] = offset;
    return 0;
}

static int read_all(int fd, uint8_t *out, size_t n, uint64_t offset)
{
    while (n > 0) {
        ssize_t got = pread(fd, out, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return TB_E_IO;
        out += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

int tb_ilog_file_read(const struct tb_ilog_file *f, uint64_t offset, struct tb_wr *buf, struct tb_log_rec *out,
                      uint64_t *out_next)
{
    uint8_t head[TB_DIGEST_LEN + 4], chain[TB_DIGEST_LEN];
    uint32_t len = 0;
    struct tb_rd rd = tb_rd_of(tb_span_of(head + TB_DIGEST_LEN, 4));
    uint8_t *p;
    size_t whole;
    int r;

    memset(out, 0, sizeof(*out));
    tb_wr_reset(buf);
    if (offset < TB_LOG_HEADER_LEN || offset >= f->size)
        return TB_E_NOTFOUND;
    /* The digest before a record starts its own. */
    if ((r = read_all(f->fd, head, sizeof(head), offset - TB_DIGEST_LEN)) < 0 || (r = tb_rd_u32(&rd, &len)) < 0)
        return r;
    whole = 4 + (size_t)len + TB_DIGEST_LEN;
    if (len > TB_LOG_REC_FIXED + TB_LOG_BODY_MAX || whole > f->size - offset)
        return TB_E_FORMAT;
    if ((p = tb_wr_reserve(buf, whole)) == NULL)
        return tb_wr_err(buf);
    if ((r = read_all(f->fd, p, whole, offset)) < 0)
        return r;
    memcpy(chain, head, sizeof(chain));
    rd = tb_rd_of(tb_wr_span(buf));
    if ((r = tb_log_rec_read(&rd, out, chain)) < 0)
        return r;
    if (out_next != NULL)
        *out_next = offset + whole;
    return 0;
}

int tb_ilog_file_find(const struct tb_ilog_file *f, uint64_t seq, uint64_t *out_offset)
{
    uint64_t first = f->header.first_seq, offset, at;
    uint8_t raw[4];
    uint32_t len = 0;
    struct tb_rd rd;
    int r;

    *out_offset = 0;
    if (seq < first)
        seq = first;
    if (seq >= f->next_seq)
        return TB_E_NOTFOUND;
    offset = f->index[(seq - first) / TB_ILOG_INDEX_STEP];
    for (at = seq - (seq - first) % TB_ILOG_INDEX_STEP; at < seq; at++) {
        if (offset >= f->size)
            return TB_E_NOTFOUND;
        rd = tb_rd_of(tb_span_of(raw, sizeof(raw)));
        if ((r = read_all(f->fd, raw, sizeof(raw), offset)) < 0 || (r = tb_rd_u32(&rd, &len)) < 0)
            return r;
        offset += 4 + (uint64_t)len + TB_DIGEST_LEN;
    }
    if (offset >= f->size)
        return TB_E_NOTFOUND;
    *out_offset = offset;
    return 0;
}
