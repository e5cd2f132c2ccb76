/* tb_token_check, tb_token_make: nothing but a made token passes, and only in the context that it was made for. */
#include <stdlib.h>
#include <string.h>

#include "lib/statement/statement.h"
#include "lib/statement/token.h"

#define NOW INT64_C(1795472160)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tb_key key = {{1, 2, 3, 4}};
static const struct tb_key other_key = {{1, 2, 3, 5}};
static const struct tb_audience audience = {{9}, "https://ca.example:14000", {8}};
static const uint8_t thumbprint[TB_DIGEST_LEN] = {7};

/* The whole input as the text of a token.  The context's MAC does not come from outside: all are refused. */
static void check_text(const uint8_t *text, size_t size)
{
    const struct tb_ident ident = {.type = TB_IDENT_DNS, .value = "www.example.org"};
    const struct tb_token_context ctx = {.audience = &audience,
                                         .method = TB_METHOD_DNS_01,
                                         .ident = &ident,
                                         .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH),
                                         .account_url = "https://ca.example:14000/acme/acct/A",
                                         .thumbprint = thumbprint};
    int r = tb_token_check(&other_key, &ctx, tb_span_of(text, size), NOW);

    if (r != TB_E_FORMAT && r != TB_E_BADSIG)
        abort();
    if (r == TB_E_BADSIG && size != TB_TOKEN_LEN)
        abort();
}

static void expect(int want, const struct tb_token_context *ctx, const char *token, tb_time_t now)
{
    if (tb_token_check(&key, ctx, tb_span_str(token), now) != want)
        abort();
}

/* The input as a context: method, purposes, expiry, account URL, identifier. */
static void make_and_move(const uint8_t *data, size_t size)
{
    struct tb_rd rd = tb_rd_of(tb_span_of(data, size));
    char url[TB_ACCOUNT_URL_MAX + 1], token[TB_TOKEN_LEN + 1];
    struct tb_token_context ctx = {.audience = &audience, .account_url = url, .thumbprint = thumbprint};
    struct tb_audience far = audience;
    struct tb_token_context moved;
    struct tb_ident ident, other;
    uint64_t expiry;
    uint8_t method;

    if (tb_rd_u8(&rd, &method) < 0 || tb_rd_u32(&rd, &ctx.purposes) < 0 || tb_rd_u64(&rd, &expiry) < 0 ||
        tb_rd_str16(&rd, url, sizeof(url)) < 0 || tb_ident_read(&rd, &ident) < 0)
        return;
    ctx.method = (enum tb_method)method;
    ctx.ident = &ident;
    if (tb_token_make(&key, &ctx, (tb_time_t)expiry, token) != 0) {
        if (token[0] != '\0' || (tb_method_info(ctx.method) != NULL && ctx.purposes != 0 && expiry >> 48 == 0))
            abort();
        return;
    }
    expect(TB_E_EXPIRED, &ctx, token, (tb_time_t)expiry);
    expect(0, &ctx, token, (tb_time_t)expiry - 1);
    moved = ctx;
    moved.purposes ^= 2;
    expect(TB_E_BADSIG, &moved, token, 0);
    moved = ctx;
    moved.subtree = true;
    expect(TB_E_BADSIG, &moved, token, 0);
    moved = ctx;
    moved.method = ctx.method == TB_METHOD_HTTP_01 ? TB_METHOD_DNS_01 : TB_METHOD_HTTP_01;
    expect(TB_E_BADSIG, &moved, token, 0);
    moved = ctx;
    other = ident;
    other.wildcard = !other.wildcard;
    moved.ident = &other;
    expect(TB_E_BADSIG, &moved, token, 0);
    moved = ctx;
    far.directory[0] = 'H';
    moved.audience = &far;
    expect(TB_E_BADSIG, &moved, token, 0);
    moved = ctx;
    moved.account_url = url[0] == '\0' ? "x" : url + 1;
    expect(TB_E_BADSIG, &moved, token, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    check_text(exact, size);
    make_and_move(exact, size);
    free(exact);
    return 0;
}
