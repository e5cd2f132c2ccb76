#include "lib/pki/cacert.h"

#define LINE_OCTETS 48 /* 64 characters, RFC 7468 section 2 */
#define LINE_CHARS  64

void tb_pem_write(struct tb_wr *wr, const char *label, struct tb_span der)
{
    tb_wr_str(wr, "-----BEGIN ");
    tb_wr_str(wr, label);
    tb_wr_str(wr, "-----\n");
    for (size_t i = 0; i < der.len; i += LINE_OCTETS) {
        uint8_t line[LINE_CHARS + 1]; /* EVP_EncodeBlock adds a NUL */
        size_t left = der.len - i;
        int n = EVP_EncodeBlock(line, der.p + i, (int)(left < LINE_OCTETS ? left : LINE_OCTETS));

        line[n] = '\n';
        tb_wr_bytes(wr, line, (size_t)n + 1);
        tb_wipe(line, sizeof(line));
    }
    tb_wr_str(wr, "-----END ");
    tb_wr_str(wr, label);
    tb_wr_str(wr, "-----\n");
}
