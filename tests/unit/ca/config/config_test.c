#include "tests/unit/test.h"

#include "ca/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/responder.h"
#include "ca/config/schema.h"
#include "ca/config/value.h"
#include "lib/ipc/msg_parent.h"
#include "tests/unit/ca/config/fixture.h"

/* good_config with the first `from` replaced; the caller frees. */
static char *with(const char *from, const char *to)
{
    const char *at = strstr(good_config, from);
    char *text = malloc(sizeof(good_config) + strlen(to));

    assert_non_null(at);
    sprintf(text, "%.*s%s%s", (int)(at - good_config), good_config, to, at + strlen(from));
    return text;
}

static struct tb_config *parse_good(const char *text)
{
    struct tb_config *cfg = NULL;
    char why[TB_CONFIG_WHY_MAX + 1];
    int err = tb_config_parse(tb_span_str(text), "/srv/ca/tabard.yaml", &cfg, why);

    if (err != 0)
        fail_msg("%s", why);
    return cfg;
}

static struct tb_config *parse_with(const char *from, const char *to)
{
    char *text = with(from, to);
    struct tb_config *cfg = parse_good(text);

    free(text);
    return cfg;
}

static void a_good_file_is_read(void **state)
{
    struct tb_config *cfg = parse_good(good_config);
    struct tb_audience audience;

    (void)state;
    assert_string_equal(cfg->path, "/srv/ca/tabard.yaml");
    assert_string_equal(cfg->dir, "/srv/ca");
    assert_int_equal(cfg->ca_id[15], 0x0f);
    assert_string_equal(cfg->name, "ca.example");
    assert_true(cfg->listen.on);
    assert_string_equal(cfg->listen.text, "127.0.0.1:14000");
    assert_false(cfg->metrics.on);
    assert_false(cfg->responder.on);
    assert_int_equal(cfg->methods, TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01));
    assert_int_equal(cfg->limits.order_lifetime_s, 86400);
    assert_int_equal(cfg->signer, 1);
    assert_int_equal(cfg->num_profiles, 1);
    assert_int_equal(cfg->profiles[0].purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    assert_int_equal(cfg->profiles[0].names_max, TB_IDENT_NUM_MAX);
    assert_true(cfg->profiles[0].ident_dns && cfg->profiles[0].ident_wildcard && cfg->profiles[0].ident_ip);
    assert_int_equal(cfg->num_zones, 2);
    tb_config_audience(cfg, &audience);
    assert_string_equal(audience.directory, "https://ca.example:14000");
    assert_memory_equal(audience.policy_digest, cfg->policy_digest, TB_DIGEST_LEN);
    tb_config_free(cfg);
    tb_config_free(NULL);
}

