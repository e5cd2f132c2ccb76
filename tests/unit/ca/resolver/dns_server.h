/* A name server on loopback, UDP and TCP, for tests: answers what it is told, counts what it is asked. */
#ifndef TB_TESTS_UNIT_DNS_SERVER_H
#define TB_TESTS_UNIT_DNS_SERVER_H

#include <event2/event.h>

#include "ca/config/config.h"

#define DNS_SERVER_RECORDS_MAX 256

enum dns_server_fault { DNS_FINE = 0, DNS_SERVFAIL, DNS_SILENT, DNS_TRUNCATED, DNS_REFUSED, DNS_BARE };

struct dns_server;
struct dns_server *dns_server_new(struct event_base *base);
void dns_server_free(struct dns_server *s);
/* As a zone's resolver. */
void dns_server_listen(const struct dns_server *s, struct tb_listen *out);
void dns_server_clear(struct dns_server *s);
/* rdata in wire form. */
void dns_server_add(struct dns_server *s, const char *name, uint16_t type, const void *rdata, size_t len);
void dns_server_add_a(struct dns_server *s, const char *name, const char *addr); /* A or AAAA */
void dns_server_add_txt(struct dns_server *s, const char *name, const char *text);
void dns_server_add_cname(struct dns_server *s, const char *name, const char *target);
void dns_server_add_caa(struct dns_server *s, const char *name, uint8_t flags, const char *tag, const char *value);
/* type 0: every type. */
void dns_server_fault(struct dns_server *s, const char *name, uint16_t type, enum dns_server_fault fault);
unsigned dns_server_asked(const struct dns_server *s);

#endif
