#include "tests/unit/lib/verify/objects.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

char *obj_read(const char *file, size_t *out_len)
{
    char path[512];
    char *buf = malloc(1 << 20);
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", TB_CHAINS, file);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_non_null(buf);
    *out_len = fread(buf, 1, (1 << 20) - 1, f);
    buf[*out_len] = '\0';
    fclose(f);
    return buf;
}

void obj_chain_load(struct obj_chain *chain, const char *file)
{
    size_t len;
    char *pem = obj_read(file, &len);
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    char *name;
    char *header;
    unsigned char *der;
    long n;

    *chain = (struct obj_chain){0};
    while (PEM_read_bio(bio, &name, &header, &der, &n) == 1) {
        assert_true(chain->num < sizeof(chain->certs) / sizeof(chain->certs[0]));
        chain->certs[chain->num++] = (struct tabard_cert){.der = der, .len = (size_t)n};
        OPENSSL_free(name);
        OPENSSL_free(header);
    }
    BIO_free(bio);
    free(pem);
    assert_true(chain->num > 0);
}

void obj_chain_clear(struct obj_chain *chain)
{
    for (size_t i = 0; i < chain->num; i++)
        OPENSSL_free((void *)(uintptr_t)chain->certs[i].der);
    chain->num = 0;
}

struct tabard_anchors *obj_anchors(void)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    size_t len;
    char *pem = obj_read("roots.pem", &len);

    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, OBJ_BOTH), 0);
    free(pem);
    return anchors;
}

void obj_key(char out[static 72], const char *file, size_t n)
{
    struct obj_chain chain;
    unsigned char *spki = NULL;
    unsigned char digest[32];
    const unsigned char *p;
    X509 *x;
    int len;

    obj_chain_load(&chain, file);
    p = chain.certs[n].der;
    x = d2i_X509(NULL, &p, (long)chain.certs[n].len);
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    assert_int_equal(EVP_Digest(spki, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
    memcpy(out, "sha256:", 8);
    for (int i = 0; i < 32; i++)
        snprintf(out + 7 + 2 * i, 3, "%02x", digest[i]);
    OPENSSL_free(spki);
    X509_free(x);
    obj_chain_clear(&chain);
}

struct tabard_request obj_request(enum tabard_role role, const struct tabard_anchors *anchors)
{
    return (struct tabard_request){.size = sizeof(struct tabard_request),
                                   .role = role,
                                   .resource = "orders",
                                   .time = OBJ_TIME,
                                   .anchors = anchors,
                                   .revocation = TABARD_REVOCATION_NONE};
}
