#include "ca/config/schema.h"

#include <string.h>

#include "ca/config/responder.h"
#include "ca/config/value.h"
#include "ca/keyholder/ceiling.h"
#include "lib/statement/account_limits.h"

/* --- words and checks ------------------------------------------------------------------------------------------ */

static const char *purpose_word(unsigned i)
{
    const struct tb_purpose_info *info = tb_purpose_info((enum tb_purpose)i);

    return info != NULL ? info->label : NULL;
}

static const char *method_word(unsigned i)
{
    const struct tb_method_info *info = tb_method_info((enum tb_method)i);

    return info != NULL ? info->name : NULL;
}

static const char *issuer_word(unsigned i)
{
    return i == TB_ISSUER_NONE ? NULL : tb_issuer_name((enum tb_issuer)i);
}

static const char *cn_word(unsigned i)
{
    static const char *const words[] = {[TB_CN_NONE] = "none", [TB_CN_FIRST_DNS] = "first-dns"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

static const char *zone_caa_word(unsigned i)
{
    static const char *const words[] = {[TB_ZONE_CAA_REQUIRE] = "require", [TB_ZONE_CAA_SKIP] = "skip"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

const char *tb_external_account_name(unsigned i)
{
    static const char *const words[] = {
        [TB_EXTERNAL_OFF] = "off", [TB_EXTERNAL_OPTIONAL] = "optional", [TB_EXTERNAL_REQUIRED] = "required"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}

/* In the order of the members of struct tb_profile. */
static const char *ident_word(unsigned i)
{
    static const char *const words[] = {"dns", "wildcard", "ip"};

    return i < TB_ARRAY_LEN(words) ? words[i] : NULL;
}
_Static_assert(offsetof(struct tb_profile, ident_wildcard) == offsetof(struct tb_profile, ident_dns) + sizeof(bool) &&
                   offsetof(struct tb_profile, ident_ip) == offsetof(struct tb_profile, ident_dns) + 2 * sizeof(bool),
               "identifier flags follow each other");

static bool check_host(char *text)
{
    struct tb_ident id;

    if (tb_value_host(text, &id) != 0 || strlen(id.value) > strlen(text))
        return false;
    strcpy(text, id.value);
    return true;
}

static bool check_domain(char *text)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL) != 0 || id.wildcard)
        return false;
    strcpy(text, id.value);
    return true;
}

/* "." is held as the empty name: every name lies under it. */
static bool check_zone(char *text)
{
    if (strcmp(text, ".") == 0) {
        text[0] = '\0';
        return true;
    }
    return check_domain(text);
}

static bool check_user(char *text)
{
    return tb_value_user(text);
}

static bool check_link(char *text)
{
    return tb_value_link(text);
}

static bool check_anchor(char *text)
{
    return tb_value_trust_anchor(text);
}

static bool check_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool check_list_path(char *text)
{
    return text[0] == '\0' || (text[0] == '/' && check_printable(text));
}

static bool check_responder(char *text)
{
    return text[0] == '\0' || tb_responder_address_normalise(text);
}

static bool check_profile_name(char *text)
{
    return text[0] >= 'a' && text[0] <= 'z' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool check_profile_or_none(char *text)
{
    return text[0] == '\0' || check_profile_name(text);
}

static bool check_name_rule(char *text)
{
    return tb_name_rule_normalise(text);
}

/* Names alone: nothing is below an address. */
static bool check_ancestor_rule(char *text)
{
    struct tb_ident id;

    return strchr(text, '/') == NULL && tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &id, NULL) < 0 &&
           tb_name_rule_normalise(text);
}

static bool check_time(char *text)
{
    tb_time_t t;

    if (tb_rfc3339_parse(text, &t) != 0)
        return false;
    tb_rfc3339_format(text, t); /* no longer than any other form of it */
    return true;
}

static bool check_limit_name(char *text)
{
    struct tb_limit_name n;

    return text[0] == '\0' || tb_limit_name_parse(tb_span_str(text), &n) == 0;
}

static bool check_arc(char *text)
{
    struct tb_arc arc;

    return text[0] == '\0' || tb_arc_parse(text, &arc) == 0;
}

static bool check_version(char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(text);
}

/* --- tables ---------------------------------------------------------------------------------------------------- */

#define MINUTE           60
#define HOUR             3600
#define DAY              86400
#define MEMBER(t, m)     .offset = offsetof(t, m), .size = sizeof(((t *)0)->m)
#define ENTRIES(t, m, n) .offset = offsetof(t, m), .size = sizeof(((t *)0)->m[0]), .num_offset = offsetof(t, n)

#define LIMIT(k, m, shape_, lo, hi, def, text)                                                                         \
    {                                                                                                                  \
        .key = k, .shape = shape_, MEMBER(struct tb_limits, m), .min = lo, .max = hi, .preset = def, .comment = text   \
    }

const struct tb_setting tb_schema_limits[] = {
    LIMIT("connections_max", connections_max, TB_SHAPE_NUMBER, 1, 65536, "4096",
          "Open HTTPS connections; one more is closed at once."),
    LIMIT("request_timeout", request_timeout_s, TB_SHAPE_DURATION, 1, 5 * MINUTE, "30s",
          "A request must arrive within this time, from its first byte to its last."),
    LIMIT("idle_timeout", idle_timeout_s, TB_SHAPE_DURATION, 1, HOUR, "1m",
          "A kept connection without a request is closed after this time."),
    LIMIT("orders_per_account_pending_max", orders_per_account_pending_max, TB_SHAPE_NUMBER, 1, 100000, "300",
          "Unfinished orders of one account."),
    LIMIT("order_lifetime", order_lifetime_s, TB_SHAPE_DURATION, 5 * MINUTE, 48 * HOUR, "24h",
          "An order that is not finished by then is invalid.  48h is the signer's window."),
    LIMIT("authz_pending", authz_pending_s, TB_SHAPE_DURATION, 5 * MINUTE, 48 * HOUR, "24h",
          "A client has this long to fulfil a challenge."),
    LIMIT("authz_valid", authz_valid_s, TB_SHAPE_DURATION, 5 * MINUTE, 30 * DAY, "7d",
          "A valid authorization serves the account's later orders this long.  The age limits of the\n"
          "profile hold as well: whichever ends first."),
    LIMIT("validations_max", validations_max, TB_SHAPE_NUMBER, 1, 4096, "256", "Validations in flight; more wait."),
    LIMIT("validation_timeout", validation_timeout_s, TB_SHAPE_DURATION, 1, 2 * MINUTE, "20s",
          "One validation, with all its look-ups and redirects, ends by then."),
    LIMIT("accounts_per_minute_max", accounts_per_minute_max, TB_SHAPE_NUMBER, 1, 1000000, "600",
          "New accounts from all clients together."),
    {.key = NULL},
};

#define PROFILE(m) MEMBER(struct tb_profile, m)

static const struct tb_setting profile[] = {
    {.key = "name",
     .shape = TB_SHAPE_TEXT,
     PROFILE(name),
     .min = 1,
     .max = TB_PROFILE_NAME_MAX,
     .check = check_profile_name,
     .what = "a profile name",
     .expect = "a lower-case letter, then lower-case letters, digits and hyphens"},
    {.key = "version",
     .shape = TB_SHAPE_TEXT,
     PROFILE(version),
     .min = 1,
     .max = TB_PROFILE_VERSION_MAX,
     .check = check_version,
     .what = "a profile version",
     .expect = "letters, digits, dots and hyphens"},
    {.key = "description",
     .shape = TB_SHAPE_TEXT,
     PROFILE(description),
     .min = 0,
     .max = TB_PROFILE_TEXT_MAX,
     .preset = "",
     .check = check_printable,
     .what = "a description",
     .expect = "printable ASCII"},
    {.key = "purposes",
     .shape = TB_SHAPE_BITS,
     PROFILE(purposes),
     .min = 1,
     .word = purpose_word,
     .num_words = TB_PURPOSE__COUNT},
    {.key = "control",
     .shape = TB_SHAPE_BITS,
     PROFILE(control_methods),
     .min = 1,
     .word = method_word,
     .num_words = TB_METHOD__COUNT},
    {.key = "use",
     .shape = TB_SHAPE_BITS,
     PROFILE(use_methods),
     .min = 0,
     .word = method_word,
     .num_words = TB_METHOD__COUNT,
     .preset = ""},
    {.key = "preproved", .shape = TB_SHAPE_BOOL, PROFILE(preproved), .preset = "false"},
    {.key = "identifiers", .shape = TB_SHAPE_FLAGS, PROFILE(ident_dns), .min = 1, .word = ident_word, .num_words = 3},
    {.key = "issuer", .shape = TB_SHAPE_CHOICE, PROFILE(issuer), .word = issuer_word, .num_words = TB_ISSUER__COUNT},
    {.key = "cn", .shape = TB_SHAPE_CHOICE, PROFILE(cn), .word = cn_word, .num_words = 2, .preset = "none"},
    {.key = "csr_eku",
     .shape = TB_SHAPE_CHOICE,
     PROFILE(csr_eku),
     .word = tb_csr_eku_mode_name,
     .num_words = TB_CSR_EKU__COUNT,
     .preset = "ignore"},
    {.key = "crl", .shape = TB_SHAPE_BOOL, PROFILE(crl_pointer)},
    {.key = "lifetime", .shape = TB_SHAPE_DURATION, PROFILE(lifetime_s), .min = MINUTE, .max = 400 * DAY},
    {.key = "backdate", .shape = TB_SHAPE_DURATION, PROFILE(backdate_s), .min = 0, .max = HOUR, .preset = "1h"},
    {.key = "control_age",
     .shape = TB_SHAPE_DURATION,
     PROFILE(control_age_s),
     .min = 1,
     .max = 90 * DAY,
     .preset = "7d"},
    {.key = "use_age", .shape = TB_SHAPE_DURATION, PROFILE(use_age_s), .min = 1, .max = 30 * DAY, .preset = "24h"},
    {.key = "caa_age", .shape = TB_SHAPE_DURATION, PROFILE(caa_age_s), .min = 1, .max = 8 * HOUR, .preset = "8h"},
    {.key = "names_max",
     .shape = TB_SHAPE_NUMBER,
     PROFILE(names_max),
     .min = 1,
     .max = TB_IDENT_NUM_MAX,
     .preset = "100"},
    {.key = "offered", .shape = TB_SHAPE_BOOL, PROFILE(wanted)},
    {.key = NULL},
};

#define ZONE(m) MEMBER(struct tb_zone, m)

static const struct tb_setting resolver_item = {.key = "", .shape = TB_SHAPE_LISTEN, .min = 1};
static const struct tb_setting net_item = {.key = "", .shape = TB_SHAPE_NET};
static const struct tb_setting anchor_item = {.key = "",
                                              .shape = TB_SHAPE_TEXT,
                                              .size = sizeof(((struct tb_zone *)0)->trust_anchor[0]),
                                              .min = 1,
                                              .max = 255,
                                              .check = check_anchor,
                                              .what = "a trust anchor",
                                              .expect = "a DS or DNSKEY record in zone-file form"};
static const struct tb_setting caa_item = {.key = "",
                                           .shape = TB_SHAPE_TEXT,
                                           .size = TB_IDENT_VALUE_MAX + 1,
                                           .min = 1,
                                           .max = TB_IDENT_VALUE_MAX,
                                           .check = check_domain,
                                           .what = "an issuer domain name",
                                           .expect = "a DNS name without wildcard and final dot"};

static const struct tb_setting zone[] = {
    {.key = "domain",
     .shape = TB_SHAPE_TEXT,
     ZONE(domain),
     .min = 1,
     .max = TB_IDENT_VALUE_MAX,
     .empty = ".",
     .check = check_zone,
     .what = "a domain",
     .expect = "a DNS name without wildcard and final dot, or \".\" for all names"},
    {.key = "resolvers",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_zone, resolver, num_resolvers),
     .min = 0,
     .max = TB_CONFIG_NUM_RESOLVERS_MAX,
     .item = &resolver_item,
     .preset = ""},
    {.key = "trust_anchors",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_zone, trust_anchor, num_trust_anchors),
     .min = 0,
     .max = TB_CONFIG_NUM_ANCHORS_MAX,
     .item = &anchor_item,
     .preset = ""},
    {.key = "allow_private",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_zone, allow_private, num_allow_private),
     .min = 0,
     .max = TB_CONFIG_NUM_NETS_MAX,
     .item = &net_item,
     .preset = ""},
    {.key = "http_port", .shape = TB_SHAPE_NUMBER, ZONE(http_port), .min = 1, .max = 65535, .preset = "80"},
    {.key = "https_port", .shape = TB_SHAPE_NUMBER, ZONE(https_port), .min = 1, .max = 65535, .preset = "443"},
    {.key = "tls_alpn_port", .shape = TB_SHAPE_NUMBER, ZONE(tls_alpn_port), .min = 1, .max = 65535, .preset = "443"},
    {.key = "egress_prefix_v4", .shape = TB_SHAPE_NUMBER, ZONE(egress_prefix_v4), .min = 8, .max = 32, .preset = "24"},
    {.key = "egress_prefix_v6",
     .shape = TB_SHAPE_NUMBER,
     ZONE(egress_prefix_v6),
     .min = 16,
     .max = 128,
     .preset = "48"},
    {.key = "low_source_port", .shape = TB_SHAPE_BOOL, ZONE(low_source_port), .preset = "false"},
    {.key = "caa",
     .shape = TB_SHAPE_CHOICE,
     ZONE(caa),
     .word = zone_caa_word,
     .num_words = TB_ZONE_CAA__COUNT,
     .preset = "require"},
    {.key = NULL},
};

