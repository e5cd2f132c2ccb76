#include "ca/store/memo.h"

#include <string.h>

static size_t slot_of_key(const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    return ((size_t)thumbprint[0] << 8 | thumbprint[1]) % TB_MEMO_SLOTS;
}

static size_t slot_of_id(uint64_t account_id)
{
    return account_id % TB_MEMO_SLOTS;
}

uint64_t tb_memo_account(const struct tb_memo *m, const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    size_t i = slot_of_key(thumbprint);

    return memcmp(m->first[i].thumbprint, thumbprint, TB_DIGEST_LEN) == 0 ? m->first[i].account_id : 0;
}

void tb_memo_account_set(struct tb_memo *m, const uint8_t thumbprint[static TB_DIGEST_LEN], uint64_t account_id)
{
    size_t i = slot_of_key(thumbprint);

    memcpy(m->first[i].thumbprint, thumbprint, TB_DIGEST_LEN);
    m->first[i].account_id = account_id;
}

bool tb_memo_open(const struct tb_memo *m, uint64_t account_id, uint32_t *out)
{
    size_t i = slot_of_id(account_id);

    *out = m->open[i].num;
    return account_id != 0 && m->open[i].account_id == account_id;
}

void tb_memo_open_set(struct tb_memo *m, uint64_t account_id, uint32_t num)
{
    size_t i = slot_of_id(account_id);

    m->open[i].account_id = account_id;
    m->open[i].num = num;
}

void tb_memo_open_forget(struct tb_memo *m, uint64_t account_id)
{
    size_t i = slot_of_id(account_id);

    if (m->open[i].account_id == account_id)
        m->open[i].account_id = 0;
}

void tb_memo_open_write(struct tb_memo *m, const struct tb_row *old, const struct tb_row *row)
{
    bool was_open = old != NULL && old->state == TB_ORDER_PENDING;
    bool is_open = row->state == TB_ORDER_PENDING;
    uint32_t num;

    if (!tb_memo_open(m, row->num, &num))
        return;
    if (row->rev > 0 && old == NULL)
        tb_memo_open_forget(m, row->num);
    else if (is_open != was_open)
        tb_memo_open_set(m, row->num, is_open ? num + 1 : num - (num > 0));
}
