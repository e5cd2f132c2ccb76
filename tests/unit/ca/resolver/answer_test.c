#include "ca/resolver/answer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

#define QNAME "www.example.test"

static uint8_t memory[65536];

static void put_name(struct tb_wr *wr, const char *name)
{
    while (*name != '\0') {
        size_t n = strcspn(name, ".");

        tb_wr_u8(wr, (uint8_t)n);
        tb_wr_bytes(wr, name, n);
        name += n + (name[n] == '.');
    }
    tb_wr_u8(wr, 0);
}

static void begin(struct tb_wr *wr, const char *qname, uint16_t type, uint16_t flags, uint16_t answers)
{
    tb_wr_fixed(wr, memory, sizeof(memory));
    tb_wr_u16(wr, 1);
    tb_wr_u16(wr, flags);
    tb_wr_u16(wr, 1);
    tb_wr_u16(wr, answers);
    tb_wr_u32(wr, 0);
    put_name(wr, qname);
    tb_wr_u16(wr, type);
    tb_wr_u16(wr, 1);
}

/* owner NULL: a pointer to the question's name. */
static void record(struct tb_wr *wr, const char *owner, uint16_t type, const void *rdata, size_t len)
{
    if (owner == NULL)
        tb_wr_u16(wr, 0xc00c);
    else
        put_name(wr, owner);
    tb_wr_u16(wr, type);
    tb_wr_u16(wr, 1);
    tb_wr_u32(wr, 60);
    tb_wr_u16(wr, (uint16_t)len);
    tb_wr_bytes(wr, rdata, len);
}

static int parse(const struct tb_wr *wr, uint16_t type, struct tb_answer *out)
{
    assert_ok(tb_wr_err(wr));
    return tb_answer_parse(tb_wr_span(wr), QNAME, type, out);
}

static void records_at_the_end_of_the_chain_are_returned(void **state)
{
    static const uint8_t target[] = "\x01"
                                    "b"
                                    "\x04"
                                    "test";
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, "WWW.example.TEST", TB_DNS_TYPE_A, 0x8180, 3);
    record(&wr, NULL, TB_DNS_TYPE_CNAME, target, sizeof(target));
    record(&wr, "B.test", TB_DNS_TYPE_A, "\1\2\3\4", 4);
    record(&wr, "b.test", TB_DNS_TYPE_A, "\5\6\7\10", 4);
    assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
    assert_int_equal(a.num, 2);
    assert_span_equal(a.rdata[0], "\1\2\3\4", 4);
    assert_span_equal(a.rdata[1], "\5\6\7\10", 4);
}

static void every_cut_is_refused(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_TXT, 0x8180, 1);
    record(&wr, NULL, TB_DNS_TYPE_TXT, "\3abc", 4);
    assert_ok(parse(&wr, TB_DNS_TYPE_TXT, &a));
    for (size_t n = 0; n < wr.len; n++) {
        uint8_t *copy = malloc(n + 1);

        memcpy(copy, memory, n);
        assert_int_not_equal(tb_answer_parse(tb_span_of(copy, n), QNAME, TB_DNS_TYPE_TXT, &a), 0);
        assert_int_equal(a.num, 0);
        free(copy);
    }
}

static void a_truncated_answer_is_never_no_record(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_CAA, 0x8380, 0);
    assert_int_equal(parse(&wr, TB_DNS_TYPE_CAA, &a), TB_E_TRUNC);
    begin(&wr, QNAME, TB_DNS_TYPE_CAA, 0x0100, 0);
    assert_int_equal(parse(&wr, TB_DNS_TYPE_CAA, &a), TB_E_FORMAT);
    begin(&wr, QNAME, TB_DNS_TYPE_CAA, 0x8180, 0);
    assert_ok(parse(&wr, TB_DNS_TYPE_CAA, &a));
}

static void a_record_beside_the_chain_is_an_error(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_CAA, 0x8180, 1);
    record(&wr, "other.test", TB_DNS_TYPE_CAA, "\0\5issue;", 8);
    assert_int_equal(parse(&wr, TB_DNS_TYPE_CAA, &a), TB_E_FORMAT);
    assert_int_equal(a.num, 0);
}

static void records_are_counted_to_the_maximum(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    for (unsigned n = TB_ANSWER_RECORDS_MAX; n <= TB_ANSWER_RECORDS_MAX + 1; n++) {
        begin(&wr, QNAME, TB_DNS_TYPE_TXT, 0x8180, (uint16_t)n);
        for (unsigned i = 0; i < n; i++)
            record(&wr, NULL, TB_DNS_TYPE_TXT, "\1a", 2);
        assert_int_equal(parse(&wr, TB_DNS_TYPE_TXT, &a), n == TB_ANSWER_RECORDS_MAX ? 0 : TB_E_LIMIT);
        assert_int_equal(a.num, n == TB_ANSWER_RECORDS_MAX ? n : 0);
    }
}