static void invariant_14_every_error_names_line_key_and_what_was_expected(void **state)
{
    static const struct {
        const char *from, *to, *why;
    } rows[] = {
        {"24h", "45x",
         ":12: limits.order_lifetime: \"45x\" is not a duration; expected a whole number with s, m, h or d, from 5m to "
         "48h"},
        {"24h", "4m", ":12: limits.order_lifetime: \"4m\" is out of range; expected"},
        {"24h", "49h", ":12: limits.order_lifetime: \"49h\" is out of range"},
        {"24h", "0", ":12: limits.order_lifetime: \"0\" is not a duration"},
        {"24h", "", ":12: limits.order_lifetime: found nothing; expected"},
        {"24h", "[1h]", ":12: limits.order_lifetime: found a sequence; expected"},
        {"order_lifetime: 24h", "validations_max: 0",
         ":12: limits.validations_max: \"0\" is out of range; expected a whole "
         "number from 1 to 4096"},
        {"order_lifetime: 24h", "validations_max: 4097", ":12: limits.validations_max: \"4097\" is out of range"},
        {"order_lifetime: 24h", "validations_max: 1e2", ":12: limits.validations_max: \"1e2\" is not a number"},
        {"order_lifetime: 24h", "validations_max: +1", "\"+1\" is not a number"},
        {"order_lifetime: 24h", "validations_max: 010", "\"010\" is not a number"},
        {"order_lifetime", "order_lifetimes", ":12: limits: \"order_lifetimes\" is not a known key"},
        {"user: \"\"", "users: \"\"", ":4: \"users\" is not a known key"},
        {"user: \"\"", "name: other.example", ":4: key \"name\" stands twice"},
        {"user: \"\"", "user: Root!", ":4: user: \"Root!\" is not a user name; expected"},
        {"user: \"\"", "allow_private: [10.0.0.0/8]", ":4: \"allow_private\" is not a known key"},
        {"ca_id: \"00", "ca_id: \"0",
         ":1: ca_id: \"00102030405060708090a0b0c0d0e0f\" is not a number in hex; expected 32"},
        {"name: ca.example", "name: \"*.example\"", ":2: name: \"*.example\" is not a host"},
        {"name: ca.example\n", "", ":1: name: is missing; expected a DNS name"},
        {"https://ca.example:14000", "http://ca.example:14000", ":3: base_url: does not belong to name; expected"},
        {"https://ca.example:14000", "https://ca.example:14000/", ":3: base_url: does not belong to name"},
        {"https://ca.example:14000", "https://ca.example:443", ":3: base_url: does not belong to name"},
        {"https://ca.example:14000", "https://other.example:14000", ":3: base_url: does not belong to name"},
        {"listen: 127.0.0.1:14000", "listen: localhost:14000", ":5: listen: \"localhost:14000\" is not an address"},
        {"listen: 127.0.0.1:14000", "listen: off", ":5: listen: \"off\" is not an address"},
        {"http: 127.0.0.1:14001", "http: 127.0.0.1:14000", ":7: http: 127.0.0.1:14000 is the address of listen"},
        {"[ca.example]", "[\"*.ca.example\"]", ":8: caa_identities[0]: \"*.ca.example\" is not an issuer domain name"},
        {"[ca.example]", "ca.example", ":8: caa_identities: found a single value; expected a sequence of 0 to 8"},
        {"[ca.example]", "[a.b, a.b]", ":8: caa_identities: \"a.b\" stands twice"},
        {"[ca.example]", "[a.b, A.b]", ":8: caa_identities: \"A.b\" stands twice"},
        {"user: \"\"", "names: [{deny: [\"::/0\", \"0::0/0\"]}]", ":4: names[0].deny: \"0::0/0\" stands twice"},
        {"[ca.example]", "[a.b, b.b, c.b, d.b, e.b, f.b, g.b, h.b, i.b]", ":8: caa_identities: found 9 entries"},
        {"methods: [http-01, dns-01]", "methods: [http-01, dns-02]",
         ":9: methods[1]: \"dns-02\" is not known; expected a "
         "sequence of one or more of http-01, dns-01"},
        {"methods: [http-01, dns-01]", "methods: []", ":9: methods: found 0 entries; expected"},
        {"methods: [http-01, dns-01]", "methods: [tls-alpn-01]",
         ":21: profiles: server@2026-11-01 is offered, but none"},
        {"default_profile: server", "default_profile: other", ":10: default_profile: \"other\" is not offered"},
        {"offered: true", "offered: false", ":10: default_profile: \"server\" is not offered"},
        {"offered: true", "offered: yes",
         ":29: profiles[0].offered: \"yes\" is not a truth value; expected true or false"},
        {"    offered: true\n", "", ":21: profiles[0].offered: is missing; expected true or false"},
        {"10.0.0.0/8", "10.0.0.1/8", ":15: zones[0].allow_private[0]: \"10.0.0.1/8\" is not a network; expected"},
        {"10.0.0.0/8", "0.0.0.0/0", ":15: zones[0].allow_private[0]: \"0.0.0.0/0\" is not a network"},
        {"domain: lab.example", "domain: \".\"", ":17: zones: domain . stands twice"},
        {"domain: lab.example\n    ", "", ":14: zones[0].domain: is missing"},
        {"domain: lab.example", "domain: \"\"", ":14: zones[0].domain: \"\" is not a domain"},
        {"user: \"\"", "blocked_keys: \"a\\tb\"", ":4: blocked_keys: \"a?b\" is not a file name; expected printable"},
        {"http_port: 8080", "tls_alpn_port: 0", ":16: zones[0].tls_alpn_port: \"0\" is out of range"},
        {"http_port: 8080", "http_port: 65536", ":16: zones[0].http_port: \"65536\" is out of range"},
        {". IN DS 20326 8 2 E06D44B80B8F1D39", ". IN A 192.0.2.1 0 0 0", "zones[1].trust_anchors[0]: "},
        {"[serverAuth]", "[serverAuth, any]", ":23: profiles[0].purposes[1]: \"any\" is not known; expected"},
        {"[serverAuth]", "[]", ":23: profiles[0].purposes: found 0 entries"},
        {"[serverAuth]", "[clientAuth]", ":21: profiles: server@2026-11-01: "},
        {"[serverAuth]", "serverAuth", ":23: profiles[0].purposes: found a single value"},
        {"issuer: server", "issuer: root", ":26: profiles[0].issuer: \"root\" is not known; expected one of server"},
        {"lifetime: 45d", "lifetime: 401d", ":28: profiles[0].lifetime: \"401d\" is out of range"},
        {"lifetime: 45d", "lifetime: 101d", ":21: profiles: server@2026-11-01 is offered, but its lifetime is above"},
        {"user: \"\"", "lifetime_max: {server: 44d}", ":21: profiles: server@2026-11-01 is offered, but its lifetime"},
        {"user: \"\"", "lifetime_max: {client: 101d}", ":4: lifetime_max.client: \"101d\" is out of range"},
        {"user: \"\"", "names: [{allow: []}]", ":4: names[0].allow: found 0 entries; expected"},
        {"user: \"\"", "names: [{deny: [\"a.*.org\"]}]", ":4: names[0].deny[0]: \"a.*.org\" is not a rule about names"},
        {"user: \"\"", "names: [{ancestors: [10.0.0.0/8]}]",
         ":4: names[0].ancestors[0]: \"10.0.0.0/8\" is not a rule about domains; expected NAME"},
        {"user: \"\"", "names: [{ancestors: [192.0.2.1]}]", ":4: names[0].ancestors[0]: \"192.0.2.1\" is not a rule"},
        {"user: \"\"", "names: [{profile: nobody, deny: [a.org]}]", ":4: names: there is no profile nobody"},
        {"user: \"\"", "names: [{deny: [a.org]}, {deny: [b.org]}]", ":4: names: two entries for all profiles"},
        {"user: \"\"", "public_suffix_list: list.dat", ":4: public_suffix_list: \"list.dat\" is not a file name"},
        {"http_port: 8080", "egress_prefix_v4: 7", ":16: zones[0].egress_prefix_v4: \"7\" is out of range"},
        {"http_port: 8080", "egress_prefix_v4: 33", ":16: zones[0].egress_prefix_v4: \"33\" is out of range"},
        {"http_port: 8080", "egress_prefix_v6: 15", ":16: zones[0].egress_prefix_v6: \"15\" is out of range"},
        {"http_port: 8080", "egress_prefix_v6: 129", ":16: zones[0].egress_prefix_v6: \"129\" is out of range"},
        {"http_port: 8080", "caa: open", ":16: zones[0].caa: \"open\" is not known; expected one of require, skip"},
        {"http_port: 8080", "caa: skip", ":14: zones: caa is skip for lab.example; expected that for a domain with"},
        {"domain: lab.example\n", "domain: \".\"\n    resolvers: [\"127.0.0.1:53\"]\n    caa: skip\n",
         ":14: zones: caa is skip for .; expected"},
        {"http_port: 8080", "low_source_port: 1", ":16: zones[0].low_source_port: \"1\" is not a truth value"},
        {"user: \"\"", "responder: 127.0.0.1:14001", ":4: responder: 127.0.0.1:14001 is the address of http"},
        {"user: \"\"", "responder_proxies: [192.0.2.1]", ":4: responder_proxies[0]: \"192.0.2.1\" is not a network"},
        {"user: \"\"", "responder_address: ca:1", ":4: responder_address: \"ca:1\" is not a responder's address"},
        {"user: \"\"", "responder_address: \"192.0.2.1:1\"", "\"192.0.2.1:1\" is not a responder's address"},
        {"user: \"\"", "responder_address: \"*.ca.example:1\"", "is not a responder's address"},
        {"user: \"\"", "responder_address: ca.example", "\"ca.example\" is not a responder's address"},
        {"user: \"\"", "responder_address: ca.example:0", "\"ca.example:0\" is not a responder's address"},
        {"user: \"\"", "responder_address: ca.example:65536", "\"ca.example:65536\" is not a responder's address"},
        {"user: \"\"", "alternate_chains: [{issuer: peer, file: a.pem}]",
         ":4: alternate_chains: there is no hierarchy of"},
        {"user: \"\"", "lifetime_max: {peer: 0s}", ":4: lifetime_max.peer: \"0s\" is"},
        {"user: \"\"", "policy_arc: 1.3.6.1.4.1.2147483648",
         ":4: policy_arc: \"1.3.6.1.4.1.2147483648\" is not an arc"},
        {"user: \"\"", "policy_arc: 2.25.98765432109876543210987654321",
         "is not an arc of object identifiers; expected"},
        {"user: \"\"", "policy_arc: \"1\"", ":4: policy_arc: \"1\" is not an arc"},
        {"name: server", "name: Server", ":21: profiles[0].name: \"Server\" is not a profile name"},
        {"  - name: server\n    version", "  - x\n  - version", ":21: profiles[0]: expected a mapping"},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        char *text = with(rows[i].from, rows[i].to);
        struct tb_config *cfg = (void *)1;
        char why[TB_CONFIG_WHY_MAX + 1] = "";
        int err = tb_config_parse(tb_span_str(text), "/x/tabard.yaml", &cfg, why);

        if (err != TB_E_CONFIG || strstr(why, rows[i].why) == NULL || strncmp(why, "/x/tabard.yaml:", 15) != 0)
            fail_msg("row %zu: %d \"%s\" does not hold \"%s\"", i, err, why, rows[i].why);
        assert_null(cfg);
        free(text);
    }
}

