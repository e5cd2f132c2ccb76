#include "ca/front/control.h"

#include <string.h>

#include "ca/front/explain.h"
#include "ca/front/front.h"
#include "ca/operation.h"
#include "lib/base/b64u.h"
#include "lib/pki/cacert.h"

static bool do_status(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    struct tb_front *f = child->state;
    struct tb_store_stats s = {0};

    tb_store_stats(f->store, &s);
    tb_jw_obj(jw);
    tb_jw_key(jw, "judge");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_JUDGE] != NULL);
    tb_operation_number(jw, "signer", f->judge.signer);
    tb_operation_number(jw, "epoch", f->judge.epoch);
    tb_operation_number(jw, "last_seq", f->judge.last_seq);
    tb_jw_end_obj(jw);
    tb_jw_key(jw, "validator");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_VALIDATOR] != NULL);
    tb_jw_end_obj(jw);
    tb_operation_time(jw, "https_not_after", f->https_not_after);
    tb_operation_number(jw, "connections", f->num_conns);
    tb_operation_number(jw, "requests_open", f->num_requests);
    tb_operation_number(jw, "validations_in_flight", f->validations.num);
    tb_operation_number(jw, "finalizes_in_flight", f->num_finalizes);
    /* Since this process started. */
    tb_operation_number(jw, "accounts", f->counters.accounts);
    tb_operation_number(jw, "orders", f->counters.orders);
    tb_operation_number(jw, "issued", f->counters.issued);
    tb_operation_number(jw, "store_last_seq", tb_store_last_seq(f->store));
    tb_operation_number(jw, "store_bytes", s.bytes);
    tb_jw_end_obj(jw);
    return true;
}

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

static bool do_list(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    struct tb_front *f = child->state;
    const json_t *limit = json_object_get(req, "limit");
    const json_t *before = json_object_get(req, "before");
    size_t max = json_is_integer(limit) && json_integer_value(limit) > 0 ? (size_t)json_integer_value(limit) : 50;
    struct tb_order *orders = NULL;
    size_t num = 0;

    if (max > TB_CONTROL_LIST_MAX)
        max = TB_CONTROL_LIST_MAX;
    orders = calloc(max, sizeof(*orders));
    if (orders == NULL ||
        tb_store_order_list_issued(f->store, (tb_order_no_t)json_integer_value(before), max, orders, &num) < 0) {
        tb_operation_error(jw, "the store cannot be read");
        free(orders);
        return true;
    }
    tb_jw_obj(jw);
    tb_jw_key(jw, "certificates");
    tb_jw_arr(jw);
    for (size_t i = 0; i < num; i++) {
        put_certificate(f, jw, &orders[i], false);
        tb_order_clear(&orders[i]);
    }
    tb_jw_end_arr(jw);
    tb_jw_end_obj(jw);
    free(orders);
    return true;
}

static bool do_show(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
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

static const struct tb_operation operations[] = {
    {"explain", tb_explain_run},
    {"list", do_list},
    {"show", do_show},
    {"status", do_status},
};

void tb_control_handle(struct tb_child *child, uint32_t id, struct tb_span json)
{
    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
