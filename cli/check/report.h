/* Results as sentences for people, and as JSON for programs. */
#ifndef TB_CLI_CHECK_REPORT_H
#define TB_CLI_CHECK_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "cli/check/result.h"

/* title: name the input first, as one of several. */
void tb_check_report(FILE *f, const struct tb_check_result *result, bool title);
/* One member of "results", tabard-check(1). New reference; NULL without memory. */
json_t *tb_check_report_json(const struct tb_check_result *result);
/* Print and drop a document; TB_CLI_ status of the printing. */
int tb_check_print_json(json_t *doc);
/* The document around results: tool, version, TLS library, anchors, time. Steals results. */
json_t *tb_check_document(const struct tb_check_peer *peer, const char *member, json_t *results);

#endif
