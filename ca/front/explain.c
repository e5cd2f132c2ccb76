#include "ca/front/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/account_op.h"
#include "ca/front/authz_make.h"
#include "ca/front/explain_parts.h"
#include "ca/front/identifiers.h"
#include "lib/acme/url.h"
#include "lib/ipc/msg_validate.h"

/* One CAA look-up under way. */
struct caa_call {
    struct tb_explain *e;
    size_t i;
};

/* --- the question ---------------------------------------------------------------------------------------------- */

static void explain_free(struct tb_explain *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->num; i++) {
        tb_problem_clear(&e->name[i].problem);
        tb_problem_clear(&e->name[i].caa_problem);
    }
    tb_problem_clear(&e->csr_problem);
    tb_problem_clear(&e->account_problem);
    free(e->name);
    free(e);
}

static const char *read_account(struct tb_explain *e, const json_t *req)
{
    uint8_t first[TB_DIGEST_LEN];
    struct tb_span url;

    if (json_object_get(req, "account") == NULL)
        return NULL;
    if (tb_json_str(req, "account", TB_ACCOUNT_URL_MAX, &url) < 0)
        return "account must be the URL of an account";
    memcpy(e->account_url, url.p, url.len);
    if (tb_account_url_parse(e->account_url, e->front->cfg->base_url, first) < 0 ||
        tb_store_account_find_first(e->front->store, first, &e->account) < 0)
        return "there is no such account";
    return NULL;
}

/* As newOrder reads it, with the type that the text has. */
static void read_name(struct tb_explain *e, struct tb_explained *x, const char *text)
{
    struct tb_front *f = e->front;
    struct tb_ident ip;
    bool is_ip = tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &ip, NULL) == 0;
    json_t *entry = json_pack("{s:s,s:s}", "type", is_ip ? "ip" : "dns", "value", text);

    snprintf(x->shown, sizeof(x->shown), "%s", text);
    if (entry == NULL || tb_identifier_parse(entry, f->policy, e->profile, f->cfg->methods, &x->ident, &x->problem) < 0)
        x->refused = true;
    json_decref(entry);
}

/* What the account's external binding leaves out. */
static void check_binding(const struct tb_explain *e, struct tb_explained *x)
{
    struct tb_problem pb = {0};

    if (x->refused || e->account_url[0] == '\0' || e->account_problem.type != TB_P_NONE)
        return;
    x->refused = tb_account_allowed(e->front->cfg, &e->account, e->profile, &x->ident, 1, &pb) < 0;
    if (x->refused)
        (void)tb_problem_set(&x->problem, 0, pb.type, "%s", pb.num_sub > 0 ? pb.sub[0].detail : pb.detail);
    tb_problem_clear(&pb);
}

static const char *read_names(struct tb_explain *e, const json_t *req)
{
    const json_t *names = json_object_get(req, "names");
    size_t num = json_array_size(names);

    if (num == 0 || num > e->profile->names_max || num > TB_IDENT_NUM_MAX)
        return "names must be a list of at least one name, and of at most as many as the profile takes";
    e->name = calloc(num, sizeof(*e->name));
    if (e->name == NULL)
        return "out of memory";
    e->num = num;
    for (size_t i = 0; i < num; i++) {
        const char *text = json_string_value(json_array_get(names, i));

        if (text == NULL)
            return "a name must be a string";
        read_name(e, &e->name[i], text);
        check_binding(e, &e->name[i]);
    }
    return NULL;
}

static const char *read_profile(struct tb_explain *e, const json_t *req)
{
    const json_t *member = json_object_get(req, "profile");
    const char *name = member != NULL ? json_string_value(member) : e->front->cfg->default_profile;

    if (name != NULL)
        e->profile = tb_front_profile(e->front, tb_span_str(name));
    return e->profile == NULL ? "this profile is not offered" : NULL;
}

