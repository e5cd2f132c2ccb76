/* TSIG (RFC 8945): one key, one request, one answer. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "client/dns_name.h"

#define FUDGE_S      300
#define ARCOUNT_AT   10
#define VARIABLE_MAX 1024

static const struct {
    const char *name;
    const char *digest;
} algorithms[] = {{"hmac-sha256", "SHA256"}, {"hmac-sha384", "SHA384"}, {"hmac-sha512", "SHA512"}};

static const char *algorithm_find(struct tb_span name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(algorithms); i++)
        if (tb_span_eq_str(name, algorithms[i].name))
            return algorithms[i].name;
    return NULL;
}

static void put_time(struct tb_wr *wr, int64_t t)
{
    tb_wr_u16(wr, (uint16_t)((uint64_t)t >> 32));
    tb_wr_u32(wr, (uint32_t)t);
}

/* Section 4.3.3; what a request has beyond these is empty. */
static void put_variables(struct tb_wr *wr, const struct tb_tsig_key *key, int64_t t, uint16_t fudge, uint16_t error,
                          struct tb_span other)
{
    (void)!tb_dns_name_write(wr, key->name);
    tb_wr_u16(wr, TB_DNS_CLASS_ANY);
    tb_wr_u32(wr, 0);
    (void)!tb_dns_name_write(wr, key->algorithm);
    put_time(wr, t);
    tb_wr_u16(wr, fudge);
    tb_wr_u16(wr, error);
    tb_wr_var16(wr, other);
}

static int mac_over(const struct tb_tsig_key *key, struct tb_span text, struct tb_tsig_mac *out)
{
    unsigned len = sizeof(out->b);
    const EVP_MD *md = NULL;

    for (size_t i = 0; i < TB_ARRAY_LEN(algorithms); i++)
        if (strcmp(algorithms[i].name, key->algorithm) == 0)
            md = EVP_get_digestbyname(algorithms[i].digest);
    if (md == NULL || HMAC(md, key->secret, (int)key->secret_len, text.p, text.len, out->b, &len) == NULL)
        return TB_E_CRYPTO;
    out->len = len;
    return 0;
}

int tb_tsig_sign(struct tb_wr *wr, const struct tb_tsig_key *key, int64_t now, struct tb_tsig_mac *mac)
{
    struct tb_span message = tb_wr_span(wr);
    struct tb_wr text;
    struct tb_wr rdata;
    int r;

    if (message.len < ARCOUNT_AT + 2)
        return TB_E_INVAL;
    tb_wr_init(&text, TB_DNS_MESSAGE_MAX + VARIABLE_MAX);
    tb_wr_init(&rdata, VARIABLE_MAX);
    tb_wr_bytes(&text, message.p, message.len);
    put_variables(&text, key, now, FUDGE_S, 0, tb_span_of(NULL, 0));
    if ((r = tb_wr_err(&text)) == 0 && (r = mac_over(key, tb_wr_span(&text), mac)) == 0) {
        (void)!tb_dns_name_write(&rdata, key->algorithm);
        put_time(&rdata, now);
        tb_wr_u16(&rdata, FUDGE_S);
        tb_wr_var16(&rdata, tb_span_of(mac->b, mac->len));
        tb_wr_bytes(&rdata, message.p, 2); /* original id */
        tb_wr_u16(&rdata, 0);
        tb_wr_u16(&rdata, 0);
        (void)!tb_dns_name_write(wr, key->name);
        tb_wr_u16(wr, TB_DNS_TYPE_TSIG);
        tb_wr_u16(wr, TB_DNS_CLASS_ANY);
        tb_wr_u32(wr, 0);
        tb_wr_var16(wr, tb_wr_span(&rdata));
        if ((r = tb_wr_err(&rdata)) == 0 && (r = tb_wr_err(wr)) == 0)
            wr->buf[ARCOUNT_AT + 1]++;
    }
    tb_wr_clear(&text);
    tb_wr_clear(&rdata);
    return r;
}

struct tsig {
    struct tb_dns_record rr;
    char algorithm[TB_DNS_NAME_MAX + 1];
    int64_t time;
    uint16_t fudge, original_id, error, additional;
    struct tb_span mac, other;
};

