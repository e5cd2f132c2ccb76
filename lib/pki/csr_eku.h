/* What a profile makes of the extended key usages that a CSR asks for. */
#ifndef TB_PKI_CSR_EKU_H
#define TB_PKI_CSR_EKU_H

#include "lib/pki/csr.h"
#include "lib/profile/profile.h"

/*
 * The usages of the certificate: never empty, never more than the profile's.  A CSR that asks for none, or exactly for
 * the profile's, gets the profile's in every mode.  Otherwise ignore gives the profile's, narrow those of them that
 * the CSR asks for (TB_E_DENIED, badCSR, when there are none), reject is TB_E_DENIED, badCSR.  *out_differs: the CSR
 * asked for something else than it gets.
 */
int tb_csr_eku(const struct tb_profile *p, const struct tb_csr *csr, tb_purposes_t *out, bool *out_differs,
               struct tb_problem *pb) TB_MUST_USE;

#endif
