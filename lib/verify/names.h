/* The names of a leaf (RFC 5280 section 4.2.1.6) and the patterns of a policy, in one normal form. */
#ifndef TB_VERIFY_NAMES_H
#define TB_VERIFY_NAMES_H

#include "lib/verify/cert.h"

enum tb_vname_type { TB_VNAME_DNS = 1, TB_VNAME_IP = 2, TB_VNAME_URI = 3 };

struct tb_vname {
    enum tb_vname_type type;
    uint8_t san;                      /* of a leaf's: its place among all names there, from 0 */
    bool wildcard;                    /* dns: "*." was there; text is without it */
    char text[TB_FAULT_NAME_MAX + 1]; /* dns: lower case; ip: text form; uri: as it stands */
};

/* TABARD_R_ALLOWED or the TABARD_R_SAN_ reason why the text is no name of the type. */
enum tabard_reason tb_vname_parse(enum tb_vname_type type, struct tb_span text, struct tb_vname *out);
/*
 * All DNS names, addresses and URIs of the leaf, sorted, so that their order in the certificate decides nothing; other
 * kinds are left out, but must be sound.  False with a fault; *out is freed by the caller.
 */
bool tb_vnames_read(const struct tb_vcert *leaf, struct tb_vname **out, size_t *out_num, struct tb_fault *fault);
/* The text after the first label; NULL when there is none. */
const char *tb_vname_parent(const char *text);
/* As people write it. */
void tb_vname_text(char out[static TB_FAULT_NAME_MAX + 1], const struct tb_vname *name);

#endif
