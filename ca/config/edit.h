/*
 * Edit: the text of a configuration with other values.  One line becomes another or is added, everything else stays as
 * its writer left it, comments too.  Whether the result means what it should is for tb_config_parse to say.
 */
#ifndef TB_CA_CONFIG_EDIT_H
#define TB_CA_CONFIG_EDIT_H

#include "lib/base/bytes.h"

/*
 * The value of `key` on that line (from 1) becomes `value`; line 0: "KEY: VALUE" is added at the end.  TB_E_UNSUPPORTED
 * when the line is not "KEY: ONE-WORD", perhaps in a sequence ("- ") or with a comment behind.
 */
int tb_edit_value(struct tb_wr *out, struct tb_span text, unsigned line, const char *key,
                  const char *value) TB_MUST_USE;
/* More lines behind that one. TB_E_NOTFOUND when there is none. */
int tb_edit_insert(struct tb_wr *out, struct tb_span text, unsigned line, struct tb_span more) TB_MUST_USE;

#endif
