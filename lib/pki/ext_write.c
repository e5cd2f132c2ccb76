#include "lib/pki/ext_write.h"

#include <string.h>

#include "lib/pki/oid.h"
#include "lib/pki/tbs.h"

#define AKI_KEYID TB_DER_CTX(0)

struct tb_ext_marks tb_ext_begin(struct tb_wr *wr, struct tb_span oid, bool critical)
{
    struct tb_ext_marks m;

    m.ext = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_der_put_oid(wr, oid);
    if (critical)
        tb_der_put_bool(wr, true);
    m.value = tb_der_begin(wr, TB_DER_OCTET_STRING);
    return m;
}

void tb_ext_end(struct tb_wr *wr, struct tb_ext_marks m)
{
    tb_der_end(wr, m.value);
    tb_der_end(wr, m.ext);
}

void tb_ext_put_aki(struct tb_wr *wr, struct tb_span keyid)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_AUTHORITY_KEYID), false);
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put(wr, AKI_KEYID, keyid);
    tb_der_end(wr, seq);
    tb_ext_end(wr, m);
}

bool tb_ext_uri_ok(const char *uri)
{
    size_t len = strnlen(uri, TB_URI_MAX + 1);

    if (len > TB_URI_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (uri[i] <= ' ' || uri[i] > '~')
            return false;
    return true;
}
