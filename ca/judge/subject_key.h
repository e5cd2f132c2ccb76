/* Which keys are never certified, by what the judge knows: its own, what was reported, what others share. */
#ifndef TB_CA_JUDGE_SUBJECT_KEY_H
#define TB_CA_JUDGE_SUBJECT_KEY_H

#include "ca/judge/finalize.h"

/*
 * The key of a CSR: not one of this CA's, not reported as compromised, not weak.  TB_E_DENIED with a constant word and
 * badCSR in pb.
 */
int tb_subject_key_check(const struct tb_judge_state *s, const struct tb_spki *spki, const char **out_word,
                         struct tb_problem *pb) TB_MUST_USE;
/* The dearest question, asked last: has it a prime factor in common with a key that was certified here? */
int tb_subject_key_check_factors(const struct tb_judge_state *s, const struct tb_spki *spki, const char **out_word,
                                 struct tb_problem *pb) TB_MUST_USE;

#endif
