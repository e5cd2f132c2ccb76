#include "lib/acme/cert_id.h"

#include <string.h>

/* An INTEGER has no superfluous first octet (X.690 section 8.3.2), and serials are positive. */
static bool serial_is_sound(const uint8_t *p, size_t len)
{
    if (len == 0 || (p[0] & 0x80) != 0)
        return false;
    return p[0] != 0 || (len > 1 && (p[1] & 0x80) != 0);
}

static int parse(struct tb_span text, struct tb_cert_id *out)
{
    const uint8_t *dot = text.len > 0 ? memchr(text.p, '.', text.len) : NULL;
    size_t n;
    int r;

    if (dot == NULL)
        return TB_E_FORMAT;
    n = (size_t)(dot - text.p);
    if ((r = tb_b64u_decode(out->keyid, sizeof(out->keyid), &out->keyid_len, tb_span_of(text.p, n))) < 0 ||
        (r = tb_b64u_decode(out->serial, sizeof(out->serial), &out->serial_len,
                            tb_span_of(dot + 1, text.len - n - 1))) < 0)
        return r;
    return out->keyid_len > 0 && serial_is_sound(out->serial, out->serial_len) ? 0 : TB_E_FORMAT;
}

int tb_cert_id_parse(struct tb_span text, struct tb_cert_id *out)
{
    int r;

    *out = (struct tb_cert_id){0};
    if ((r = parse(text, out)) < 0)
        *out = (struct tb_cert_id){0};
    return r;
}

void tb_cert_id_text(char out[static TB_CERT_ID_TEXT_MAX + 1], struct tb_span keyid, struct tb_span serial)
{
    size_t n = TB_B64U_LEN(keyid.len);

    tb_b64u_encode(out, keyid);
    out[n] = '.';
    tb_b64u_encode(out + n + 1, serial);
}
