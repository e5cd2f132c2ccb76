#include "ca/store/row.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

/* 1: accounts without the terms they agreed to; 1 and 2: orders without what they replace; 1 to 3: accounts without the
 * judge's statement, authorizations without the key that they were made for; 1 to 4: orders without notices;
 * 1 to 5: orders without their revocation; 1 to 6: orders without the validity that they ask for; 1 to 7:
 * authorizations without their scope. */
#define BODY_VERSION 8

void tb_authz_clear(struct tb_authz *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->num_statements; i++)
        free(a->statement[i].p);
    tb_problem_clear(&a->problem);
    *a = (struct tb_authz){0};
}

void tb_order_clear(struct tb_order *o)
{
    if (o == NULL)
        return;
    free(o->ident);
    free(o->authz_id);
    free(o->cert);
    tb_problem_clear(&o->problem);
    *o = (struct tb_order){0};
}

struct tb_row *tb_row_ref(struct tb_row *row)
{
    row->refs++;
    return row;
}

void tb_row_unref(struct tb_row *row)
{
    if (row == NULL || --row->refs > 0)
        return;
    tb_wr_clear(&row->body);
    free(row->cert);
    free(row);
}

static struct tb_row *row_new(enum tb_row_kind kind)
{
    struct tb_row *row = calloc(1, sizeof(*row));

    if (row == NULL)
        return NULL;
    row->refs = 1;
    row->kind = kind;
    tb_wr_init(&row->body, TB_ROW_BODY_MAX);
    tb_wr_u8(&row->body, BODY_VERSION);
    return row;
}

static int row_done(struct tb_row *row, struct tb_row **out)
{
    int r = tb_wr_err(&row->body);

    if (r < 0)
        tb_row_unref(row);
    else
        *out = row;
    return r;
}

static int body_open(const struct tb_row *row, struct tb_rd *rd, uint8_t *out_version)
{
    *rd = tb_rd_of(tb_wr_span(&row->body));
    if (tb_rd_u8(rd, out_version) < 0)
        return TB_E_FORMAT;
    return *out_version >= 1 && *out_version <= BODY_VERSION ? 0 : TB_E_FORMAT;
}

uint64_t tb_row_claim_key(uint64_t account_id, const struct tb_ident *ident, tb_purposes_t purposes,
                          enum tb_proof_kind kind, bool subtree)
{
    uint8_t buf[512];
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_wr wr;
    struct tb_rd rd;
    uint64_t key = 0;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_u64(&wr, account_id);
    tb_wr_u32(&wr, purposes);
    tb_wr_u8(&wr, (uint8_t)kind);
    tb_ident_write(&wr, ident);
    if (subtree) /* so that rows without a scope keep their key */
        tb_wr_u8(&wr, 1);
    tb_sha256(digest, tb_wr_span(&wr));
    rd = tb_rd_of(tb_span_of(digest, sizeof(digest)));
    if (tb_rd_u64(&rd, &key) < 0)
        return 0;
    return key >> 1; /* a positive SQL integer */
}

int tb_row_of_account(const struct tb_account *a, struct tb_row **out)
{
    struct tb_row *row = row_new(TB_ROW_ACCOUNT);

    *out = NULL;
    if (row == NULL)
        return TB_E_NOMEM;
    row->id = a->id;
    row->rev = a->rev;
    row->state = (int)a->state;
    memcpy(row->key, a->first_thumbprint, TB_DIGEST_LEN);
    memcpy(row->key2, a->thumbprint, TB_DIGEST_LEN);
    tb_wr_str16(&row->body, a->jwk);
    tb_wr_str16(&row->body, a->contacts);
    tb_wr_u8(&row->body, a->terms_agreed);
    tb_wr_u64(&row->body, (uint64_t)a->created_at);
    tb_wr_bytes(&row->body, a->terms_digest, TB_DIGEST_LEN);
    tb_wr_var16(&row->body, tb_span_of(a->statement, a->statement_len));
    return row_done(row, out);
}

static int read_account_statement(struct tb_rd *rd, struct tb_account *a)
{
    struct tb_span s;
    int r = tb_rd_var16(rd, sizeof(a->statement), &s);

    if (r < 0)
        return r;
    if (s.len > 0)
        memcpy(a->statement, s.p, s.len);
    a->statement_len = s.len;
    return 0;
}