static void whole_files_that_are_none(void **state)
{
    static const char *const texts[] = {"", "\n", "---\n", "a", "[]", "{}", "- a: 1\n", "# only\n"};
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg;
    char *big = calloc(1, TB_CONFIG_TEXT_MAX + 1);

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++) {
        assert_int_equal(tb_config_parse(tb_span_str(texts[i]), "t", &cfg, why), TB_E_CONFIG);
        assert_int_equal(strncmp(why, "t:", 2), 0);
    }
    memset(big, '\n', TB_CONFIG_TEXT_MAX + 1);
    memcpy(big, good_config, sizeof(good_config) - 1);
    assert_ok(tb_config_parse(tb_span_of(big, TB_CONFIG_TEXT_MAX), "/t", &cfg, why));
    tb_config_free(cfg);
    assert_int_equal(tb_config_parse(tb_span_of(big, TB_CONFIG_TEXT_MAX + 1), "/t", &cfg, why), TB_E_CONFIG);
    free(big);
}

static const char second_profile[] = "offered: true\n  - {name: server, version: %s, purposes: [serverAuth], control: "
                                     "[dns-01], identifiers: [dns], issuer: server, crl: false, lifetime: 7d, "
                                     "offered: %s}\n";

static int parse_second(const char *version, const char *offered, struct tb_config **out, char *why)
{
    char piece[512];
    char *text;
    int err;

    snprintf(piece, sizeof(piece), second_profile, version, offered);
    text = with("offered: true\n", piece);
    err = tb_config_parse(tb_span_str(text), "/t", out, why);
    free(text);
    return err;
}

