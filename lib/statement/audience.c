#include "lib/statement/audience.h"

#include <string.h>

void tb_audience_write(struct tb_wr *wr, const struct tb_audience *a)
{
    tb_wr_bytes(wr, a->ca_id, TB_CA_ID_LEN);
    tb_wr_str16(wr, a->directory);
    tb_wr_bytes(wr, a->policy_digest, TB_DIGEST_LEN);
}

int tb_audience_read(struct tb_rd *rd, struct tb_audience *out)
{
    struct tb_rd try = *rd;
    int r;

    *out = (struct tb_audience){0};
    if ((r = tb_rd_copy(&try, out->ca_id, TB_CA_ID_LEN)) < 0 ||
        (r = tb_rd_str16(&try, out->directory, sizeof(out->directory))) < 0 ||
        (r = tb_rd_copy(&try, out->policy_digest, TB_DIGEST_LEN)) < 0) {
        *out = (struct tb_audience){0};
        return r;
    }
    *rd = try;
    return 0;
}

bool tb_audience_eq(const struct tb_audience *a, const struct tb_audience *b)
{
    return memcmp(a->ca_id, b->ca_id, TB_CA_ID_LEN) == 0 && strcmp(a->directory, b->directory) == 0 &&
           memcmp(a->policy_digest, b->policy_digest, TB_DIGEST_LEN) == 0;
}
