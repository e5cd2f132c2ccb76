/* tb_proxy_header_read: read piece by piece it gives what it gives at once, and asks for no octet too many. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ca/responder/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_exact(const uint8_t *data, size_t len, size_t *want, struct tb_address *peer, uint16_t *port)
{
    uint8_t *exact = malloc(len + (len == 0));
    int r;

    if (exact == NULL)
        abort();
    if (len > 0)
        memcpy(exact, data, len);
    r = tb_proxy_header_read(tb_span_of(exact, len), want, peer, port);
    free(exact);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tb_address peer, whole;
    uint16_t port, whole_port;
    size_t want, len = 0;
    int r;

    while ((r = read_exact(data, len, &want, &peer, &port)) == TB_E_AGAIN) {
        if (want == 0 || len + want > TB_PROXY_HEADER_MAX)
            abort();
        if (len + want > size)
            return 0;
        len += want;
    }
    if (r == TB_E_TRAIL || r != read_exact(data, len, &want, &whole, &whole_port))
        abort();
    if (r == 0 && (port != whole_port || memcmp(peer.b, whole.b, sizeof(peer.b)) != 0))
        abort();
    return 0;
}