#define NAMES(m) MEMBER(struct tb_names, m)

static const struct tb_setting rule_item = {.key = "",
                                            .shape = TB_SHAPE_TEXT,
                                            .size = sizeof(tb_name_rule_text),
                                            .min = 1,
                                            .max = TB_NAME_RULE_MAX,
                                            .check = check_name_rule,
                                            .what = "a rule about names",
                                            .expect = "NAME, *.NAME, .NAME, \".\", an address or ADDRESS/PREFIX"};

static const struct tb_setting ancestor_item = {.key = "",
                                                .shape = TB_SHAPE_TEXT,
                                                .size = sizeof(tb_name_rule_text),
                                                .min = 1,
                                                .max = TB_NAME_RULE_MAX,
                                                .check = check_ancestor_rule,
                                                .what = "a rule about domains",
                                                .expect = "NAME, *.NAME, .NAME or \".\""};

static const struct tb_setting names[] = {
    {.key = "profile",
     .shape = TB_SHAPE_TEXT,
     NAMES(profile),
     .min = 0,
     .max = TB_PROFILE_NAME_MAX,
     .preset = "",
     .check = check_profile_or_none,
     .what = "a profile name",
     .expect = "the name of a profile, or nothing"},
    {.key = "allow",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_names, allow, num_allow),
     .min = 1,
     .max = TB_NAME_RULES_NUM_MAX,
     .item = &rule_item,
     .preset = ""},
    {.key = "deny",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_names, deny, num_deny),
     .min = 0,
     .max = TB_NAME_RULES_NUM_MAX,
     .item = &rule_item,
     .preset = ""},
    {.key = "ancestors",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_names, ancestors, num_ancestors),
     .min = 0,
     .max = TB_CONFIG_NUM_ANCESTORS_MAX,
     .item = &ancestor_item,
     .preset = ""},
    {.key = NULL},
};

