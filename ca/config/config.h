/*
 * Configuration of tabardd: DIR/tabard.yaml, read once by the parent and given to every child as it was read.
 * It holds no secret, only the names of files.
 */
#ifndef TB_CA_CONFIG_CONFIG_H
#define TB_CA_CONFIG_CONFIG_H

#include <sys/socket.h>

#include "lib/acme/tls_client.h"
#include "lib/dns/caa.h"
#include "lib/pki/arc.h"
#include "lib/policy/name_rules.h"
#include "lib/profile/profile.h"
#include "lib/statement/audience.h"

#define TB_CONFIG_WHY_MAX           511
#define TB_CONFIG_PATH_MAX          1023
#define TB_CONFIG_NUM_ZONES_MAX     64
#define TB_CONFIG_NUM_NETS_MAX      32
#define TB_CONFIG_NUM_RESOLVERS_MAX 4
#define TB_CONFIG_NUM_ANCHORS_MAX   4
#define TB_CONFIG_NUM_CHAINS_MAX    8
#define TB_CONFIG_NUM_EARLY_MAX     16
#define TB_CONFIG_NUM_NAMES_MAX     (TB_PROFILE_NUM_MAX + 1)
#define TB_CONFIG_NUM_PROXIES_MAX   8
#define TB_RESPONDER_ADDRESS_MAX    (TB_TLS_CLIENT_HOST_MAX + 6) /* HOST:PORT */
#define TB_CONFIG_NUM_ANCESTORS_MAX 32

struct tb_listen {
    bool on;
    struct sockaddr_storage addr;
    socklen_t addr_len;
    char text[64]; /* "127.0.0.1:14000" */
};
struct tb_net {
    uint8_t addr[16];
    uint8_t prefix; /* in v4-mapped form: 0..128 */
};

/* What a zone without CAA records, by its operator's word, spares the validator. */
enum tb_zone_caa { TB_ZONE_CAA_REQUIRE = 0, TB_ZONE_CAA_SKIP = 1, TB_ZONE_CAA__COUNT };

/* How names under `domain` are resolved and reached. The most specific zone wins; "." is the default and always there.
 */
struct tb_zone {
    char domain[TB_IDENT_VALUE_MAX + 1];                    /* "" for "." */
    struct tb_listen resolver[TB_CONFIG_NUM_RESOLVERS_MAX]; /* forwarders; none = recursion from the root */
    size_t num_resolvers;
    char trust_anchor[TB_CONFIG_NUM_ANCHORS_MAX][256]; /* DS or DNSKEY in zone-file form */
    size_t num_trust_anchors;
    struct tb_net allow_private[TB_CONFIG_NUM_NETS_MAX]; /* otherwise refused ranges that may be contacted */
    size_t num_allow_private;
    uint16_t http_port, https_port; /* where http-01 starts (80) and where https redirects may go (443) */
    uint16_t tls_alpn_port;         /* where tls-alpn-01 goes (443) */
    uint16_t egress_prefix_v4;      /* shortest prefixes that a declaration of egress may have (24) */
    uint16_t egress_prefix_v6;      /* (48) */
    bool low_source_port;           /* tls-client-01 must come from a port below 1024 */
    enum tb_zone_caa caa;
};

/* Which names are certified: what deny touches is not, and what allow does not cover is not. */
struct tb_names {
    char profile[TB_PROFILE_NAME_MAX + 1]; /* "" = every profile */
    tb_name_rule_text allow[TB_NAME_RULES_NUM_MAX];
    size_t num_allow; /* never 0: absent means a rule for everything */
    tb_name_rule_text deny[TB_NAME_RULES_NUM_MAX];
    size_t num_deny;
    tb_name_rule_text ancestors[TB_CONFIG_NUM_ANCESTORS_MAX]; /* domains whose control may stand for what is below */
    size_t num_ancestors;
};

/* The longest that a certificate of each issuer may live, at most what the keyholder signs. */
struct tb_lifetimes {
    uint32_t server_s, client_s, peer_s;
};

/* Another chain for what an issuer signs: its key cross-signed elsewhere, and what is above. */
struct tb_chain {
    enum tb_issuer issuer;
    char file[256];
};

