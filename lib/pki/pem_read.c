#include "lib/pki/pem_read.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static bool blank(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isspace((unsigned char)p[i]))
            return false;
    return true;
}

static bool starts_with_begin(struct tb_span pem)
{
    static const char begin[] = "-----BEGIN ";

    while (pem.len > 0 && isspace(pem.p[0]))
        pem = tb_span_of(pem.p + 1, pem.len - 1);
    return pem.len >= sizeof(begin) - 1 && memcmp(pem.p, begin, sizeof(begin) - 1) == 0;
}

int tb_pem_read(struct tb_span pem, char label[static TB_PEM_LABEL_MAX + 1], uint8_t **out, size_t *out_len)
{
    BIO *bio = NULL;
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    const char *rest = NULL;
    long len = 0;
    long left;
    int r = TB_E_FORMAT;

    *out = NULL;
    *out_len = 0;
    label[0] = '\0';
    if (pem.len > TB_PEM_MAX)
        return TB_E_LIMIT;
    if (!starts_with_begin(pem))
        return TB_E_FORMAT;
    bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    if (bio == NULL)
        return TB_E_NOMEM;
    if (PEM_read_bio(bio, &name, &header, &data, &len) != 1 || len <= 0 || header[0] != '\0' ||
        strlen(name) > TB_PEM_LABEL_MAX)
        goto out;
    left = BIO_get_mem_data(bio, &rest);
    if (left > 0 && !blank(rest, (size_t)left)) {
        r = TB_E_TRAIL;
        goto out;
    }
    *out = malloc((size_t)len);
    if (*out == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    memcpy(*out, data, (size_t)len);
    *out_len = (size_t)len;
    strcpy(label, name);
    r = 0;
out:
    ERR_clear_error();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, len > 0 ? (size_t)len : 0);
    BIO_free(bio);
    return r;
}
