/* Addresses of a host that validation may contact: both families looked up, vetted, IPv6 first with one fall-back. */
#ifndef TB_CA_VALIDATOR_HOST_H
#define TB_CA_VALIDATOR_HOST_H

#include "ca/resolver/address.h"
#include "ca/resolver/resolver.h"
#include "lib/base/problem.h"

#define TB_HOST_ADDRESSES_MAX 8 /* of a name, for each family, that are looked at */

struct tb_host;
typedef void tb_host_done_fn(void *arg);

struct tb_host_family {
    struct tb_dns_query *query;
    bool usable;              /* addr is vetted */
    struct tb_address addr;   /* the first that may be contacted */
    struct tb_address denied; /* the first that may not, with the rule */
    const char *why;
};

/* In the challenge's memory; zeroed memory is "nothing under way". */
struct tb_host {
    int err;               /* of the lookup; 0: the families are known */
    enum tb_dnssec dnssec; /* of both answers */
    bool trying_v6;        /* tb_host_addr is v6.addr */
    struct tb_host_family v6, v4;
    const struct tb_zone *zone; /* whose policy vets */
    unsigned pending;           /* lookups under way */
    tb_host_done_fn *done;
    void *arg;
};

/*
 * Look up A and AAAA of a normalised name and vet them under the zone's policy.  0: done comes later, once, never
 * inside this call, and is the last thing that touches h.  Negative: nothing is under way.
 */
int tb_host_resolve(struct tb_host *h, struct tb_resolver *r, const char *name, const struct tb_zone *zone,
                    tb_host_done_fn *done, void *arg) TB_MUST_USE;
/* RFC 8738: the identifier is the address, there is nothing to look up. TB_E_FORMAT. */
int tb_host_of_address(struct tb_host *h, const char *text, const struct tb_zone *zone) TB_MUST_USE;
/* done does not come; harmless at any time. */
void tb_host_cancel(struct tb_host *h);

/* Is there an address to contact? */
bool tb_host_usable(const struct tb_host *h);
/* The address to contact now. */
const struct tb_address *tb_host_addr(const struct tb_host *h);
/* Share of the time left that connecting may take: a silent IPv6 address must leave time for IPv4. */
uint32_t tb_host_connect_ms(const struct tb_host *h, uint32_t left_ms);
/* No connection came about: is there another family to try?  tb_host_addr is then its address. */
bool tb_host_fall_back(struct tb_host *h);
/* Why a host of the applicant's naming cannot be contacted: sets the problem and returns its error. */
int tb_host_problem(const struct tb_host *h, const char *name, struct tb_problem *pb);

#endif
