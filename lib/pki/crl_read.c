#include "lib/pki/crl_tbs.h"

#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/alg.h"
#include "lib/pki/ext_read.h"
#include "lib/pki/oid.h"

#define VERSION_2      1
#define DER_ENUMERATED 0x0a
#define NUMBER_OCTETS  8
#define CRL_EXTENSIONS TB_DER_CTX_CONS(0)
#define IDP_NAME       TB_DER_CTX_CONS(0)
#define IDP_NAME_FULL  TB_DER_CTX_CONS(0)
#define IDP_USER_CERTS TB_DER_CTX(1)

static int extension_read(struct tb_rd *list, struct tb_span *out_oid, bool *out_critical, struct tb_span *out_value)
{
    struct tb_rd ext;
    int r;

    if ((r = tb_der_enter(list, TB_DER_SEQUENCE, &ext)) < 0 || (r = tb_der_oid(&ext, out_oid)) < 0)
        return r;
    return tb_ext_rest_read(&ext, out_critical, out_value);
}

/* The entry's only extension: a reason that is worth writing. */
static int reason_read(struct tb_rd *entry, struct tb_crl_entry *out)
{
    struct tb_rd list;
    struct tb_rd value_rd;
    struct tb_span oid;
    struct tb_span value;
    struct tb_span reason;
    bool critical;
    int r;

    if ((r = tb_der_enter(entry, TB_DER_SEQUENCE, &list)) < 0 ||
        (r = extension_read(&list, &oid, &critical, &value)) < 0 || (r = tb_rd_end(&list)) < 0)
        return r;
    value_rd = tb_rd_of(value);
    if ((r = tb_der_get(&value_rd, DER_ENUMERATED, &reason)) < 0 || (r = tb_rd_end(&value_rd)) < 0)
        return r;
    if (critical || !tb_span_eq(oid, TB_OID(TB_OID_CRL_REASON)) || reason.len != 1 || reason.p[0] == 0 ||
        tb_reason_name(reason.p[0]) == NULL)
        return TB_E_FORMAT;
    out->reason = (enum tb_reason)reason.p[0];
    return 0;
}

int tb_crl_entry_read(struct tb_rd *entries, struct tb_crl_entry *out)
{
    struct tb_rd rd = *entries;
    struct tb_crl_entry e = {0};
    struct tb_rd entry;
    struct tb_span serial;
    int r;

    *out = (struct tb_crl_entry){0};
    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &entry)) < 0 || (r = tb_der_get(&entry, TB_DER_INTEGER, &serial)) < 0 ||
        (r = tb_der_time(&entry, &e.revoked_at)) < 0)
        return r;
    if (serial.len != TB_SERIAL_LEN || serial.p[0] < 0x01 || serial.p[0] > 0x7f)
        return TB_E_FORMAT;
    memcpy(e.serial, serial.p, TB_SERIAL_LEN);
    if (entry.left > 0 && (r = reason_read(&entry, &e)) < 0)
        return r;
    if ((r = tb_rd_end(&entry)) < 0)
        return r;
    *entries = rd;
    *out = e;
    return 0;
}

static int entries_read(struct tb_rd *rd, struct tb_crl *out)
{
    struct tb_crl_entry last = {0}; /* below every serial */
    struct tb_crl_entry e;
    struct tb_rd list;
    int r;

    if (!tb_der_next_is(rd, TB_DER_SEQUENCE))
        return 0;
    if ((r = tb_der_get(rd, TB_DER_SEQUENCE, &out->entries)) < 0)
        return r;
    list = tb_rd_of(out->entries);
    if (list.left == 0)
        return TB_E_FORMAT;
    for (; list.left > 0; out->num_entries++) {
        if (out->num_entries == TB_CRL_ENTRIES_MAX)
            return TB_E_LIMIT;
        if ((r = tb_crl_entry_read(&list, &e)) < 0)
            return r;
        if (memcmp(last.serial, e.serial, TB_SERIAL_LEN) >= 0)
            return TB_E_FORMAT;
        last = e;
    }
    return 0;
}

static int aki_read(struct tb_span value, struct tb_crl *out)
{
    return tb_ext_aki_read(value, &out->issuer_keyid);
}

