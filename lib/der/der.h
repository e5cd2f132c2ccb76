/*
 * DER (ITU-T X.690 section 10): a strict reader over tb_rd and a writer over tb_wr.
 * Definite lengths in their shortest form only, single-octet tags only; nothing
 * is copied, nothing recurses without a bound.
 */
#ifndef TB_DER_DER_H
#define TB_DER_DER_H

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

/* Whole identifier octets: class, constructed bit and number. */
enum tb_der_tag {
    TB_DER_BOOLEAN = 0x01,
    TB_DER_INTEGER = 0x02,
    TB_DER_BIT_STRING = 0x03,
    TB_DER_OCTET_STRING = 0x04,
    TB_DER_NULL = 0x05,
    TB_DER_OID = 0x06,
    TB_DER_UTF8_STRING = 0x0c,
    TB_DER_PRINTABLE_STRING = 0x13,
    TB_DER_IA5_STRING = 0x16,
    TB_DER_UTC_TIME = 0x17,
    TB_DER_GENERALIZED_TIME = 0x18,
    TB_DER_SEQUENCE = 0x30,
    TB_DER_SET = 0x31
};
/* Context-specific tags, primitive and constructed; n below 31. */
#define TB_DER_CTX(n)      (0x80 | (n))
#define TB_DER_CTX_CONS(n) (0xa0 | (n))

#define TB_DER_LEN_MAX   0xffffff /* longest content read: three length octets */
#define TB_DER_DEPTH_MAX 16       /* nesting that tb_der_check follows */
#define TB_DER_OID_MAX   63       /* content octets of an object identifier */

/*
 * Reader.  Every call either succeeds and advances, or fails and leaves reader and output as they were:
 * TB_E_TRUNC when the input ends, TB_E_LIMIT above the maxima, TB_E_FORMAT for everything else.
 */

/* One element of any tag; out_content and out_whole (header included) may be NULL. */
int tb_der_any(struct tb_rd *rd, uint8_t *out_tag, struct tb_span *out_content, struct tb_span *out_whole) TB_MUST_USE;
/* The content of an element that must have this tag. */
int tb_der_get(struct tb_rd *rd, uint8_t tag, struct tb_span *out_content) TB_MUST_USE;
/* The same element with its header. */
int tb_der_get_whole(struct tb_rd *rd, uint8_t tag, struct tb_span *out_whole) TB_MUST_USE;
/* A reader over the content of an element that must have this tag. */
int tb_der_enter(struct tb_rd *rd, uint8_t tag, struct tb_rd *out_inner) TB_MUST_USE;
/* Does an element with this tag follow? */
bool tb_der_next_is(const struct tb_rd *rd, uint8_t tag);
/* INTEGER >= 0, without sign octet: magnitude octets, one 00 for zero. */
int tb_der_uint(struct tb_rd *rd, struct tb_span *out_magnitude) TB_MUST_USE;
/* INTEGER in 0..max; TB_E_LIMIT above. */
int tb_der_small(struct tb_rd *rd, uint32_t max, uint32_t *out) TB_MUST_USE;
int tb_der_bool(struct tb_rd *rd, bool *out) TB_MUST_USE;
/* OBJECT IDENTIFIER content octets, every arc in its shortest form. */
int tb_der_oid(struct tb_rd *rd, struct tb_span *out_content) TB_MUST_USE;
/* BIT STRING of whole octets. */
int tb_der_bits(struct tb_rd *rd, struct tb_span *out_octets) TB_MUST_USE;
/* BIT STRING as a list of named bits, at most 16, no trailing zeros (X.690 section 11.2.2): bit 0 is 0x8000. */
int tb_der_named_bits(struct tb_rd *rd, uint16_t *out) TB_MUST_USE;
/* Time of RFC 5280 section 4.1.2.5: UTCTime until 2049, GeneralizedTime after, with seconds, Z, no fraction. */
int tb_der_time(struct tb_rd *rd, tb_time_t *out) TB_MUST_USE;
/*
 * Is der exactly one well-formed element, and every constructed element in it made of well-formed ones, at most
 * TB_DER_DEPTH_MAX deep?  Also refuses constructed strings and primitive SEQUENCEs.  TB_E_TRAIL for more input.
 */
int tb_der_check(struct tb_span der) TB_MUST_USE;

/*
 * Writer.  tb_der_begin writes a tag and returns a mark; tb_der_end sets the length of what was written since.
 * Errors stay in the writer.
 */
size_t tb_der_begin(struct tb_wr *wr, uint8_t tag);
void tb_der_end(struct tb_wr *wr, size_t mark);
void tb_der_put(struct tb_wr *wr, uint8_t tag, struct tb_span content);
void tb_der_put_oid(struct tb_wr *wr, struct tb_span content);
void tb_der_put_bool(struct tb_wr *wr, bool v);
/* BIT STRING of whole octets. */
void tb_der_put_bits(struct tb_wr *wr, struct tb_span octets);
/* Years 1950 to 9999; TB_E_INVAL outside. */
void tb_der_put_time(struct tb_wr *wr, tb_time_t t);

#endif
