/* Files of the client: read whole and bounded, made new or replaced as a whole, durable before the call returns. */
#ifndef TB_CLIENT_FILES_H
#define TB_CLIENT_FILES_H

#include <sys/types.h>

#include "client/fail.h"

#define TB_CLIENT_PATH_MAX 1023

/* At most what the writer may hold. TB_E_NOTFOUND without fail set when there is no such file and fail is NULL. */
int tb_file_read(const char *path, struct tb_wr *out, struct tb_fail *fail) TB_MUST_USE;
/* A new file; exactly this mode, whatever the umask is. TB_E_EXISTS when there is one. */
int tb_file_create(const char *path, struct tb_span text, mode_t mode, struct tb_fail *fail) TB_MUST_USE;
/* Old content or new content, never something between. */
int tb_file_replace(const char *path, struct tb_span text, mode_t mode, struct tb_fail *fail) TB_MUST_USE;
/* Directory and those above it. */
int tb_dir_make(const char *path, mode_t mode, struct tb_fail *fail) TB_MUST_USE;
int tb_dir_sync(const char *path, struct tb_fail *fail) TB_MUST_USE;
/* The directory and the files in it; not deeper. Nothing there is success. */
int tb_dir_remove(const char *path, struct tb_fail *fail) TB_MUST_USE;
/* DIR/A/B into out; a path that is too long is a failure. b may be NULL. */
int tb_path_join(char out[static TB_CLIENT_PATH_MAX + 1], const char *dir, const char *a, const char *b,
                 struct tb_fail *fail) TB_MUST_USE;

#endif
