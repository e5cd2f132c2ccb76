/* tb_tls_client_server_name, tb_tls_client_alpn_is_ours, tb_tls_client_certificate, tb_tls_client_tag_of: by the first
 * octet.  What they hand out lies in what they were given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/acme/tls_client.h"
#include "lib/acme/tls_client_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_in(struct tb_span inner, struct tb_span outer, size_t min, size_t max)
{
    if (inner.len < min || inner.len > max || inner.p < outer.p || inner.p + inner.len > outer.p + outer.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = size > 0 ? size - 1 : 0;
    uint8_t *exact = malloc(len + (len == 0));
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];
    struct tb_span in, out;

    if (size == 0 || exact == NULL) {
        free(exact);
        return 0;
    }
    if (len > 0)
        memcpy(exact, data + 1, len);
    in = tb_span_of(exact, len);
    if (data[0] == 0) {
        if (tb_tls_client_server_name(in, &out) == 0)
            must_lie_in(out, in, 1, len - 5);
        if (out.len > 0 && tb_tls_client_tag_of(tag, out, "ca.example") == 0 && strlen(tag) != TB_TLS_CLIENT_TAG_LEN)
            abort();
    } else if (data[0] == 1) {
        if (tb_tls_client_alpn_is_ours(in) && len != 2 + sizeof(TB_TLS_CLIENT_PROTOCOL))
            abort();
    } else if (tb_tls_client_certificate(in, &out) == 0) {
        must_lie_in(out, in, 1, TB_TLS_CLIENT_CERT_MAX);
    }
    free(exact);
    return 0;
}
