#include "lib/acme/problem_json.h"

#include "lib/jose/jwk.h"

#define INTERNAL_DETAIL "The server could not process the request."

static void put_type(struct tb_jw *jw, enum tb_problem_type type)
{
    char urn[sizeof(TB_PROBLEM_URN) + 64];
    struct tb_wr wr;

    tb_wr_fixed(&wr, urn, sizeof(urn));
    tb_wr_str(&wr, TB_PROBLEM_URN);
    tb_wr_str(&wr, tb_problem_type_name(type));
    tb_jw_key(jw, "type");
    tb_jw_span(jw, tb_wr_span(&wr));
}

static void put_identifier(struct tb_jw *jw, const struct tb_ident *id)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    tb_ident_text(text, id);
    tb_jw_key(jw, "identifier");
    tb_jw_obj(jw);
    tb_jw_kv(jw, "type", tb_ident_type_name(id->type));
    tb_jw_kv(jw, "value", text);
    tb_jw_end_obj(jw);
}

static void put_subproblems(struct tb_jw *jw, const struct tb_problem *pb)
{
    tb_jw_key(jw, "subproblems");
    tb_jw_arr(jw);
    for (size_t i = 0; i < pb->num_sub; i++) {
        const struct tb_subproblem *s = &pb->sub[i];

        tb_jw_obj(jw);
        put_type(jw, s->type);
        tb_jw_kv(jw, "detail", s->detail);
        if (s->ident.type != TB_IDENT_NONE)
            put_identifier(jw, &s->ident);
        tb_jw_end_obj(jw);
    }
    tb_jw_end_arr(jw);
}

/* RFC 8555 section 6.2. */
static void put_algorithms(struct tb_jw *jw)
{
    tb_jw_key(jw, "algorithms");
    tb_jw_arr(jw);
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++)
        tb_jw_str(jw, tb_jws_alg_name((enum tb_jws_alg)a));
    tb_jw_end_arr(jw);
}

void tb_problem_json(struct tb_jw *jw, const struct tb_problem *pb)
{
    tb_problem_json_instance(jw, pb, NULL);
}

void tb_problem_json_instance(struct tb_jw *jw, const struct tb_problem *pb, const char *instance)
{
    int status = tb_problem_http_status(pb);
    bool ours = status >= 500;

    tb_jw_obj(jw);
    put_type(jw, pb->type == TB_P_NONE ? TB_P_SERVER_INTERNAL : pb->type);
    tb_jw_kv(jw, "detail", ours ? INTERNAL_DETAIL : pb->detail);
    tb_jw_key(jw, "status");
    tb_jw_int(jw, status);
    if (instance != NULL)
        tb_jw_kv(jw, "instance", instance);
    if (pb->type == TB_P_BAD_SIGNATURE_ALGORITHM)
        put_algorithms(jw);
    if (pb->num_sub > 0 && !ours)
        put_subproblems(jw, pb);
    tb_jw_end_obj(jw);
}
