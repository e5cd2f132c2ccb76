/* tb_eab_parse, tb_eab_verify: what is read has an algorithm, an id, a URL and a key; a foreign key verifies nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/jose/eab.h"
#include "lib/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tb_key key = {{7}};
    static const struct tb_eab zero;
    uint8_t *copy = malloc(size + 1);
    struct tb_problem pb = {0};
    struct tb_eab eab;
    json_t *obj = NULL;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (tb_json_parse(tb_span_of(copy, size), TB_JWS_BODY_MAX, &obj) == 0) {
        if (tb_eab_parse(obj, &eab, &pb) == 0) {
            if (eab.alg == TB_EAB_NONE || eab.kid[0] == '\0' || eab.url[0] == '\0' || eab.jwk == NULL)
                abort();
            if (tb_eab_verify(&eab, tb_span_of(key.b, sizeof(key.b))) == 0 && eab.mac.len < 32)
                abort();
        } else if (memcmp(&eab, &zero, sizeof(eab)) != 0 || pb.type == TB_P_NONE) {
            abort();
        }
        tb_eab_clear(&eab);
    }
    tb_problem_clear(&pb);
    json_decref(obj);
    free(copy);
    return 0;
}