static void the_chain_ends_at_its_maximum(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    for (unsigned n = TB_ANSWER_CHAIN_MAX; n <= TB_ANSWER_CHAIN_MAX + 1; n++) {
        begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, (uint16_t)n);
        for (unsigned i = 0; i < n; i++) {
            char owner[2] = {(char)('a' + i), 0};
            uint8_t target[3] = {1, (uint8_t)('a' + i + 1), 0};

            record(&wr, i == 0 ? NULL : owner, TB_DNS_TYPE_CNAME, target, sizeof(target));
        }
        assert_int_equal(parse(&wr, TB_DNS_TYPE_A, &a), n == TB_ANSWER_CHAIN_MAX ? 0 : TB_E_LIMIT);
    }
}

static void pointers_lead_backwards_only(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;
    size_t at;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 1);
    at = wr.len;
    record(&wr, NULL, TB_DNS_TYPE_A, "\1\2\3\4", 4);
    memory[at] = (uint8_t)(0xc0 | at >> 8);
    memory[at + 1] = (uint8_t)at; /* itself */
    assert_int_equal(parse(&wr, TB_DNS_TYPE_A, &a), TB_E_FORMAT);
    memory[at] = 0xff; /* beyond the packet */
    assert_int_equal(parse(&wr, TB_DNS_TYPE_A, &a), TB_E_FORMAT);
    memory[at] = 0x40; /* label type that does not exist */
    assert_int_equal(parse(&wr, TB_DNS_TYPE_A, &a), TB_E_FORMAT);
}

static void a_cname_target_fills_its_data(void **state)
{
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 1);
    record(&wr, NULL, TB_DNS_TYPE_CNAME, "\1b\0x", 4);
    assert_int_equal(parse(&wr, TB_DNS_TYPE_A, &a), TB_E_FORMAT);
}

static void the_smallest_ttl_counts(void **state)
{
    static const struct {
        uint8_t chain[4], record[4];
        uint32_t want;
    } rows[] = {
        {{0, 0, 0, 9}, {0, 0, 0, 8}, 8},       {{0, 0, 0, 8}, {0, 0, 0, 9}, 8},
        {{0, 0, 0, 0}, {0, 0, 0, 9}, 0},       {{0x7f, 255, 255, 255}, {0x7f, 255, 255, 255}, INT32_MAX},
        {{0x80, 0, 0, 0}, {0x80, 0, 0, 0}, 0}, /* RFC 2181 section 8 */
    };
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 2);
        record(&wr, NULL, TB_DNS_TYPE_CNAME, "\1b", 3);
        memcpy(memory + wr.len - 3 - 2 - 4, rows[i].chain, 4);
        record(&wr, "b", TB_DNS_TYPE_A, "\1\2\3\4", 4);
        memcpy(memory + wr.len - 4 - 2 - 4, rows[i].record, 4);
        assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
        assert_int_equal(a.num, 1);
        assert_int_equal(a.ttl, rows[i].want);
    }
    begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 1);
    record(&wr, NULL, TB_DNS_TYPE_CNAME, "\1b", 3);
    assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
    assert_int_equal(a.ttl, 0);
}

static void a_chain_and_a_denial_are_told(void **state)
{
    static const uint8_t soa[22] = {0};
    struct tb_answer a;
    struct tb_wr wr;

    (void)state;
    begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 1);
    record(&wr, NULL, TB_DNS_TYPE_A, "\1\2\3\4", 4);
    record(&wr, "test", TB_DNS_TYPE_SOA, soa, sizeof(soa));
    memory[9] = 1;
    assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
    assert_false(a.chained);
    assert_false(a.denied); /* there are records */
    begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 1);
    record(&wr, NULL, TB_DNS_TYPE_CNAME, "\1b", 3);
    assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
    assert_true(a.chained);
    assert_false(a.denied);
    for (uint8_t authority = 0; authority <= 2; authority++) {
        begin(&wr, QNAME, TB_DNS_TYPE_A, 0x8180, 0);
        record(&wr, "test", 2, "\1b", 3);
        record(&wr, "test", TB_DNS_TYPE_SOA, soa, sizeof(soa));
        memory[9] = authority;
        assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
        assert_false(a.chained);
        assert_int_equal(a.denied, authority == 2);
    }
    wr.len--; /* cut within the SOA */
    assert_ok(parse(&wr, TB_DNS_TYPE_A, &a));
    assert_false(a.denied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_at_the_end_of_the_chain_are_returned),
        cmocka_unit_test(a_chain_and_a_denial_are_told),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_truncated_answer_is_never_no_record),
        cmocka_unit_test(a_record_beside_the_chain_is_an_error),
        cmocka_unit_test(records_are_counted_to_the_maximum),
        cmocka_unit_test(the_chain_ends_at_its_maximum),
        cmocka_unit_test(pointers_lead_backwards_only),
        cmocka_unit_test(a_cname_target_fills_its_data),
        cmocka_unit_test(the_smallest_ttl_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
