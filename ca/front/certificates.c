#include "ca/front/certificates.h"

#include "ca/cert_filter.h"
#include "ca/front/front.h"
#include "lib/base/b64u.h"
#include "lib/pki/cacert.h"

#define PAGE_DEFAULT 50
#define CHUNK        64 /* orders in memory at a time */

struct page {
    struct tb_front *front;
    struct tb_cert_filter filter;
    struct tb_jw *jw;
    size_t num, max;
    size_t looked;
    tb_order_no_t before; /* where it goes on */
    bool end;             /* nothing lies below */
};

static void put_certificate(struct tb_front *f, struct tb_jw *jw, const struct tb_order *o, bool with_pem)
{
    char serial[2 * TB_SERIAL_LEN + 1];
    char name[TB_IDENT_VALUE_MAX + 3];
    struct tb_wr pem;

    tb_hex_encode(serial, tb_span_of(o->serial, TB_SERIAL_LEN));
    tb_jw_obj(jw);
    tb_jw_kv(jw, "serial", serial);
    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    for (size_t i = 0; i < o->num_idents; i++) {
        tb_ident_text(name, &o->ident[i]);
        tb_jw_str(jw, name);
    }
    tb_jw_end_arr(jw);
    tb_jw_kv(jw, "profile", o->profile);
    tb_jw_kv(jw, "version", o->version);
    tb_jw_kv(jw, "issuer", tb_issuer_name(o->issuer));
    tb_operation_time(jw, "issued_at", o->issued_at);
    tb_operation_time(jw, "not_after", o->not_after);
    tb_operation_number(jw, "account", o->account_id);
    tb_operation_number(jw, "order", o->no);
    tb_operation_number(jw, "seq", o->seq);
    if (o->revoked_seq != 0) {
        tb_operation_time(jw, "revoked_at", o->revoked_at);
        tb_jw_kv(jw, "reason", tb_reason_name(o->revoked_for));
    }
    if (with_pem) {
        tb_wr_init(&pem, TB_FRONT_BODY_MAX);
        tb_pem_write(&pem, "CERTIFICATE", tb_span_of(o->cert, o->cert_len));
        if (o->issuer < TB_ISSUER__COUNT && f->issuer_pem[o->issuer] != NULL)
            tb_wr_str(&pem, f->issuer_pem[o->issuer]);
        tb_jw_key(jw, "pem");
        tb_jw_span(jw, tb_wr_span(&pem));
        tb_wr_clear(&pem);
    }
    tb_jw_end_obj(jw);
}

static bool is_asked_for(const struct tb_cert_filter *f, const struct tb_order *o)
{
    if (!tb_cert_filter_takes(f, o->profile, o->not_after, o->revoked_seq != 0))
        return false;
    for (size_t i = 0; i < o->num_idents; i++)
        if (tb_cert_filter_names(f, &o->ident[i]))
            return true;
    return false;
}

static int put_chunk(struct page *p, struct tb_order *orders)
{
    size_t num = 0;
    int r = tb_store_order_list_issued(p->front->store, p->before, CHUNK, orders, &num);

    p->end = num < CHUNK;
    for (size_t i = 0; i < num; i++) {
        if (p->num < p->max) {
            p->before = orders[i].no;
            if (is_asked_for(&p->filter, &orders[i])) {
                put_certificate(p->front, p->jw, &orders[i], false);
                p->num++;
            }
        } else {
            p->end = false;
        }
        tb_order_clear(&orders[i]);
    }
    p->looked += num;
    return r;
}

static int put_page(struct page *p)
{
    struct tb_order *orders = calloc(CHUNK, sizeof(*orders));
    int r = orders != NULL ? 0 : TB_E_NOMEM;

    tb_jw_obj(p->jw);
    tb_jw_key(p->jw, "certificates");
    tb_jw_arr(p->jw);
    while (r == 0 && !p->end && p->num < p->max && p->looked < TB_CERTIFICATES_LOOK)
        r = put_chunk(p, orders);
    tb_jw_end_arr(p->jw);
    if (!p->end)
        tb_operation_number(p->jw, "next", p->before);
    tb_jw_end_obj(p->jw);
    free(orders);
    return r;
}

bool tb_certificates_list(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    json_int_t limit = json_integer_value(json_object_get(req, "limit"));
    json_int_t before = json_integer_value(json_object_get(req, "before"));
    struct page p = {.front = child->state,
                     .jw = jw,
                     .max = limit <= 0                     ? PAGE_DEFAULT
                            : limit > TB_CERTIFICATES_PAGE ? TB_CERTIFICATES_PAGE
                                                           : (size_t)limit,
                     .before = before > 0 ? (tb_order_no_t)before : 0};
    const char *why = tb_cert_filter_read(&p.filter, req, tb_clock_now_s());

    if (why == NULL && put_page(&p) < 0) {
        tb_wr_reset(jw->wr);
        *jw = tb_jw_of(jw->wr);
        why = "the store cannot be read";
    }
    if (why != NULL)
        tb_operation_error(jw, why);
    return true;
}

bool tb_certificates_show(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    struct tb_front *f = child->state;
    struct tb_span hex;
    uint8_t serial[TB_SERIAL_LEN];
    struct tb_order o;

    if (tb_json_str(req, "serial", 2 * TB_SERIAL_LEN, &hex) < 0 || tb_hex_decode(serial, sizeof(serial), hex) < 0) {
        tb_operation_error(jw, "serial must be 32 hexadecimal digits");
        return true;
    }
    if (tb_store_order_find_serial(f->store, serial, &o) < 0) {
        tb_operation_error(jw, "there is no certificate with this serial number");
        return true;
    }
    put_certificate(f, jw, &o, true);
    tb_order_clear(&o);
    return true;
}
