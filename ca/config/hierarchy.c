#include "ca/config/hierarchy.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hash.h"

#define PEM_MAX    8192
#define CN_MAX     64 /* ub-common-name, RFC 5280 appendix A.1 */
#define BACKDATE_S 3600

/* "ca.example server root 1a2b3c4d", the host cut so that the rest stays readable and apart from other CAs. */
static void make_cn(char out[static CN_MAX + 1], const char *host, enum tb_issuer issuer, const char *what,
                    const char *tag)
{
    char tail[CN_MAX + 1];
    size_t host_len = strlen(host);
    size_t tail_len;

    snprintf(tail, sizeof(tail), " %s %s %.8s", tb_issuer_name(issuer), what, tag);
    tail_len = strlen(tail);
    if (host_len > CN_MAX - tail_len)
        host_len = CN_MAX - tail_len;
    memcpy(out, host, host_len);
    memcpy(out + host_len, tail, tail_len + 1);
}

static int make_root(struct tb_hierarchy *h, EVP_PKEY *key, const char *cn, const char *passphrase, tb_time_t now)
{
    int err;

    if ((err = tb_root_make(&h->root, key, cn, now, now + TB_ROOT_LIFETIME_S)) != 0 ||
        (err = tb_key_write_pem(&h->root_key, key, passphrase)) != 0)
        return err;
    return tb_root_crl_make(&h->crl, tb_wr_span(&h->root), key, 1, now, now + TB_ROOT_CRL_PERIOD_S);
}

int tb_hierarchy_make(struct tb_hierarchy *h, enum tb_issuer issuer, const char *host, const char *tag,
                      const char *passphrase, tb_time_t now)
{
    struct tb_wr *const all[] = {&h->root, &h->root_key, &h->crl, &h->issuing, &h->issuing_key};
    char root_cn[CN_MAX + 1], issuing_cn[CN_MAX + 1];
    EVP_PKEY *root_key = NULL, *issuing_key = NULL;
    int err;

    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++)
        tb_wr_init(all[i], PEM_MAX);
    make_cn(root_cn, host, issuer, "root", tag);
    make_cn(issuing_cn, host, issuer, "issuing", tag);
    if ((err = tb_key_generate(TB_CURVE_P256, &root_key)) != 0 ||
        (err = tb_key_generate(TB_CURVE_P256, &issuing_key)) != 0 ||
        (err = make_root(h, root_key, root_cn, passphrase, now)) != 0 ||
        (err = tb_issuing_make(&h->issuing, issuing_key, issuing_cn, issuer, tb_wr_span(&h->root), root_key, now,
                               now + TB_ISSUING_LIFETIME_S)) != 0 ||
        (err = tb_key_write_pem(&h->issuing_key, issuing_key, NULL)) != 0)
        goto out;
    for (size_t i = 0; err == 0 && i < TB_ARRAY_LEN(all); i++)
        err = tb_wr_err(all[i]);
out:
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(issuing_key);
    if (err != 0)
        tb_hierarchy_clear(h);
    return err;
}

void tb_hierarchy_clear(struct tb_hierarchy *h)
{
    tb_wr_clear(&h->root);
    tb_wr_clear(&h->crl);
    tb_wr_clear(&h->issuing);
    tb_wr_clear_secret(&h->root_key);
    tb_wr_clear_secret(&h->issuing_key);
}

/* Write, lint, sign and assemble the certificate. */
static int sign_leaf(struct tb_wr *chain, const struct tb_leaf *leaf, EVP_PKEY *ca_key)
{
    struct tb_wr tbs, cert;
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len = 0;
    const char *why = NULL;
    int err;

    tb_wr_init(&tbs, TB_TBS_MAX);
    tb_wr_init(&cert, TB_CERT_MAX);
    if ((err = tb_tbs_write(&tbs, leaf)) != 0 || (err = tb_tbs_lint(tb_wr_span(&tbs), leaf, &why)) != 0 ||
        (err = tb_key_sign(ca_key, leaf->sig_alg, tb_wr_span(&tbs), sig, &sig_len)) != 0 ||
        (err = tb_cert_assemble(&cert, tb_wr_span(&tbs), leaf->sig_alg, tb_span_of(sig, sig_len))) != 0)
        goto out;
    tb_pem_write(chain, "CERTIFICATE", tb_wr_span(&cert));
    err = tb_wr_err(chain);
out:
    tb_wr_clear(&tbs);
    tb_wr_clear(&cert);
    return err;
}

static void fill_leaf(struct tb_leaf *leaf, const struct tb_cacert *ca, const struct tb_ident *names, size_t num_names,
                      struct tb_span spki, tb_time_t now)
{
    *leaf = (struct tb_leaf){
        .sig_alg = ca->sig_alg,
        .issuer_name = tb_span_of(ca->subject, ca->subject_len),
        .issuer_keyid = tb_span_of(ca->keyid, ca->keyid_len),
        .not_before = now - BACKDATE_S > ca->not_before ? now - BACKDATE_S : ca->not_before,
        .not_after = now + TB_HTTPS_LIFETIME_S < ca->not_after ? now + TB_HTTPS_LIFETIME_S : ca->not_after,
        .cn = TB_CN_NONE,
        .idents = names,
        .num_idents = num_names,
        .spki = spki,
        .key_kind = TB_KEY_P256,
        .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH),
    };
    tb_random(leaf->serial, sizeof(leaf->serial));
    leaf->serial[0] = (uint8_t)(leaf->serial[0] % 0x7f + 1);
}

int tb_https_make(struct tb_wr *chain, struct tb_wr *key, const struct tb_hierarchy *h, const struct tb_ident *names,
                  size_t num_names, tb_time_t now)
{
    struct tb_cacert ca = {0};
    struct tb_leaf leaf;
    EVP_PKEY *ca_key = NULL, *leaf_key = NULL;
    uint8_t *spki = NULL;
    int spki_len;
    int err;

    tb_wr_init(chain, 2 * PEM_MAX);
    tb_wr_init(key, PEM_MAX);
    if ((err = tb_cacert_read(tb_wr_span(&h->issuing), &ca, NULL)) != 0 ||
        (err = tb_key_read_pem(tb_wr_span(&h->issuing_key), NULL, &ca_key, NULL)) != 0 ||
        (err = tb_key_generate(TB_CURVE_P256, &leaf_key)) != 0 || (err = tb_key_write_pem(key, leaf_key, NULL)) != 0)
        goto out;
    spki_len = i2d_PUBKEY(leaf_key, &spki);
    if (spki_len <= 0) {
        err = TB_E_CRYPTO;
        goto out;
    }
    fill_leaf(&leaf, &ca, names, num_names, tb_span_of(spki, (size_t)spki_len), now);
    err = sign_leaf(chain, &leaf, ca_key);
    if (err == 0) {
        tb_wr_bytes(chain, h->issuing.buf, h->issuing.len);
        err = tb_wr_err(chain);
    }
out:
    OPENSSL_free(spki);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(ca_key);
    tb_cacert_clear(&ca);
    if (err != 0) {
        tb_wr_clear(chain);
        tb_wr_clear_secret(key);
    }
    return err;
}
