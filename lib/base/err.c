#include "lib/base/err.h"

static const char *const texts[] = {
    [-TB_OK] = "success",
    [-TB_E_NOMEM] = "out of memory",
    [-TB_E_INVAL] = "invalid argument",
    [-TB_E_FORMAT] = "malformed input",
    [-TB_E_TRUNC] = "input ends too early",
    [-TB_E_TRAIL] = "unexpected bytes at the end",
    [-TB_E_LIMIT] = "limit exceeded",
    [-TB_E_DUP] = "duplicate",
    [-TB_E_NOTFOUND] = "not found",
    [-TB_E_EXISTS] = "already exists",
    [-TB_E_DENIED] = "denied",
    [-TB_E_EXPIRED] = "outside its validity time",
    [-TB_E_BADSIG] = "signature does not verify",
    [-TB_E_CRYPTO] = "cryptographic library failure",
    [-TB_E_IO] = "input/output error",
    [-TB_E_AGAIN] = "try again",
    [-TB_E_CLOSED] = "peer is gone",
    [-TB_E_UNSUPPORTED] = "not supported",
    [-TB_E_STATE] = "not allowed in this state",
    [-TB_E_TIMEOUT] = "timed out",
    [-TB_E_CONFIG] = "configuration error",
    [-TB_E_INTERNAL] = "internal error",
};

_Static_assert(TB_ARRAY_LEN(texts) == -TB_E__END, "every code has a text");

const char *tb_err_text(int err)
{
    if (err > 0 || err <= TB_E__END)
        return "unknown error";
    return texts[-err];
}
