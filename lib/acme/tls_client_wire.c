#include "lib/acme/tls_client_wire.h"

#include <string.h>

#include "lib/acme/tls_client.h"

#define HOST_NAME   0  /* NameType */
#define CERTIFICATE 11 /* HandshakeType */

/* What cannot be read to its end is malformed, whatever stopped us. */
static int malformed(int r)
{
    return r < 0 ? TB_E_FORMAT : 0;
}

static int read_u24(struct tb_rd *rd, size_t *out)
{
    uint8_t high;
    uint16_t low;
    int r;

    if ((r = tb_rd_u8(rd, &high)) < 0 || (r = tb_rd_u16(rd, &low)) < 0)
        return r;
    *out = (size_t)high << 16 | low;
    return 0;
}

int tb_tls_client_server_name(struct tb_span ext, struct tb_span *out)
{
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_rd list;
    struct tb_span s;
    uint8_t type;
    int r;

    *out = tb_span_of(NULL, 0);
    if ((r = tb_rd_var16(&rd, UINT16_MAX, &s)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return malformed(r);
    list = tb_rd_of(s);
    if ((r = tb_rd_u8(&list, &type)) < 0 || (r = tb_rd_var16(&list, UINT16_MAX, &s)) < 0 || (r = tb_rd_end(&list)) < 0)
        return malformed(r);
    if (type != HOST_NAME || s.len == 0)
        return TB_E_FORMAT;
    *out = s;
    return 0;
}

bool tb_tls_client_alpn_is_ours(struct tb_span ext)
{
    static const char name[] = TB_TLS_CLIENT_PROTOCOL;
    const size_t len = sizeof(name) - 1;
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_span list;

    return tb_rd_var16(&rd, UINT16_MAX, &list) == 0 && tb_rd_end(&rd) == 0 && list.len == 1 + len && list.p[0] == len &&
           memcmp(list.p + 1, name, len) == 0;
}

/* certificate_list of one entry: certificate and its extensions, which say nothing to us. */
static int read_entry(struct tb_rd *list, struct tb_span *out)
{
    struct tb_span extensions;
    size_t len;
    int r;

    if ((r = read_u24(list, &len)) < 0 || (r = tb_rd_bytes(list, len, out)) < 0 ||
        (r = tb_rd_var16(list, UINT16_MAX, &extensions)) < 0)
        return r;
    return len > 0 ? 0 : TB_E_FORMAT;
}

int tb_tls_client_certificate(struct tb_span message, struct tb_span *out)
{
    struct tb_rd rd = tb_rd_of(message);
    struct tb_span bytes, cert;
    struct tb_rd list;
    uint8_t type, context;
    size_t len;

    *out = tb_span_of(NULL, 0);
    if (tb_rd_u8(&rd, &type) < 0 || type != CERTIFICATE || read_u24(&rd, &len) < 0 || len != rd.left ||
        tb_rd_u8(&rd, &context) < 0 || context != 0 || read_u24(&rd, &len) < 0 || tb_rd_bytes(&rd, len, &bytes) < 0 ||
        tb_rd_end(&rd) < 0)
        return TB_E_FORMAT;
    list = tb_rd_of(bytes);
    if (list.left == 0)
        return TB_E_NOTFOUND;
    if (read_entry(&list, &cert) < 0)
        return TB_E_FORMAT;
    if (list.left > 0)
        return TB_E_DUP;
    if (cert.len > TB_TLS_CLIENT_CERT_MAX)
        return TB_E_LIMIT;
    *out = cert;
    return 0;
}