static void a_profile_has_one_body_and_one_offered_version(void **state)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg;

    (void)state;
    assert_int_equal(parse_second("2026-11-01", "false", &cfg, why), TB_E_CONFIG);
    assert_non_null(strstr(why, "/t:30: profiles: server@2026-11-01 stands twice"));
    assert_int_equal(parse_second("2026-12-01", "true", &cfg, why), TB_E_CONFIG);
    assert_non_null(strstr(why, "both offered"));
    assert_ok(parse_second("2026-12-01", "false", &cfg, why));
    assert_string_equal(tb_config_profile(cfg, "server", NULL)->version, "2026-11-01");
    assert_string_equal(tb_config_profile(cfg, "server", "2026-12-01")->version, "2026-12-01");
    assert_null(tb_config_profile(cfg, "server", "2026-12-02"));
    assert_null(tb_config_profile(cfg, "serve", NULL));
    tb_config_free(cfg);
}

static const char client_profile[] = "offered: true\n  - {name: client, version: \"1\", purposes: [clientAuth], "
                                     "control: [dns-01], use: [tls-client-01], "
                                     "identifiers: [dns], issuer: client, crl: false, lifetime: 7d, offered: true}\n%s";

/* good_config with a client profile, tls-client-01 among the methods, and what follows. */
static int parse_client(const char *rest, const char *def, struct tb_config **out, char *why)
{
    char piece[512], *text, *whole;
    int err;

    snprintf(piece, sizeof(piece), client_profile, rest);
    text = with("offered: true\n", piece);
    whole = malloc(strlen(text) + 64);
    assert_non_null(whole);
    sprintf(whole, "%.*smethods: [http-01, dns-01, tls-client-01]\ndefault_profile: %s\n%s",
            (int)(strstr(text, "methods:") - text), text, def, strstr(text, "limits:"));
    err = tb_config_parse(tb_span_str(whole), "/t", out, why);
    free(whole);
    free(text);
    return err;
}

