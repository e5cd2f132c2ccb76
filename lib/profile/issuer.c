#include "lib/profile/profile.h"

static const struct {
    const char *name;
    tb_purposes_t purposes;
} issuers[TB_ISSUER__COUNT] = {
    [TB_ISSUER_SERVER] = {"server", TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)},
    [TB_ISSUER_CLIENT] = {"client", TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)},
    [TB_ISSUER_PEER] = {"peer", TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)},
};

const char *tb_issuer_name(enum tb_issuer issuer)
{
    return (unsigned)issuer < TB_ISSUER__COUNT ? issuers[issuer].name : NULL;
}

enum tb_issuer tb_issuer_find(struct tb_span name)
{
    for (int i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        if (tb_span_eq_str(name, issuers[i].name))
            return (enum tb_issuer)i;
    return TB_ISSUER_NONE;
}

tb_purposes_t tb_issuer_purposes(enum tb_issuer issuer)
{
    return (unsigned)issuer < TB_ISSUER__COUNT ? issuers[issuer].purposes : 0;
}