int tb_row_account(const struct tb_row *row, struct tb_account *out)
{
    struct tb_account *a = out;
    struct tb_rd rd;
    uint8_t version;
    uint8_t terms;
    uint64_t created;

    *a = (struct tb_account){.id = row->id, .rev = row->rev, .state = (enum tb_account_state)row->state};
    memcpy(a->first_thumbprint, row->key, TB_DIGEST_LEN);
    memcpy(a->thumbprint, row->key2, TB_DIGEST_LEN);
    if (body_open(row, &rd, &version) < 0 || tb_rd_str16(&rd, a->jwk, sizeof(a->jwk)) < 0 ||
        tb_rd_str16(&rd, a->contacts, sizeof(a->contacts)) < 0 || tb_rd_u8(&rd, &terms) < 0 ||
        tb_rd_u64(&rd, &created) < 0 || (version > 1 && tb_rd_copy(&rd, a->terms_digest, TB_DIGEST_LEN) < 0) ||
        (version > 3 && read_account_statement(&rd, a) < 0) || tb_rd_end(&rd) < 0)
        return TB_E_FORMAT;
    a->terms_agreed = terms != 0;
    a->created_at = (tb_time_t)created;
    return 0;
}

static void write_challenges(struct tb_wr *wr, const struct tb_authz *a)
{
    tb_wr_u8(wr, (uint8_t)a->num_challenges);
    for (size_t i = 0; i < a->num_challenges; i++) {
        tb_wr_u8(wr, (uint8_t)a->challenge[i].method);
        tb_wr_u8(wr, (uint8_t)a->challenge[i].state);
        tb_wr_str16(wr, a->challenge[i].token);
        tb_wr_u64(wr, (uint64_t)a->challenge[i].validated_at);
    }
}

static int read_challenges(struct tb_rd *rd, struct tb_authz *a)
{
    uint8_t num;

    if (tb_rd_u8(rd, &num) < 0 || num > TB_CHALLENGES_MAX)
        return TB_E_FORMAT;
    for (; a->num_challenges < num; a->num_challenges++) {
        struct tb_challenge *c = &a->challenge[a->num_challenges];
        uint8_t method;
        uint8_t state;
        uint64_t at;

        if (tb_rd_u8(rd, &method) < 0 || tb_rd_u8(rd, &state) < 0 || tb_rd_str16(rd, c->token, sizeof(c->token)) < 0 ||
            tb_rd_u64(rd, &at) < 0 || method >= TB_METHOD__COUNT || state >= TB_CHALLENGE__COUNT)
            return TB_E_FORMAT;
        c->method = (enum tb_method)method;
        c->state = (enum tb_challenge_state)state;
        c->validated_at = (tb_time_t)at;
    }
    return 0;
}

static int read_statements(struct tb_rd *rd, struct tb_authz *a)
{
    uint8_t num;

    if (tb_rd_u8(rd, &num) < 0 || num > TB_AUTHZ_STATEMENTS_MAX)
        return TB_E_FORMAT;
    for (; a->num_statements < num; a->num_statements++) {
        struct tb_span s;

        if (tb_rd_var16(rd, TB_STATEMENT_MAX, &s) < 0)
            return TB_E_FORMAT;
        a->statement[a->num_statements].p = malloc(s.len + 1);
        if (a->statement[a->num_statements].p == NULL)
            return TB_E_NOMEM;
        if (s.len > 0)
            memcpy(a->statement[a->num_statements].p, s.p, s.len);
        a->statement[a->num_statements].len = s.len;
    }
    return 0;
}

int tb_row_of_authz(const struct tb_authz *a, struct tb_row **out)
{
    struct tb_row *row = row_new(TB_ROW_AUTHZ);

    *out = NULL;
    if (row == NULL)
        return TB_E_NOMEM;
    row->id = a->id;
    row->rev = a->rev;
    row->state = (int)a->state;
    row->expires_at = a->expires_at;
    row->num = tb_row_claim_key(a->account_id, &a->ident, a->purposes, a->kind, a->subtree);
    for (size_t i = 0; i < a->num_challenges; i++)
        row->busy |= a->challenge[i].state == TB_CHALLENGE_PROCESSING;
    tb_wr_u64(&row->body, a->account_id);
    tb_ident_write(&row->body, &a->ident);
    tb_wr_u32(&row->body, a->purposes);
    tb_wr_u8(&row->body, (uint8_t)a->kind);
    tb_wr_u64(&row->body, (uint64_t)a->created_at);
    tb_wr_bytes(&row->body, a->policy_digest, TB_DIGEST_LEN);
    tb_wr_u64(&row->body, (uint64_t)a->caa_at);
    write_challenges(&row->body, a);
    tb_problem_write(&row->body, &a->problem);
    tb_wr_u8(&row->body, (uint8_t)a->num_statements);
    for (size_t i = 0; i < a->num_statements; i++)
        tb_wr_var16(&row->body, tb_span_of(a->statement[i].p, a->statement[i].len));
    tb_wr_bytes(&row->body, a->thumbprint, TB_DIGEST_LEN);
    tb_wr_u8(&row->body, a->subtree);
    return row_done(row, out);
}

