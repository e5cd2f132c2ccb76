/* The configuration's zones as libunbound wants them: forward-zone clauses exist in its file form only. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "ca/resolver/near.h"
#include "ca/resolver/resolver.h"

static bool any_loopback(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_zones; i++)
        for (size_t k = 0; k < cfg->zones[i].num_resolvers; k++)
            if (tb_near_is_loopback(&cfg->zones[i].resolver[k].addr))
                return true;
    return false;
}

/* Is nobody asked beyond this machine? */
static bool only_loopback(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_zones; i++)
        for (size_t k = 0; k < cfg->zones[i].num_resolvers; k++)
            if (!tb_near_is_loopback(&cfg->zones[i].resolver[k].addr))
                return false;
    return !tb_resolver_conf_recurses(cfg);
}

static bool any_anchor(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_zones; i++)
        if (cfg->zones[i].num_trust_anchors > 0)
            return true;
    return false;
}

bool tb_resolver_conf_recurses(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_zones; i++)
        if (cfg->zones[i].domain[0] == '\0')
            return cfg->zones[i].num_resolvers == 0;
    return true;
}

static void forward_addr(struct tb_wr *wr, const struct sockaddr_storage *sa)
{
    char text[INET6_ADDRSTRLEN] = "";
    unsigned port;

    if (sa->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;

        (void)inet_ntop(AF_INET, &sin->sin_addr, text, sizeof(text));
        port = ntohs(sin->sin_port);
    } else {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

        (void)inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text));
        port = ntohs(sin6->sin6_port);
    }
    tb_wr_printf(wr, "  forward-addr: %s@%u\n", text, port);
}

/* What was published a second ago must be seen: a forwarded zone is never answered from our cache. */
static void forward_zone(struct tb_wr *wr, const struct tb_zone *zone)
{
    tb_wr_printf(wr, "forward-zone:\n  name: \"%s.\"\n  forward-first: no\n  forward-no-cache: yes\n", zone->domain);
    for (size_t k = 0; k < zone->num_resolvers; k++)
        forward_addr(wr, &zone->resolver[k].addr);
}

static void server_clause(const struct tb_config *cfg, struct tb_wr *wr)
{
    bool recurses = tb_resolver_conf_recurses(cfg);
    bool validates = recurses || any_anchor(cfg);

    tb_wr_printf(wr, "server:\n  module-config: \"%s\"\n", validates ? "validator iterator" : "iterator");
    tb_wr_printf(wr, "  do-not-query-localhost: %s\n", any_loopback(cfg) ? "no" : "yes");
    /* Connecting hides the ports of open questions from a stranger's ICMP probes, which do not reach loopback. */
    tb_wr_printf(wr, "  udp-connect: %s\n", only_loopback(cfg) ? "no" : "yes");
    /* 0x20 (RFC 8555 section 11.2 asks for care against forged answers); forwarders are near and trusted. */
    tb_wr_printf(wr, "  use-caps-for-id: %s\n", recurses ? "yes" : "no");
    tb_wr_printf(wr, "  cache-max-ttl: %d\n  cache-max-negative-ttl: 0\n", TB_RESOLVER_CACHE_S);
    /* Both would answer from what was seen before instead of asking. */
    tb_wr_str(wr, "  aggressive-nsec: no\n  harden-below-nxdomain: no\n");
    /* Hides nothing here (the name becomes a certificate) and costs two and a half times the time of a query. */
    tb_wr_str(wr, "  qname-minimisation: no\n");
    tb_wr_str(wr, "  rrset-roundrobin: no\n  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n");
    tb_wr_str(wr, "  infra-host-ttl: 10\n  infra-keep-probing: yes\n");
    tb_wr_str(wr, "  outgoing-range: 512\n  num-queries-per-thread: 2048\n  outgoing-num-tcp: 32\n");
    tb_wr_str(wr, "  edns-buffer-size: 1232\n  msg-cache-size: 256k\n  rrset-cache-size: 1m\n");
    tb_wr_str(wr, "  use-syslog: no\n  verbosity: 0\n");
    /* A forwarder that does not hand out DNSKEY would make every name below an outer anchor bogus. */
    for (size_t i = 0; i < cfg->num_zones; i++)
        if (cfg->zones[i].num_resolvers > 0 && cfg->zones[i].num_trust_anchors == 0 && cfg->zones[i].domain[0] != '\0')
            tb_wr_printf(wr, "  domain-insecure: \"%s.\"\n", cfg->zones[i].domain);
}

void tb_resolver_conf(const struct tb_config *cfg, struct tb_wr *wr)
{
    server_clause(cfg, wr);
    for (size_t i = 0; i < cfg->num_zones; i++)
        if (cfg->zones[i].num_resolvers > 0)
            forward_zone(wr, &cfg->zones[i]);
}
