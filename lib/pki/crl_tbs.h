/*
 * TBSCertList (RFC 5280 section 5.1): our own writer for the CRLs of issuing CAs, and an independent strict reader that
 * the keyholder uses on the result.  Each CRL is one shard of an issuer's revocations: a critical issuing distribution
 * point names its URI and that it covers end entities only.
 */
#ifndef TB_PKI_CRL_TBS_H
#define TB_PKI_CRL_TBS_H

#include "lib/pki/reason.h"
#include "lib/pki/tbs.h"

#define TB_CRL_ENTRIES_MAX (1u << 17) /* of one shard */
#define TB_CRL_ENTRY_MAX   52         /* octets: serial of 16, GeneralizedTime, reason */
#define TB_CRL_TBS_MAX     (TB_CRL_ENTRIES_MAX * TB_CRL_ENTRY_MAX + 2048)
#define TB_CRL_MAX         (TB_CRL_TBS_MAX + 256)

/*
 * Which CRL of its issuer a certificate belongs to, by the low four bits of the last octet of its serial number.  The
 * number of shards is for ever: a certificate carries the URI of its own.
 */
#define TB_CRL_SHARDS 16
static inline unsigned tb_crl_shard_of(const uint8_t serial[static TB_SERIAL_LEN])
{
    return serial[TB_SERIAL_LEN - 1] % TB_CRL_SHARDS;
}

/* CRL numbers are microseconds since 1970, so that they grow across restarts without being recorded. */
#define TB_CRL_NUMBER_PER_S 1000000

struct tb_crl_entry {
    uint8_t serial[TB_SERIAL_LEN]; /* content octets, as in struct tb_leaf */
    tb_time_t revoked_at;
    enum tb_reason reason; /* unspecified is not written */
};

/* What a CRL is built from, and what a strict re-reading finds in it.  Spans are borrowed. */
struct tb_crl {
    enum tb_sig_alg sig_alg;
    struct tb_span issuer_name; /* DER Name of the CA, byte for byte its subject */
    struct tb_span issuer_keyid;
    tb_time_t this_update, next_update;
    uint64_t number; /* at most INT64_MAX */
    char uri[TB_URI_MAX + 1];
    size_t num_entries;
    struct tb_span entries; /* reading only: num_entries times tb_crl_entry_read */
};

/*
 * Write the TBS: v2, entries in their order, AKI, CRL number, critical issuing distribution point.  TB_E_INVAL when an
 * input breaks its contract: serials strictly ascending, at most TB_CRL_ENTRIES_MAX of them.  crl->num_entries and
 * crl->entries are not looked at.
 */
int tb_crl_tbs_write(struct tb_wr *wr, const struct tb_crl *crl, const struct tb_crl_entry *entry,
                     size_t num) TB_MUST_USE;

/*
 * TB_E_FORMAT for anything but strict DER of a TBSCertList of exactly this shape: every extension there once, none
 * besides, serials of TB_SERIAL_LEN strictly ascending.  TB_E_LIMIT above TB_CRL_ENTRIES_MAX.
 */
int tb_crl_tbs_read(struct tb_span der, struct tb_crl *out) TB_MUST_USE;
/* The next of crl->entries. */
int tb_crl_entry_read(struct tb_rd *entries, struct tb_crl_entry *out) TB_MUST_USE;

#endif