/* Certificates that are to be renewed early: their suggested window (RFC 9773) begins at issued_before. */
struct tb_early_renewal {
    char issued_before[TB_RFC3339_LEN + 1];
    char profile[TB_PROFILE_NAME_MAX + 1]; /* "" = every profile */
    char name[TB_IDENT_VALUE_MAX + 3];     /* as tb_limit_name_parse takes it; "" = whatever they name */
    uint32_t within_s;                     /* length of the window */
    char explanation[256];                 /* URL; "" = none */
};

struct tb_limits {
    uint32_t connections_max;   /* open HTTPS connections */
    uint32_t request_timeout_s; /* from first byte to last byte of a request */
    uint32_t idle_timeout_s;    /* kept connection without a request */
    uint32_t orders_per_account_pending_max;
    uint32_t order_lifetime_s; /* at most 48 h: the judge's window */
    uint32_t authz_pending_s, authz_valid_s;
    uint32_t validations_max; /* in flight */
    uint32_t validation_timeout_s;
    uint32_t accounts_per_minute_max; /* new accounts from all clients together */
};

/* External account binding (RFC 8555 section 7.3.4). */
enum tb_external_account { TB_EXTERNAL_OFF = 0, TB_EXTERNAL_OPTIONAL = 1, TB_EXTERNAL_REQUIRED = 2 };
const char *tb_external_account_name(unsigned i); /* the configuration's word; NULL beyond */

struct tb_config {
    char path[TB_CONFIG_PATH_MAX + 1]; /* of the file */
    char dir[TB_CONFIG_PATH_MAX + 1];  /* state directory: absolute, the file's own */
    uint8_t ca_id[TB_CA_ID_LEN];
    char name[TB_IDENT_VALUE_MAX + 1];  /* HOST */
    char base_url[TB_BASE_URL_MAX + 1]; /* "https://HOST:PORT" (":443" left out) */
    char user[64];                      /* "" = do not change */
    struct tb_listen listen, metrics, http, responder;
    /* HOST:PORT that clients are told of; empty = there is no responder. */
    char responder_address[TB_RESPONDER_ADDRESS_MAX + 1];
    struct tb_net responder_proxy[TB_CONFIG_NUM_PROXIES_MAX]; /* that speak PROXY protocol 2 in front of it */
    size_t num_responder_proxies;
    char website[256], terms_of_service[256];
    enum tb_external_account external_account;
    char policy_arc[TB_ARC_TEXT_MAX + 1]; /* "" = certificates tell nothing about proofs */
    struct tb_arc arc;                    /* the same, read */
    bool peer_hierarchy;                  /* a hierarchy for certificates of both roles */
    char blocked_keys[256];               /* file; "" = none */
    struct tb_chain alternate_chains[TB_CONFIG_NUM_CHAINS_MAX];
    size_t num_alternate_chains;
    struct tb_early_renewal early_renewals[TB_CONFIG_NUM_EARLY_MAX];
    size_t num_early_renewals;
    char caa_identities[TB_CAA_IDENTITIES_MAX][TB_IDENT_VALUE_MAX + 1];
    size_t num_caa_identities;
    uint32_t signer;      /* number of this signer, from 1 */
    uint16_t perspective; /* of the local validator and responder, from 1 */
    char default_profile[TB_PROFILE_NAME_MAX + 1];
    struct tb_profile profiles[TB_PROFILE_NUM_MAX];
    size_t num_profiles;
    struct tb_zone zones[TB_CONFIG_NUM_ZONES_MAX];
    size_t num_zones;
    struct tb_names names[TB_CONFIG_NUM_NAMES_MAX];
    size_t num_names;
    char public_suffix_list[256]; /* file; "" = the system's */
    struct tb_lifetimes lifetime_max;
    struct tb_limits limits;
    tb_methods_t methods;                 /* enabled for validation */
    uint8_t policy_digest[TB_DIGEST_LEN]; /* of the validation policy: methods, zones, perspective */
};

/*
 * Parse and check everything that can be checked without the file system.  On failure TB_E_CONFIG and one sentence with
 * file, line, key, what was found and what was expected in why.  path is for messages and gives dir.
 */
