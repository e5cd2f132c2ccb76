/* A web server on loopback (both families, one port) for tests: fixed bytes for a path, requests kept. */
#ifndef TB_TESTS_UNIT_HTTP_SERVER_H
#define TB_TESTS_UNIT_HTTP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
/* v4_only: nobody listens on the port of ::1. */
struct http_server *http_server_new(struct event_base *base, bool v4_only);
void http_server_free(struct http_server *s);
uint16_t http_server_port(const struct http_server *s);
/* response NULL: the connection stays silent; "": it is closed. */
void http_server_serve(struct http_server *s, const char *path, const char *response);
/* From now on responses come in two parts, the second a moment after the first `at` octets. 0: whole. */
void http_server_split(struct http_server *s, size_t at);
unsigned http_server_requests(const struct http_server *s);
const char *http_server_last(const struct http_server *s); /* head of the last request */

#endif
