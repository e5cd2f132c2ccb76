/* tb_account_url_parse, tb_finalize_url_parse, tb_profile_ref_parse, tb_cert_id_parse: what is read and printed again
 * is the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/acme/cert_id.h"
#include "lib/acme/url.h"

#define BASE "https://ca.example:14000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_account(const char *url)
{
    uint8_t thumbprint[TB_DIGEST_LEN];
    char again[TB_ACCOUNT_URL_MAX + 1];

    if (tb_account_url_parse(url, BASE, thumbprint) != 0)
        return;
    tb_account_url(again, BASE, thumbprint);
    if (strcmp(again, url) != 0)
        abort();
}

static void check_finalize(const char *url)
{
    struct tb_finalize_ref ref;
    char again[TB_FINALIZE_URL_MAX + 1];

    if (tb_finalize_url_parse(url, BASE, &ref) != 0)
        return;
    tb_finalize_url(again, BASE, &ref);
    if (strcmp(again, url) != 0 || ref.signer == 0 || ref.epoch == 0 || ref.order == 0)
        abort();
}

static void check_cert_id(const uint8_t *data, size_t size)
{
    char again[TB_CERT_ID_TEXT_MAX + 1];
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_cert_id id;

    if (exact == NULL)
        return;
    if (size > 0)
        memcpy(exact, data, size);
    if (tb_cert_id_parse(tb_span_of(exact, size), &id) == 0) {
        tb_cert_id_text(again, tb_span_of(id.keyid, id.keyid_len), tb_span_of(id.serial, id.serial_len));
        if (strlen(again) != size || memcmp(again, data, size) != 0)
            abort();
    }
    free(exact);
}

static void check_ref(const uint8_t *data, size_t size)
{
    char name[TB_PROFILE_NAME_MAX + 1], version[TB_PROFILE_VERSION_MAX + 1];
    uint8_t *exact = malloc(size + (size == 0));

    if (exact == NULL)
        return;
    if (size > 0)
        memcpy(exact, data, size);
    if (tb_profile_ref_parse(tb_span_of(exact, size), name, version) == 0) {
        size_t n = strlen(name);

        if (n + 1 + strlen(version) != size || memcmp(data, name, n) != 0 || data[n] != '@' ||
            memcmp(data + n + 1, version, strlen(version)) != 0)
            abort();
    } else if (name[0] != '\0' || version[0] != '\0') {
        abort();
    }
    free(exact);
}

/* As the whole URL, and as what follows the base. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t base = sizeof(BASE) - 1;
    char *url = malloc(base + size + 1);

    if (url == NULL)
        return 0;
    memcpy(url, BASE, base);
    if (size > 0)
        memcpy(url + base, data, size);
    url[base + size] = '\0';
    check_account(url);
    check_finalize(url);
    if (size > 0)
        memmove(url, url + base, size + 1);
    url[size] = '\0';
    check_account(url);
    check_finalize(url);
    check_ref(data, size);
    check_cert_id(data, size);
    free(url);
    return 0;
}
