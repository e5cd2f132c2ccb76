#include "ca/operation.h"

#include "lib/base/log.h"

#define ERROR_MAX 512u

void tb_operation_error(struct tb_jw *jw, const char *why)
{
    tb_jw_obj(jw);
    tb_jw_kv(jw, "error", why);
    tb_jw_end_obj(jw);
}

void tb_operation_time(struct tb_jw *jw, const char *name, tb_time_t t)
{
    char text[TB_RFC3339_LEN + 1];

    tb_rfc3339_format(text, t);
    tb_jw_kv(jw, name, text);
}

void tb_operation_number(struct tb_jw *jw, const char *name, uint64_t v)
{
    tb_jw_key(jw, name);
    tb_jw_int(jw, (int64_t)v);
}

void tb_operation_answer(struct tb_child *child, uint32_t id, struct tb_span json)
{
    int r = tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id, json);

    if (r < 0)
        tb_log(TB_LOG_WARN, "control-not-answered", TB_F("reason", tb_err_text(r)));
}

void tb_operation_answer_error(struct tb_child *child, uint32_t id, const char *why)
{
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_init(&wr, ERROR_MAX);
    jw = tb_jw_of(&wr);
    tb_operation_error(&jw, why);
    if (tb_wr_err(&wr) < 0) {
        tb_wr_reset(&wr);
        tb_wr_str(&wr, "{\"error\":\"failed\"}");
    }
    tb_operation_answer(child, id, tb_wr_span(&wr));
    tb_wr_clear(&wr);
}

static const struct tb_operation *find(const struct tb_operation *table, size_t num, struct tb_span name)
{
    for (size_t i = 0; i < num; i++)
        if (tb_span_eq_str(name, table[i].name))
            return &table[i];
    return NULL;
}

void tb_operation_run(struct tb_child *child, const struct tb_operation *table, size_t num, uint32_t id,
                      struct tb_span json)
{
    const struct tb_operation *op = NULL;
    struct tb_span name;
    json_t *req = NULL;
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_init(&wr, TB_CONTROL_RSP_MAX);
    jw = tb_jw_of(&wr);
    if (tb_json_parse(json, TB_CONTROL_REQ_MAX, &req) == 0 &&
        tb_json_str(req, "cmd", TB_OPERATION_NAME_MAX, &name) == 0)
        op = find(table, num, name);
    if (op == NULL)
        tb_operation_answer_error(child, id, "unknown command");
    else if (op->run(child, id, req, &jw) && tb_wr_err(&wr) < 0)
        tb_operation_answer_error(child, id, "the answer is too long, ask for less");
    else if (tb_wr_span(&wr).len > 0)
        tb_operation_answer(child, id, tb_wr_span(&wr));
    json_decref(req);
    tb_wr_clear(&wr);
}
