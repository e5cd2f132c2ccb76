/* Flights: leaves on their way from the decision through the keyholder and the log to the answer. */
#ifndef TB_CA_JUDGE_FLIGHT_H
#define TB_CA_JUDGE_FLIGHT_H

#include "ca/judge/finalize.h"
#include "ca/judge/log_record.h"

#define TB_FLIGHTS_MAX 1024 /* a power of two: the slot is part of the request id */
#define TB_WAITERS_MAX 8    /* requests that wait for one order */

enum tb_flight_state { TB_FLIGHT_FREE = 0, TB_FLIGHT_SIGNING, TB_FLIGHT_COMMITTING };

struct tb_flight {
    enum tb_flight_state state;
    uint32_t sign_id; /* of the request to the keyholder */
    tb_order_no_t order;
    uint8_t jws_digest[TB_DIGEST_LEN];
    enum tb_issuer issuer;
    enum tb_sig_alg sig_alg;
    uint8_t serial[TB_SERIAL_LEN];
    tb_time_t now; /* of the decision */
    struct tb_wr tbs;
    struct tb_wr body; /* of the log record; the certificate is its end */
    size_t cert_len;
    uint64_t seq, offset; /* once appended */
    tb_time_t made_at;
    uint32_t waiter[TB_WAITERS_MAX]; /* request ids of the front */
    size_t num_waiters;
};

struct tb_flights {
    struct tb_flight *slot[TB_FLIGHTS_MAX]; /* allocated at first need, then kept with their buffers */
    uint16_t free[TB_FLIGHTS_MAX];
    size_t num_free;
    uint16_t committing[TB_FLIGHTS_MAX];
    size_t num_committing;
    uint32_t last_id;
};

void tb_flights_init(struct tb_flights *f);
void tb_flights_clear(struct tb_flights *f);
/* NULL when all are flying or memory is short. */
struct tb_flight *tb_flights_take(struct tb_flights *f);
void tb_flights_put(struct tb_flights *f, struct tb_flight *flight);
/* The flight that this answer is for; NULL when there is none. */
struct tb_flight *tb_flights_find_id(struct tb_flights *f, uint32_t sign_id);
struct tb_flight *tb_flights_find_order(struct tb_flights *f, tb_order_no_t order);
size_t tb_flights_count(const struct tb_flights *f);

/* Write and lint the TBS and the beginning of the record.  TB_E_DENIED when the lint objects (*out_why). */
int tb_flight_prepare(struct tb_flight *flight, const struct tb_decision *d, const struct tb_proofs *proofs,
                      const char **out_why) TB_MUST_USE;
/* Put the certificate together at the end of the record's body and read it again. */
int tb_flight_complete(struct tb_flight *flight, struct tb_span sig) TB_MUST_USE;
struct tb_span tb_flight_cert(const struct tb_flight *flight);

#endif
