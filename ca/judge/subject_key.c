#include "ca/judge/subject_key.h"

#include <string.h>

#define REFUSE(word, ...) (*out_word = (word), tb_problem_set(pb, TB_E_DENIED, TB_P_BAD_CSR, __VA_ARGS__))

int tb_subject_key_check(const struct tb_judge_state *s, const struct tb_spki *spki, const char **out_word,
                         struct tb_problem *pb)
{
    const char *why = NULL;
    int r;

    for (size_t i = 0; i < s->num_foreign; i++)
        if (memcmp(spki->digest, s->foreign[i], TB_DIGEST_LEN) == 0)
            return REFUSE("csr-ca-key", "The CSR's key is a key of this CA.");
    if (tb_key_set_has(&s->blocked, spki->digest))
        return REFUSE("csr-compromised-key", "The CSR's key was reported as compromised.");
    r = tb_weak_key_check(s->weak, spki->digest, spki->rsa_n, spki->rsa_e, &why);
    if (why != NULL)
        return REFUSE("csr-weak-key", "The CSR's key %s.", why);
    return r;
}

int tb_subject_key_check_factors(const struct tb_judge_state *s, const struct tb_spki *spki, const char **out_word,
                                 struct tb_problem *pb)
{
    int r = tb_shared_factors_check(s->shared, spki->rsa_n);

    if (r == TB_E_DENIED)
        return REFUSE("csr-shared-factor",
                      "The CSR's key has a prime factor in common with another key that was certified here.");
    return r;
}