static int rdata_read(struct tb_span message, struct tsig *t)
{
    struct tb_rd rd = t->rr.rdata;
    uint16_t high;
    uint32_t low;
    int r;

    if ((r = tb_dns_name_read(message, &rd, t->algorithm)) < 0 || (r = tb_rd_u16(&rd, &high)) < 0 ||
        (r = tb_rd_u32(&rd, &low)) < 0 || (r = tb_rd_u16(&rd, &t->fudge)) < 0 ||
        (r = tb_rd_var16(&rd, TB_TSIG_MAC_MAX, &t->mac)) < 0 || (r = tb_rd_u16(&rd, &t->original_id)) < 0 ||
        (r = tb_rd_u16(&rd, &t->error)) < 0 || (r = tb_rd_var16(&rd, VARIABLE_MAX / 2, &t->other)) < 0)
        return r;
    t->time = (int64_t)high << 32 | low;
    return tb_rd_end(&rd);
}

/* The last record of the additional section (section 5.1). */
static int find(struct tb_span message, struct tsig *t)
{
    struct tb_dns_header head;
    char name[TB_DNS_NAME_MAX + 1];
    struct tb_rd rd;
    uint32_t skip;
    int r;

    if ((r = tb_dns_header_read(message, &rd, &head)) < 0)
        return r;
    t->additional = head.counts[3];
    for (unsigned i = 0; i < head.counts[0]; i++)
        if (i > 1 || tb_dns_name_read(message, &rd, name) < 0 || tb_rd_u32(&rd, &skip) < 0)
            return TB_E_FORMAT;
    for (unsigned i = 0; i < (unsigned)head.counts[1] + head.counts[2] + head.counts[3]; i++)
        if (i > TB_DNS_RECORDS_MAX || tb_dns_record_read(message, &rd, &t->rr) < 0)
            return TB_E_FORMAT;
    if (head.counts[3] == 0 || t->rr.type != TB_DNS_TYPE_TSIG || t->rr.class != TB_DNS_CLASS_ANY || rd.left != 0)
        return TB_E_FORMAT;
    return rdata_read(message, t);
}

int tb_tsig_verify(struct tb_span message, const struct tb_tsig_key *key, int64_t now,
                   const struct tb_tsig_mac *request)
{
    struct tsig t = {0};
    struct tb_tsig_mac want;
    struct tb_wr text;
    int r = TB_E_BADSIG;

    if (find(message, &t) < 0 || strcmp(t.rr.name, key->name) != 0 || strcmp(t.algorithm, key->algorithm) != 0)
        return TB_E_BADSIG;
    tb_wr_init(&text, 2 * TB_DNS_MESSAGE_MAX);
    tb_wr_var16(&text, tb_span_of(request->b, request->len));
    tb_wr_u16(&text, t.original_id);
    tb_wr_bytes(&text, message.p + 2, ARCOUNT_AT - 2);
    tb_wr_u16(&text, (uint16_t)(t.additional - 1));
    tb_wr_bytes(&text, message.p + ARCOUNT_AT + 2, t.rr.at - ARCOUNT_AT - 2);
    put_variables(&text, key, t.time, t.fudge, t.error, t.other);
    if (tb_wr_err(&text) == 0 && mac_over(key, tb_wr_span(&text), &want) == 0 && t.error == 0 &&
        t.mac.len == want.len && tb_equal_ct(t.mac.p, want.b, want.len) && t.time >= now - t.fudge &&
        t.time <= now + t.fudge)
        r = 0;
    tb_wr_clear(&text);
    return r;
}

/* The next word or quoted text of BIND's form. */
static struct tb_span next_word(struct tb_rd *rd)
{
    static const char blanks[] = " \t\r\n;{}\"";
    const uint8_t *from;

    while (rd->left > 0 && memchr(blanks, rd->p[0], sizeof(blanks) - 1) != NULL)
        *rd = (struct tb_rd){.p = rd->p + 1, .left = rd->left - 1};
    from = rd->p;
    while (rd->left > 0 && memchr(blanks, rd->p[0], sizeof(blanks) - 1) == NULL)
        *rd = (struct tb_rd){.p = rd->p + 1, .left = rd->left - 1};
    return tb_span_of(from, (size_t)(rd->p - from));
}