static void a_profile_with_use_is_offered_when_there_is_a_responder(void **state)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_config *cfg;
    const struct tb_profile *p;

    (void)state;
    assert_ok(parse_client("", "server", &cfg, why));
    p = tb_config_profile(cfg, "client", NULL);
    assert_true(p->wanted);
    assert_false(p->offered);
    assert_string_equal(tb_config_withheld(cfg, p), "it demands a proof of use, and there is no responder");
    assert_null(tb_config_withheld(cfg, tb_config_profile(cfg, "server", NULL)));
    tb_config_free(cfg);
    assert_int_equal(parse_client("", "client", &cfg, why), TB_E_CONFIG);
    assert_non_null(strstr(why, ":10: default_profile: client is not offered: it demands a proof of use"));

    assert_ok(parse_client("responder: \"127.0.0.1:14002\"\n", "client", &cfg, why));
    p = tb_config_profile(cfg, "client", NULL);
    assert_true(p->offered);
    assert_null(tb_config_withheld(cfg, p));
    tb_config_free(cfg);
}

static void a_responder_has_the_address_that_clients_are_told(void **state)
{
    static const struct {
        const char *to, *want;
    } rows[] = {
        {"user: \"\"", ""},
        {"responder: 127.0.0.1:14002", "ca.example:14002"},
        {"responder: \"[::1]:443\"", "ca.example:443"},
        {"responder: 127.0.0.1:14002\nresponder_address: Use.CA.example:4711", "use.ca.example:4711"},
        {"responder_address: use.ca.example:4711", ""},
    };
    char host[TB_TLS_CLIENT_HOST_MAX + 1];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_config *cfg = parse_with("user: \"\"", rows[i].to);

        assert_string_equal(cfg->responder_address, rows[i].want);
        tb_responder_host(host, cfg);
        assert_int_equal(strlen(host), strcspn(rows[i].want, ":"));
        assert_int_equal(strncmp(host, rows[i].want, strlen(host)), 0);
        tb_config_free(cfg);
    }
}

