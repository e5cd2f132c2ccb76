#include "ca/judge/log_record.h"

#include <string.h>

_Static_assert(TB_LOG_REC__COUNT == 6, "a new record type needs a body here and a section in doc/log.md");

/* Header. */

void tb_log_header_write(struct tb_wr *wr, const struct tb_log_header *h)
{
    uint8_t buf[TB_LOG_HEADER_LEN - TB_DIGEST_LEN], digest[TB_DIGEST_LEN];
    struct tb_wr fixed;

    tb_wr_fixed(&fixed, buf, sizeof(buf));
    tb_wr_bytes(&fixed, TB_LOG_MAGIC, TB_LOG_MAGIC_LEN);
    tb_wr_u16(&fixed, TB_LOG_FORMAT);
    tb_wr_bytes(&fixed, h->ca_id, sizeof(h->ca_id));
    tb_wr_u32(&fixed, h->signer);
    tb_wr_u32(&fixed, h->epoch);
    tb_wr_u64(&fixed, (uint64_t)h->began_at);
    tb_wr_u64(&fixed, h->first_seq);
    tb_wr_bytes(&fixed, h->before, sizeof(h->before));
    tb_sha256(digest, tb_wr_span(&fixed));
    tb_wr_bytes(wr, fixed.buf, fixed.len);
    tb_wr_bytes(wr, digest, sizeof(digest));
}

static int header_fields(struct tb_rd *rd, struct tb_log_header *h)
{
    struct tb_span magic;
    uint16_t format;
    uint64_t began;
    int r;

    if ((r = tb_rd_bytes(rd, TB_LOG_MAGIC_LEN, &magic)) < 0)
        return r;
    if (memcmp(magic.p, TB_LOG_MAGIC, TB_LOG_MAGIC_LEN) != 0)
        return TB_E_FORMAT;
    if ((r = tb_rd_u16(rd, &format)) < 0)
        return r;
    if (format != TB_LOG_FORMAT)
        return TB_E_UNSUPPORTED;
    if ((r = tb_rd_copy(rd, h->ca_id, sizeof(h->ca_id))) < 0 || (r = tb_rd_u32(rd, &h->signer)) < 0 ||
        (r = tb_rd_u32(rd, &h->epoch)) < 0 || (r = tb_rd_u64(rd, &began)) < 0 ||
        (r = tb_rd_u64(rd, &h->first_seq)) < 0 || (r = tb_rd_copy(rd, h->before, sizeof(h->before))) < 0)
        return r;
    h->began_at = (tb_time_t)began;
    return h->signer == 0 || h->epoch == 0 || h->first_seq == 0 || began > INT64_MAX ? TB_E_FORMAT : 0;
}

int tb_log_header_read(struct tb_rd *rd, struct tb_log_header *out)
{
    struct tb_rd at = *rd;
    struct tb_log_header h = {0};
    uint8_t want[TB_DIGEST_LEN];
    struct tb_span digest;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = header_fields(&at, &h)) < 0 || (r = tb_rd_bytes(&at, TB_DIGEST_LEN, &digest)) < 0)
        return r;
    tb_sha256(want, tb_span_of(rd->p, TB_LOG_HEADER_LEN - TB_DIGEST_LEN));
    if (memcmp(want, digest.p, TB_DIGEST_LEN) != 0)
        return TB_E_FORMAT;
    *out = h;
    *rd = at;
    return 0;
}

/* Frame. */

static void chain_step(uint8_t chain[static TB_DIGEST_LEN], struct tb_span frame)
{
    const struct tb_span parts[] = {tb_span_of(chain, TB_DIGEST_LEN), frame};
    uint8_t next[TB_DIGEST_LEN];

    tb_sha256v(next, parts, TB_ARRAY_LEN(parts));
    memcpy(chain, next, TB_DIGEST_LEN);
}

int tb_log_rec_write(struct tb_wr *wr, const struct tb_log_rec *rec, uint8_t chain[static TB_DIGEST_LEN])
{
    size_t start = wr->len;

    if (rec->body.len > TB_LOG_BODY_MAX)
        return TB_E_LIMIT;
    if (rec->type <= TB_LOG_REC_NONE || rec->type >= TB_LOG_REC__COUNT || rec->seq == 0)
        return TB_E_INVAL;
    tb_wr_u32(wr, (uint32_t)(TB_LOG_REC_FIXED + rec->body.len));
    tb_wr_u8(wr, (uint8_t)rec->type);
    tb_wr_u64(wr, rec->seq);
    tb_wr_u64(wr, (uint64_t)rec->time);
    tb_wr_bytes(wr, rec->body.p, rec->body.len);
    if (tb_wr_err(wr) < 0)
        return tb_wr_err(wr);
    chain_step(chain, tb_span_of(wr->buf + start, wr->len - start));
    tb_wr_bytes(wr, chain, TB_DIGEST_LEN);
    return tb_wr_err(wr);
}

