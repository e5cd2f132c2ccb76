#include "lib/pki/san.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "lib/der/der.h"

#define TAG_DNS  TB_DER_CTX(2)
#define TAG_IP   TB_DER_CTX(7)
#define IPV4_LEN 4
#define IPV6_LEN 16

static int ip_read(struct tb_span octets, struct tb_ident *out, const char **out_why)
{
    char text[INET6_ADDRSTRLEN];
    int family = octets.len == IPV4_LEN ? AF_INET : AF_INET6;

    if (octets.len != IPV4_LEN && octets.len != IPV6_LEN) {
        *out_why = "holds an iPAddress of neither 4 nor 16 octets";
        return TB_E_FORMAT;
    }
    if (inet_ntop(family, octets.p, text, sizeof(text)) == NULL)
        return TB_E_INTERNAL;
    return tb_ident_parse(TB_IDENT_IP, tb_span_str(text), out, out_why);
}

static int name_read(struct tb_rd *rd, struct tb_ident *out, const char **out_why)
{
    struct tb_span value;
    uint8_t tag;
    int r = tb_der_any(rd, &tag, &value, NULL);

    if (r < 0)
        return r;
    if (tag == TAG_DNS)
        return tb_ident_parse(TB_IDENT_DNS, value, out, out_why);
    if (tag == TAG_IP)
        return ip_read(value, out, out_why);
    *out_why = "holds something other than dNSName and iPAddress";
    return TB_E_UNSUPPORTED;
}

/* Elements of the list, bounded. */
static int count(struct tb_rd list, size_t *out, const char **out_why)
{
    uint8_t tag;
    int r;

    for (*out = 0; list.left > 0; (*out)++) {
        if (*out == TB_IDENT_NUM_MAX) {
            *out_why = "holds too many names";
            return TB_E_LIMIT;
        }
        if ((r = tb_der_any(&list, &tag, NULL, NULL)) < 0)
            return r;
    }
    if (*out > 0)
        return 0;
    *out_why = "is empty";
    return TB_E_FORMAT;
}

int tb_san_read(struct tb_span ext, size_t spare, struct tb_ident **out, size_t *out_num, const char **out_why)
{
    struct tb_rd rd = tb_rd_of(ext);
    struct tb_rd list;
    struct tb_ident *idents = NULL;
    size_t n = 0;
    int r;

    *out = NULL;
    *out_num = 0;
    *out_why = "is malformed";
    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &list) < 0 || tb_rd_end(&rd) < 0)
        return TB_E_FORMAT;
    if ((r = count(list, &n, out_why)) < 0)
        return r;
    idents = calloc(n + spare, sizeof(*idents));
    if (idents == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if ((r = name_read(&list, &idents[i], out_why)) < 0) {
            free(idents);
            return r;
        }
    }
    *out = idents;
    *out_num = n;
    return 0;
}