#define CAP(k, m)                                                                                                      \
    {                                                                                                                  \
        .key = k, .shape = TB_SHAPE_DURATION, MEMBER(struct tb_lifetimes, m), .min = 5 * MINUTE,                       \
        .max = TB_CEILING_LIFETIME_MAX_S, .preset = "100d"                                                             \
    }

static const struct tb_setting lifetimes[] = {
    CAP("server", server_s), CAP("client", client_s), CAP("peer", peer_s), {.key = NULL}};

static const struct tb_setting chain[] = {
    {.key = "issuer",
     .shape = TB_SHAPE_CHOICE,
     MEMBER(struct tb_chain, issuer),
     .word = issuer_word,
     .num_words = TB_ISSUER__COUNT},
    {.key = "file",
     .shape = TB_SHAPE_TEXT,
     MEMBER(struct tb_chain, file),
     .min = 1,
     .max = 255,
     .check = check_printable,
     .what = "a file name",
     .expect = "printable ASCII"},
    {.key = NULL},
};

#define EARLY(m) MEMBER(struct tb_early_renewal, m)

static const struct tb_setting early[] = {
    {.key = "issued_before",
     .shape = TB_SHAPE_TEXT,
     EARLY(issued_before),
     .min = TB_RFC3339_LEN,
     .max = TB_RFC3339_LEN,
     .check = check_time,
     .what = "a time",
     .expect = "a time such as 2026-11-25T12:00:00Z"},
    {.key = "profile",
     .shape = TB_SHAPE_TEXT,
     EARLY(profile),
     .min = 0,
     .max = TB_PROFILE_NAME_MAX,
     .preset = "",
     .check = check_profile_or_none,
     .what = "a profile name",
     .expect = "the name of a profile, or nothing"},
    {.key = "name",
     .shape = TB_SHAPE_TEXT,
     EARLY(name),
     .min = 0,
     .max = TB_IDENT_VALUE_MAX + 2,
     .preset = "",
     .check = check_limit_name,
     .what = "a name",
     .expect = "NAME, .NAME, an address, or nothing"},
    {.key = "within", .shape = TB_SHAPE_DURATION, EARLY(within_s), .min = MINUTE, .max = 14 * DAY, .preset = "1h"},
    {.key = "explanation",
     .shape = TB_SHAPE_TEXT,
     EARLY(explanation),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = check_link,
     .what = "a URL",
     .expect = "an http or https URL, or nothing"},
    {.key = NULL},
};

