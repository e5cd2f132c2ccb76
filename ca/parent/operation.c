/* What the control socket takes: which child answers it. Everything else is refused here. */
#include "ca/parent/parent.h"

static const struct tb_parent_operation operations[] = {
    {.name = "eab-add", .role = TB_ROLE_JUDGE},
    {.name = "eab-list", .role = TB_ROLE_JUDGE},
    {.name = "eab-revoke", .role = TB_ROLE_JUDGE},
    {.name = "explain", .role = TB_ROLE_FRONT},
    {.name = "explain-key", .role = TB_ROLE_JUDGE},
    {.name = "export", .role = TB_ROLE_JUDGE},
    {.name = "judge", .role = TB_ROLE_JUDGE},
    {.name = "list", .role = TB_ROLE_FRONT},
    {.name = "responder", .role = TB_ROLE_RESPONDER},
    {.name = "revoke", .role = TB_ROLE_JUDGE},
    {.name = "show", .role = TB_ROLE_FRONT},
    {.name = "status", .role = TB_ROLE_FRONT, .wrap = true},
    {.name = "validator", .role = TB_ROLE_VALIDATOR},
};

const struct tb_parent_operation *tb_parent_operation(struct tb_span name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(operations); i++)
        if (tb_span_eq_str(name, operations[i].name))
            return &operations[i];
    return NULL;
}
