#include "ca/config/own_renew.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/config/pem_file.h"

#define DAY_S INT64_C(86400)

static void say(struct tb_own_result *res, enum tb_own_outcome outcome, const char *fmt, ...) TB_PRINTF(3, 4);
static void say(struct tb_own_result *res, enum tb_own_outcome outcome, const char *fmt, ...)
{
    va_list ap;

    res->outcome = outcome;
    va_start(ap, fmt);
    vsnprintf(res->why, sizeof(res->why), fmt, ap);
    va_end(ap);
}

/* Does the key at the place, or the one beside it, belong to the chain? */
static bool fits(const struct tb_own_result *res, struct tb_span chain, bool new_one)
{
    tb_place_why why;
    uint8_t *key = NULL;
    size_t len = 0;
    bool yes = tb_place_read(&res->key, new_one, TB_PEM_FILE_MAX, &key, &len, why) == 0 &&
               tb_pem_key_fits(chain, tb_span_of(key, len));

    tb_free_secret(key, len);
    return yes;
}

/* A call that was killed has left a key that belongs to the chain, or one that belongs to nothing. */
static int finish(struct tb_own_result *res, struct tb_span chain)
{
    int r;

    tb_place_discard(&res->chain);
    if (!res->key.new_there)
        return 0;
    if (!fits(res, chain, true)) {
        tb_place_discard(&res->key);
        return 0;
    }
    if ((r = tb_place_commit(&res->key, res->why)) == 0)
        say(res, TB_OWN_KEPT, "a renewal that was interrupted is finished");
    return r;
}

static int put(struct tb_own_result *res, struct tb_span chain, struct tb_span key)
{
    int r;

    if ((r = tb_place_stage(&res->key, key, res->why)) < 0)
        return r;
    if ((r = tb_place_stage(&res->chain, chain, res->why)) == 0 && (r = tb_place_commit(&res->chain, res->why)) == 0)
        return tb_place_commit(&res->key, res->why);
    /* A chain that has its name, though perhaps not on disk, needs the key that waits; the next call finishes. */
    if (!res->chain.committed)
        tb_place_discard(&res->key);
    tb_place_discard(&res->chain);
    return r;
}

static int renew(const struct tb_own_renewal *by, const struct tb_own_cert *own, struct tb_own_result *res)
{
    struct tb_own_state st;
    struct tb_wr chain = {0}, key = {0};
    int r = tb_https_make(&chain, &key, &by->issuer, own->names, own->num_names, by->now);

    if (r < 0) {
        say(res, TB_OWN_FAILED, "%s: cannot make the certificate: %s", res->chain.path, tb_err_text(r));
        return r;
    }
    tb_own_cert_look(own, tb_wr_span(&chain), &by->ca, &st);
    r = put(res, tb_wr_span(&chain), tb_wr_span(&key));
    if (r == 0) {
        res->outcome = TB_OWN_RENEWED;
        res->not_after = st.not_after;
    }
    tb_wr_clear(&chain);
    tb_wr_clear_secret(&key);
    return r;
}

/* Is it time?  When a new one would end with the old one, somebody must look at the issuing CA. */
static bool is_due(const struct tb_own_renewal *by, const struct tb_own_state *st, struct tb_own_result *res)
{
    tb_time_t left_min = by->days_left > 0 ? by->days_left * DAY_S : (st->not_after - st->not_before) / 3;
    char end[TB_RFC3339_LEN + 1];

    if (st->kind != TB_OWN_RENAMED && st->not_after - by->now >= left_min)
        return false;
    if (by->days_left > 0 || st->kind == TB_OWN_RENAMED || st->not_after < by->ca.not_after)
        return true;
    tb_rfc3339_format(end, st->not_after);
    say(res, TB_OWN_FAILED, "%s: ends with issuing-server.pem at %s: the issuing CA must be renewed first",
        res->chain.path, end);
    return false;
}

/* Somebody put it there, and knows how to renew it. */
static bool is_left(const struct tb_own_state *st, struct tb_own_result *res)
{
    static const char *const why[] = {
        [TB_OWN_OTHER_CA] = "another CA issued it",
        [TB_OWN_OTHER_NAMES] = "it names more than init would have it name",
        [TB_OWN_ORDERED] = "it was ordered by an ACME client, which renews it",
    };

    if (st->kind == TB_OWN_OURS || st->kind == TB_OWN_RENAMED)
        return false;
    if (st->kind == TB_OWN_UNREADABLE)
        say(res, TB_OWN_FAILED, "%s: no certificate that can be read: nothing was changed", res->chain.path);
    else
        say(res, TB_OWN_LEFT, "is not one that init made and stays as it is: %s", why[st->kind]);
    return true;
}

static int renew_there(const struct tb_own_renewal *by, const struct tb_own_cert *own, struct tb_own_result *res,
                       struct tb_span chain)
{
    struct tb_own_state st;
    int r;

    tb_own_cert_look(own, chain, &by->ca, &st);
    res->not_after = st.not_after;
    if (is_left(&st, res))
        return 0;
    if ((r = finish(res, chain)) < 0)
        return r;
    if (!fits(res, chain, false)) {
        say(res, TB_OWN_FAILED, "%s: is not the key of %s: nothing was changed", res->key.path, res->chain.path);
        return TB_E_CONFIG;
    }
    return is_due(by, &st, res) ? renew(by, own, res) : 0;
}

static int renew_place(const struct tb_own_renewal *by, const struct tb_own_cert *own, struct tb_own_result *res)
{
    uint8_t *chain = NULL;
    size_t len = 0;
    int r;

    if (res->chain.link || res->key.link) {
        say(res, TB_OWN_LEFT, "is not one that init made and stays as it is: %s is a link",
            (res->chain.link ? &res->chain : &res->key)->path);
        return 0;
    }
    if (by->only_absent && res->chain.there && res->key.there)
        return 0;
    if (!res->chain.there && !res->key.there)
        return renew(by, own, res);
    if (!res->chain.there || (!res->key.there && !res->key.new_there)) {
        say(res, TB_OWN_FAILED, "%s: is missing; remove %s as well, and both are made anew",
            (res->chain.there ? &res->key : &res->chain)->path, (res->chain.there ? &res->chain : &res->key)->path);
        return TB_E_CONFIG;
    }
    if ((r = tb_place_read(&res->chain, false, TB_PEM_FILE_MAX, &chain, &len, res->why)) == 0)
        r = renew_there(by, own, res, tb_span_of(chain, len));
    free(chain);
    return r;
}

void tb_own_renew(const struct tb_own_renewal *by, const struct tb_own_cert *own, struct tb_own_result *res)
{
    *res = (struct tb_own_result){.chain = {.dir_fd = -1}, .key = {.dir_fd = -1}};
    if (tb_place_open(&res->chain, by->cfg, own->chain, 0644, TB_OWNER_START, res->why) < 0 ||
        tb_place_open(&res->key, by->cfg, own->key, 0600, TB_OWNER_USER, res->why) < 0 || renew_place(by, own, res) < 0)
        res->outcome = TB_OWN_FAILED;
}

void tb_own_result_clear(struct tb_own_result *res)
{
    tb_place_close(&res->chain);
    tb_place_close(&res->key);
}
