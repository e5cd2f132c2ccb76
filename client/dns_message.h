/*
 * DNS messages of a dynamic update (RFC 1035, RFC 2136), signed by TSIG (RFC 8945): a writer, and a strict bounded
 * reader of what servers answer.
 */
#ifndef TB_CLIENT_DNS_MESSAGE_H
#define TB_CLIENT_DNS_MESSAGE_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define TB_DNS_MESSAGE_MAX 65535
#define TB_DNS_NAME_MAX    253 /* text, without final dot */
#define TB_DNS_RECORDS_MAX 256 /* of one answer; more is refused */
#define TB_TSIG_SECRET_MAX 128

enum {
    TB_DNS_TYPE_CNAME = 5,
    TB_DNS_TYPE_SOA = 6,
    TB_DNS_TYPE_TXT = 16,
    TB_DNS_TYPE_TSIG = 250,
    TB_DNS_TYPE_ANY = 255
};
enum { TB_DNS_CLASS_IN = 1, TB_DNS_CLASS_NONE = 254, TB_DNS_CLASS_ANY = 255 };
enum { TB_DNS_OPCODE_QUERY = 0, TB_DNS_OPCODE_UPDATE = 5 };

/* Every name is text without final dot, lower-case where it came from a message. */
struct tb_tsig_key {
    char name[TB_DNS_NAME_MAX + 1];
    const char *algorithm; /* "hmac-sha256", ...; a constant */
    uint8_t secret[TB_TSIG_SECRET_MAX];
    size_t secret_len;
};

/*
 * The key file of BIND (tsig-keygen), or one line "[algorithm:]name:secret" as dig and knsupdate take it.  sha256,
 * sha384 and sha512.  TB_E_FORMAT, TB_E_UNSUPPORTED, TB_E_LIMIT. Wipe the key.
 */
int tb_tsig_key_parse(struct tb_span text, struct tb_tsig_key *out) TB_MUST_USE;

/* A question for one name and type. */
int tb_dns_query_write(struct tb_wr *wr, uint16_t id, const char *name, uint16_t type) TB_MUST_USE;
/* Add (or take away) one TXT record of value, at most 255 octets, at name in zone. */
int tb_dns_update_write(struct tb_wr *wr, uint16_t id, const char *zone, const char *name, const char *value,
                        bool add) TB_MUST_USE;
/* Append a TSIG record to the message in wr; mac gets what the answer's MAC is chained to. */
#define TB_TSIG_MAC_MAX 64
struct tb_tsig_mac {
    uint8_t b[TB_TSIG_MAC_MAX];
    size_t len;
};
int tb_tsig_sign(struct tb_wr *wr, const struct tb_tsig_key *key, int64_t now, struct tb_tsig_mac *mac) TB_MUST_USE;
/*
 * An answer must end with a TSIG of the key whose MAC verifies over request's MAC and the message, within its time.
 * TB_E_BADSIG for everything else.
 */
int tb_tsig_verify(struct tb_span message, const struct tb_tsig_key *key, int64_t now,
                   const struct tb_tsig_mac *request) TB_MUST_USE;

/* What an answer says. */
struct tb_dns_answer {
    int rcode;
    char zone[TB_DNS_NAME_MAX + 1]; /* owner of the SOA in answer or authority; empty */
    char
        alias[TB_DNS_NAME_MAX + 1]; /* last target of the CNAMEs that start at the name; the name when there are none */
    bool has_txt;                   /* the TXT record asked for is there */
};
/* Of a query for name; txt may be NULL.  TB_E_FORMAT for what is no answer to it, truncated ones too. */
int tb_dns_answer_read(struct tb_span message, uint16_t id, unsigned opcode, const char *name, const char *txt,
                       struct tb_dns_answer *out) TB_MUST_USE;

#endif
