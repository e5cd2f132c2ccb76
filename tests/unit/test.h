/* What every unit test includes: cmocka in the order that it demands, and a few helpers. */
#ifndef TB_TESTS_UNIT_TEST_H
#define TB_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/bytes.h"

#define assert_ok(expr) assert_int_equal((expr), 0)
#define assert_span_equal(span, ptr, n)                                                                                \
    do {                                                                                                               \
        struct tb_span s_ = (span);                                                                                    \
        assert_int_equal(s_.len, (n));                                                                                 \
        assert_memory_equal(s_.p, (ptr), (n));                                                                         \
    } while (0)

#endif
