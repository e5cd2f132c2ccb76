/* HTTP/1.1 responses, as far as ACME needs them: Content-Length, chunked, four header fields. */
#ifndef TB_BENCH_RESPONSE_H
#define TB_BENCH_RESPONSE_H

#include "lib/base/bytes.h"

#define TB_LOAD_HEAD_MAX     16384
#define TB_LOAD_BODY_MAX     65536
#define TB_LOAD_RESPONSE_MAX (TB_LOAD_HEAD_MAX + 2 * TB_LOAD_BODY_MAX)

/* Spans are borrowed from the buffer given. */
struct tb_load_response {
    int status;
    struct tb_span location;
    struct tb_span nonce;
    struct tb_span body;
    long retry_after_s; /* -1: none, or a date */
    bool close;
};

/*
 * Look at what has arrived.  0: a whole response (a chunked body has been put together in place).  TB_E_AGAIN: more is
 * to come.  TB_E_FORMAT, TB_E_LIMIT, TB_E_TRAIL (bytes after it: nothing was asked for).
 */
int tb_load_response_parse(uint8_t *buf, size_t len, bool head_only, struct tb_load_response *out) TB_MUST_USE;

#endif
