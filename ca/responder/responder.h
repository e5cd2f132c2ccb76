/*
 * The responder process: applicants connect to it with the key to be certified (tls-client-01).  It makes tokens, arms
 * proofs for the front, and says in statements who connected from where.  It believes its configuration and what it saw
 * itself.
 */
#ifndef TB_CA_RESPONDER_RESPONDER_H
#define TB_CA_RESPONDER_RESPONDER_H

#include "ca/responder/admission.h"
#include "ca/responder/connection.h"
#include "ca/token_maker.h"
#include "lib/json/json.h"

enum tb_responder_stat {
    TB_RSTAT_TOKENS,
    TB_RSTAT_REQUESTS,  /* proofs asked for by the front */
    TB_RSTAT_DENIED,    /* of these, not even begun */
    TB_RSTAT_ARMED,     /* addresses are known, the window is open */
    TB_RSTAT_DNS_ERROR, /* they are not */
    TB_RSTAT_PROVED,
    TB_RSTAT_UNPROVED, /* the window ended */
    TB_RSTAT_CONNECTIONS,
    TB_RSTAT_UNKNOWN_TAG,        /* dropped at the hello */
    TB_RSTAT_HANDSHAKE_FAILED,   /* of those with an armed tag */
    TB_RSTAT_REFUSED,            /* by the verdict */
    TB_RSTAT_LATE,               /* at the deadline */
    TB_RSTAT_DISPLACED,          /* strangers that made room */
    TB_RSTAT_DISPLACED_EXPECTED, /* expected peers that made room */
    TB_RSTAT__COUNT
};

struct tb_responder {
    struct tb_child *child;
    struct tb_audience audience;
    struct tb_key token_key, statement_key;
    struct tb_resolver *resolver;
    struct tb_windows windows;
    struct tb_admissions admissions;
    struct tb_lanes lanes;
    SSL_CTX *tls;
    tb_time_t tls_not_after;
    struct event *listener;
    size_t num_connections;
    char host[TB_TLS_CLIENT_HOST_MAX + 1];
    bool draining;
    uint64_t stat[TB_RSTAT__COUNT];
    struct tb_wr wr; /* answers */
};

/* token.c */
struct tb_token_maker tb_responder_tokens(struct tb_responder *rp);
int tb_responder_on_token(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);

/* answer.c: to the front; what cannot be sent is logged. */
void tb_responder_send_problem(struct tb_responder *rp, uint32_t id, const struct tb_problem *pb);
/* pb type NONE: armed. */
void tb_responder_send_note(struct tb_responder *rp, uint32_t id, const struct tb_problem *pb);
/* What a connection showed that was accepted. */
struct tb_use_seen {
    struct tb_address peer;
    uint8_t prefix; /* as tb_sources_match */
    const uint8_t *spki_digest;
};
int tb_responder_send_statement(struct tb_responder *rp, const struct tb_window *w,
                                const struct tb_use_seen *seen) TB_MUST_USE;

/* stats.c */
int tb_responder_on_stats(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
/* Operations of the control socket. */
void tb_responder_control(struct tb_child *child, uint32_t id, struct tb_span json);

#endif
