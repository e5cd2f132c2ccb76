/* Words and forms of single values in tabard.yaml: what the tables of the schema point to. */
#ifndef TB_CA_CONFIG_SCHEMA_VALUE_H
#define TB_CA_CONFIG_SCHEMA_VALUE_H

#include <stdbool.h>

/* For struct tb_setting.word: the i-th word, NULL for a gap and past the last; constant. */
const char *tb_word_purpose(unsigned i);
const char *tb_word_method(unsigned i);
const char *tb_word_issuer(unsigned i);
const char *tb_word_cn(unsigned i);
const char *tb_word_zone_caa(unsigned i);
const char *tb_word_ident(unsigned i);

/* For struct tb_setting.check: is the text well-formed?  May normalise it in place, never to something longer. */
bool tb_check_host(char *text);
bool tb_check_domain(char *text);
bool tb_check_zone(char *text);
bool tb_check_user(char *text);
bool tb_check_link(char *text);
bool tb_check_anchor(char *text);
bool tb_check_printable(char *text);
bool tb_check_list_path(char *text);
bool tb_check_responder(char *text);
bool tb_check_profile_name(char *text);
bool tb_check_profile_or_none(char *text);
bool tb_check_name_rule(char *text);
bool tb_check_ancestor_rule(char *text);
bool tb_check_time(char *text);
bool tb_check_limit_name(char *text);
bool tb_check_arc(char *text);
bool tb_check_version(char *text);

#endif
