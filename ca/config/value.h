/*
 * Values of the configuration: durations, addresses, networks, names.  Each has one strict reader and one writer;
 * what the writer makes, the reader takes.
 */
#ifndef TB_CA_CONFIG_VALUE_H
#define TB_CA_CONFIG_VALUE_H

#include "ca/config/config.h"
#include "lib/base/amount.h"

#define TB_VALUE_TEXT_MAX 319 /* of a printed value */

/* "127.0.0.1:14000" or "[::1]:14000", port 1 to 65535; no names, no zones, no v4-mapped form. text is normalised. */
int tb_value_listen(const char *s, struct tb_listen *out) TB_MUST_USE;
/* The port of an address that tb_value_listen made, and the same address with another port. */
uint16_t tb_value_listen_port(const struct tb_listen *l);
int tb_value_listen_at(const struct tb_listen *l, uint32_t port, struct tb_listen *out) TB_MUST_USE;

/* "10.0.0.0/8", "fd00::/8": host bits are zero; at least /8 (IPv4) or /7 (IPv6), so that no entry opens everything. */
int tb_value_net(const char *s, struct tb_net *out) TB_MUST_USE;
void tb_value_net_text(char out[static 64], const struct tb_net *net);

/* A name as the CA has it: dns (no wildcard) or ip, in normal form. */
int tb_value_host(const char *s, struct tb_ident *out) TB_MUST_USE;
/* "https://HOST:PORT" of a host and a port, ":443" left out; TB_E_LIMIT when too long. */
int tb_value_base_url(char out[static TB_BASE_URL_MAX + 1], const struct tb_ident *host, uint16_t port) TB_MUST_USE;
/* Is s a base URL of that host: exactly what tb_value_base_url makes for some port? */
bool tb_value_base_url_of(const char *s, const struct tb_ident *host);
/* An "http://" or "https://" URL of printable ASCII without quotes, spaces or backslashes, or empty. */
bool tb_value_link(const char *s);
/* A DS or DNSKEY record in zone-file form. */
bool tb_value_trust_anchor(const char *s);
/* A login name that useradd would make, or empty. */
bool tb_value_user(const char *s);

#endif
