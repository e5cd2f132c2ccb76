/*
 * A backup archive as a stream: files, SHA256SUMS over them, the end.  Written to a descriptor; read in one pass by a
 * strict reader that hands the files to a sink.  What the files are is not known here.
 */
#ifndef TB_CA_BACKUP_ARCHIVE_H
#define TB_CA_BACKUP_ARCHIVE_H

#include <openssl/evp.h>

#include "ca/backup/ustar.h"

#define TB_ARCHIVE_FILES_MAX 160 /* in one archive, SHA256SUMS not counted */
#define TB_ARCHIVE_SUMS      "SHA256SUMS"
#define TB_ARCHIVE_SUMS_MAX  (TB_ARCHIVE_FILES_MAX * (2 * 32 + 2 + TB_USTAR_NAME_MAX + 1))
#define TB_ARCHIVE_PIECE     65536 /* octets that are in memory at a time */
#define TB_ARCHIVE_WHY_MAX   511

struct tb_archive_writer {
    int fd;
    tb_time_t made_at;
    uint64_t size; /* so far */
    size_t num_files;
    struct tb_wr sums;
    EVP_MD_CTX *md;
    uint8_t *piece;
    char why[TB_ARCHIVE_WHY_MAX + 1];
};
/* Borrows fd. TB_E_NOMEM. Clear it also after a failure. */
int tb_archive_writer_init(struct tb_archive_writer *w, int fd, tb_time_t made_at) TB_MUST_USE;
void tb_archive_writer_clear(struct tb_archive_writer *w); /* wipes what was in memory */
/* A file; on failure the reason in w->why. TB_E_IO, TB_E_LIMIT. */
int tb_archive_put(struct tb_archive_writer *w, const char *name, mode_t mode, struct tb_span content) TB_MUST_USE;
/* The first size octets of another file; TB_E_TRUNC when it has fewer. */
int tb_archive_put_fd(struct tb_archive_writer *w, const char *name, mode_t mode, int fd, uint64_t size) TB_MUST_USE;
/* SHA256SUMS and the end. */
int tb_archive_end(struct tb_archive_writer *w) TB_MUST_USE;

/* As read(2): 0 at the end, -1 with errno. */
typedef ssize_t tb_archive_source_fn(void *arg, void *buf, size_t len);

/* A negative result ends the reading with it; why may be filled. Between begin and end of a file come its octets. */
struct tb_archive_sink {
    int (*begin)(void *arg, const struct tb_ustar *file, char why[static TB_ARCHIVE_WHY_MAX + 1]);
    int (*data)(void *arg, struct tb_span piece, char why[static TB_ARCHIVE_WHY_MAX + 1]);
    int (*end)(void *arg, char why[static TB_ARCHIVE_WHY_MAX + 1]);
};

/*
 * The whole archive; only after 0 what the sink got is what was backed up.  On failure a sentence with file, place and
 * reason: TB_E_IO, TB_E_TRUNC, TB_E_TRAIL, TB_E_FORMAT, TB_E_UNSUPPORTED (another version), TB_E_DUP, TB_E_LIMIT,
 * TB_E_BADSIG (digest), or what the sink returned.
 */
int tb_archive_read(tb_archive_source_fn *source, void *source_arg, const struct tb_archive_sink *sink, void *sink_arg,
                    char why[static TB_ARCHIVE_WHY_MAX + 1]) TB_MUST_USE;

#endif
