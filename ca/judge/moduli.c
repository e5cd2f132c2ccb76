#include "ca/judge/moduli.h"

#include <string.h>

#include "ca/judge/log_record.h"
#include "lib/pki/tbs.h"

int tb_moduli_replay(struct tb_shared_factors *s, struct tb_span issue_body)
{
    static const uint8_t rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
    struct tb_issue_rec rec;
    struct tb_tbs tbs;
    struct tb_span der;
    int r;

    /* Most certificates have other keys: looking for the OID is a tenth of reading the record. */
    if (memmem(issue_body.p, issue_body.len, rsa_encryption, sizeof(rsa_encryption)) == NULL)
        return 0;
    if ((r = tb_issue_rec_read(issue_body, &rec)) < 0 || (r = tb_cert_tbs(rec.cert, &der)) < 0 ||
        (r = tb_tbs_read(der, &tbs)) < 0)
        return r;
    r = tb_shared_factors_add(s, tbs.spki.rsa_n);
    tb_tbs_clear(&tbs);
    return r;
}
