/* tabard ca explain: what the judge would say to the key of a CSR. */
#include <stdlib.h>

#include "ca/judge/judge.h"
#include "ca/judge/subject_key.h"
#include "lib/base/b64u.h"

static int look(const struct tb_judge *j, struct tb_span text, struct tb_problem *pb)
{
    const char *word = NULL;
    struct tb_csr csr = {0};
    uint8_t *der = malloc(TB_CSR_DER_MAX);
    size_t len = 0;
    int r = der != NULL ? 0 : TB_E_NOMEM;

    if (r == 0 && (r = tb_b64u_decode(der, TB_CSR_DER_MAX, &len, text)) == 0 &&
        (r = tb_csr_parse(tb_span_of(der, len), &csr, pb)) == 0 &&
        (r = tb_subject_key_check(&j->state, &csr.spki, &word, pb)) == 0)
        r = tb_subject_key_check_factors(&j->state, &csr.spki, &word, pb);
    tb_csr_clear(&csr);
    free(der);
    return r;
}

/* {"cmd":"explain-key","csr":B64U} */
bool tb_judge_do_explain_key(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    struct tb_problem pb = {0};
    struct tb_span text;
    int r = tb_json_str(req, "csr", TB_B64U_LEN(TB_CSR_DER_MAX), &text);

    if (r == 0)
        r = look(child->state, text, &pb);
    if (r < 0 && pb.type == TB_P_NONE) {
        tb_operation_error(jw, tb_err_text(r));
        return true;
    }
    tb_jw_obj(jw);
    if (r < 0) {
        tb_jw_kv(jw, "refused", pb.detail);
        tb_jw_kv(jw, "type", tb_problem_type_name(pb.type));
    } else {
        tb_jw_kv(jw, "key", "would be certified");
    }
    tb_jw_end_obj(jw);
    tb_problem_clear(&pb);
    return true;
}
