/* What a certificate is, for people and as JSON. */
#ifndef TB_CLI_ACME_REPORT_H
#define TB_CLI_ACME_REPORT_H

#include "client/settings.h"
#include "lib/json/json.h"

/* Members of an open object: name, names, server, profile, paths, serial, times. */
void tb_acme_report_json(struct tb_jw *jw, const struct tb_lineage *l, const struct tb_settings *s,
                         const struct tb_client_chain *chain);
/* One line to standard output. */
void tb_acme_report_line(const struct tb_lineage *l, const struct tb_settings *s, const struct tb_client_chain *chain);

#endif