static int set_name(struct tb_tsig_key *out, struct tb_span name)
{
    struct tb_wr check;
    uint8_t wire[TB_DNS_NAME_MAX + 2];

    if (name.len > 0 && name.p[name.len - 1] == '.')
        name.len--;
    if (name.len == 0 || name.len > TB_DNS_NAME_MAX || memchr(name.p, '\0', name.len) != NULL)
        return TB_E_FORMAT;
    for (size_t i = 0; i < name.len; i++)
        out->name[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
    out->name[name.len] = '\0';
    tb_wr_fixed(&check, wire, sizeof(wire));
    return tb_dns_name_write(&check, out->name);
}

static int set_secret(struct tb_tsig_key *out, struct tb_span text)
{
    uint8_t buf[TB_TSIG_SECRET_MAX + 3];
    size_t pad = 0;
    int n;

    if (text.len == 0 || text.len % 4 != 0 || text.len / 4 * 3 > sizeof(buf))
        return TB_E_FORMAT;
    while (pad < 2 && text.p[text.len - 1 - pad] == '=')
        pad++;
    n = EVP_DecodeBlock(buf, text.p, (int)text.len);
    if (n <= (int)pad || (size_t)n - pad > TB_TSIG_SECRET_MAX) {
        tb_wipe(buf, sizeof(buf));
        return n < 0 ? TB_E_FORMAT : TB_E_LIMIT;
    }
    out->secret_len = (size_t)n - pad;
    memcpy(out->secret, buf, out->secret_len);
    tb_wipe(buf, sizeof(buf));
    return 0;
}

static int set_algorithm(struct tb_tsig_key *out, struct tb_span name)
{
    out->algorithm = algorithm_find(name);
    return out->algorithm != NULL ? 0 : TB_E_UNSUPPORTED;
}

/* key "name" { algorithm hmac-sha256; secret "..."; }; */
static int parse_bind(struct tb_rd rd, struct tb_tsig_key *out)
{
    struct tb_span word;
    int r = set_name(out, next_word(&rd));

    while (r == 0 && (word = next_word(&rd)).len > 0) {
        if (tb_span_eq_str(word, "algorithm"))
            r = set_algorithm(out, next_word(&rd));
        else if (tb_span_eq_str(word, "secret"))
            r = set_secret(out, next_word(&rd));
        else
            r = TB_E_FORMAT;
    }
    return r < 0 ? r : out->algorithm != NULL && out->secret_len > 0 ? 0 : TB_E_FORMAT;
}

/* [algorithm:]name:secret */
static int parse_line(struct tb_span line, struct tb_tsig_key *out)
{
    struct tb_span parts[3];
    size_t num = 0;
    int r;

    while (num < 3) {
        const uint8_t *colon = line.len > 0 ? memchr(line.p, ':', line.len) : NULL;
        size_t len = colon != NULL ? (size_t)(colon - line.p) : line.len;

        parts[num++] = tb_span_of(line.p, len);
        if (colon == NULL)
            break;
        if (num == 3)
            return TB_E_FORMAT;
        line = tb_span_of(colon + 1, line.len - len - 1);
    }
    if (num < 2)
        return TB_E_FORMAT;
    r = set_algorithm(out, num == 3 ? parts[0] : tb_span_str(algorithms[0].name));
    if (r == 0)
        r = set_name(out, parts[num - 2]);
    return r < 0 ? r : set_secret(out, parts[num - 1]);
}

int tb_tsig_key_parse(struct tb_span text, struct tb_tsig_key *out)
{
    struct tb_rd rd = tb_rd_of(text);
    struct tb_span word;
    int r;

    *out = (struct tb_tsig_key){0};
    word = next_word(&rd);
    if (tb_span_eq_str(word, "key"))
        r = parse_bind(rd, out);
    else
        r = next_word(&rd).len == 0 ? parse_line(word, out) : TB_E_FORMAT;
    if (r < 0)
        tb_wipe(out, sizeof(*out));
    return r;
}
