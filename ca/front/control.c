#include "ca/front/control.h"

#include <string.h>

#include "ca/front/front.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"
#include "lib/pki/cacert.h"

static void put_time(struct tb_jw *jw, const char *name, tb_time_t t)
{
    char text[TB_RFC3339_LEN + 1];

    tb_rfc3339_format(text, t);
    tb_jw_kv(jw, name, text);
}

static void put_number(struct tb_jw *jw, const char *name, uint64_t v)
{
    tb_jw_key(jw, name);
    tb_jw_int(jw, (int64_t)v);
}

static void put_error(struct tb_jw *jw, const char *why)
{
    tb_jw_obj(jw);
    tb_jw_kv(jw, "error", why);
    tb_jw_end_obj(jw);
}

static void do_status(struct tb_front *f, const json_t *req, struct tb_jw *jw)
{
    struct tb_store_stats s = {0};

    (void)req;
    tb_store_stats(f->store, &s);
    tb_jw_obj(jw);
    tb_jw_key(jw, "judge");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_JUDGE] != NULL);
    put_number(jw, "signer", f->judge.signer);
    put_number(jw, "epoch", f->judge.epoch);
    put_number(jw, "last_seq", f->judge.last_seq);
    tb_jw_end_obj(jw);
    tb_jw_key(jw, "validator");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_VALIDATOR] != NULL);
    tb_jw_end_obj(jw);
    put_time(jw, "https_not_after", f->https_not_after);
    put_number(jw, "connections", f->num_conns);
    put_number(jw, "requests_open", f->num_requests);
    put_number(jw, "validations_in_flight", f->validations.num);
    put_number(jw, "finalizes_in_flight", f->num_finalizes);
    /* Since this process started. */
    put_number(jw, "accounts", f->counters.accounts);
    put_number(jw, "orders", f->counters.orders);
    put_number(jw, "issued", f->counters.issued);
    put_number(jw, "store_last_seq", tb_store_last_seq(f->store));
    put_number(jw, "store_bytes", s.bytes);
    tb_jw_end_obj(jw);
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
    put_time(jw, "issued_at", o->issued_at);
    put_time(jw, "not_after", o->not_after);
    put_number(jw, "account", o->account_id);
    put_number(jw, "order", o->no);
    put_number(jw, "seq", o->seq);
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

static void do_list(struct tb_front *f, const json_t *req, struct tb_jw *jw)
{
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
        put_error(jw, "the store cannot be read");
        free(orders);
        return;
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
}

static void do_show(struct tb_front *f, const json_t *req, struct tb_jw *jw)
{
    struct tb_span hex;
    uint8_t serial[TB_SERIAL_LEN];
    struct tb_order o;

    if (tb_json_str(req, "serial", 2 * TB_SERIAL_LEN, &hex) < 0 || tb_hex_decode(serial, sizeof(serial), hex) < 0) {
        put_error(jw, "serial must be 32 hexadecimal digits");
        return;
    }
    if (tb_store_order_find_serial(f->store, serial, &o) < 0) {
        put_error(jw, "there is no certificate with this serial number");
        return;
    }
    put_certificate(f, jw, &o, true);
    tb_order_clear(&o);
}

static const struct {
    const char *name;
    void (*run)(struct tb_front *f, const json_t *req, struct tb_jw *jw);
} commands[] = {
    {"status", do_status},
    {"list", do_list},
    {"show", do_show},
};

static void run_command(struct tb_front *f, const json_t *req, struct tb_jw *jw)
{
    struct tb_span cmd;

    if (tb_json_str(req, "cmd", 32, &cmd) < 0) {
        put_error(jw, "cmd is missing");
        return;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(commands); i++)
        if (tb_span_eq_str(cmd, commands[i].name)) {
            commands[i].run(f, req, jw);
            return;
        }
    put_error(jw, "unknown command");
}

void tb_control_handle(struct tb_child *child, uint32_t id, struct tb_span json)
{
    struct tb_front *f = child->state;
    json_t *req = NULL;
    struct tb_wr wr;
    struct tb_jw jw;
    int r;

    tb_wr_init(&wr, TB_FRONT_BODY_MAX);
    jw = tb_jw_of(&wr);
    if (tb_json_parse(json, TB_CONTROL_REQ_MAX, &req) < 0)
        put_error(&jw, "the request is not JSON");
    else
        run_command(f, req, &jw);
    json_decref(req);
    if (tb_wr_err(&wr) < 0) {
        tb_wr_reset(&wr);
        jw = tb_jw_of(&wr);
        put_error(&jw, "the answer is too long, ask for fewer");
    }
    r = tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id, tb_wr_span(&wr));
    if (r < 0)
        tb_log(TB_LOG_WARN, "control-not-answered", TB_F("why", tb_err_text(r)));
    tb_wr_clear(&wr);
}
