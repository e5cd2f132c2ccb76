/* Compiler attributes used across the tree. */
#ifndef TB_BASE_COMPILER_H
#define TB_BASE_COMPILER_H

#define TB_MUST_USE          __attribute__((warn_unused_result))
#define TB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TB_NORETURN          __attribute__((noreturn))
#define TB_UNUSED            __attribute__((unused))

#define TB_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
