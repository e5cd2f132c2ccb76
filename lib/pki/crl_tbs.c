#include "lib/pki/crl_tbs.h"

#include <string.h>

#include "lib/pki/alg.h"
#include "lib/pki/ext_write.h"
#include "lib/pki/oid.h"

#define VERSION_2      1
#define DER_ENUMERATED 0x0a
#define GN_URI         TB_DER_CTX(6)
#define CRL_EXTENSIONS TB_DER_CTX_CONS(0)
#define IDP_NAME       TB_DER_CTX_CONS(0)
#define IDP_NAME_FULL  TB_DER_CTX_CONS(0)
#define IDP_USER_CERTS TB_DER_CTX(1)

static bool crl_ok(const struct tb_crl *crl)
{
    return tb_sig_alg_der(crl->sig_alg).len > 0 && crl->issuer_name.len > 0 && crl->issuer_keyid.len > 0 &&
           crl->issuer_keyid.len <= TB_KEYID_MAX && crl->this_update < crl->next_update && crl->number <= INT64_MAX &&
           crl->uri[0] != '\0' && tb_ext_uri_ok(crl->uri);
}

static bool entries_ok(const struct tb_crl_entry *entry, size_t num)
{
    if (num > TB_CRL_ENTRIES_MAX || (num > 0 && entry == NULL))
        return false;
    for (size_t i = 0; i < num; i++)
        if (entry[i].serial[0] < 0x01 || entry[i].serial[0] > 0x7f || tb_reason_name((int)entry[i].reason) == NULL ||
            (i > 0 && memcmp(entry[i - 1].serial, entry[i].serial, TB_SERIAL_LEN) >= 0))
            return false;
    return true;
}

static void put_entry(struct tb_wr *wr, const struct tb_crl_entry *e)
{
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(e->serial, TB_SERIAL_LEN));
    tb_der_put_time(wr, e->revoked_at);
    if (e->reason != TB_REASON_UNSPECIFIED) {
        uint8_t reason = (uint8_t)e->reason;
        size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);
        struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_CRL_REASON), false);

        tb_der_put(wr, DER_ENUMERATED, tb_span_of(&reason, 1));
        tb_ext_end(wr, m);
        tb_der_end(wr, list);
    }
    tb_der_end(wr, seq);
}

/* At most INT64_MAX, so that eight octets with their leading zeros cut are the shortest form. */
static void put_number(struct tb_wr *wr, uint64_t number)
{
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_CRL_NUMBER), false);
    uint8_t octets[8];
    size_t skip = 0;

    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(number >> (56 - 8 * i));
    while (skip < sizeof(octets) - 1 && octets[skip] == 0 && octets[skip + 1] < 0x80)
        skip++;
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(octets + skip, sizeof(octets) - skip));
    tb_ext_end(wr, m);
}

/* RFC 5280 section 5.2.5. */
static void put_idp(struct tb_wr *wr, const char *uri)
{
    static const uint8_t yes = 0xff;
    struct tb_ext_marks m = tb_ext_begin(wr, TB_OID(TB_OID_CRL_IDP), true);
    size_t seq = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t name = tb_der_begin(wr, IDP_NAME);
    size_t full = tb_der_begin(wr, IDP_NAME_FULL);

    tb_der_put(wr, GN_URI, tb_span_str(uri));
    tb_der_end(wr, full);
    tb_der_end(wr, name);
    tb_der_put(wr, IDP_USER_CERTS, tb_span_of(&yes, 1));
    tb_der_end(wr, seq);
    tb_ext_end(wr, m);
}

static void put_extensions(struct tb_wr *wr, const struct tb_crl *crl)
{
    size_t outer = tb_der_begin(wr, CRL_EXTENSIONS);
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_ext_put_aki(wr, crl->issuer_keyid);
    put_number(wr, crl->number);
    put_idp(wr, crl->uri);
    tb_der_end(wr, list);
    tb_der_end(wr, outer);
}

int tb_crl_tbs_write(struct tb_wr *wr, const struct tb_crl *crl, const struct tb_crl_entry *entry, size_t num)
{
    static const uint8_t version = VERSION_2;
    struct tb_span alg = tb_sig_alg_der(crl->sig_alg);
    size_t tbs;

    if (!crl_ok(crl) || !entries_ok(entry, num))
        return TB_E_INVAL;
    tbs = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(&version, 1));
    tb_wr_bytes(wr, alg.p, alg.len);
    tb_wr_bytes(wr, crl->issuer_name.p, crl->issuer_name.len);
    tb_der_put_time(wr, crl->this_update);
    tb_der_put_time(wr, crl->next_update);
    if (num > 0) { /* RFC 5280 section 5.1.2.6: absent when there is none */
        size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);

        for (size_t i = 0; i < num; i++)
            put_entry(wr, &entry[i]);
        tb_der_end(wr, list);
    }
    put_extensions(wr, crl);
    tb_der_end(wr, tbs);
    return tb_wr_err(wr);
}
