#include "ca/config/schema.h"

#include "ca/config/schema_parts.h"
#include "ca/config/schema_value.h"

#define CONFIG(m) TB_MEMBER(struct tb_config, m)

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
     .check = tb_check_host,
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
     .check = tb_check_user,
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
                "that answers there runs only with an address.  [::]:PORT takes IPv4 as well.  \"tabardd add\n"
                "responder\" makes what it needs."},
    {.key = "responder_address",
     .shape = TB_SHAPE_TEXT,
     CONFIG(responder_address),
     .min = 0,
     .max = TB_RESPONDER_ADDRESS_MAX,
     .preset = "",
     .check = tb_check_responder,
     .what = "a responder's address",
     .expect = "HOST:PORT with a DNS name of two labels or more, or nothing",
     .comment = "HOST:PORT that clients are told to connect to.  responder.pem must have HOST and *.HOST.  Empty:\n"
                "the CA's name (responder.NAME when that is one label) and the port of responder."},
    {.key = "responder_proxies",
     .shape = TB_SHAPE_LIST,
     TB_ENTRIES(struct tb_config, responder_proxy, num_responder_proxies),
     .min = 0,
     .max = TB_CONFIG_NUM_PROXIES_MAX,
     .item = &tb_schema_net_item,
     .preset = "",
     .comment = "Networks of proxies in front of the responder.  From there a connection must begin with a header of\n"
                "PROXY protocol version 2, whose word about the client's address is believed."},
    {.key = "website",
     .shape = TB_SHAPE_TEXT,
     CONFIG(website),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = tb_check_link,
     .what = "a URL",
     .expect = "an http or https URL, or nothing",
     .comment = "Shown in the directory.  Empty: nothing is shown."},
    {.key = "terms_of_service",
     .shape = TB_SHAPE_TEXT,
     CONFIG(terms_of_service),
     .min = 0,
     .max = 255,
     .preset = "",
     .check = tb_check_link,
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
                "\"tabardd init --peer\" makes its files, \"tabardd add peer\" those of a CA that exists."},
    {.key = "policy_arc",
     .shape = TB_SHAPE_TEXT,
     CONFIG(policy_arc),
     .min = 0,
     .max = TB_ARC_TEXT_MAX,
     .preset = "",
     .check = tb_check_arc,
     .what = "an arc of object identifiers",
     .expect = "numbers below 2147483648 with dots between them, such as 1.3.6.1.4.1.32473.1, or nothing",
     .comment = "Arc of your own, below your IANA Private Enterprise Number, for what certificates tell about the\n"
                "proofs behind them.  Empty: they tell nothing."},
    {.key = "caa_identities",
     .shape = TB_SHAPE_LIST,
     TB_ENTRIES(struct tb_config, caa_identities, num_caa_identities),
     .min = 0,
     .max = TB_CAA_IDENTITIES_MAX,
     .item = &tb_schema_caa_item,
     .preset = "",
     .comment = "Issuer domain names by which a CAA record may allow this CA.  Empty: a name with an issue\n"
                "record is refused, whatever the record says."},
    {.key = "alternate_chains",
     .shape = TB_SHAPE_MAPS,
     TB_ENTRIES(struct tb_config, alternate_chains, num_alternate_chains),
     .min = 0,
     .max = TB_CONFIG_NUM_CHAINS_MAX,
     .sub = tb_schema_chain,
     .preset = "",
     .comment = "Other chains that clients may choose: for each its issuer, and a PEM file that begins with the\n"
                "issuing CA as another CA certified it.  From this directory unless the name begins with a slash."},
    {.key = "early_renewals",
     .shape = TB_SHAPE_MAPS,
     TB_ENTRIES(struct tb_config, early_renewals, num_early_renewals),
     .min = 0,
     .max = TB_CONFIG_NUM_EARLY_MAX,
     .sub = tb_schema_early,
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
     .check = tb_check_printable,
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
     .word = tb_word_method,
     .num_words = TB_METHOD__COUNT,
     .comment = "Validation methods that validator and responder carry out.  A profile takes from these only."},
    {.key = "zones",
     .shape = TB_SHAPE_MAPS,
     TB_ENTRIES(struct tb_config, zones, num_zones),
     .min = 0,
     .max = TB_CONFIG_NUM_ZONES_MAX,
     .sub = tb_schema_zone,
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
     .check = tb_check_profile_name,
     .what = "a profile name",
     .expect = "the name of an offered profile",
     .comment = "Profile of /directory; every other one is at /NAME/directory."},
    {.key = "profiles",
     .shape = TB_SHAPE_MAPS,
     TB_ENTRIES(struct tb_config, profiles, num_profiles),
     .min = 1,
     .max = TB_PROFILE_NUM_MAX,
     .sub = tb_schema_profile,
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
     TB_ENTRIES(struct tb_config, names, num_names),
     .min = 0,
     .max = TB_CONFIG_NUM_NAMES_MAX,
     .sub = tb_schema_names,
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
     .check = tb_check_list_path,
     .what = "a file name",
     .expect = "an absolute path of printable ASCII, or nothing",
     .comment = "Public suffixes: a wildcard just below one (*.com, *.co.uk) is refused.  Empty: the newer of the\n"
                "system's list and the one that libpsl was built with; without any, wildcards are not served."},
    {.key = "lifetime_max",
     .shape = TB_SHAPE_MAP,
     CONFIG(lifetime_max),
     .sub = tb_schema_lifetimes,
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
