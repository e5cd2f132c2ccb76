#include "lib/profile/purpose.h"

#include <string.h>

#define ID_KP(n) (const uint8_t[]){0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, (n)}, 8

static const struct tb_purpose_info infos[TB_PURPOSE__COUNT] = {
    [TB_PURPOSE_SERVER_AUTH] = {"serverAuth", ID_KP(1)},
    [TB_PURPOSE_CLIENT_AUTH] = {"clientAuth", ID_KP(2)},
    [TB_PURPOSE_CODE_SIGNING] = {"codeSigning", ID_KP(3)},
    [TB_PURPOSE_EMAIL_PROTECTION] = {"emailProtection", ID_KP(4)},
    [TB_PURPOSE_TIME_STAMPING] = {"timeStamping", ID_KP(8)},
};

const struct tb_purpose_info *tb_purpose_info(enum tb_purpose purpose)
{
    return (unsigned)purpose < TB_PURPOSE__COUNT && infos[purpose].label != NULL ? &infos[purpose] : NULL;
}

enum tb_purpose tb_purpose_find(struct tb_span label)
{
    for (int p = 0; p < TB_PURPOSE__COUNT; p++)
        if (infos[p].label != NULL && tb_span_eq_str(label, infos[p].label))
            return (enum tb_purpose)p;
    return TB_PURPOSE_NONE;
}

enum tb_purpose tb_purpose_find_oid(struct tb_span oid)
{
    for (int p = 0; p < TB_PURPOSE__COUNT; p++)
        if (infos[p].label != NULL && tb_span_eq(oid, tb_span_of(infos[p].oid, infos[p].oid_len)))
            return (enum tb_purpose)p;
    return TB_PURPOSE_NONE;
}

bool tb_purposes_known(tb_purposes_t set)
{
    for (int p = 0; p < 32; p++)
        if ((set & TB_PURPOSE_BIT(p)) != 0 && tb_purpose_info((enum tb_purpose)p) == NULL)
            return false;
    return true;
}

void tb_purposes_text(char *out, size_t cap, tb_purposes_t set)
{
    struct tb_wr wr;

    if (cap == 0)
        return;
    tb_wr_fixed(&wr, out, cap - 1);
    for (int p = 0; p < TB_PURPOSE__COUNT; p++)
        if ((set & TB_PURPOSE_BIT(p)) != 0 && infos[p].label != NULL)
            tb_wr_printf(&wr, "%s%s", wr.len > 0 ? ", " : "", infos[p].label);
    out[wr.len] = '\0';
}
