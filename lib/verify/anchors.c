#include "lib/verify/anchors.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define PEM_OBJECTS_MAX 4096

static const int public_errors[][2] = {
    {TB_OK, 0},
    {TB_E_NOMEM, TABARD_ERR_MEMORY},
    {TB_E_INVAL, TABARD_ERR_ARGUMENT},
    {TB_E_LIMIT, TABARD_ERR_LIMIT},
    {TB_E_IO, TABARD_ERR_IO},
};

int tb_public_err(int err)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(public_errors); i++)
        if (public_errors[i][0] == err)
            return public_errors[i][1];
    return TABARD_ERR_FORMAT;
}

/* PEM_read_bio skips what it cannot read: an object that begins and is not counted must not pass. */
static size_t count_begins(const char *pem, size_t len)
{
    static const char begin[] = "-----BEGIN ";
    size_t num = 0;

    for (const char *p = pem; (p = memmem(p, len - (size_t)(p - pem), begin, sizeof(begin) - 1)) != NULL;
         p += sizeof(begin) - 1)
        num++;
    return num;
}

int tb_pem_each(const void *pem, size_t len, const char *label, int (*add)(void *arg, const void *der, size_t len),
                void *arg)
{
    BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
    size_t num = 0;
    int r = bio != NULL ? 0 : TB_E_NOMEM;

    while (r == 0) {
        char *name = NULL;
        char *header = NULL;
        unsigned char *der = NULL;
        long n = 0;

        if (PEM_read_bio(bio, &name, &header, &der, &n) != 1)
            break;
        if (strcmp(name, label) != 0)
            r = TB_E_FORMAT;
        else if (++num > PEM_OBJECTS_MAX)
            r = TB_E_LIMIT;
        else
            r = add(arg, der, (size_t)n);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    BIO_free(bio);
    if (r != 0)
        return r;
    return num > 0 && num == count_begins(pem, len) ? 0 : TB_E_FORMAT;
}

struct tabard_anchors *tabard_anchors_new(void)
{
    return calloc(1, sizeof(struct tabard_anchors));
}

void tabard_anchors_free(struct tabard_anchors *anchors)
{
    if (anchors == NULL)
        return;
    for (size_t i = 0; i < anchors->num; i++)
        tb_vcert_clear(&anchors->list[i].cert);
    free(anchors->list);
    free(anchors);
}

size_t tabard_anchors_num(const struct tabard_anchors *anchors)
{
    return anchors != NULL ? anchors->num : 0;
}

static int anchor_add(struct tabard_anchors *anchors, const void *der, size_t len, unsigned roles)
{
    struct tb_anchor *list;
    struct tb_vcert cert;
    int r = tb_vcert_parse_full(&cert, der, len);

    if (r < 0)
        return r;
    for (size_t i = 0; i < anchors->num; i++) {
        if (tb_vcert_same(&anchors->list[i].cert, &cert)) {
            anchors->list[i].roles |= roles;
            tb_vcert_clear(&cert);
            return 0;
        }
    }
    list = anchors->num < TABARD_ANCHORS_MAX ? realloc(anchors->list, (anchors->num + 1) * sizeof(*list)) : NULL;
    if (list == NULL) {
        tb_vcert_clear(&cert);
        return anchors->num < TABARD_ANCHORS_MAX ? TB_E_NOMEM : TB_E_LIMIT;
    }
    anchors->list = list;
    list[anchors->num++] = (struct tb_anchor){.cert = cert, .roles = roles};
    return 0;
}

static bool roles_sound(unsigned roles)
{
    const unsigned all = TABARD_ROLE_BIT(TABARD_ROLE_CLIENT) | TABARD_ROLE_BIT(TABARD_ROLE_SERVER);

    return roles != 0 && (roles & ~all) == 0;
}

int tabard_anchors_add_der(struct tabard_anchors *anchors, const void *der, size_t len, unsigned roles)
{
    if (anchors == NULL || !roles_sound(roles))
        return TABARD_ERR_ARGUMENT;
    return tb_public_err(anchor_add(anchors, der, len, roles));
}

static int collect(void *arg, const void *der, size_t len)
{
    return anchor_add(arg, der, len, TABARD_ROLE_BIT(TABARD_ROLE_CLIENT));
}

/* All or none: the text is read into a set of its own first. */
int tabard_anchors_add_pem(struct tabard_anchors *anchors, const void *pem, size_t len, unsigned roles)
{
    struct tabard_anchors *fresh;
    struct tb_anchor *list;
    int r;

    if (anchors == NULL || pem == NULL || !roles_sound(roles))
        return TABARD_ERR_ARGUMENT;
    fresh = tabard_anchors_new();
    r = fresh != NULL ? tb_pem_each(pem, len, "CERTIFICATE", collect, fresh) : TB_E_NOMEM;
    if (r == 0 && anchors->num + fresh->num > TABARD_ANCHORS_MAX)
        r = TB_E_LIMIT;
    list = r == 0 ? realloc(anchors->list, (anchors->num + fresh->num) * sizeof(*list)) : NULL;
    if (r == 0 && list == NULL)
        r = TB_E_NOMEM;
    if (r == 0) {
        anchors->list = list;
        for (size_t i = 0; i < fresh->num; i++) {
            size_t j = 0;

            while (j < anchors->num && !tb_vcert_same(&list[j].cert, &fresh->list[i].cert))
                j++;
            if (j < anchors->num) {
                list[j].roles |= roles;
                continue;
            }
            list[anchors->num++] = (struct tb_anchor){.cert = fresh->list[i].cert, .roles = roles};
            fresh->list[i].cert = (struct tb_vcert){0};
        }
    }
    tabard_anchors_free(fresh);
    return tb_public_err(r);
}
