/* A leaf of the tests' own CA, as its writer takes it. */
#ifndef TB_TESTS_UNIT_PKI_MADE_H
#define TB_TESTS_UNIT_PKI_MADE_H

#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/fixture.h"

#define SPKI_MAX 600

struct made {
    struct tb_ident idents[4];
    uint8_t spki[SPKI_MAX];
    struct tb_leaf leaf;
    struct tb_wr tbs;
};

/* Whose leaves they are: made by made_setup for a group of tests. */
extern struct fix_ca made_ca;
int made_setup(void **state);
int made_teardown(void **state);

/* Two names and two addresses for serverAuth, with pointers. The caller clears tbs. */
void made_init(struct made *m, enum fix_key key, enum tb_key_kind kind);
/* Writes the TBS, signs it, and has OpenSSL read the certificate. The caller frees it. */
X509 *made_certify(struct made *m);
/* What OpenSSL says of the leaf under this CA: X509_V_OK. */
int made_chain_verify(X509 *leaf, int purpose);

#endif