static int read_authz(const struct tb_row *row, struct tb_authz *a)
{
    struct tb_rd rd;
    uint8_t version;
    uint8_t kind;
    uint8_t subtree = 0;
    uint64_t created;
    uint64_t caa;
    int r;

    if (body_open(row, &rd, &version) < 0 || tb_rd_u64(&rd, &a->account_id) < 0 || tb_ident_read(&rd, &a->ident) < 0 ||
        tb_rd_u32(&rd, &a->purposes) < 0 || tb_rd_u8(&rd, &kind) < 0 || tb_rd_u64(&rd, &created) < 0 ||
        tb_rd_copy(&rd, a->policy_digest, TB_DIGEST_LEN) < 0 || tb_rd_u64(&rd, &caa) < 0 || kind >= TB_PROOF__COUNT)
        return TB_E_FORMAT;
    a->kind = (enum tb_proof_kind)kind;
    a->created_at = (tb_time_t)created;
    a->caa_at = (tb_time_t)caa;
    if ((r = read_challenges(&rd, a)) < 0 || (r = tb_problem_read(&rd, &a->problem)) < 0 ||
        (r = read_statements(&rd, a)) < 0)
        return r == TB_E_NOMEM ? r : TB_E_FORMAT;
    if ((version > 3 && tb_rd_copy(&rd, a->thumbprint, TB_DIGEST_LEN) < 0) ||
        (version > 7 && tb_rd_u8(&rd, &subtree) < 0) || subtree > 1)
        return TB_E_FORMAT;
    a->subtree = subtree == 1;
    return tb_rd_end(&rd) < 0 ? TB_E_FORMAT : 0;
}

int tb_row_authz(const struct tb_row *row, struct tb_authz *out)
{
    int r;

    *out = (struct tb_authz){
        .id = row->id, .rev = row->rev, .state = (enum tb_authz_state)row->state, .expires_at = row->expires_at};
    if ((r = read_authz(row, out)) < 0)
        tb_authz_clear(out);
    return r;
}

static int row_set_cert(struct tb_row *row, const struct tb_order *o)
{
    if (o->cert_len == 0)
        return 0;
    row->cert = malloc(o->cert_len);
    if (row->cert == NULL)
        return TB_E_NOMEM;
    memcpy(row->cert, o->cert, o->cert_len);
    row->cert_len = o->cert_len;
    return 0;
}

int tb_row_of_order(const struct tb_order *o, struct tb_row **out)
{
    struct tb_row *row = row_new(TB_ROW_ORDER);

    *out = NULL;
    if (row == NULL || row_set_cert(row, o) < 0) {
        tb_row_unref(row);
        return TB_E_NOMEM;
    }
    row->id = o->no;
    row->rev = o->rev;
    row->state = (int)o->state;
    row->expires_at = o->expires_at;
    row->num = o->account_id;
    row->seq = o->seq;
    row->revoked = o->revoked_seq;
    row->not_after = o->not_after;
    memcpy(row->key, o->serial, TB_SERIAL_LEN);
    tb_wr_str16(&row->body, o->profile);
    tb_wr_str16(&row->body, o->version);
    tb_wr_u8(&row->body, (uint8_t)o->num_idents);
    for (size_t i = 0; i < o->num_idents; i++)
        tb_ident_write(&row->body, &o->ident[i]);
    tb_wr_u8(&row->body, (uint8_t)o->num_authz);
    for (size_t i = 0; i < o->num_authz; i++)
        tb_wr_u64(&row->body, o->authz_id[i]);
    tb_wr_u8(&row->body, (uint8_t)o->issuer);
    tb_wr_u64(&row->body, (uint64_t)o->issued_at);
    tb_problem_write(&row->body, &o->problem);
    tb_wr_u8(&row->body, (uint8_t)o->replaces_issuer);
    if (o->replaces_issuer != TB_ISSUER_NONE)
        tb_wr_bytes(&row->body, o->replaces_serial, TB_SERIAL_LEN);
    tb_wr_u64(&row->body, o->replaced_by);
    tb_wr_u8(&row->body, o->notices);
    tb_wr_u64(&row->body, (uint64_t)o->revoked_at);
    tb_wr_u8(&row->body, (uint8_t)o->revoked_for);
    tb_wr_u64(&row->body, (uint64_t)o->validity.not_before);
    tb_wr_u64(&row->body, (uint64_t)o->validity.not_after);
    return row_done(row, out);
}

_Static_assert(TB_ORDER_AUTHZ_MAX <= UINT8_MAX, "an order's row counts them in one octet");