#define CONFIG(m) MEMBER(struct tb_config, m)

const struct tb_setting tb_schema[] = {
    {.key = "ca_id",
     .shape = TB_SHAPE_HEX,
     CONFIG(ca_id),
     .comment = "Number of this CA, drawn when it was made.  Challenge tokens and proofs are bound to it:\n"
                "a new number makes every proof so far worthless.  Never give two CAs the same."},
    {.key = "name",
     .shape = TB_SHAPE_TEXT,
     CONFIG(name),
     .min = 1,
     .max = TB_IDENT_VALUE_MAX,
     .check = check_host,
     .what = "a host",
     .expect = "a DNS name without wildcard, or an IP address",
     .comment = "Name or address under which clients reach the CA."},
    {.key = "base_url",
     .shape = TB_SHAPE_TEXT,
     CONFIG(base_url),
     .min = 1,
     .max = TB_BASE_URL_MAX,
     .what = "a base URL",
     .expect = "https://NAME:PORT, without :443 and without a final slash",
     .comment = "Start of every ACME URL.  Account URLs, proofs and CAA records contain it: do not change it\n"
                "once there are accounts."},
    {.key = "user",
     .shape = TB_SHAPE_TEXT,
     CONFIG(user),
     .min = 0,
     .max = 32,
     .preset = "",
     .check = check_user,
     .what = "a user name",
     .expect = "lower-case letters, digits, '_' and '-'",
     .comment = "Account that the processes change to when tabardd is started as root.  Empty: they stay\n"
                "what they were started as; as root, without any capability."},
    {.key = "listen", .shape = TB_SHAPE_LISTEN, CONFIG(listen), .min = 1, .comment = "ACME over HTTPS."},
    {.key = "metrics",
     .shape = TB_SHAPE_LISTEN,
     CONFIG(metrics),
     .preset = "off",
     .comment = "Prometheus metrics over plain HTTP, without authentication: an address of this machine, or off."},
    {.key = "http",
     .shape = TB_SHAPE_LISTEN,
     CONFIG(http),
     .preset = "off",
     .comment = "CRLs and CA certificates over plain HTTP, or off."},
    {.key = "responder",
     .shape = TB_SHAPE_LISTEN,
     CONFIG(responder),
     .preset = "off",
     .comment = "Where applicants connect to for tls-client-01, or off: then nobody gets clientAuth.  The process\n"
                "that answers there runs only with an address.  [::]:PORT takes IPv4 as well."},
    {.key = "responder_address",
     .shape = TB_SHAPE_TEXT,
     CONFIG(responder_address),
     .min = 0,
     .max = TB_RESPONDER_ADDRESS_MAX,
     .preset = "",
     .check = check_responder,
     .what = "a responder's address",
     .expect = "HOST:PORT with a DNS name of two labels or more, or nothing",
     .comment = "HOST:PORT that clients are told to connect to.  responder.pem must have HOST and *.HOST.  Empty:\n"
                "the CA's name (responder.NAME when that is one label) and the port of responder."},
    {.key = "responder_proxies",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_config, responder_proxy, num_responder_proxies),
     .min = 0,
     .max = TB_CONFIG_NUM_PROXIES_MAX,
     .item = &net_item,
     .preset = "",
     .comment = "Networks of proxies in front of the responder.  From there a connection must begin with a header of\n"
                "PROXY protocol version 2, whose word about the client's address is believed."},
    {.key = "website",
     .shape = TB_SHAPE_TEXT,
     CONFIG(website),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = check_link,
     .what = "a URL",
     .expect = "an http or https URL, or nothing",
     .comment = "Shown in the directory.  Empty: nothing is shown."},
    {.key = "terms_of_service",
     .shape = TB_SHAPE_TEXT,
     CONFIG(terms_of_service),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = check_link,
     .what = "a URL",
     .expect = "an http or https URL, or nothing",
     .comment = "When set, a new account must agree to these terms."},
    {.key = "external_account",
     .shape = TB_SHAPE_CHOICE,
     CONFIG(external_account),
     .word = tb_external_account_name,
     .num_words = 3,
     .preset = "off",
     .comment = "External account binding: required, optional or off.  Required: an account without a key of\n"
                "\"tabard ca eab add\" gets no certificate."},
    {.key = "peer_hierarchy",
     .shape = TB_SHAPE_BOOL,
     CONFIG(peer_hierarchy),
     .preset = "false",
     .comment = "A third hierarchy whose certificates serve in both roles, for programs that insist on one.\n"
                "\"tabardd init --peer\" makes its files."},
    {.key = "policy_arc",
     .shape = TB_SHAPE_TEXT,
     CONFIG(policy_arc),
     .min = 0,
     .max = TB_ARC_TEXT_MAX,
     .preset = "",
     .check = check_arc,
     .what = "an arc of object identifiers",
     .expect = "numbers below 2147483648 with dots between them, such as 1.3.6.1.4.1.32473.1, or nothing",
     .comment = "Arc of your own, below your IANA Private Enterprise Number, for what certificates tell about the\n"
                "proofs behind them.  Empty: they tell nothing."},
    {.key = "caa_identities",
     .shape = TB_SHAPE_LIST,
     ENTRIES(struct tb_config, caa_identities, num_caa_identities),
     .min = 0,
     .max = TB_CAA_IDENTITIES_MAX,
     .item = &caa_item,
     .preset = "",
     .comment = "Issuer domain names by which a CAA record may allow this CA.  Empty: a name with an issue\n"
                "record is refused, whatever the record says."},
    {.key = "alternate_chains",
     .shape = TB_SHAPE_MAPS,
     ENTRIES(struct tb_config, alternate_chains, num_alternate_chains),
     .min = 0,
     .max = TB_CONFIG_NUM_CHAINS_MAX,
     .sub = chain,
     .preset = "",
     .comment = "Other chains that clients may choose: for each its issuer, and a PEM file that begins with the\n"
                "issuing CA as another CA certified it.  From this directory unless the name begins with a slash."},
    {.key = "early_renewals",
     .shape = TB_SHAPE_MAPS,
     ENTRIES(struct tb_config, early_renewals, num_early_renewals),
     .min = 0,
     .max = TB_CONFIG_NUM_EARLY_MAX,
     .sub = early,
     .preset = "",
     .comment = "Certificates that clients are to renew before their time (RFC 9773), after an incident:\n"
                "  issued_before  those that were issued before this time, YYYY-MM-DDThh:mm:ssZ\n"
                "  profile, name  only those under this profile, with this name or one below .NAME\n"
                "  within         in so long a time from issued_before on\n"
                "  explanation    URL of a page about it, for people"},
    {.key = "blocked_keys",
     .shape = TB_SHAPE_TEXT,
     CONFIG(blocked_keys),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = check_printable,
     .what = "a file name",
     .expect = "printable ASCII, or nothing",
     .comment = "File of keys that no account and no certificate may have: a hex SHA-256 of a\n"
                "SubjectPublicKeyInfo a line.  Read at start and reload; from this directory unless it begins\n"
                "with a slash.  Empty: none."},
    {.key = "signer",
     .shape = TB_SHAPE_NUMBER,
     CONFIG(signer),
     .min = 1,
     .max = 65535,
     .preset = "1",
     .comment = "Number of this signer.  An order belongs to one signer; two signers never share a number."},
    {.key = "perspective",
     .shape = TB_SHAPE_NUMBER,
     CONFIG(perspective),
     .min = 1,
     .max = 65535,
     .preset = "1",
     .comment = "Number of the vantage point that this machine's validator and responder are."},
    {.key = "methods",
     .shape = TB_SHAPE_BITS,
     CONFIG(methods),
     .min = 1,
     .word = method_word,
     .num_words = TB_METHOD__COUNT,
     .comment = "Validation methods that validator and responder carry out.  A profile takes from these only."},
    {.key = "zones",
     .shape = TB_SHAPE_MAPS,
     ENTRIES(struct tb_config, zones, num_zones),
     .min = 0,
     .max = TB_CONFIG_NUM_ZONES_MAX,
     .sub = zone,
     .preset = "",
     .comment = "How names are resolved and reached.  The most specific domain wins, \".\" serves all others.\n"
                "  resolvers      ask these servers; none: recursion from the root, with DNSSEC validation\n"
                "  trust_anchors  DS or DNSKEY records; with resolvers and without an anchor there is NO DNSSEC\n"
                "                 validation under this domain: whoever is on the way to a resolver decides\n"
                "  allow_private  private, loopback and other special ranges that validation may contact, and that\n"
                "                 tls-client-01 may come from; each entry lets every applicant make this\n"
                "                 machine connect to hosts in there\n"
                "  http_port      where http-01 starts; a port above 1023 can be opened by any user of a host\n"
                "  https_port     where redirects to https may go\n"
                "  tls_alpn_port  where tls-alpn-01 goes; what is said of http_port holds here\n"
                "  egress_prefix_v4, egress_prefix_v6   shortest prefixes that _acme-egress.NAME may declare\n"
                "  low_source_port  tls-client-01 must come from a port below 1024: a signal, no proof\n"
                "  caa            require; or skip, for a private zone whose servers cannot be asked for CAA\n"
                "A change here or of methods or perspective makes earlier proofs worthless; they are made again."},
    {.key = "default_profile",
     .shape = TB_SHAPE_TEXT,
     CONFIG(default_profile),
     .min = 1,
     .max = TB_PROFILE_NAME_MAX,
     .check = check_profile_name,
     .what = "a profile name",
     .expect = "the name of an offered profile",
     .comment = "Profile of /directory; every other one is at /NAME/directory."},
    {.key = "profiles",
     .shape = TB_SHAPE_MAPS,
     ENTRIES(struct tb_config, profiles, num_profiles),
     .min = 1,
     .max = TB_PROFILE_NUM_MAX,
     .sub = profile,
     .comment = "Recipes for certificates.  A profile never changes under the same name and version: to change\n"
                "one, add it under a new version, and set offered to false in the old one.\n"
                "  purposes       extended key usages, all of them proved for every name\n"
                "  control        any of these methods shows control of a name\n"
                "  use            any of these shows use (clientAuth demands it); preproved: before the order\n"
                "  identifiers    dns, wildcard, ip\n"
                "  issuer         issuing CA, one for each purpose\n"
                "  cn             none, or first-dns: the first DNS name that fits\n"
                "  csr_eku        ignore, narrow or reject: what a CSR's other extended key usages lead to\n"
                "  crl            CRL distribution point in the certificate, when http is on\n"
                "  backdate       notBefore lies this long before the time of signing\n"
                "  control_age, use_age, caa_age   oldest proofs accepted at signing\n"
                "  offered        false: in the file only, no order is taken; one with use needs a responder, too"},
    {.key = "names",
     .shape = TB_SHAPE_MAPS,
     ENTRIES(struct tb_config, names, num_names),
     .min = 0,
     .max = TB_CONFIG_NUM_NAMES_MAX,
     .sub = names,
     .preset = "",
     .comment = "Which names are certified.  Every entry that concerns the profile must let a name pass.\n"
                "  profile   profile of any version; none: all\n"
                "  allow     a name that no rule covers is refused; absent: every name\n"
                "  deny      what a rule here touches is refused, whatever is allowed\n"
                "  ancestors domains of which control, shown in their DNS, may stand for every name below\n"
                "            (RFC 9444); absent: each name is proved by itself\n"
                "A rule is NAME, *.NAME (one label more), .NAME (all below it, not itself), \".\" (all DNS names),\n"
                "an address, or a network such as 192.0.2.0/24.  A wildcard stands for all names that it covers."},
    {.key = "public_suffix_list",
     .shape = TB_SHAPE_TEXT,
     CONFIG(public_suffix_list),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = check_list_path,
     .what = "a file name",
     .expect = "an absolute path of printable ASCII, or nothing",
     .comment = "Public suffixes: a wildcard just below one (*.com, *.co.uk) is refused.  Empty: the newer of the\n"
                "system's list and the one that libpsl was built with; without any, wildcards are not served."},
    {.key = "lifetime_max",
     .shape = TB_SHAPE_MAP,
     CONFIG(lifetime_max),
     .sub = lifetimes,
     .preset = "",
     .comment = "The longest that a certificate of an issuer may live.  A profile that is offered stays below it;\n"
                "the signer holds every certificate against it."},
    {.key = "limits",
     .shape = TB_SHAPE_MAP,
     CONFIG(limits),
     .sub = tb_schema_limits,
     .preset = "",
     .comment = "What one client, and all clients together, may take.  Zero is no value here."},
    {.key = NULL},
};