int tb_config_parse(struct tb_span text, const char *path, struct tb_config **out,
                    char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
/* The same of a file; a message says when it cannot be read.  text may be NULL, else it goes there. */
int tb_config_load(const char *path, struct tb_config **out, struct tb_wr *text,
                   char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;
void tb_config_free(struct tb_config *cfg); /* NULL-safe */

/* Of a name without version: the offered one, else the first. NULL when there is none. */
const struct tb_profile *tb_config_profile(const struct tb_config *cfg, const char *name,
                                           const char *version /* NULL = any */);
/* NULL, or why the profile is not offered though the configuration wants it: a constant sentence part. */
const char *tb_config_withheld(const struct tb_config *cfg, const struct tb_profile *p);
void tb_config_audience(const struct tb_config *cfg, struct tb_audience *out);
/* A zone with every default: "." of a configuration that names none. */
void tb_config_zone_preset(struct tb_zone *out);
const struct tb_zone *tb_config_zone(const struct tb_config *cfg, const char *dns_name); /* never NULL */

/* The longest life of a certificate of this issuer; 0 for one without. */
uint32_t tb_config_lifetime_max(const struct tb_config *cfg, enum tb_issuer issuer);
/* Has the CA this issuer's hierarchy? */
bool tb_config_has_issuer(const struct tb_config *cfg, enum tb_issuer issuer);

/* Files under dir. */
enum tb_state_file {
    TB_FILE_HTTPS_KEY,               /* keys/https.key       front */
    TB_FILE_HTTPS_CHAIN,             /* https.pem            front: leaf and issuing CA */
    TB_FILE_ID_KEY,                  /* keys/id.key          front: enciphers public ids */
    TB_FILE_TOKEN_KEY,               /* keys/token.key       validator */
    TB_FILE_STATEMENT_KEY,           /* keys/statement-1-1.key  validator makes, judge verifies */
    TB_FILE_RESPONDER_STATEMENT_KEY, /* keys/responder-statement-1-1.key  responder makes, judge verifies */
    TB_FILE_RESPONDER_TOKEN_KEY,     /* keys/responder-token.key  responder */
    TB_FILE_RESPONDER_KEY,           /* keys/responder.key   responder: TLS; when there is one */
    TB_FILE_RESPONDER_CHAIN,         /* responder.pem        responder: leaf and issuing CA; when there is one */
    TB_FILE_ACCOUNT_KEY,             /* keys/account.key     judge: makes and verifies account statements */
    TB_FILE_ISSUING_SERVER_KEY,      /* keys/issuing-server.key  keyholder */
    TB_FILE_ISSUING_CLIENT_KEY,
    TB_FILE_ISSUING_PEER_KEY,
    TB_FILE_ISSUING_SERVER, /* issuing-server.pem */
    TB_FILE_ISSUING_CLIENT,
    TB_FILE_ISSUING_PEER,
    TB_FILE_ROOT_SERVER, /* root-server.pem */
    TB_FILE_ROOT_CLIENT,
    TB_FILE_ROOT_PEER,
    TB_FILE_ROOT_SERVER_KEY, /* root-keys/root-server.key: moved offline, never opened by run */
    TB_FILE_ROOT_CLIENT_KEY,
    TB_FILE_ROOT_PEER_KEY,
    TB_FILE_ROOT_SERVER_CRL, /* root-server.crl */
    TB_FILE_ROOT_CLIENT_CRL,
    TB_FILE_ROOT_PEER_CRL,
    TB_FILE_STORE_DIR, /* store/               front: tabard.db */
    TB_FILE_LOG_DIR,   /* log/                 judge */
    TB_FILE_CONTROL,   /* control.sock         parent */
    TB_FILE__COUNT
};
/* The files of an issuer's hierarchy; NULL for no issuer. */
struct tb_issuer_files {
    enum tb_state_file root, root_key, root_crl, issuing, issuing_key;
};
const struct tb_issuer_files *tb_issuer_files(enum tb_issuer issuer);
/* What a new file of the state is called until it takes the place of the old one. */
#define TB_NEW_SUFFIX ".tabardd-new"
/* From the state directory. */
const char *tb_state_file_name(enum tb_state_file file);
/* Full path into out. */
void tb_config_file(const struct tb_config *cfg, enum tb_state_file file, char out[static TB_CONFIG_PATH_MAX + 65]);

#endif