static void the_default_address_of_a_responder(void **state)
{
    char out[TB_RESPONDER_ADDRESS_MAX + 1];
    struct tb_ident host = {.type = TB_IDENT_DNS, .value = "localhost"};

    (void)state;
    assert_true(tb_responder_address_default(out, &host, 7));
    assert_string_equal(out, "responder.localhost:7");
    for (size_t i = 0; i < TB_TLS_CLIENT_HOST_MAX + 1; i++)
        host.value[i] = i % 50 == 49 ? '.' : 'a';
    assert_false(tb_responder_address_default(out, &host, 65535));
    assert_string_equal(out, "");
    host.value[TB_TLS_CLIENT_HOST_MAX] = '\0';
    assert_true(tb_responder_address_default(out, &host, 65535));
    assert_int_equal(strlen(out), TB_RESPONDER_ADDRESS_MAX);
    host = (struct tb_ident){.type = TB_IDENT_IP, .value = "192.0.2.1"};
    assert_false(tb_responder_address_default(out, &host, 7));
}

/* Whose word is believed about where a proof came from decides what it proves. */
static void proxies_count_in_the_policy(void **state)
{
    struct tb_config *none = parse_with("user: \"\"", "responder_proxies: []");
    struct tb_config *one = parse_with("user: \"\"", "responder_proxies: [192.0.2.1/32]");
    struct tb_config *plain = parse_good(good_config);

    (void)state;
    assert_int_equal(one->num_responder_proxies, 1);
    assert_memory_equal(plain->policy_digest, none->policy_digest, TB_DIGEST_LEN);
    assert_memory_not_equal(plain->policy_digest, one->policy_digest, TB_DIGEST_LEN);
    tb_config_free(none);
    tb_config_free(one);
    tb_config_free(plain);
}

/* Proofs from before these keys stay what they were, unless they would be judged otherwise now. */
static void egress_counts_in_the_policy_only_where_it_is_not_the_default(void **state)
{
    static const char *const other[] = {"egress_prefix_v4: 25", "egress_prefix_v6: 47", "low_source_port: true"};
    struct tb_config *plain = parse_with("    http_port: 8080\n", "");
    struct tb_config *same = parse_with("http_port: 8080", "egress_prefix_v4: 24\n    egress_prefix_v6: 48\n"
                                                           "    low_source_port: false");

    (void)state;
    assert_memory_equal(plain->policy_digest, same->policy_digest, TB_DIGEST_LEN);
    for (size_t i = 0; i < TB_ARRAY_LEN(other); i++) {
        struct tb_config *cfg = parse_with("http_port: 8080", other[i]);

        assert_memory_not_equal(plain->policy_digest, cfg->policy_digest, TB_DIGEST_LEN);
        tb_config_free(cfg);
    }
    tb_config_free(plain);
    tb_config_free(same);
}

static void a_skipped_caa_is_part_of_the_policy_and_the_default_is_not(void **state)
{
    struct tb_config *plain = parse_with("http_port: 8080", "resolvers: [\"127.0.0.1:53\"]");
    struct tb_config *same = parse_with("http_port: 8080", "resolvers: [\"127.0.0.1:53\"]\n    caa: require");
    struct tb_config *skip = parse_with("http_port: 8080", "resolvers: [\"127.0.0.1:53\"]\n    caa: skip");

    (void)state;
    assert_memory_equal(plain->policy_digest, same->policy_digest, TB_DIGEST_LEN);
    assert_memory_not_equal(plain->policy_digest, skip->policy_digest, TB_DIGEST_LEN);
    assert_int_equal(tb_config_zone(skip, "a.lab.example")->caa, TB_ZONE_CAA_SKIP);
    assert_int_equal(tb_config_zone(skip, "lab2.example")->caa, TB_ZONE_CAA_REQUIRE);
    tb_config_free(plain);
    tb_config_free(same);
    tb_config_free(skip);
}