static int rec_fields(struct tb_span frame, struct tb_log_rec *rec)
{
    struct tb_rd rd = tb_rd_of(frame);
    uint64_t time = 0;
    uint8_t type = 0;
    int r;

    if ((r = tb_rd_u8(&rd, &type)) < 0 || (r = tb_rd_u64(&rd, &rec->seq)) < 0 || (r = tb_rd_u64(&rd, &time)) < 0)
        return r;
    if (type == TB_LOG_REC_NONE || type >= TB_LOG_REC__COUNT || rec->seq == 0 || time > INT64_MAX)
        return TB_E_FORMAT;
    rec->type = (enum tb_log_type)type;
    rec->time = (tb_time_t)time;
    rec->body = tb_span_of(rd.p, rd.left);
    return 0;
}

int tb_log_rec_read(struct tb_rd *rd, struct tb_log_rec *out, uint8_t chain[static TB_DIGEST_LEN])
{
    struct tb_rd at = *rd;
    struct tb_log_rec rec = {0};
    struct tb_span frame, digest;
    uint8_t next[TB_DIGEST_LEN];
    uint32_t len;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_u32(&at, &len)) < 0)
        return r;
    if (len < TB_LOG_REC_FIXED || len > TB_LOG_REC_FIXED + TB_LOG_BODY_MAX)
        return TB_E_FORMAT;
    if ((r = tb_rd_bytes(&at, len, &frame)) < 0 || (r = tb_rd_bytes(&at, TB_DIGEST_LEN, &digest)) < 0)
        return r;
    memcpy(next, chain, sizeof(next));
    chain_step(next, tb_span_of(rd->p, 4 + (size_t)len));
    if (memcmp(next, digest.p, TB_DIGEST_LEN) != 0)
        return TB_E_BADSIG;
    if ((r = rec_fields(frame, &rec)) < 0)
        return r;
    memcpy(chain, next, TB_DIGEST_LEN);
    *out = rec;
    *rd = at;
    return 0;
}

/* Profile body. */

void tb_profile_rec_write(struct tb_wr *wr, const struct tb_profile_rec *r)
{
    tb_wr_str16(wr, r->name);
    tb_wr_str16(wr, r->version);
    tb_wr_bytes(wr, r->digest, sizeof(r->digest));
}

int tb_profile_rec_read(struct tb_span body, struct tb_profile_rec *out)
{
    struct tb_profile_rec p = {0};
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_str16(&rd, p.name, sizeof(p.name))) < 0 ||
        (r = tb_rd_str16(&rd, p.version, sizeof(p.version))) < 0 ||
        (r = tb_rd_copy(&rd, p.digest, sizeof(p.digest))) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if (p.name[0] == '\0' || p.version[0] == '\0')
        return TB_E_FORMAT;
    *out = p;
    return 0;
}

/* Evidence. */

void tb_evidence_write(struct tb_wr *wr, const struct tb_evidence *e)
{
    tb_wr_u16(wr, e->name);
    tb_wr_u8(wr, (uint8_t)e->purpose);
    tb_wr_u8(wr, (uint8_t)e->kind);
    tb_wr_u8(wr, (uint8_t)e->method);
    tb_wr_u16(wr, e->perspective);
    tb_wr_u64(wr, (uint64_t)e->made_at);
    tb_wr_bytes(wr, e->digest, sizeof(e->digest));
}

int tb_evidence_read(struct tb_rd *rd, struct tb_evidence *out)
{
    struct tb_rd at = *rd;
    struct tb_evidence e = {0};
    uint8_t purpose = 0, kind = 0, method = 0;
    uint64_t made_at = 0;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_u16(&at, &e.name)) < 0 || (r = tb_rd_u8(&at, &purpose)) < 0 || (r = tb_rd_u8(&at, &kind)) < 0 ||
        (r = tb_rd_u8(&at, &method)) < 0 || (r = tb_rd_u16(&at, &e.perspective)) < 0 ||
        (r = tb_rd_u64(&at, &made_at)) < 0 || (r = tb_rd_copy(&at, e.digest, sizeof(e.digest))) < 0)
        return r;
    if (purpose >= TB_PURPOSE__COUNT || kind == TB_PROOF_NONE || kind >= TB_PROOF__COUNT ||
        method >= TB_METHOD__COUNT || made_at > INT64_MAX)
        return TB_E_FORMAT;
    e.purpose = (enum tb_purpose)purpose;
    e.kind = (enum tb_proof_kind)kind;
    e.method = (enum tb_method)method;
    e.made_at = (tb_time_t)made_at;
    *out = e;
    *rd = at;
    return 0;
}

