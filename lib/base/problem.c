#include "lib/base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int http_status;
} types[TB_P__COUNT] = {
    [TB_P_ACCOUNT_DOES_NOT_EXIST] = {"accountDoesNotExist", 400},
    [TB_P_ALREADY_REPLACED] = {"alreadyReplaced", 409},
    [TB_P_ALREADY_REVOKED] = {"alreadyRevoked", 400},
    [TB_P_BAD_CSR] = {"badCSR", 400},
    [TB_P_BAD_NONCE] = {"badNonce", 400},
    [TB_P_BAD_PUBLIC_KEY] = {"badPublicKey", 400},
    [TB_P_BAD_REVOCATION_REASON] = {"badRevocationReason", 400},
    [TB_P_BAD_SIGNATURE_ALGORITHM] = {"badSignatureAlgorithm", 400},
    [TB_P_CAA] = {"caa", 403},
    [TB_P_COMPOUND] = {"compound", 400},
    [TB_P_CONNECTION] = {"connection", 400},
    [TB_P_DNS] = {"dns", 400},
    [TB_P_EXTERNAL_ACCOUNT_REQUIRED] = {"externalAccountRequired", 403},
    [TB_P_INCORRECT_RESPONSE] = {"incorrectResponse", 403},
    [TB_P_INVALID_CONTACT] = {"invalidContact", 400},
    [TB_P_INVALID_PROFILE] = {"invalidProfile", 400},
    [TB_P_MALFORMED] = {"malformed", 400},
    [TB_P_ORDER_NOT_READY] = {"orderNotReady", 403},
    [TB_P_RATE_LIMITED] = {"rateLimited", 429},
    [TB_P_REJECTED_IDENTIFIER] = {"rejectedIdentifier", 400},
    [TB_P_SERVER_INTERNAL] = {"serverInternal", 500},
    [TB_P_TLS] = {"tls", 400},
    [TB_P_UNAUTHORIZED] = {"unauthorized", 403},
    [TB_P_UNSUPPORTED_CONTACT] = {"unsupportedContact", 400},
    [TB_P_UNSUPPORTED_IDENTIFIER] = {"unsupportedIdentifier", 400},
    [TB_P_USER_ACTION_REQUIRED] = {"userActionRequired", 403},
};

const char *tb_problem_type_name(enum tb_problem_type type)
{
    return (unsigned)type < TB_P__COUNT ? types[type].name : NULL;
}

int tb_problem_http_status(const struct tb_problem *pb)
{
    if (pb->http_status != 0)
        return pb->http_status;
    return (unsigned)pb->type < TB_P__COUNT && pb->type != TB_P_NONE ? types[pb->type].http_status : 500;
}

static void TB_PRINTF(2, 0) put_detail(char *out, const char *fmt, va_list ap)
{
    if (vsnprintf(out, TB_PROBLEM_DETAIL_MAX + 1, fmt, ap) < 0)
        out[0] = '\0';
    for (char *p = out; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?';
}

int tb_problem_set(struct tb_problem *pb, int err, enum tb_problem_type type, const char *fmt, ...)
{
    va_list ap;

    if (pb == NULL || pb->type != TB_P_NONE)
        return err;
    pb->type = type;
    va_start(ap, fmt);
    put_detail(pb->detail, fmt, ap);
    va_end(ap);
    return err;
}

void tb_problem_add(struct tb_problem *pb, enum tb_problem_type type, const struct tb_ident *ident, const char *fmt,
                    ...)
{
    struct tb_subproblem *more;
    struct tb_subproblem *s;
    va_list ap;

    if (pb == NULL)
        return;
    if (pb->type == TB_P_NONE)
        pb->type = type;
    else if (pb->type != type)
        pb->type = TB_P_COMPOUND;
    if (pb->num_sub >= TB_PROBLEM_SUB_MAX || (more = realloc(pb->sub, (pb->num_sub + 1) * sizeof(*more))) == NULL)
        return;
    pb->sub = more;
    s = &pb->sub[pb->num_sub++];
    *s = (struct tb_subproblem){.type = type};
    if (ident != NULL)
        s->ident = *ident;
    va_start(ap, fmt);
    put_detail(s->detail, fmt, ap);
    va_end(ap);
}

void tb_problem_clear(struct tb_problem *pb)
{
    if (pb == NULL)
        return;
    free(pb->sub);
    *pb = (struct tb_problem){0};
}

void tb_problem_write(struct tb_wr *wr, const struct tb_problem *pb)
{
    tb_wr_u8(wr, (uint8_t)pb->type);
    tb_wr_u16(wr, (uint16_t)pb->http_status);
    tb_wr_str16(wr, pb->detail);
    tb_wr_u16(wr, (uint16_t)pb->num_sub);
    for (size_t i = 0; i < pb->num_sub; i++) {
        const struct tb_subproblem *s = &pb->sub[i];

        tb_wr_u8(wr, (uint8_t)s->type);
        tb_wr_u8(wr, s->ident.type != TB_IDENT_NONE);
        if (s->ident.type != TB_IDENT_NONE)
            tb_ident_write(wr, &s->ident);
        tb_wr_str16(wr, s->detail);
    }
}

static int read_type(struct tb_rd *rd, enum tb_problem_type *out)
{
    uint8_t type;
    int r = tb_rd_u8(rd, &type);

    if (r < 0)
        return r;
    if (type >= TB_P__COUNT)
        return TB_E_FORMAT;
    *out = (enum tb_problem_type)type;
    return 0;
}

static int read_sub(struct tb_rd *rd, struct tb_subproblem *out)
{
    uint8_t has_ident;
    int r;

    if ((r = read_type(rd, &out->type)) < 0 || (r = tb_rd_u8(rd, &has_ident)) < 0)
        return r;
    if (has_ident > 1 || out->type == TB_P_NONE)
        return TB_E_FORMAT;
    if (has_ident == 1 && (r = tb_ident_read(rd, &out->ident)) < 0)
        return r;
    return tb_rd_str16(rd, out->detail, sizeof(out->detail));
}

static int read_problem(struct tb_rd *rd, struct tb_problem *out)
{
    uint16_t status;
    uint16_t num;
    int r;

    if ((r = read_type(rd, &out->type)) < 0 || (r = tb_rd_u16(rd, &status)) < 0 ||
        (r = tb_rd_str16(rd, out->detail, sizeof(out->detail))) < 0 || (r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num > TB_PROBLEM_SUB_MAX)
        return TB_E_LIMIT;
    if ((status != 0 && (status < 400 || status > 599)) || (out->type == TB_P_NONE && num > 0))
        return TB_E_FORMAT;
    out->http_status = status;
    if (num == 0)
        return 0;
    out->sub = calloc(num, sizeof(*out->sub));
    if (out->sub == NULL)
        return TB_E_NOMEM;
    for (; out->num_sub < num; out->num_sub++)
        if ((r = read_sub(rd, &out->sub[out->num_sub])) < 0)
            return r;
    return 0;
}

int tb_problem_read(struct tb_rd *rd, struct tb_problem *out)
{
    struct tb_rd try = *rd;
    int r;

    *out = (struct tb_problem){0};
    if ((r = read_problem(&try, out)) < 0) {
        tb_problem_clear(out);
        return r;
    }
    *rd = try;
    return 0;
}
