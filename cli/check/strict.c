#include "cli/check/strict.h"

#include <stdio.h>
#include <string.h>

#include "include/tabard/verify.h"
#include "lib/base/compiler.h"

static const enum tabard_role roles[] = {
    [TB_CHECK_CLIENT] = TABARD_ROLE_CLIENT,
    [TB_CHECK_SERVER] = TABARD_ROLE_SERVER,
};
_Static_assert(TB_ARRAY_LEN(roles) == TB_CHECK_ROLES, "a row for each role");

static bool add_anchor(struct tabard_anchors *anchors, X509 *cert, enum tb_check_role role)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    int r = len > 0 ? tabard_anchors_add_der(anchors, der, (size_t)len, TABARD_ROLE_BIT(roles[role])) : -1;

    OPENSSL_free(der);
    return r == 0;
}

/* One that libtabard does not take (too large, malformed) is left out: then it denies. */
static struct tabard_anchors *make_anchors(enum tb_check_role role, const struct tb_check_peer *peer,
                                           const struct tb_check_measure *m)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    int top = sk_X509_num(m->path) - 1;
    bool any = false;

    if (anchors == NULL)
        return NULL;
    for (int i = 0; i < sk_X509_num(peer->anchors); i++)
        any = add_anchor(anchors, sk_X509_value(peer->anchors, i), role) || any;
    if (peer->anchors == NULL && m->verdict == TB_CHECK_ACCEPTED && top >= 0)
        any = add_anchor(anchors, sk_X509_value(m->path, top), role);
    if (any)
        return anchors;
    tabard_anchors_free(anchors);
    return NULL;
}

static void word(const struct tabard_decision *d, const struct tb_check_measure *m, struct tb_check_strict *out)
{
    enum tabard_reason reason = tabard_decision_reason(d);
    char at[TB_CHECK_TEXT_MAX + 64] = "";

    /* The name asked for is no part of the chain's check. */
    if (out->sound == (m->verdict == TB_CHECK_ACCEPTED) || m->error == X509_V_ERR_HOSTNAME_MISMATCH ||
        m->error == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return;
    if (out->sound) {
        snprintf(out->sentence, sizeof(out->sentence), "libtabard's strict rule would take this chain.");
        return;
    }
    if (out->depth >= 0)
        snprintf(at, sizeof(at), " at depth %d, %s \"%.200s\"", out->depth, tabard_decision_object(d),
                 tabard_decision_subject(d));
    snprintf(out->sentence, sizeof(out->sentence), "libtabard's strict rule denies it (%s)%s: %s%s%s%s.", out->reason,
             at, tabard_reason_sentence(reason), out->rfc[0] != '\0' ? " (" : "", out->rfc,
             out->rfc[0] != '\0' ? ")" : "");
}

static void ask(const struct tb_check_peer *peer, enum tb_check_role role, const struct tabard_anchors *anchors,
                const struct tabard_cert *certs, size_t num, const struct tb_check_measure *m,
                struct tb_check_strict *out)
{
    struct tabard_request request = {.size = sizeof(request),
                                     .role = roles[role],
                                     .time = peer->at,
                                     .anchors = anchors,
                                     .revocation = TABARD_REVOCATION_NONE};
    struct tabard_decision *d = tabard_decision_new();

    if (d == NULL)
        return;
    tabard_chain_check(&request, certs, num, d);
    out->asked = true;
    out->sound = tabard_decision_reason(d) == TABARD_R_CHAIN_SOUND;
    out->reason = tabard_reason_text(tabard_decision_reason(d));
    out->rfc = tabard_reason_rfc(tabard_decision_reason(d));
    out->depth = tabard_decision_depth(d);
    word(d, m, out);
    tabard_decision_free(d);
}

void tb_check_strict(STACK_OF(X509) * chain, enum tb_check_role role, const struct tb_check_peer *peer,
                     const struct tb_check_measure *m, struct tb_check_strict *out)
{
    struct tabard_cert certs[TB_CHECK_CERTS_MAX] = {0};
    unsigned char *der[TB_CHECK_CERTS_MAX] = {0};
    int num = sk_X509_num(chain);
    struct tabard_anchors *anchors = make_anchors(role, peer, m);

    *out = (struct tb_check_strict){.reason = "", .rfc = "", .depth = -1};
    if (anchors == NULL || num < 1 || num > TB_CHECK_CERTS_MAX)
        goto out;
    for (int i = 0; i < num; i++) {
        int len = i2d_X509(sk_X509_value(chain, i), &der[i]);

        if (len <= 0)
            goto out;
        certs[i] = (struct tabard_cert){.der = der[i], .len = (size_t)len};
    }
    ask(peer, role, anchors, certs, (size_t)num, m, out);
out:
    for (size_t i = 0; i < TB_CHECK_CERTS_MAX; i++)
        OPENSSL_free(der[i]);
    tabard_anchors_free(anchors);
}
