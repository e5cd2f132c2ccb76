/* tb_dns_answer_read, tb_tsig_verify, tb_tsig_key_parse: answers to dynamic updates, and key files. */
#include <stdlib.h>
#include <string.h>

#include "client/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct tb_span message)
{
    uint16_t id = message.len >= 2 ? (uint16_t)(message.p[0] << 8 | message.p[1]) : 0;
    struct tb_tsig_mac mac = {.len = 32};
    struct tb_tsig_key key;
    struct tb_dns_answer a;

    for (unsigned opcode = TB_DNS_OPCODE_QUERY; opcode <= TB_DNS_OPCODE_UPDATE; opcode += TB_DNS_OPCODE_UPDATE)
        if (tb_dns_answer_read(message, id, opcode, "a.test", "abc", &a) == 0 &&
            (strlen(a.zone) > TB_DNS_NAME_MAX || strlen(a.alias) > TB_DNS_NAME_MAX || a.rcode < 0 || a.rcode > 15))
            abort();
    if (tb_tsig_key_parse(tb_span_str("k:Zm9v"), &key) < 0)
        abort();
    /* Nobody knows the request's MAC. */
    if (tb_tsig_verify(message, &key, 1000, &mac) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_tsig_key key;

    if (exact != NULL) {
        if (size > 0)
            memcpy(exact, data, size);
        check_answer(tb_span_of(exact, size));
        if (tb_tsig_key_parse(tb_span_of(exact, size), &key) == 0 &&
            (key.algorithm == NULL || key.secret_len == 0 || key.secret_len > TB_TSIG_SECRET_MAX))
            abort();
    }
    free(exact);
    return 0;
}
