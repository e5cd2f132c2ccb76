#include "lib/profile/method.h"

static const struct tb_method_info infos[TB_METHOD__COUNT] = {
    [TB_METHOD_HTTP_01] =
        {.name = "http-01", .caa_label = "http-01", .kind = TB_PROOF_CONTROL, .for_dns = true, .for_ip = true},
    [TB_METHOD_DNS_01] = {.name = "dns-01",
                          .caa_label = "dns-01",
                          .kind = TB_PROOF_CONTROL,
                          .for_dns = true,
                          .for_wildcard = true,
                          .for_subtree = true},
    [TB_METHOD_TLS_ALPN_01] =
        {.name = "tls-alpn-01", .caa_label = "tls-alpn-01", .kind = TB_PROOF_CONTROL, .for_dns = true, .for_ip = true},
    [TB_METHOD_DNS_ACCOUNT_01] = {.name = "dns-account-01",
                                  .caa_label = "dns-account-01",
                                  .kind = TB_PROOF_CONTROL,
                                  .for_dns = true,
                                  .for_wildcard = true,
                                  .for_subtree = true},
    [TB_METHOD_DNS_PERSIST_01] = {.name = "dns-persist-01",
                                  .caa_label = "dns-persist-01",
                                  .kind = TB_PROOF_CONTROL,
                                  .for_dns = true,
                                  .for_wildcard = true,
                                  .for_subtree = true},
    [TB_METHOD_TLS_CLIENT_01] = {.name = "tls-client-01",
                                 .caa_label = "ca-tls-client-01",
                                 .kind = TB_PROOF_USE,
                                 .for_dns = true,
                                 .for_ip = true},
    [TB_METHOD_EMAIL_REPLY_00] = {.name = "email-reply-00", .caa_label = "email-reply-00", .kind = TB_PROOF_CONTROL},
};

const struct tb_method_info *tb_method_info(enum tb_method method)
{
    return (unsigned)method < TB_METHOD__COUNT && infos[method].name != NULL ? &infos[method] : NULL;
}

enum tb_method tb_method_find(struct tb_span name)
{
    for (int m = 0; m < TB_METHOD__COUNT; m++)
        if (infos[m].name != NULL && tb_span_eq_str(name, infos[m].name))
            return (enum tb_method)m;
    return TB_METHOD_NONE;
}

bool tb_methods_of_kind(tb_methods_t set, enum tb_proof_kind kind)
{
    for (int m = 0; m < 32; m++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)m);

        if ((set & TB_METHOD_BIT(m)) != 0 && (info == NULL || info->kind != kind))
            return false;
    }
    return true;
}

tb_methods_t tb_methods_for_subtree(tb_methods_t set)
{
    tb_methods_t out = 0;

    for (int m = TB_METHOD_NONE + 1; m < TB_METHOD__COUNT; m++)
        if ((set & TB_METHOD_BIT(m)) != 0 && infos[m].for_subtree)
            out |= TB_METHOD_BIT(m);
    return out;
}

bool tb_method_serves(enum tb_method method, const struct tb_ident *ident)
{
    const struct tb_method_info *info = tb_method_info(method);

    if (info == NULL)
        return false;
    if (ident->type == TB_IDENT_DNS)
        return info->for_dns && (!ident->wildcard || info->for_wildcard);
    return ident->type == TB_IDENT_IP && !ident->wildcard && info->for_ip;
}