/* NULL when all could be read. */
static const char *read_request(struct tb_explain *e, const json_t *req)
{
    const char *why;

    if ((why = read_profile(e, req)) != NULL || (why = read_account(e, req)) != NULL)
        return why;
    if (e->account_url[0] != '\0' &&
        tb_account_allowed(e->front->cfg, &e->account, e->profile, NULL, 0, &e->account_problem) < 0)
        (void)tb_problem_set(&e->account_problem, 0, TB_P_SERVER_INTERNAL, "the account cannot be read");
    if ((why = read_names(e, req)) != NULL)
        return why;
    tb_explain_csr(e, json_object_get(req, "csr"));
    return NULL;
}

/* --- CAA ------------------------------------------------------------------------------------------------------- */

static void finish(struct tb_explain *e)
{
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_init(&wr, TB_CONTROL_RSP_MAX);
    jw = tb_jw_of(&wr);
    tb_explain_put(e, &jw);
    if (tb_wr_err(&wr) == 0)
        tb_operation_answer(e->front->child, e->id, tb_wr_span(&wr));
    else
        tb_operation_answer_error(e->front->child, e->id, "the answer is too long, ask for fewer names");
    tb_wr_clear(&wr);
    explain_free(e);
}

static int on_caa(struct tb_front *f TB_UNUSED, int err, struct tb_span body, void *arg)
{
    struct caa_call *call = arg;
    struct tb_explain *e = call->e;
    struct tb_explained *x = &e->name[call->i];
    struct tb_msg_statements m = {0};
    struct tb_statement s;
    bool gone = err == TB_E_CLOSED;
    int bad = 0;

    free(call);
    if (err == 0)
        err = bad = tb_msg_statements_read(body, &m);
    if (err == 0 && m.problem.type != TB_P_NONE)
        (void)tb_problem_set(&x->caa_problem, 0, m.problem.type, "%s", m.problem.detail);
    else if (err == 0 && (m.num != 1 || tb_statement_peek(m.blob[0], &s) < 0))
        err = TB_E_FORMAT;
    else if (err == 0)
        x->caa = s.caa;
    if (err < 0)
        (void)tb_problem_set(&x->caa_problem, 0, TB_P_SERVER_INTERNAL, "the validator does not answer: %s",
                             tb_err_text(err));
    x->has_caa = err == 0 && x->caa_problem.type == TB_P_NONE;
    tb_msg_statements_clear(&m);
    if (--e->open > 0)
        return bad;
    if (gone)
        explain_free(e);
    else
        finish(e);
    return bad;
}

static void ask_caa(struct tb_explain *e, size_t i)
{
    struct tb_front *f = e->front;
    const struct tb_msg_caa_req m = {.ident = e->name[i].ident};
    struct tb_edge_call call = {.peer = TB_ROLE_VALIDATOR,
                                .req = TB_MSG_CAA_REQ,
                                .rsp = TB_MSG_CAA_RSP,
                                .timeout_s = TB_EXPLAIN_CAA_S,
                                .done = on_caa};
    struct caa_call *c = malloc(sizeof(*c));
    int r = TB_E_NOMEM;

    if (c != NULL) {
        *c = (struct caa_call){.e = e, .i = i};
        tb_wr_reset(&f->ipc);
        tb_msg_caa_req_write(&f->ipc, &m);
        call.body = tb_wr_span(&f->ipc);
        call.arg = c;
        if ((r = tb_wr_err(&f->ipc)) == 0)
            r = tb_edge_call(f->edge, &call);
    }
    if (r == 0) {
        e->open++;
        return;
    }
    free(c);
    (void)tb_problem_set(&e->name[i].caa_problem, 0, TB_P_SERVER_INTERNAL, "CAA was not asked: %s", tb_err_text(r));
}

bool tb_explain_run(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw)
{
    struct tb_explain *e = calloc(1, sizeof(*e));
    const char *why = "out of memory";

    if (e != NULL) {
        e->front = child->state;
        e->id = id;
        why = read_request(e, req);
    }
    if (why != NULL) {
        tb_operation_error(jw, why);
        explain_free(e);
        return true;
    }
    tb_explain_look(e);
    e->open++; /* of our own, so that no early answer finds the count at zero */
    for (size_t i = 0; i < e->num; i++)
        if (!e->name[i].refused && e->name[i].ident.type == TB_IDENT_DNS)
            ask_caa(e, i);
    if (--e->open > 0)
        return false;
    tb_explain_put(e, jw);
    explain_free(e);
    return true;
}
