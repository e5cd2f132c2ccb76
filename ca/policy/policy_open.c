/* A policy with the CA certificates of the state directory. */
#include <stdio.h>

#include "ca/config/pem_file.h"
#include "ca/policy/policy.h"

static int add_file(struct tb_policy *p, const struct tb_config *cfg, enum tb_issuer issuer, enum tb_state_file file,
                    char *why)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    char detail[TB_PROBLEM_DETAIL_MAX + 1];
    struct tb_cacert ca = {0};
    int r;

    tb_config_file(cfg, file, path);
    if ((r = tb_pem_file_ca(path, &ca, detail)) < 0) {
        snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, detail);
        return r;
    }
    if ((r = tb_policy_add_ca(p, issuer, tb_span_of(ca.der, ca.der_len))) < 0)
        snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: its name constraints are malformed", path);
    tb_cacert_clear(&ca);
    return r;
}

int tb_policy_open(const struct tb_config *cfg, struct tb_policy **out, char why[static TB_CONFIG_WHY_MAX + 1])
{
    struct tb_policy *p = NULL;
    int r;

    *out = NULL;
    if ((r = tb_policy_new(cfg, &p, why)) < 0)
        return r;
    for (enum tb_issuer i = TB_ISSUER_NONE + 1; r == 0 && i < TB_ISSUER__COUNT; i++)
        if (tb_config_has_issuer(cfg, i) && (r = add_file(p, cfg, i, tb_issuer_files(i)->root, why)) == 0)
            r = add_file(p, cfg, i, tb_issuer_files(i)->issuing, why);
    if (r < 0) {
        tb_policy_free(p);
        return r;
    }
    *out = p;
    return 0;
}
