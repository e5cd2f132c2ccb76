/* AlgorithmIdentifiers of the signatures that issuing keys make (RFC 5758 section 3.2): whole, as DER. */
#ifndef TB_PKI_ALG_H
#define TB_PKI_ALG_H

#include "lib/pki/tbs.h"

/* Empty for NONE and foreign values. */
struct tb_span tb_sig_alg_der(enum tb_sig_alg alg);
/* NONE when unknown; der is the whole AlgorithmIdentifier. */
enum tb_sig_alg tb_sig_alg_find(struct tb_span der);

#endif
