/* What a certificate of a Tabard CA tells of its proofs (doc/formats.md, section 9): for people, and nothing rests on
 * it. */
#ifndef TB_CLI_CHECK_PROOFS_H
#define TB_CLI_CHECK_PROOFS_H

#include <jansson.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "lib/pki/name_proofs.h"

struct tb_check_proofs {
    char arc[TB_ARC_TEXT_MAX + 1];
    size_t num; /* as many as names; 0: nothing is told */
    tb_purposes_t purposes;
    struct tb_name_proofs name[TB_IDENT_NUM_MAX];
    tb_proof_policies_t policies;
};

/* The first extension that has the form, with one entry for each name. */
void tb_check_proofs_of(X509 *cert, struct tb_check_proofs *out);
/* Lines for people; none when nothing is told. */
void tb_check_proofs_put(FILE *f, X509 *cert);
/* {"arc": ..., "names": [{"name": ..., "purposes": {"clientAuth": ["dns-01", "tls-client-01"]}}], "policies": [...]} or
 * null. */
json_t *tb_check_proofs_json(X509 *cert);

#endif
