#include "lib/dns/caa.h"

#include <string.h>
#include <strings.h>

#include "lib/dns/caa_value.h"

#define NOT_ASKED 2 /* of the octet that says unrestricted */

#define FLAG_CRITICAL 0x80

enum tag { TAG_UNKNOWN, TAG_ISSUE, TAG_ISSUEWILD, TAG_OTHER };

/* Properties that we understand; TAG_OTHER do not concern TLS certificates (RFC 8659, RFC 9495). */
static const struct {
    const char *name;
    enum tag tag;
} tags[] = {
    {"issue", TAG_ISSUE},    {"issuewild", TAG_ISSUEWILD}, {"iodef", TAG_OTHER},        {"issuemail", TAG_OTHER},
    {"issuevmc", TAG_OTHER}, {"contactemail", TAG_OTHER},  {"contactphone", TAG_OTHER},
};

static enum tag tag_find(struct tb_span tag)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(tags); i++)
        if (tag.len == strlen(tags[i].name) && strncasecmp((const char *)tag.p, tags[i].name, tag.len) == 0)
            return tags[i].tag;
    return TAG_UNKNOWN;
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int tb_caa_rdata_parse(struct tb_span rdata, struct tb_caa_rdata *out)
{
    struct tb_rd rd = tb_rd_of(rdata);
    struct tb_caa_rdata c = {0};
    uint8_t tag_len;

    *out = c;
    if (tb_rd_u8(&rd, &c.flags) < 0 || tb_rd_u8(&rd, &tag_len) < 0 || tag_len == 0 ||
        tb_rd_bytes(&rd, tag_len, &c.tag) < 0)
        return TB_E_FORMAT;
    for (size_t i = 0; i < c.tag.len; i++)
        if (!is_alnum(c.tag.p[i]))
            return TB_E_FORMAT;
    if (rd.left > TB_CAA_VALUE_MAX)
        return TB_E_LIMIT;
    c.value = tb_span_of(rd.p, rd.left);
    *out = c;
    return 0;
}

static bool names_us(struct tb_span issuer, const char *const *identities, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (issuer.len > 0 && issuer.len == strlen(identities[i]) &&
            strncasecmp((const char *)issuer.p, identities[i], issuer.len) == 0)
            return true;
    return false;
}

static void add_grant(struct tb_span value, const char *const *identities, size_t num, struct tb_caa_result *out)
{
    struct tb_caa_grant grant;
    struct tb_span issuer;

    if (tb_caa_value_parse(value, &issuer, &grant) < 0 || !names_us(issuer, identities, num))
        return;
    if (out->num_grants < TB_CAA_GRANTS_MAX)
        out->grants[out->num_grants++] = grant;
}

int tb_caa_evaluate(const struct tb_span *rdata, size_t num, const struct tb_ident *ident,
                    const char *const *identities, size_t num_identities, struct tb_caa_result *out)
{
    struct tb_caa_rdata c[TB_CAA_RECORDS_MAX];
    bool has[TAG_OTHER + 1] = {false};
    enum tag wanted;

    *out = (struct tb_caa_result){0};
    if (ident->type != TB_IDENT_DNS)
        return TB_E_INVAL;
    if (num > TB_CAA_RECORDS_MAX)
        return TB_E_DENIED;
    for (size_t i = 0; i < num; i++) {
        enum tag tag;

        if (tb_caa_rdata_parse(rdata[i], &c[i]) < 0)
            return TB_E_DENIED;
        tag = tag_find(c[i].tag);
        if (tag == TAG_UNKNOWN && (c[i].flags & FLAG_CRITICAL) != 0)
            return TB_E_DENIED;
        has[tag] = true;
    }
    /* RFC 8659 section 4.3: issuewild, where there is one, stands instead of issue for a wildcard, and never else. */
    wanted = ident->wildcard && has[TAG_ISSUEWILD] ? TAG_ISSUEWILD : TAG_ISSUE;
    if (!has[wanted]) {
        out->unrestricted = true;
        return 0;
    }
    for (size_t i = 0; i < num; i++)
        if (tag_find(c[i].tag) == wanted)
            add_grant(c[i].value, identities, num_identities, out);
    return 0;
}

