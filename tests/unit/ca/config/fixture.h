/* A small sound configuration; tests replace one piece of it. */
#ifndef TB_TESTS_UNIT_CA_CONFIG_FIXTURE_H
#define TB_TESTS_UNIT_CA_CONFIG_FIXTURE_H

static const char good_config[] = "ca_id: \"000102030405060708090a0b0c0d0e0f\"\n" /* line 1 */
                                  "name: ca.example\n"
                                  "base_url: https://ca.example:14000\n"
                                  "user: \"\"\n"
                                  "listen: 127.0.0.1:14000\n" /* 5 */
                                  "metrics: off\n"
                                  "http: 127.0.0.1:14001\n"
                                  "caa_identities: [ca.example]\n"
                                  "methods: [http-01, dns-01]\n"
                                  "default_profile: server\n" /* 10 */
                                  "limits:\n"
                                  "  order_lifetime: 24h\n"
                                  "zones:\n"
                                  "  - domain: lab.example\n"
                                  "    allow_private: [10.0.0.0/8, \"fd00::/8\"]\n" /* 15 */
                                  "    http_port: 8080\n"
                                  "  - domain: .\n"
                                  "    resolvers: [\"127.0.0.1:53\", \"[::1]:53\"]\n"
                                  "    trust_anchors: [\". IN DS 20326 8 2 E06D44B80B8F1D39\"]\n"
                                  "profiles:\n" /* 20 */
                                  "  - name: server\n"
                                  "    version: 2026-11-01\n"
                                  "    purposes: [serverAuth]\n"
                                  "    control: [http-01, dns-01]\n"
                                  "    identifiers: [dns, wildcard, ip]\n" /* 25 */
                                  "    issuer: server\n"
                                  "    crl: true\n"
                                  "    lifetime: 45d\n"
                                  "    offered: true\n";

#endif
