/* Operations of the control socket that the judge answers. */
#include "ca/judge/judge.h"

static const struct tb_operation operations[] = {
    {"eab-add", tb_judge_do_eab_add},       {"eab-list", tb_judge_do_eab_list},
    {"eab-revoke", tb_judge_do_eab_revoke}, {"explain-key", tb_judge_do_explain_key},
    {"export", tb_judge_do_export},         {"judge", tb_judge_do_judge},
    {"revoke", tb_judge_do_revoke},
};

void tb_judge_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