static void the_peer_hierarchy_is_off_unless_it_is_asked_for(void **state)
{
    struct tb_config *off = parse_good(good_config), *on = parse_with("user: \"\"", "peer_hierarchy: true");
    struct tb_profile peer = {.issuer = TB_ISSUER_PEER};

    (void)state;
    assert_false(tb_config_has_issuer(off, TB_ISSUER_PEER));
    assert_true(tb_config_has_issuer(on, TB_ISSUER_PEER));
    assert_string_equal(tb_config_withheld(off, &peer), "there is no such hierarchy (peer_hierarchy is false)");
    assert_null(tb_config_withheld(on, &peer));
    for (enum tb_issuer i = TB_ISSUER_NONE; i <= TB_ISSUER__COUNT; i++) {
        bool is_one = i > TB_ISSUER_NONE && i < TB_ISSUER__COUNT;

        assert_int_equal(tb_config_has_issuer(on, i), is_one);
        assert_int_equal(tb_issuer_files(i) != NULL, is_one);
        assert_int_equal(tb_config_lifetime_max(on, i), is_one ? 100 * 86400 : 0);
    }
    tb_config_free(off);
    tb_config_free(on);
}

static void an_arc_has_no_default_and_is_read_with_the_file(void **state)
{
    struct tb_config *none = parse_good(good_config),
                     *some = parse_with("user: \"\"", "policy_arc: 1.3.6.1.4.1.32473.1");

    (void)state;
    assert_int_equal(none->arc.len, 0);
    assert_string_equal(some->policy_arc, "1.3.6.1.4.1.32473.1");
    assert_int_equal(some->arc.len, 9);
    assert_memory_equal(none->policy_digest, some->policy_digest, TB_DIGEST_LEN); /* proofs stay what they are */
    tb_config_free(none);
    tb_config_free(some);
}

static void the_most_specific_zone_wins(void **state)
{
    struct tb_config *cfg = parse_good(good_config);
    struct tb_config *none;

    (void)state;
    assert_int_equal(tb_config_zone(cfg, "lab.example")->http_port, 8080);
    assert_int_equal(tb_config_zone(cfg, "a.b.lab.example")->http_port, 8080);
    assert_int_equal(tb_config_zone(cfg, "xlab.example")->http_port, 80);
    assert_int_equal(tb_config_zone(cfg, "example")->num_resolvers, 2);
    assert_int_equal(tb_config_zone(cfg, "192.0.2.1")->num_resolvers, 2);
    tb_config_free(cfg);
    none = parse_with("  - domain: .\n", "  - domain: z.example\n");
    assert_string_equal(tb_config_zone(none, "other.example")->domain, "");
    assert_int_equal(tb_config_zone(none, "other.example")->https_port, 443);
    assert_int_equal(tb_config_zone(none, "other.example")->num_allow_private, 0);
    tb_config_free(none);
}

static void policy_digest_follows_the_policy_and_nothing_else(void **state)
{
    static const struct {
        const char *from, *to;
        bool same;
    } rows[] = {
        {"user: \"\"", "user: ca", true},
        {"lifetime: 45d", "lifetime: 44d", true},
        {"http_port: 8080", "http_port: 8080\n    https_port: 443", true},
        {"[http-01, dns-01]\ndefault", "[dns-01, http-01]\ndefault", true},
        {"[http-01, dns-01]\ndefault", "[dns-01]\ndefault", false},
        {"user: \"\"", "perspective: 2", false},
        {"http_port: 8080", "http_port: 8081", false},
        {"http_port: 8080", "https_port: 8080", false},
        {"http_port: 8080", "http_port: 8080\n    tls_alpn_port: 443", true},
        {"http_port: 8080", "http_port: 8080\n    tls_alpn_port: 444", false},
        {"10.0.0.0/8", "10.0.0.0/9", false},
        {"lab.example", "lab2.example", false},
        {"[::1]:53", "[::1]:54", false},
        {"20326", "20327", false},
    };
    struct tb_config *base = parse_good(good_config);

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_config *cfg = parse_with(rows[i].from, rows[i].to);
        bool same = memcmp(cfg->policy_digest, base->policy_digest, TB_DIGEST_LEN) == 0;

        if (same != rows[i].same)
            fail_msg("row %zu", i);
        tb_config_free(cfg);
    }
    tb_config_free(base);
}

