/* The process that holds the account key. A request is url, nonce, kid and payload; the answer result and JWS. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/keyproc.h"

static int request_read(struct tb_span in, struct tb_jws_fields *out, char url[static TB_JWS_URL_MAX + 1],
                        char nonce[static TB_JWS_NONCE_MAX + 1], char kid[static TB_JWS_URL_MAX + 1],
                        struct tb_span *payload)
{
    struct tb_rd rd = tb_rd_of(in);
    int r;

    if ((r = tb_rd_str16(&rd, url, TB_JWS_URL_MAX + 1)) < 0 ||
        (r = tb_rd_str16(&rd, nonce, TB_JWS_NONCE_MAX + 1)) < 0 ||
        (r = tb_rd_str16(&rd, kid, TB_JWS_URL_MAX + 1)) < 0 || (r = tb_rd_var32(&rd, TB_JWS_BODY_MAX, payload)) < 0 ||
        (r = tb_rd_end(&rd)) < 0)
        return r;
    *out = (struct tb_jws_fields){
        .url = url, .nonce = nonce[0] != '\0' ? nonce : NULL, .kid = kid[0] != '\0' ? kid : NULL};
    return 0;
}

static void answer(struct tb_span in, EVP_PKEY *key, struct tb_wr *out)
{
    char url[TB_JWS_URL_MAX + 1];
    char nonce[TB_JWS_NONCE_MAX + 1];
    char kid[TB_JWS_URL_MAX + 1];
    struct tb_jws_fields fields;
    struct tb_span payload;
    int r = request_read(in, &fields, url, nonce, kid, &payload);

    tb_wr_reset(out);
    tb_wr_u32(out, 0);
    if (r == 0)
        r = tb_jws_sign(out, key, &fields, payload);
    if (r < 0) {
        tb_wr_reset(out);
        tb_wr_u32(out, (uint32_t)-r);
    }
}

void tb_keyproc_serve(int fd, EVP_PKEY *key)
{
    uint8_t *in = malloc(TB_KEYPROC_MSG_MAX);
    struct tb_wr out;
    ssize_t n;

    tb_wr_init(&out, TB_KEYPROC_MSG_MAX);
    while (in != NULL && ((n = read(fd, in, TB_KEYPROC_MSG_MAX)) > 0 || (n < 0 && errno == EINTR))) {
        struct tb_span text;

        if (n < 0)
            continue;
        answer(tb_span_of(in, (size_t)n), key, &out);
        text = tb_wr_span(&out);
        if (write(fd, text.p, text.len) != (ssize_t)text.len)
            break;
    }
    tb_wr_clear(&out);
    free(in);
}
