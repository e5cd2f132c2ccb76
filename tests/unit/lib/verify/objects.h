/* The chains of tests/objects/chains, and requests over them. */
#ifndef TB_TESTS_VERIFY_OBJECTS_H
#define TB_TESTS_VERIFY_OBJECTS_H

#include "include/tabard/verify.h"

#define OBJ_TIME INT64_C(1798761600) /* 2027-01-01T00:00:00Z */
#define OBJ_BOTH (TABARD_ROLE_BIT(TABARD_ROLE_CLIENT) | TABARD_ROLE_BIT(TABARD_ROLE_SERVER))

struct obj_chain {
    struct tabard_cert certs[TABARD_CHAIN_MAX + 4];
    size_t num;
};

/* Whole file, NUL-terminated; ends the test when there is none. */
char *obj_read(const char *file, size_t *out_len);
void obj_chain_load(struct obj_chain *chain, const char *file);
void obj_chain_clear(struct obj_chain *chain);
/* roots.pem for both roles. */
struct tabard_anchors *obj_anchors(void);
/* "sha256:..." of the key of certificate n of a PEM file. */
void obj_key(char out[static 72], const char *file, size_t n);
struct tabard_request obj_request(enum tabard_role role, const struct tabard_anchors *anchors);

#endif
