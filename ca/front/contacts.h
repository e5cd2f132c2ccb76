/* Contacts of an account: syntax only (RFC 8555 section 7.3, RFC 6068 without header fields). Pure. */
#ifndef TB_CA_FRONT_CONTACTS_H
#define TB_CA_FRONT_CONTACTS_H

#include "ca/store/object.h"
#include "lib/base/problem.h"
#include "lib/json/json.h"

#define TB_CONTACTS_MAX    5
#define TB_CONTACT_URL_MAX 320

/*
 * Check a list of URLs and write it as JSON text into out.  NULL (member absent) is the empty list.
 * unsupportedContact for schemes other than mailto; invalidContact for the rest.
 */
int tb_contacts_parse(const json_t *arr, char out[static TB_CONTACTS_TEXT_MAX], struct tb_problem *pb) TB_MUST_USE;

#endif
