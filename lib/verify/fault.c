#include "lib/verify/fault.h"

#include <openssl/bio.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"

void tb_fault_escape(char *out, size_t cap, struct tb_span in)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '\\';

        if (n + (plain ? 1 : 4) + 4 > cap) {
            memcpy(out + n, "...", 4);
            return;
        }
        if (plain) {
            out[n++] = (char)c;
        } else {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    out[n] = '\0';
}

void tb_fault_clear(struct tb_fault *fault)
{
    fault->reason = TABARD_R_ALLOWED;
    fault->object = "";
    fault->depth = -1;
    fault->subject[0] = fault->name[0] = fault->expected[0] = fault->seen[0] = '\0';
}

static void subject_text(char *out, size_t cap, const X509_NAME *subject)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n;

    out[0] = '\0';
    /* RFC 4514, with everything outside ASCII escaped by OpenSSL and once more by us. */
    if (bio != NULL && X509_NAME_print_ex(bio, subject, 0, XN_FLAG_RFC2253) >= 0 &&
        (n = BIO_get_mem_data(bio, &p)) > 0) {
        size_t len = (size_t)n;

        /* The backslashes are RFC 4514's own: they stay. */
        if (len >= cap)
            len = cap - 1;
        for (size_t i = 0; i < len; i++)
            out[i] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
        out[len] = '\0';
    }
    BIO_free(bio);
}

void tb_fault_set(struct tb_fault *fault, enum tabard_reason reason, const char *object, int depth,
                  const X509_NAME *subject, const char *expected, const char *seen)
{
    tb_fault_clear(fault);
    fault->reason = reason;
    fault->object = object;
    fault->depth = depth;
    if (subject != NULL)
        subject_text(fault->subject, sizeof(fault->subject), subject);
    snprintf(fault->expected, sizeof(fault->expected), "%s", expected);
    snprintf(fault->seen, sizeof(fault->seen), "%s", seen);
}

void tb_fault_time(char out[static 24], int64_t t)
{
    tb_rfc3339_format(out, t);
}