static bool grant_allows(const struct tb_caa_grant *g, const char *account_url, enum tb_method method,
                         enum tb_purpose purpose)
{
    if (g->has_account && strcmp(g->account_url, account_url) != 0)
        return false;
    if (g->has_methods && (g->methods & TB_METHOD_BIT(method)) == 0)
        return false;
    return !g->has_purposes || (g->purposes & TB_PURPOSE_BIT(purpose)) != 0;
}

bool tb_caa_allows(const struct tb_caa_result *r, const char *account_url, enum tb_method method,
                   enum tb_purpose purpose)
{
    if (tb_method_info(method) == NULL || tb_purpose_info(purpose) == NULL)
        return false;
    if (r->unrestricted)
        return true;
    for (size_t i = 0; i < r->num_grants; i++)
        if (grant_allows(&r->grants[i], account_url, method, purpose))
            return true;
    return false;
}

void tb_caa_result_write(struct tb_wr *wr, const struct tb_caa_result *r)
{
    /* What the reader refuses is never written. */
    if ((r->num_grants > TB_CAA_GRANTS_MAX || (r->unrestricted && r->num_grants > 0)) && wr->err == 0)
        wr->err = TB_E_INVAL;
    if (wr->err != 0)
        return;
    tb_wr_u8(wr, r->unrestricted && r->not_asked ? NOT_ASKED : r->unrestricted);
    tb_wr_u8(wr, r->num_grants);
    for (size_t i = 0; i < r->num_grants; i++) {
        const struct tb_caa_grant *g = &r->grants[i];

        tb_wr_u8(wr, (uint8_t)(g->has_account | g->has_methods << 1 | g->has_purposes << 2));
        if (g->has_account)
            tb_wr_str16(wr, g->account_url);
        if (g->has_methods)
            tb_wr_u32(wr, g->methods);
        if (g->has_purposes)
            tb_wr_u32(wr, g->purposes);
    }
}

/* A grant lists what this tree knows; bits that it does not know come from nobody that it believes. */
static bool methods_known(tb_methods_t set)
{
    for (int m = 0; m < 32; m++)
        if ((set & TB_METHOD_BIT(m)) != 0 && tb_method_info((enum tb_method)m) == NULL)
            return false;
    return true;
}

static int grant_read(struct tb_rd *rd, struct tb_caa_grant *g)
{
    uint8_t has;
    int r;

    if ((r = tb_rd_u8(rd, &has)) < 0)
        return r;
    if (has > 7)
        return TB_E_FORMAT;
    g->has_account = (has & 1) != 0;
    g->has_methods = (has & 2) != 0;
    g->has_purposes = (has & 4) != 0;
    if ((g->has_account && (r = tb_rd_str16(rd, g->account_url, sizeof(g->account_url))) < 0) ||
        (g->has_methods && (r = tb_rd_u32(rd, &g->methods)) < 0) ||
        (g->has_purposes && (r = tb_rd_u32(rd, &g->purposes)) < 0))
        return r;
    if ((g->has_account && g->account_url[0] == '\0') || !methods_known(g->methods) || !tb_purposes_known(g->purposes))
        return TB_E_FORMAT;
    return 0;
}

int tb_caa_result_read(struct tb_rd *rd, struct tb_caa_result *out)
{
    struct tb_rd try = *rd;
    struct tb_caa_result res = {0};
    uint8_t unrestricted;
    uint8_t num;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_u8(&try, &unrestricted)) < 0 || (r = tb_rd_u8(&try, &num)) < 0)
        return r;
    if (num > TB_CAA_GRANTS_MAX)
        return TB_E_LIMIT;
    if (unrestricted > NOT_ASKED || (unrestricted != 0 && num > 0))
        return TB_E_FORMAT;
    res.unrestricted = unrestricted != 0;
    res.not_asked = unrestricted == NOT_ASKED;
    for (; res.num_grants < num; res.num_grants++)
        if ((r = grant_read(&try, &res.grants[res.num_grants])) < 0)
            return r;
    *out = res;
    *rd = try;
    return 0;
}
