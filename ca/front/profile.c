#include "ca/front/profile.h"

const struct tb_profile *tb_front_profile(const struct tb_front *f, struct tb_span name)
{
    for (size_t i = 0; i < f->cfg->num_profiles; i++)
        if (f->cfg->profiles[i].offered && tb_span_eq_str(name, f->cfg->profiles[i].name))
            return &f->cfg->profiles[i];
    return NULL;
}

const struct tb_profile *tb_profile_wanted(struct tb_request *rq, const json_t *obj)
{
    const json_t *member = json_object_get(obj, "profile");
    struct tb_span name = tb_span_str(rq->front->cfg->default_profile);
    const struct tb_profile *p = NULL;

    if (rq->params.num > 0)
        name = rq->params.param[0];
    if (member != NULL && !json_is_string(member)) {
        (void)tb_problem_set(&rq->problem, 0, TB_P_MALFORMED, "profile must be a string");
        return NULL;
    }
    if (member != NULL)
        name = tb_span_of(json_string_value(member), json_string_length(member));
    p = tb_front_profile(rq->front, name);
    if (p == NULL)
        (void)tb_problem_set(&rq->problem, 0, TB_P_INVALID_PROFILE, "this profile is not offered, see the directory");
    return p;
}
