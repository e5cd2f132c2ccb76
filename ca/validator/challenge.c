#include "ca/validator/challenge.h"

#include "lib/base/clock.h"

static const struct tb_challenge_method *const methods[TB_METHOD__COUNT] = {
    [TB_METHOD_HTTP_01] = &tb_http01_method,
    [TB_METHOD_DNS_01] = &tb_dns01_method,
    [TB_METHOD_TLS_ALPN_01] = &tb_tlsalpn01_method,
    [TB_METHOD_DNS_ACCOUNT_01] = &tb_dns_account01_method,
};

const struct tb_challenge_method *tb_challenge_method(enum tb_method method)
{
    return (unsigned)method < TB_METHOD__COUNT ? methods[method] : NULL;
}

int tb_challenge_start(struct tb_challenge *c, const struct tb_challenge_env *env, const struct tb_challenge_method *m)
{
    c->problem = (struct tb_problem){0};
    c->peer = (struct tb_address){0};
    c->has_peer = false;
    c->dnssec = TB_DNSSEC_NONE;
    c->env = env;
    c->m = m;
    return m->start(c);
}

void tb_challenge_cancel(struct tb_challenge *c)
{
    if (c->m != NULL)
        c->m->cancel(c);
    c->m = NULL;
    tb_wipe(c->key_authorization, sizeof(c->key_authorization));
    tb_problem_clear(&c->problem);
}

void tb_challenge_finish(struct tb_challenge *c)
{
    c->done(c, c->arg);
}

uint32_t tb_challenge_left_ms(const struct tb_challenge *c)
{
    uint64_t now = tb_clock_mono_ms();

    return c->deadline_ms > now ? (uint32_t)(c->deadline_ms - now) : 0;
}
