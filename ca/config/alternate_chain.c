#include "ca/config/alternate_chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/pem_file.h"
#include "lib/pki/pem_read.h"

#define END "-----END CERTIFICATE-----\n"

/* The next PEM object of the text, with its last line. */
static struct tb_span next_object(struct tb_span *rest)
{
    const uint8_t *end = rest->len > 0 ? memmem(rest->p, rest->len, END, sizeof(END) - 1) : NULL;
    size_t n = end != NULL ? (size_t)(end - rest->p) + sizeof(END) - 1 : rest->len;
    struct tb_span out = tb_span_of(rest->p, n);

    *rest = tb_span_of(rest->p + n, rest->len - n);
    return out;
}

/* NULL, or what is wrong with the first certificate. */
static const char *check_first(const struct tb_cacert *first, const struct tb_cacert *issuing)
{
    if (!tb_span_eq(tb_span_of(first->subject, first->subject_len), tb_span_of(issuing->subject, issuing->subject_len)))
        return "the first certificate has another subject than the issuing CA";
    if (memcmp(first->spki_digest, issuing->spki_digest, TB_DIGEST_LEN) != 0)
        return "the first certificate has another key than the issuing CA";
    if (!tb_span_eq(tb_span_of(first->keyid, first->keyid_len), tb_span_of(issuing->keyid, issuing->keyid_len)))
        return "the first certificate has another key identifier than the issuing CA";
    if (!first->has_eku || first->purposes != issuing->purposes)
        return "the first certificate has other extended key usages than the issuing CA";
    return NULL;
}

static int check_next(const struct tb_cacert *ca, size_t i, const struct tb_cacert *before,
                      const struct tb_cacert *issuing, tb_time_t now, const char **out_why)
{
    *out_why = i == 0 ? check_first(ca, issuing) : NULL;
    if (*out_why == NULL && i > 0 && tb_cacert_verify(ca, before) < 0)
        *out_why = "a certificate did not sign the one before it";
    if (*out_why == NULL && (ca->not_after < now || ca->not_before > now))
        *out_why = "a certificate is not valid now";
    return *out_why == NULL ? 0 : TB_E_CONFIG;
}

static int check_chain(struct tb_span text, const struct tb_cacert *issuing, tb_time_t now, struct tb_problem *pb,
                       const char **out_why)
{
    struct tb_cacert before = {0};
    struct tb_cacert ca = {0};
    size_t i = 0;
    int r = 0;

    *out_why = "there is no certificate in it";
    for (; r == 0 && text.len > 0; i++) {
        *out_why = i == TB_CHAIN_CERTS_MAX ? "there are more than 4 certificates in it" : NULL;
        if (*out_why != NULL)
            break;
        if ((r = tb_cacert_read(next_object(&text), &ca, pb)) < 0 ||
            (r = check_next(&ca, i, &before, issuing, now, out_why)) < 0)
            break;
        tb_cacert_clear(&before);
        before = ca;
        ca = (struct tb_cacert){0};
    }
    tb_cacert_clear(&before);
    tb_cacert_clear(&ca);
    return r < 0 || *out_why != NULL ? TB_E_CONFIG : 0;
}

int tb_alternate_chain_read(const struct tb_config *cfg, const struct tb_chain *chain, const struct tb_cacert *issuing,
                            tb_time_t now, char **out_pem, char why[static TB_CONFIG_WHY_MAX + 1])
{
    char path[TB_CONFIG_PATH_MAX + sizeof(chain->file) + 1];
    struct tb_problem pb = {0};
    const char *what = NULL;
    uint8_t *text = NULL;
    size_t len = 0;
    int r;

    *out_pem = NULL;
    why[0] = '\0';
    (void)snprintf(path, sizeof(path), "%s%s%s", chain->file[0] == '/' ? "" : cfg->dir,
                   chain->file[0] == '/' ? "" : "/", chain->file);
    if ((r = tb_pem_file_read(path, TB_PEM_MAX, &text, &len)) < 0) {
        (void)snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, strerror(errno));
        return r;
    }
    if ((r = check_chain(tb_span_of(text, len), issuing, now, &pb, &what)) < 0)
        (void)snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, what != NULL ? what : pb.detail);
    else if ((*out_pem = strndup((const char *)text, len)) == NULL)
        r = TB_E_NOMEM;
    tb_problem_clear(&pb);
    free(text);
    return r;
}
