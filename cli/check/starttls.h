/* The few lines that come before TLS on ports that begin in the clear. */
#ifndef TB_CLI_CHECK_STARTTLS_H
#define TB_CLI_CHECK_STARTTLS_H

#include <stdbool.h>

#include "lib/base/err.h"

#define TB_STARTTLS_LINE_MAX   2048  /* one line, one XML tag, one LDAP message */
#define TB_STARTTLS_LINES_MAX  100   /* of one answer */
#define TB_STARTTLS_TIMEOUT_MS 10000 /* for the whole of it */

/* "smtp", "imap", "xmpp", "postgres", "ldap". */
bool tb_starttls_known(const char *protocol);
/*
 * Speak until the next octet is TLS's; not one octet more is read.  host is the name that the server is asked for.
 * TB_E_UNSUPPORTED when the server does not offer it, TB_E_FORMAT, TB_E_LIMIT, TB_E_TIMEOUT, TB_E_CLOSED, TB_E_IO.
 */
int tb_starttls(int fd, const char *protocol, const char *host) TB_MUST_USE;

#endif
