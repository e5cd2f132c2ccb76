/* tb_caa_evaluate, tb_caa_value_parse, tb_caa_allows, tb_caa_result_write/read: a set means the same in every order,
 * a critical unknown record forbids everything, and without a name of ours nobody is named. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/caa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const ours[] = {"ca1.example.net"};
static const uint8_t critical[] = "\x80\3tbsx";

/* One octet (bit 0: wildcard), then records, each a u16 length and its data. */
static size_t read_set(struct tb_rd *rd, struct tb_span set[static TB_CAA_RECORDS_MAX])
{
    size_t num = 0;

    while (num < TB_CAA_RECORDS_MAX && tb_rd_var16(rd, UINT16_MAX, &set[num]) == 0)
        num++;
    return num;
}

static void check_wire(const struct tb_caa_result *r)
{
    struct tb_caa_result again;
    uint8_t buf[4096];
    struct tb_wr wr;
    struct tb_rd rd;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_caa_result_write(&wr, r);
    rd = tb_rd_of(tb_wr_span(&wr));
    if (tb_wr_err(&wr) != 0 || tb_caa_result_read(&rd, &again) != 0 || tb_rd_end(&rd) != 0)
        abort();
    if (again.unrestricted != r->unrestricted || again.num_grants != r->num_grants)
        abort();
    for (unsigned m = 0; m < TB_METHOD__COUNT; m++)
        for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
            if (tb_caa_allows(r, "u", (enum tb_method)m, (enum tb_purpose)p) !=
                tb_caa_allows(&again, "u", (enum tb_method)m, (enum tb_purpose)p))
                abort();
}

static void check_set(const struct tb_span *set, size_t num, const struct tb_ident *ident)
{
    struct tb_span other[TB_CAA_RECORDS_MAX + 1];
    struct tb_caa_result r, q;
    int err = tb_caa_evaluate(set, num, ident, ours, 1, &r);

    if (err != 0 && (err != TB_E_DENIED || r.unrestricted || r.num_grants > 0))
        abort();
    if (r.unrestricted && r.num_grants > 0)
        abort();
    check_wire(&r);
    for (size_t i = 0; i < num; i++)
        other[i] = set[num - 1 - i];
    if (tb_caa_evaluate(other, num, ident, ours, 1, &q) != err || q.unrestricted != r.unrestricted ||
        q.num_grants != r.num_grants)
        abort();
    if (tb_caa_evaluate(set, num, ident, NULL, 0, &q) != err || q.num_grants != 0 || q.unrestricted != r.unrestricted)
        abort();
    other[num] = tb_span_of(critical, sizeof(critical) - 1);
    if (tb_caa_evaluate(other, num + 1, ident, ours, 1, &q) != TB_E_DENIED || q.unrestricted || q.num_grants != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_ident ident = {.type = TB_IDENT_DNS, .value = "www.example.org"};
    struct tb_span set[TB_CAA_RECORDS_MAX];
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_rd rd;
    uint8_t flags;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    rd = tb_rd_of(tb_span_of(exact, size));
    if (tb_rd_u8(&rd, &flags) == 0) {
        size_t num = read_set(&rd, set);

        ident.wildcard = (flags & 1) != 0;
        check_set(set, num, &ident);
    }
    free(exact);
    return 0;
}
