/* tb_statement_read, tb_statement_peek, tb_statement_write, tb_caa_result_read: fields under a right MAC are read only
 * if writing them again gives the same octets. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/statement/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tb_key key = {{1, 2, 3, 4}};

static void read_and_write(const uint8_t *blob, size_t len)
{
    static const struct tb_statement zero;
    struct tb_statement s, peeked;
    uint8_t again[TB_STATEMENT_MAX];
    uint16_t perspective;
    struct tb_wr wr;

    int r = tb_statement_peek(tb_span_of(blob, len), &peeked);

    if (tb_statement_read(tb_span_of(blob, len), &key, &s) != 0) {
        if (memcmp(&s, &zero, sizeof(s)) != 0)
            abort();
        return;
    }
    if (r != 0 || memcmp(&s, &peeked, sizeof(s)) != 0)
        abort();
    if (tb_statement_perspective(tb_span_of(blob, len), &perspective) != 0 || perspective != s.perspective)
        abort();
    tb_wr_fixed(&wr, again, sizeof(again));
    if (tb_statement_write(&wr, &s, &key) != 0 || wr.len != len || memcmp(again, blob, len) != 0)
        abort();
    if (s.kind == TB_PROOF_NONE || (s.kind != TB_PROOF_CAA && s.account_url[0] == '\0'))
        abort();
    if (s.subtree && (s.kind != TB_PROOF_CONTROL || s.ident.type != TB_IDENT_DNS || s.ident.wildcard))
        abort();
}

/* The input twice: as it came, and as fields to which the right MAC is added. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t domain = sizeof(TB_STATEMENT_DOMAIN);
    uint8_t *under = malloc(domain + size);
    uint8_t *exact = malloc(size + TB_STATEMENT_MAC_LEN);

    if (under != NULL && exact != NULL && size > 0) {
        uint8_t *raw = malloc(size);

        if (raw != NULL) {
            memcpy(raw, data, size);
            read_and_write(raw, size);
        }
        free(raw);
        memcpy(under, TB_STATEMENT_DOMAIN, domain);
        memcpy(under + domain, data, size);
        memcpy(exact, data, size);
        tb_hmac_sha256(exact + size, &key, tb_span_of(under, domain + size));
        read_and_write(exact, size + TB_STATEMENT_MAC_LEN);
    }
    free(exact);
    free(under);
    return 0;
}
