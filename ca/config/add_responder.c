/* The responder of an existing CA: its keys, its certificate, its address. */
#include <stdio.h>
#include <string.h>

#include "ca/config/add.h"
#include "ca/config/own_renew.h"
#include "ca/config/responder.h"
#include "ca/config/value.h"
#include "lib/base/hash.h"

static int refuse(struct tb_add *a, const char *text)
{
    snprintf(a->why, sizeof(a->why), "%s: %s", a->cfg->path, text);
    return TB_E_DENIED;
}

static int set_quoted(struct tb_add *a, const char *key, const char *value)
{
    char quoted[TB_RESPONDER_ADDRESS_MAX + 3];

    snprintf(quoted, sizeof(quoted), "\"%s\"", value);
    return tb_add_set(a, key, quoted);
}

static int edit(struct tb_add *a)
{
    char address[TB_RESPONDER_ADDRESS_MAX + 1];
    struct tb_listen listen;
    int r;

    if (a->cfg->responder.on)
        return a->responder == NULL && a->responder_address == NULL
                   ? 0
                   : refuse(a, "there is a responder already; change its addresses there");
    if (a->responder == NULL)
        return refuse(a, "responder is off; give --responder ADDR:PORT to switch it on");
    if (tb_value_listen(a->responder, &listen) != 0) {
        snprintf(a->why, sizeof(a->why), "--responder: \"%s\" is not ADDRESS:PORT", a->responder);
        return TB_E_INVAL;
    }
    if ((r = set_quoted(a, "responder", listen.text)) < 0 || a->responder_address == NULL)
        return r;
    snprintf(address, sizeof(address), "%s", a->responder_address);
    if (strlen(a->responder_address) >= sizeof(address) || !tb_responder_address_normalise(address)) {
        snprintf(a->why, sizeof(a->why),
                 "--responder-address: \"%s\" is not HOST:PORT with a DNS name of two labels or more",
                 a->responder_address);
        return TB_E_INVAL;
    }
    return set_quoted(a, "responder_address", address);
}

/* A key that somebody lost is nothing worse than a new one: earlier proofs of use end. */
static int make_key(struct tb_add *a, enum tb_state_file file)
{
    struct tb_place pl;
    struct tb_key key;
    struct tb_span text = tb_span_of(key.b, sizeof(key.b));
    bool made = false;
    int r;

    tb_random(&key, sizeof(key));
    if ((r = tb_place_open(&pl, a->cfg, file, 0600, TB_OWNER_USER, a->why)) == 0)
        r = tb_place_make_all(&pl, &text, 1, &made, a->why);
    if (made)
        tb_add_made(a, pl.path);
    tb_place_close(&pl);
    tb_wipe(&key, sizeof(key));
    return r;
}

static int make_certificate(struct tb_add *a)
{
    struct tb_own_renewal by = {.cfg = a->cfg, .only_absent = true, .now = a->now};
    struct tb_own_result res;
    struct tb_own_cert own;
    int r = tb_own_issuer_read(a->cfg, &by.issuer, &by.ca, a->why);

    if (r == 0 && tb_own_cert_of(a->cfg, TB_OWN_RESPONDER, &own)) {
        tb_own_renew(&by, &own, &res);
        if (res.outcome == TB_OWN_RENEWED) {
            tb_add_made(a, res.key.path);
            tb_add_made(a, res.chain.path);
        } else if (res.outcome == TB_OWN_FAILED) {
            memcpy(a->why, res.why, sizeof(a->why));
            r = TB_E_CONFIG;
        }
        tb_own_result_clear(&res);
    }
    tb_hierarchy_clear(&by.issuer);
    tb_cacert_clear(&by.ca);
    return r;
}

static int make(struct tb_add *a)
{
    int r;

    if ((r = make_key(a, TB_FILE_RESPONDER_TOKEN_KEY)) < 0 || (r = make_key(a, TB_FILE_RESPONDER_STATEMENT_KEY)) < 0)
        return r;
    return make_certificate(a);
}

const struct tb_addition tb_add_responder = {.part = TB_PART_RESPONDER, .edit = edit, .make = make};
