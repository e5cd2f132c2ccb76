/*
 * The error idiom of the tree: a fallible function returns 0 or a negative
 * enum tb_err and is marked TB_MUST_USE.  Reasons for people travel in a
 * struct tb_problem (problem.h), never in the code.
 */
#ifndef TB_BASE_ERR_H
#define TB_BASE_ERR_H

#include "lib/base/compiler.h"

enum tb_err {
    TB_OK = 0,
    TB_E_NOMEM = -1,        /* allocation failed */
    TB_E_INVAL = -2,        /* argument violates the contract of the call */
    TB_E_FORMAT = -3,       /* input is not in the demanded format */
    TB_E_TRUNC = -4,        /* input ends too early */
    TB_E_TRAIL = -5,        /* bytes are left where none may be */
    TB_E_LIMIT = -6,        /* a named maximum is exceeded */
    TB_E_DUP = -7,          /* something stands twice */
    TB_E_NOTFOUND = -8,     /* the thing asked for does not exist */
    TB_E_EXISTS = -9,       /* the thing to be made exists */
    TB_E_DENIED = -10,      /* policy or proof says no */
    TB_E_EXPIRED = -11,     /* outside its time */
    TB_E_BADSIG = -12,      /* signature or MAC does not verify */
    TB_E_CRYPTO = -13,      /* the cryptographic library failed */
    TB_E_IO = -14,          /* system call failed; errno says why */
    TB_E_AGAIN = -15,       /* not now; call again */
    TB_E_CLOSED = -16,      /* the peer is gone */
    TB_E_UNSUPPORTED = -17, /* known, but not done here */
    TB_E_STATE = -18,       /* not allowed in this state */
    TB_E_TIMEOUT = -19,     /* a deadline passed */
    TB_E_CONFIG = -20,      /* the configuration is wrong */
    TB_E_INTERNAL = -21,    /* an invariant of ours is broken */
    TB_E__END = -22
};

/* A constant English text for a code; "unknown error" for a foreign one. Never NULL. */
const char *tb_err_text(int err);

#endif
