#include "ca/validator/caa_cache.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

#define WAYS 4
#define ROWS (TB_CAA_CACHE_ENTRIES / WAYS)

_Static_assert((ROWS & (ROWS - 1)) == 0, "a row is chosen by a mask");

struct entry {
    uint64_t expires; /* 0: empty */
    enum tb_dnssec dnssec;
    uint16_t len[TB_ANSWER_RECORDS_MAX];
    size_t num;
    uint8_t *data; /* all records, one after another; NULL when there are none */
    char name[TB_IDENT_VALUE_MAX + 1];
};

struct tb_caa_cache {
    uint32_t found_ms, none_ms;
    uint64_t hits;
    uint64_t seed; /* strangers choose the names; they shall not choose the rows */
    struct entry *row[ROWS];
};

int tb_caa_cache_new(uint32_t found_ms, uint32_t none_ms, struct tb_caa_cache **out)
{
    struct tb_caa_cache *c;

    *out = NULL;
    if (found_ms > TB_CAA_CACHE_FOUND_MS || none_ms > TB_CAA_CACHE_NONE_MS)
        return TB_E_INVAL;
    if ((c = calloc(1, sizeof(*c))) == NULL)
        return TB_E_NOMEM;
    c->found_ms = found_ms;
    c->none_ms = none_ms;
    tb_random(&c->seed, sizeof(c->seed));
    *out = c;
    return 0;
}

void tb_caa_cache_free(struct tb_caa_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < WAYS && c->row[i] != NULL; k++)
            free(c->row[i][k].data);
        free(c->row[i]);
    }
    free(c);
}

static struct entry **row_of(struct tb_caa_cache *c, const char *name)
{
    uint64_t h = c->seed;

    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return &c->row[(h ^ h >> 32) & (ROWS - 1)];
}

static struct entry *entry_find(struct entry *row, const char *name)
{
    for (size_t i = 0; row != NULL && i < WAYS; i++)
        if (row[i].expires != 0 && strcmp(row[i].name, name) == 0)
            return &row[i];
    return NULL;
}

/* The name's own, or the one of its row that ends first. */
static struct entry *entry_room(struct tb_caa_cache *c, const char *name)
{
    struct entry **row = row_of(c, name);
    struct entry *e;

    if (*row == NULL && (*row = calloc(WAYS, sizeof(**row))) == NULL)
        return NULL;
    if ((e = entry_find(*row, name)) != NULL)
        return e;
    e = *row;
    for (size_t i = 1; i < WAYS; i++)
        if ((*row)[i].expires < e->expires)
            e = &(*row)[i];
    return e;
}

static void entry_empty(struct entry *e)
{
    free(e->data);
    e->data = NULL;
    e->expires = 0;
}

static int entry_fill(struct entry *e, const struct tb_dns_result *res)
{
    size_t total = 0, at = 0;

    for (size_t i = 0; i < res->num; i++)
        total += res->rdata[i].len;
    if (total > TB_CAA_CACHE_SET_MAX || res->num > TB_ANSWER_RECORDS_MAX)
        return TB_E_LIMIT;
    if (total > 0 && (e->data = malloc(total)) == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < res->num; i++) {
        if (res->rdata[i].len > 0)
            memcpy(e->data + at, res->rdata[i].p, res->rdata[i].len);
        e->len[i] = (uint16_t)res->rdata[i].len;
        at += res->rdata[i].len;
    }
    e->num = res->num;
    e->dnssec = res->dnssec;
    return 0;
}

static uint64_t life_of(const struct tb_caa_cache *c, const struct tb_dns_result *res)
{
    uint64_t ttl_ms = (uint64_t)res->ttl * 1000;

    if (res->num == 0)
        return c->none_ms;
    return ttl_ms < c->found_ms ? ttl_ms : c->found_ms;
}

void tb_caa_cache_put(struct tb_caa_cache *c, const char *name, const struct tb_dns_result *res, uint64_t now)
{
    size_t len = strlen(name);
    struct entry *e;
    uint64_t life;

    if (res->err != 0 || len > TB_IDENT_VALUE_MAX || (e = entry_room(c, name)) == NULL)
        return;
    life = life_of(c, res);
    /* An older answer must not outlive a newer one that is not kept. */
    if (e->expires != 0 && (life > 0 || strcmp(e->name, name) == 0))
        entry_empty(e);
    if (life == 0 || entry_fill(e, res) < 0)
        return;
    memcpy(e->name, name, len + 1);
    e->expires = now + life;
}

bool tb_caa_cache_get(struct tb_caa_cache *c, const char *name, uint64_t now, struct tb_span *rdata,
                      struct tb_dns_result *out)
{
    const struct entry *e = entry_find(*row_of(c, name), name);
    size_t at = 0;

    if (e == NULL || now >= e->expires)
        return false;
    for (size_t i = 0; i < e->num; i++) {
        rdata[i] = tb_span_of(e->len[i] > 0 ? e->data + at : NULL, e->len[i]);
        at += e->len[i];
    }
    *out = (struct tb_dns_result){.dnssec = e->dnssec, .num = e->num, .rdata = rdata};
    c->hits++;
    return true;
}

uint64_t tb_caa_cache_hits(const struct tb_caa_cache *c)
{
    return c->hits;
}
