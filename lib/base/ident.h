/*
 * Identifier: a name that a certificate states (RFC 8555 section 9.7.7), always
 * held in its one normal form, so that equality is byte equality.
 */
#ifndef TB_BASE_IDENT_H
#define TB_BASE_IDENT_H

#include <stdbool.h>

#include "lib/base/bytes.h"

#define TB_IDENT_VALUE_MAX 253 /* a DNS name in text form; addresses are shorter */
#define TB_IDENT_NUM_MAX   100 /* names in one order or certificate */
#define TB_DNS_LABEL_MAX   63
#define TB_DNS_LABELS_MAX  127

/* Wire values: never renumber. */
enum tb_ident_type { TB_IDENT_NONE = 0, TB_IDENT_DNS = 1, TB_IDENT_IP = 2, TB_IDENT_EMAIL = 3, TB_IDENT__COUNT };

struct tb_ident {
    enum tb_ident_type type;
    bool wildcard; /* "*." was there; value is without it */
    /* dns: lower-case A-labels, no trailing dot; ip: RFC 5952 text or dotted quad. */
    char value[TB_IDENT_VALUE_MAX + 1];
};

/* ACME's word for a type ("dns"), NULL for NONE; and back, NONE when unknown. */
const char *tb_ident_type_name(enum tb_ident_type type);
enum tb_ident_type tb_ident_type_find(struct tb_span name);

/*
 * Parse and normalise a value as an ACME client or a SAN writes it.  dns: LDH labels, each of
 * 1 to 63 characters, no leading or trailing hyphen, "xn--" labels only in well-formed A-label
 * shape, at most one "*" and only as the whole first label of a name of two or more, last label not
 * a number (all digits, or 0x and hex digits), no trailing dot, at most 253 characters.  ip: no zone, no v4-mapped
 * form. TB_E_UNSUPPORTED for a type that has no parser, TB_E_FORMAT for a bad value with *out_why set to a constant
 * sentence part ("label is longer than 63 characters"); out_why may be NULL.
 */
int tb_ident_parse(enum tb_ident_type type, struct tb_span value, struct tb_ident *out,
                   const char **out_why) TB_MUST_USE;
/* As people and SANs write it, with "*."; out needs TB_IDENT_VALUE_MAX + 3 bytes. */
void tb_ident_text(char *out, const struct tb_ident *id);
bool tb_ident_eq(const struct tb_ident *a, const struct tb_ident *b);
/* Total order: type, value, wildcard. For sorting. */
int tb_ident_cmp(const struct tb_ident *a, const struct tb_ident *b);
/* Wire form: type u8, wildcard u8, value str16. The reader re-parses and refuses what is not normal. */
void tb_ident_write(struct tb_wr *wr, const struct tb_ident *id);
int tb_ident_read(struct tb_rd *rd, struct tb_ident *out) TB_MUST_USE;

/* True when name equals domain or ends in "." domain, label by label. Both normalised dns values. */
bool tb_dns_name_under(const char *name, const char *domain);

#endif
