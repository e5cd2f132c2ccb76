/* What is wrong, with which object: collected while a decision is made, shown by the decision object. */
#ifndef TB_VERIFY_FAULT_H
#define TB_VERIFY_FAULT_H

#include <openssl/x509.h>

#include "include/tabard/verify.h"
#include "lib/base/bytes.h"

#define TB_FAULT_TEXT_MAX 255
#define TB_FAULT_NAME_MAX 511 /* a SAN, as seen */

struct tb_fault {
    enum tabard_reason reason; /* TABARD_R_ALLOWED: none */
    const char *object;        /* constant */
    int depth;                 /* -1: no certificate */
    char subject[TB_FAULT_TEXT_MAX + 1];
    char name[TB_FAULT_NAME_MAX + 1];
    char expected[TB_FAULT_TEXT_MAX + 1];
    char seen[TB_FAULT_TEXT_MAX + 1];
};

/* Printable ASCII of outside bytes: the rest as \xHH, "..." at the end of what does not fit. */
void tb_fault_escape(char *out, size_t cap, struct tb_span in);
void tb_fault_clear(struct tb_fault *fault);
/* subject (of the certificate at fault) may be NULL; expected and seen are plain text already. */
void tb_fault_set(struct tb_fault *fault, enum tabard_reason reason, const char *object, int depth,
                  const X509_NAME *subject, const char *expected, const char *seen);
/* "2026-11-23T22:16:00Z". */
void tb_fault_time(char out[static 24], int64_t t);

#endif