static void what_is_written_reads_back_the_same(void **state)
{
    struct tb_config *cfg = parse_good(good_config);
    struct tb_config *again = NULL;
    char why[TB_CONFIG_WHY_MAX + 1] = "";
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 1 << 20);
    tb_config_write(&wr, cfg);
    assert_ok(tb_wr_err(&wr));
    if (tb_config_parse(tb_wr_span(&wr), "/srv/ca/tabard.yaml", &again, why) != 0)
        fail_msg("%s", why);
    assert_memory_equal(cfg, again, sizeof(*cfg));
    tb_wr_clear(&wr);
    tb_config_free(again);
    tb_config_free(cfg);
}

static void walk(const struct tb_setting *table, size_t depth)
{
    assert_true(depth < 4);
    for (const struct tb_setting *s = table; s->key != NULL; s++) {
        char expect[256];

        tb_setting_expect(expect, sizeof(expect), s);
        assert_true(expect[0] != '\0');
        assert_true(s->shape != TB_SHAPE_TEXT || (s->what != NULL && s->expect != NULL && s->max < s->size));
        assert_true((s->shape == TB_SHAPE_MAP || s->shape == TB_SHAPE_MAPS) == (s->sub != NULL));
        assert_true((s->shape == TB_SHAPE_LIST) == (s->item != NULL));
        assert_true(s->min <= s->max || s->word != NULL || s->max == 0);
        if (s->sub != NULL)
            walk(s->sub, depth + 1);
    }
}

static void the_schema_is_sound(void **state)
{
    struct tb_limits limits;

    (void)state;
    walk(tb_schema, 0);
    tb_schema_limits_preset(&limits);
    assert_int_equal(limits.connections_max, 4096);
    assert_int_equal(limits.accounts_per_minute_max, 600);
}

static void paths_are_absolute_and_every_file_lies_in_the_directory(void **state)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    char path[TB_CONFIG_PATH_MAX + 65];
    char longest[TB_CONFIG_PATH_MAX + 2];
    struct tb_config *cfg;

    (void)state;
    assert_ok(tb_config_parse(tb_span_str(good_config), "x/tabard.yaml", &cfg, why));
    assert_true(cfg->dir[0] == '/');
    tb_config_free(cfg);
    assert_ok(tb_config_parse(tb_span_str(good_config), "/tabard.yaml", &cfg, why));
    assert_string_equal(cfg->dir, "/");
    for (int i = 0; i < TB_FILE__COUNT; i++) {
        tb_config_file(cfg, (enum tb_state_file)i, path);
        assert_true(path[0] == '/' && path[strlen(path) - 1] != '/');
    }
    tb_config_free(cfg);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[TB_CONFIG_PATH_MAX + 1] = '\0';
    assert_int_equal(tb_config_parse(tb_span_str(good_config), longest, &cfg, why), TB_E_CONFIG);
    longest[TB_CONFIG_PATH_MAX] = '\0';
    assert_ok(tb_config_parse(tb_span_str(good_config), longest, &cfg, why));
    tb_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_read),
        cmocka_unit_test(invariant_14_every_error_names_line_key_and_what_was_expected),
        cmocka_unit_test(whole_files_that_are_none),
        cmocka_unit_test(a_profile_has_one_body_and_one_offered_version),
        cmocka_unit_test(a_profile_with_use_is_offered_when_there_is_a_responder),
        cmocka_unit_test(a_responder_has_the_address_that_clients_are_told),
        cmocka_unit_test(the_default_address_of_a_responder),
        cmocka_unit_test(egress_counts_in_the_policy_only_where_it_is_not_the_default),
        cmocka_unit_test(a_skipped_caa_is_part_of_the_policy_and_the_default_is_not),
        cmocka_unit_test(the_peer_hierarchy_is_off_unless_it_is_asked_for),
        cmocka_unit_test(an_arc_has_no_default_and_is_read_with_the_file),
        cmocka_unit_test(proxies_count_in_the_policy),
        cmocka_unit_test(the_most_specific_zone_wins),
        cmocka_unit_test(policy_digest_follows_the_policy_and_nothing_else),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(the_schema_is_sound),
        cmocka_unit_test(paths_are_absolute_and_every_file_lies_in_the_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
