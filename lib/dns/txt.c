#include "lib/dns/txt.h"

#include <string.h>

int tb_txt_join(struct tb_span rdata, uint8_t out[static TB_TXT_MAX], size_t *out_len)
{
    struct tb_rd rd = tb_rd_of(rdata);
    struct tb_span part;
    size_t len = 0;
    uint8_t part_len;
    int r;

    *out_len = 0;
    do {
        if ((r = tb_rd_u8(&rd, &part_len)) < 0 || (r = tb_rd_bytes(&rd, part_len, &part)) < 0)
            return r;
        if (part.len > TB_TXT_MAX - len)
            return TB_E_LIMIT;
        if (part.len > 0)
            memcpy(out + len, part.p, part.len);
        len += part.len;
    } while (rd.left > 0);
    *out_len = len;
    return 0;
}