/* Issuance body. */

void tb_issue_rec_write_head(struct tb_wr *wr, const struct tb_issue_rec *r)
{
    tb_wr_u64(wr, r->ref.order);
    tb_wr_bytes(wr, r->jws_digest, sizeof(r->jws_digest));
    tb_wr_str16(wr, r->ref.profile);
    tb_wr_str16(wr, r->ref.version);
    tb_wr_u32(wr, r->ref.signer);
    tb_wr_u32(wr, r->ref.epoch);
    tb_wr_str16(wr, r->account_url);
    tb_wr_bytes(wr, r->thumbprint, sizeof(r->thumbprint));
    tb_wr_u8(wr, (uint8_t)r->issuer);
    tb_wr_bytes(wr, r->serial, sizeof(r->serial));
    tb_wr_u16(wr, (uint16_t)r->num_names);
    for (size_t i = 0; i < r->num_names; i++)
        tb_ident_write(wr, &r->names[i]);
    tb_wr_u16(wr, (uint16_t)r->num_evidence);
    for (size_t i = 0; i < r->num_evidence; i++)
        tb_evidence_write(wr, &r->evidence[i]);
}

void tb_issue_rec_write(struct tb_wr *wr, const struct tb_issue_rec *r)
{
    tb_issue_rec_write_head(wr, r);
    tb_wr_var32(wr, r->cert);
}

int tb_issue_rec_peek(struct tb_span body, tb_order_no_t *out_order, struct tb_span *out_jws_digest)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    *out_order = 0;
    *out_jws_digest = (struct tb_span){0};
    if ((r = tb_rd_u64(&rd, out_order)) < 0)
        return r;
    return tb_rd_bytes(&rd, TB_DIGEST_LEN, out_jws_digest);
}

static int read_names(struct tb_rd *rd, struct tb_issue_rec *rec)
{
    struct tb_ident ident;
    const uint8_t *start;
    uint16_t num;
    int r;

    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num == 0 || num > TB_IDENT_NUM_MAX)
        return TB_E_LIMIT;
    start = rd->p;
    for (uint16_t i = 0; i < num; i++)
        if ((r = tb_ident_read(rd, &ident)) < 0)
            return r;
    rec->num_names = num;
    rec->names_wire = tb_span_of(start, (size_t)(rd->p - start));
    return 0;
}

static int read_evidence(struct tb_rd *rd, struct tb_issue_rec *rec)
{
    struct tb_evidence e;
    const uint8_t *start;
    uint16_t num;
    int r;

    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num == 0 || num > TB_LOG_EVIDENCE_MAX)
        return TB_E_LIMIT;
    start = rd->p;
    for (uint16_t i = 0; i < num; i++) {
        if ((r = tb_evidence_read(rd, &e)) < 0)
            return r;
        if (e.name >= rec->num_names)
            return TB_E_FORMAT;
    }
    rec->num_evidence = num;
    rec->evidence_wire = tb_span_of(start, (size_t)(rd->p - start));
    return 0;
}

int tb_issue_rec_read(struct tb_span body, struct tb_issue_rec *out)
{
    struct tb_issue_rec rec = {0};
    struct tb_rd rd = tb_rd_of(body);
    uint8_t issuer = 0;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_u64(&rd, &rec.ref.order)) < 0 || (r = tb_rd_copy(&rd, rec.jws_digest, sizeof(rec.jws_digest))) < 0 ||
        (r = tb_rd_str16(&rd, rec.ref.profile, sizeof(rec.ref.profile))) < 0 ||
        (r = tb_rd_str16(&rd, rec.ref.version, sizeof(rec.ref.version))) < 0 ||
        (r = tb_rd_u32(&rd, &rec.ref.signer)) < 0 || (r = tb_rd_u32(&rd, &rec.ref.epoch)) < 0 ||
        (r = tb_rd_str16(&rd, rec.account_url, sizeof(rec.account_url))) < 0 ||
        (r = tb_rd_copy(&rd, rec.thumbprint, sizeof(rec.thumbprint))) < 0 || (r = tb_rd_u8(&rd, &issuer)) < 0 ||
        (r = tb_rd_copy(&rd, rec.serial, sizeof(rec.serial))) < 0 || (r = read_names(&rd, &rec)) < 0 ||
        (r = read_evidence(&rd, &rec)) < 0 || (r = tb_rd_var32(&rd, TB_CERT_MAX, &rec.cert)) < 0 ||
        (r = tb_rd_end(&rd)) < 0)
        return r;
    if (issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || rec.cert.len == 0)
        return TB_E_FORMAT;
    rec.issuer = (enum tb_issuer)issuer;
    *out = rec;
    return 0;
}
