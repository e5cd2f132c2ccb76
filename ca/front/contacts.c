#include "ca/front/contacts.h"

#include <string.h>
#include <strings.h>

#define LOCAL_MAX 64 /* RFC 5321 section 4.5.3.1.1 */

/* dot-atom of RFC 5322 section 3.2.3, without quoting and percent-encoding: what addresses look like. */
static bool is_local_part(struct tb_span s)
{
    static const char special[] = "!#$&'*+-/=^_`{|}~.";

    if (s.len == 0 || s.len > LOCAL_MAX || s.p[0] == '.' || s.p[s.len - 1] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!alnum && (c == '\0' || strchr(special, c) == NULL))
            return false;
        if (c == '.' && s.p[i - 1] == '.')
            return false;
    }
    return true;
}

static int check_address(struct tb_span addr, struct tb_problem *pb)
{
    const uint8_t *at = addr.len > 0 ? memchr(addr.p, '@', addr.len) : NULL;
    struct tb_ident domain;
    const char *why = NULL;
    size_t n;

    if (memchr(addr.p, '?', addr.len) != NULL)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_INVALID_CONTACT, "a mailto contact must not carry header fields");
    if (memchr(addr.p, ',', addr.len) != NULL)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_INVALID_CONTACT, "a mailto contact must hold one address");
    n = at == NULL ? 0 : (size_t)(at - addr.p);
    if (at == NULL || !is_local_part(tb_span_of(addr.p, n)))
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_INVALID_CONTACT, "a contact is not an e-mail address");
    if (tb_ident_parse(TB_IDENT_DNS, tb_span_of(at + 1, addr.len - n - 1), &domain, &why) < 0 || domain.wildcard)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_INVALID_CONTACT, "the domain of a contact is not a name: %s",
                              why != NULL ? why : "it has a wildcard");
    return 0;
}

static int check_url(struct tb_span url, struct tb_problem *pb)
{
    static const char mailto[] = "mailto:";
    size_t n = sizeof(mailto) - 1;

    if (url.len < n || strncasecmp((const char *)url.p, mailto, n) != 0)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_UNSUPPORTED_CONTACT, "only mailto contacts are supported");
    return check_address(tb_span_of(url.p + n, url.len - n), pb);
}

int tb_contacts_parse(const json_t *arr, char out[static TB_CONTACTS_TEXT_MAX], struct tb_problem *pb)
{
    char text[TB_CONTACTS_TEXT_MAX];
    struct tb_wr wr;
    struct tb_jw jw;
    int r;

    out[0] = '\0';
    if (arr != NULL && !json_is_array(arr))
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "contact must be a list of URLs");
    if (json_array_size(arr) > TB_CONTACTS_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_INVALID_CONTACT, "at most %d contacts", TB_CONTACTS_MAX);
    tb_wr_fixed(&wr, text, sizeof(text) - 1);
    jw = tb_jw_of(&wr);
    tb_jw_arr(&jw);
    for (size_t i = 0; i < json_array_size(arr); i++) {
        const json_t *s = json_array_get(arr, i);
        struct tb_span url = tb_span_of(json_string_value(s), json_string_length(s));

        if (!json_is_string(s))
            return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "contact must be a list of URLs");
        if (url.len > TB_CONTACT_URL_MAX)
            return tb_problem_set(pb, TB_E_LIMIT, TB_P_INVALID_CONTACT, "a contact is too long");
        if ((r = check_url(url, pb)) < 0)
            return r;
        tb_jw_span(&jw, url);
    }
    tb_jw_end_arr(&jw);
    if (tb_wr_err(&wr) < 0)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_INVALID_CONTACT, "the contacts are too long");
    memcpy(out, text, wr.len);
    out[wr.len] = '\0';
    return 0;
}
