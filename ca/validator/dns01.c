#include "ca/validator/dns01.h"

#include <stdio.h>
#include <string.h>

#include "ca/validator/challenge.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/dns/txt.h"

static bool any_matches(const struct tb_challenge *c, const struct tb_dns_result *res)
{
    char want[TB_B64U_DIGEST_LEN + 1];
    uint8_t digest[TB_DIGEST_LEN];
    uint8_t txt[TB_TXT_MAX];
    size_t len;

    tb_sha256(digest, tb_span_str(c->key_authorization));
    tb_b64u_encode(want, tb_span_of(digest, sizeof(digest)));
    for (size_t i = 0; i < res->num; i++)
        /* A record that is too long or torn is not the value; others may stand beside it. */
        if (tb_txt_join(res->rdata[i], txt, &len) == 0 && tb_span_eq_str(tb_span_of(txt, len), want))
            return true;
    return false;
}

static void txt_answered(void *arg, const struct tb_dns_result *res)
{
    struct tb_challenge *c = arg;

    c->dns01.query = NULL;
    c->dnssec = res->dnssec;
    if (res->err != 0)
        (void)tb_problem_set(&c->problem, res->err, TB_P_DNS, "TXT lookup at %s failed: %s", c->dns01.name,
                             tb_dns_err_text(res->err));
    else if (res->num == 0)
        (void)tb_problem_set(&c->problem, TB_E_DENIED, TB_P_UNAUTHORIZED,
                             "there is no TXT record at %s (RFC 8555 section 8.4)", c->dns01.name);
    else if (!any_matches(c, res))
        (void)tb_problem_set(&c->problem, TB_E_DENIED, TB_P_INCORRECT_RESPONSE,
                             "none of the %zu TXT records at %s is the digest of this challenge's key authorization "
                             "(RFC 8555 section 8.4)",
                             res->num, c->dns01.name);
    tb_challenge_finish(c);
}

static int txt_ask(struct tb_challenge *c)
{
    int r;

    c->dns01.query = NULL;
    r = tb_resolver_query(c->env->resolver, c->dns01.name, TB_DNS_TYPE_TXT, txt_answered, c, &c->dns01.query);
    if (r < 0)
        return tb_problem_set(&c->problem, r, TB_P_DNS, "TXT lookup at %s could not be started: %s", c->dns01.name,
                              tb_dns_err_text(r));
    return 0;
}

static int dns01_start(struct tb_challenge *c)
{
    (void)snprintf(c->dns01.name, sizeof(c->dns01.name), "%s%s", TB_DNS01_PREFIX, c->ident->value);
    return txt_ask(c);
}

static void dns01_cancel(struct tb_challenge *c)
{
    tb_dns_query_abandon(c->dns01.query);
    c->dns01.query = NULL;
}

const struct tb_challenge_method tb_dns01_method = {
    .method = TB_METHOD_DNS_01,
    .name = "dns-01",
    .start = dns01_start,
    .cancel = dns01_cancel,
};

void tb_dns_account_label(char out[static TB_DNS_ACCOUNT_LABEL_LEN + 1], const char *account_url)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6 */
    uint8_t digest[TB_DIGEST_LEN];
    uint64_t bits = 0;
    unsigned num = 0;
    char *p = out;

    tb_sha256(digest, tb_span_str(account_url));
    *p++ = '_';
    for (size_t i = 0; i < TB_DNS_ACCOUNT_LABEL_OCTETS; i++) {
        bits = bits << 8 | digest[i];
        for (num += 8; num >= 5; num -= 5)
            *p++ = alphabet[bits >> (num - 5) & 31];
    }
    *p = '\0';
}
_Static_assert(TB_DNS_ACCOUNT_LABEL_OCTETS * 8 % 5 == 0 &&
                   TB_DNS_ACCOUNT_LABEL_LEN == 1 + TB_DNS_ACCOUNT_LABEL_OCTETS * 8 / 5,
               "whole characters, no padding");

static int dns_account01_start(struct tb_challenge *c)
{
    char label[TB_DNS_ACCOUNT_LABEL_LEN + 1];

    tb_dns_account_label(label, c->account_url);
    (void)snprintf(c->dns01.name, sizeof(c->dns01.name), "%s.%s%s", label, TB_DNS01_PREFIX, c->ident->value);
    return txt_ask(c);
}

const struct tb_challenge_method tb_dns_account01_method = {
    .method = TB_METHOD_DNS_ACCOUNT_01,
    .name = "dns-account-01",
    .start = dns_account01_start,
    .cancel = dns01_cancel,
};