static int number_read(struct tb_span value, struct tb_crl *out)
{
    struct tb_rd rd = tb_rd_of(value);
    struct tb_span magnitude;
    int r;

    if ((r = tb_der_uint(&rd, &magnitude)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if (magnitude.len > NUMBER_OCTETS || (magnitude.len == NUMBER_OCTETS && magnitude.p[0] >= 0x80))
        return TB_E_FORMAT;
    for (size_t i = 0; i < magnitude.len; i++)
        out->number = out->number << 8 | magnitude.p[i];
    return 0;
}

/* One URI, onlyContainsUserCerts, and nothing that would narrow or widen it. */
static int idp_read(struct tb_span value, struct tb_crl *out)
{
    struct tb_rd seq;
    struct tb_rd name;
    struct tb_rd full;
    struct tb_span user;
    int r;

    if ((r = tb_ext_enter(value, &seq)) < 0 || (r = tb_der_enter(&seq, IDP_NAME, &name)) < 0 ||
        (r = tb_der_get(&seq, IDP_USER_CERTS, &user)) < 0 || (r = tb_rd_end(&seq)) < 0 ||
        (r = tb_der_enter(&name, IDP_NAME_FULL, &full)) < 0 || (r = tb_rd_end(&name)) < 0)
        return r;
    if (user.len != 1 || user.p[0] != 0xff)
        return TB_E_FORMAT;
    return tb_ext_uri_read(&full, out->uri);
}

/* Our CRLs have these three, each once, in this order: nothing is left to interpretation. */
static int extensions_read(struct tb_rd list, struct tb_crl *out)
{
    static const struct {
        uint8_t oid[3];
        bool critical;
        int (*read)(struct tb_span value, struct tb_crl *out);
    } want[] = {
        {{TB_OID_AUTHORITY_KEYID}, false, aki_read},
        {{TB_OID_CRL_NUMBER}, false, number_read},
        {{TB_OID_CRL_IDP}, true, idp_read},
    };
    struct tb_span oid;
    struct tb_span value;
    bool critical;
    int r;

    for (size_t i = 0; i < TB_ARRAY_LEN(want); i++) {
        if ((r = extension_read(&list, &oid, &critical, &value)) < 0)
            return r;
        if (!tb_span_eq(oid, tb_span_of(want[i].oid, sizeof(want[i].oid))) || critical != want[i].critical)
            return TB_E_FORMAT;
        if ((r = want[i].read(value, out)) < 0)
            return r;
    }
    return tb_rd_end(&list);
}

static int body_read(struct tb_rd rd, struct tb_crl *out)
{
    struct tb_span alg;
    struct tb_rd outer;
    struct tb_rd list;
    uint32_t version;
    int r;

    if ((r = tb_der_small(&rd, VERSION_2, &version)) < 0 || (r = tb_der_get_whole(&rd, TB_DER_SEQUENCE, &alg)) < 0)
        return r;
    out->sig_alg = tb_sig_alg_find(alg);
    if (version != VERSION_2 || out->sig_alg == TB_SIG_NONE)
        return TB_E_FORMAT;
    if ((r = tb_der_get_whole(&rd, TB_DER_SEQUENCE, &out->issuer_name)) < 0 ||
        (r = tb_der_time(&rd, &out->this_update)) < 0 || (r = tb_der_time(&rd, &out->next_update)) < 0)
        return r;
    if (out->this_update >= out->next_update)
        return TB_E_FORMAT;
    if ((r = entries_read(&rd, out)) < 0 || (r = tb_der_enter(&rd, CRL_EXTENSIONS, &outer)) < 0 ||
        (r = tb_rd_end(&rd)) < 0 || (r = tb_der_enter(&outer, TB_DER_SEQUENCE, &list)) < 0 ||
        (r = tb_rd_end(&outer)) < 0)
        return r;
    return extensions_read(list, out);
}

int tb_crl_tbs_read(struct tb_span der, struct tb_crl *out)
{
    struct tb_crl crl = {0};
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd seq;
    int r;

    *out = (struct tb_crl){0};
    if (der.len > TB_CRL_TBS_MAX)
        return TB_E_LIMIT;
    if (tb_der_check(der) < 0 || tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0)
        return TB_E_FORMAT;
    if ((r = body_read(seq, &crl)) < 0)
        return r == TB_E_LIMIT ? r : TB_E_FORMAT;
    *out = crl;
    return 0;
}