static int read_order_names(struct tb_rd *rd, struct tb_order *o)
{
    uint8_t num;

    if (tb_rd_u8(rd, &num) < 0 || num > TB_IDENT_NUM_MAX)
        return TB_E_FORMAT;
    o->ident = calloc(num + 1u, sizeof(*o->ident));
    if (o->ident == NULL)
        return TB_E_NOMEM;
    for (; o->num_idents < num; o->num_idents++)
        if (tb_ident_read(rd, &o->ident[o->num_idents]) < 0)
            return TB_E_FORMAT;
    if (tb_rd_u8(rd, &num) < 0 || num > TB_ORDER_AUTHZ_MAX)
        return TB_E_FORMAT;
    o->authz_id = calloc(num + 1u, sizeof(*o->authz_id));
    if (o->authz_id == NULL)
        return TB_E_NOMEM;
    for (; o->num_authz < num; o->num_authz++)
        if (tb_rd_u64(rd, &o->authz_id[o->num_authz]) < 0)
            return TB_E_FORMAT;
    return 0;
}

static int read_replacing(struct tb_rd *rd, struct tb_order *o)
{
    uint8_t issuer;

    if (tb_rd_u8(rd, &issuer) < 0 || issuer >= TB_ISSUER__COUNT ||
        (issuer != TB_ISSUER_NONE && tb_rd_copy(rd, o->replaces_serial, TB_SERIAL_LEN) < 0))
        return TB_E_FORMAT;
    o->replaces_issuer = (enum tb_issuer)issuer;
    return tb_rd_u64(rd, &o->replaced_by) < 0 ? TB_E_FORMAT : 0;
}

static int read_revoked(struct tb_rd *rd, struct tb_order *o)
{
    uint64_t at;
    uint8_t reason;

    if (tb_rd_u64(rd, &at) < 0 || at > INT64_MAX || tb_rd_u8(rd, &reason) < 0 || tb_reason_name(reason) == NULL)
        return TB_E_FORMAT;
    o->revoked_at = (tb_time_t)at;
    o->revoked_for = (enum tb_reason)reason;
    return 0;
}

static int read_validity(struct tb_rd *rd, struct tb_order *o)
{
    uint64_t not_before;
    uint64_t not_after;

    if (tb_rd_u64(rd, &not_before) < 0 || tb_rd_u64(rd, &not_after) < 0)
        return TB_E_FORMAT;
    o->validity = (struct tb_validity){(tb_time_t)not_before, (tb_time_t)not_after};
    return 0;
}

static int read_order(const struct tb_row *row, struct tb_order *o)
{
    struct tb_rd rd;
    uint8_t version;
    uint8_t issuer;
    uint64_t issued;
    int r;

    if (body_open(row, &rd, &version) < 0 || tb_rd_str16(&rd, o->profile, sizeof(o->profile)) < 0 ||
        tb_rd_str16(&rd, o->version, sizeof(o->version)) < 0)
        return TB_E_FORMAT;
    if ((r = read_order_names(&rd, o)) < 0)
        return r;
    if (tb_rd_u8(&rd, &issuer) < 0 || issuer >= TB_ISSUER__COUNT || tb_rd_u64(&rd, &issued) < 0)
        return TB_E_FORMAT;
    o->issuer = (enum tb_issuer)issuer;
    o->issued_at = (tb_time_t)issued;
    if ((r = tb_problem_read(&rd, &o->problem)) < 0 || (version > 2 && (r = read_replacing(&rd, o)) < 0) ||
        (version > 4 && (r = tb_rd_u8(&rd, &o->notices)) < 0) || (version > 5 && (r = read_revoked(&rd, o)) < 0) ||
        (version > 6 && (r = read_validity(&rd, o)) < 0) || (r = tb_rd_end(&rd)) < 0)
        return r == TB_E_NOMEM ? r : TB_E_FORMAT;
    if (row->cert_len == 0)
        return 0;
    o->cert = malloc(row->cert_len);
    if (o->cert == NULL)
        return TB_E_NOMEM;
    memcpy(o->cert, row->cert, row->cert_len);
    o->cert_len = row->cert_len;
    return 0;
}

int tb_row_order(const struct tb_row *row, struct tb_order *out)
{
    int r;

    *out = (struct tb_order){.no = row->id,
                             .rev = row->rev,
                             .state = (enum tb_order_state)row->state,
                             .expires_at = row->expires_at,
                             .account_id = row->num,
                             .seq = row->seq,
                             .revoked_seq = row->revoked,
                             .not_after = row->not_after};
    memcpy(out->serial, row->key, TB_SERIAL_LEN);
    if ((r = read_order(row, out)) < 0)
        tb_order_clear(out);
    return r;
}
