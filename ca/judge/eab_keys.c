#include "ca/judge/eab_keys.h"

#include <stdlib.h>
#include <string.h>

#define DOMAIN "tabard eab key" /* with its NUL before the id */

void tb_eab_rec_write(struct tb_wr *wr, const struct tb_eab_rec *r)
{
    tb_wr_u8(wr, (uint8_t)r->event);
    tb_wr_str16(wr, r->kid);
    if (r->event != TB_EAB_ADDED)
        return;
    tb_wr_str16(wr, r->label);
    tb_wr_u32(wr, r->accounts_max);
    tb_wr_u64(wr, (uint64_t)r->expires_at);
    tb_account_limits_write(wr, &r->limits);
}

static int read_added(struct tb_rd *rd, struct tb_eab_rec *rec)
{
    uint64_t expires = 0;
    int r;

    if ((r = tb_rd_str16(rd, rec->label, sizeof(rec->label))) < 0 || (r = tb_rd_u32(rd, &rec->accounts_max)) < 0 ||
        (r = tb_rd_u64(rd, &expires)) < 0 || (r = tb_account_limits_read(rd, &rec->limits)) < 0)
        return r;
    rec->expires_at = (tb_time_t)expires;
    return rec->accounts_max == 0 || rec->accounts_max > TB_EAB_ACCOUNTS_MAX || expires > INT64_MAX ? TB_E_FORMAT : 0;
}

int tb_eab_rec_read(struct tb_span body, struct tb_eab_rec *out)
{
    struct tb_rd rd = tb_rd_of(body);
    uint8_t event = 0;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_u8(&rd, &event)) == 0 && (r = tb_rd_str16(&rd, out->kid, sizeof(out->kid))) == 0) {
        out->event = (enum tb_eab_event)event;
        if (event == TB_EAB_EVENT_NONE || event >= TB_EAB_EVENT__COUNT || out->kid[0] == '\0')
            r = TB_E_FORMAT;
        else if (event == TB_EAB_ADDED)
            r = read_added(&rd, out);
    }
    if (r == 0)
        r = tb_rd_end(&rd);
    if (r < 0)
        memset(out, 0, sizeof(*out));
    return r;
}

void tb_eab_keys_clear(struct tb_eab_keys *k)
{
    for (size_t i = 0; i < k->num; i++)
        free(k->key[i]);
    free(k->key);
    memset(k, 0, sizeof(*k));
}

int tb_eab_keys_find(const struct tb_eab_keys *k, const char *kid, size_t *out)
{
    for (*out = 0; *out < k->num; (*out)++)
        if (strcmp(k->key[*out]->rec.kid, kid) == 0)
            return 0;
    return TB_E_NOTFOUND;
}

static int add(struct tb_eab_keys *k, const struct tb_eab_rec *rec)
{
    size_t cap = k->cap == 0 ? 16 : 2 * k->cap;
    struct tb_eab_key **p;

    if (k->num == TB_EAB_KEYS_MAX)
        return TB_E_LIMIT;
    if (k->num == k->cap) {
        if ((p = reallocarray(k->key, cap, sizeof(struct tb_eab_key *))) == NULL)
            return TB_E_NOMEM;
        k->key = p;
        k->cap = cap;
    }
    if ((k->key[k->num] = calloc(1, sizeof(**k->key))) == NULL)
        return TB_E_NOMEM;
    k->key[k->num++]->rec = *rec;
    return 0;
}

int tb_eab_keys_apply(struct tb_eab_keys *k, const struct tb_eab_rec *rec)
{
    size_t i;
    int r = tb_eab_keys_find(k, rec->kid, &i);

    if (rec->event == TB_EAB_ADDED)
        return r == 0 ? TB_E_EXISTS : add(k, rec);
    if (r < 0)
        return r;
    if (k->key[i]->revoked)
        return TB_E_STATE;
    k->key[i]->revoked = true;
    return 0;
}

const char *tb_eab_key_word(const struct tb_eab_key *k, tb_time_t now)
{
    if (k->revoked)
        return "eab-key-revoked";
    if (now >= k->rec.expires_at)
        return "eab-key-expired";
    return k->accounts >= k->rec.accounts_max ? "eab-key-used-up" : NULL;
}

void tb_eab_mac_key(const struct tb_key *account_key, const char *kid, struct tb_key *out)
{
    uint8_t buf[sizeof(DOMAIN) + TB_EAB_KID_MAX];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_bytes(&wr, DOMAIN, sizeof(DOMAIN));
    tb_wr_bytes(&wr, kid, strnlen(kid, TB_EAB_KID_MAX));
    tb_hmac_sha256(out->b, account_key, tb_wr_span(&wr));
}
