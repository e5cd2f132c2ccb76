/* Challenge: one validation method at work for one identifier. Methods are const structs in an array. */
#ifndef TB_CA_VALIDATOR_CHALLENGE_H
#define TB_CA_VALIDATOR_CHALLENGE_H

#include "ca/resolver/resolver.h"
#include "ca/validator/dns01.h"
#include "ca/validator/fetch.h"
#include "ca/validator/http01.h"
#include "ca/validator/tlsalpn01.h"
#include "lib/base/problem.h"
#include "lib/statement/token.h"

/* What methods work with; one for the process. */
struct tb_challenge_env {
    const struct tb_config *cfg;
    struct tb_resolver *resolver;
    struct tb_fetcher *fetcher;
    struct tb_handshaker *handshaker; /* for TB_TLSALPN01_PROTOCOL */
};

struct tb_challenge;
typedef void tb_challenge_done_fn(struct tb_challenge *c, void *arg);

struct tb_challenge_method {
    enum tb_method method;
    const char *name;
    /* 0: tb_challenge_finish comes later, never inside this call. Negative: the problem is set, nothing is under way.
     */
    int (*start)(struct tb_challenge *c);
    /* Nothing may come afterwards. Also called after tb_challenge_finish. */
    void (*cancel)(struct tb_challenge *c);
};

/* In the validation's memory. */
struct tb_challenge {
    struct tb_problem problem; /* type NONE: proved */
    struct tb_address peer;    /* contacted; has_peer */
    bool has_peer;
    enum tb_dnssec dnssec; /* of every DNS answer that the proof rests on */

    const struct tb_challenge_env *env;
    const struct tb_challenge_method *m;
    const struct tb_ident *ident; /* borrowed */
    const char *token;            /* borrowed */
    const char *account_url;      /* borrowed */
    char key_authorization[TB_KEY_AUTHORIZATION_LEN + 1];
    uint64_t deadline_ms; /* tb_clock_mono_ms */
    tb_challenge_done_fn *done;
    void *arg;
    union {
        struct tb_http01 http01;
        struct tb_dns01 dns01; /* of dns-account-01, too */
        struct tb_tlsalpn01 tlsalpn01;
    };
};

/* NULL when this program does not implement it. */
const struct tb_challenge_method *tb_challenge_method(enum tb_method method);

/* As tb_challenge_method.start; the caller has set ident, token, account_url, key_authorization, deadline_ms, done and
 * arg. */
int tb_challenge_start(struct tb_challenge *c, const struct tb_challenge_env *env,
                       const struct tb_challenge_method *m) TB_MUST_USE;
/* Stops, wipes the key authorization, clears the problem; also after done and on zeroed memory. */
void tb_challenge_cancel(struct tb_challenge *c);
/* For methods: the last thing that touches c. */
void tb_challenge_finish(struct tb_challenge *c);
/* For methods: milliseconds until the deadline, 0 when it has passed. */
uint32_t tb_challenge_left_ms(const struct tb_challenge *c);

extern const struct tb_challenge_method tb_http01_method;
extern const struct tb_challenge_method tb_dns01_method;
extern const struct tb_challenge_method tb_tlsalpn01_method;
extern const struct tb_challenge_method tb_dns_account01_method;

#endif
