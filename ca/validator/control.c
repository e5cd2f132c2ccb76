/* Operations of the control socket that the validator answers. */
#include "ca/operation.h"
#include "ca/validator/validator.h"

static const struct tb_operation operations[] = {
    {"validator", tb_validator_do_validator},
};

void tb_validator_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
