#include "lib/pki/ext_read.h"

#include <string.h>

#define GN_URI    TB_DER_CTX(6)
#define AKI_KEYID TB_DER_CTX(0)

int tb_ext_rest_read(struct tb_rd *ext, bool *out_critical, struct tb_span *out_value)
{
    int r;

    *out_critical = false;
    if (tb_der_next_is(ext, TB_DER_BOOLEAN) && ((r = tb_der_bool(ext, out_critical)) < 0 || !*out_critical))
        return TB_E_FORMAT;
    if ((r = tb_der_get(ext, TB_DER_OCTET_STRING, out_value)) < 0)
        return r;
    return tb_rd_end(ext);
}

int tb_ext_enter(struct tb_span value, struct tb_rd *out)
{
    struct tb_rd rd = tb_rd_of(value);
    int r = tb_der_enter(&rd, TB_DER_SEQUENCE, out);

    return r < 0 ? r : tb_rd_end(&rd);
}

int tb_ext_aki_read(struct tb_span value, struct tb_span *out_keyid)
{
    struct tb_rd seq;
    int r;

    if ((r = tb_ext_enter(value, &seq)) < 0 || (r = tb_der_get(&seq, AKI_KEYID, out_keyid)) < 0)
        return r;
    if (out_keyid->len == 0 || out_keyid->len > TB_KEYID_MAX)
        return TB_E_FORMAT;
    return tb_rd_end(&seq);
}

int tb_ext_uri_read(struct tb_rd *rd, char out[static TB_URI_MAX + 1])
{
    struct tb_span uri;
    int r = tb_der_get(rd, GN_URI, &uri);

    if (r < 0)
        return r;
    if (uri.len == 0 || uri.len > TB_URI_MAX)
        return TB_E_FORMAT;
    for (size_t i = 0; i < uri.len; i++)
        if (uri.p[i] <= ' ' || uri.p[i] > '~')
            return TB_E_FORMAT;
    memcpy(out, uri.p, uri.len);
    out[uri.len] = '\0';
    return tb_rd_end(rd);
}
