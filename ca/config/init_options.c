#include "ca/config/init_options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/command.h"
#include "ca/config/responder.h"
#include "ca/config/schema.h"
#include "ca/config/value.h"
#include "ca/keyholder/ceiling.h"
#include "lib/base/hash.h"

#define PORT_DEFAULT 14000 /* as Pebble, so that a trial client's settings fit */
#define DEFAULT_USER "_tabard"

static const char usage[] =
    "usage: tabardd init --dir DIR --name HOST [--listen ADDR:PORT] [--http ADDR:PORT|off]\n"
    "                    [--responder ADDR:PORT|off] [--responder-address HOST:PORT] [--metrics ADDR:PORT|off]\n"
    "                    [--resolver ADDR:PORT]... [--allow-private CIDR]... [--user NAME]\n"
    "                    [--root-passphrase-file FILE] [--peer]\n";

/* What was given on the command line, as text. */
struct given {
    const char *dir, *name, *listen, *http, *responder, *responder_address, *metrics, *user, *passphrase_file;
};

static int complain(int status, const char *fmt, ...) TB_PRINTF(2, 3);
static int complain(int status, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "tabardd init: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    return status;
}

/* The default zone, which --resolver and --allow-private are about. */
static int add_resolver(struct tb_config *cfg, const char *text)
{
    struct tb_zone *z = &cfg->zones[0];

    if (z->num_resolvers == TB_CONFIG_NUM_RESOLVERS_MAX)
        return complain(TB_EXIT_USAGE, "--resolver: at most %d", TB_CONFIG_NUM_RESOLVERS_MAX);
    if (tb_value_listen(text, &z->resolver[z->num_resolvers]) != 0)
        return complain(TB_EXIT_USAGE, "--resolver: \"%s\" is not an address; expected ADDRESS:PORT", text);
    z->num_resolvers++;
    return TB_EXIT_OK;
}

static int add_private(struct tb_config *cfg, const char *text)
{
    struct tb_zone *z = &cfg->zones[0];

    if (z->num_allow_private == TB_CONFIG_NUM_NETS_MAX)
        return complain(TB_EXIT_USAGE, "--allow-private: at most %d", TB_CONFIG_NUM_NETS_MAX);
    if (tb_value_net(text, &z->allow_private[z->num_allow_private]) != 0)
        return complain(TB_EXIT_USAGE,
                        "--allow-private: \"%s\" is not a network; expected ADDRESS/LENGTH with all bits after LENGTH "
                        "zero, at least /8 (IPv4) or /7 (IPv6)",
                        text);
    z->num_allow_private++;
    return TB_EXIT_OK;
}

static int read_command_line(struct given *g, struct tb_init_options *o, struct tb_config *cfg, int argc, char **argv)
{
    enum {
        DIR_ = 1000,
        NAME,
        LISTEN,
        HTTP,
        RESPONDER,
        ADDRESS,
        METRICS,
        USER,
        PASSPHRASE,
        RESOLVER,
        PRIVATE,
        PEER,
        HELP
    };
    static const struct option options[] = {
        {"dir", required_argument, NULL, DIR_},
        {"name", required_argument, NULL, NAME},
        {"listen", required_argument, NULL, LISTEN},
        {"http", required_argument, NULL, HTTP},
        {"metrics", required_argument, NULL, METRICS},
        {"responder", required_argument, NULL, RESPONDER},
        {"responder-address", required_argument, NULL, ADDRESS},
        {"user", required_argument, NULL, USER},
        {"root-passphrase-file", required_argument, NULL, PASSPHRASE},
        {"resolver", required_argument, NULL, RESOLVER},
        {"allow-private", required_argument, NULL, PRIVATE},
        {"peer", no_argument, NULL, PEER},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    const char **const texts[] = {&g->dir,     &g->name,      &g->listen,
                                  &g->http,    &g->responder, &g->responder_address,
                                  &g->metrics, &g->user,      &g->passphrase_file};
    int status = TB_EXIT_OK;
    int opt;

    optind = 1;
    while (status == TB_EXIT_OK && (opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (opt == HELP)
            o->help = true;
        else if (opt == PEER)
            cfg->peer_hierarchy = true;
        else if (opt == RESOLVER)
            status = add_resolver(cfg, optarg);
        else if (opt == PRIVATE)
            status = add_private(cfg, optarg);
        else if (opt < DIR_ || opt > PASSPHRASE)
            status = TB_EXIT_USAGE;
        else if (*texts[opt - DIR_] != NULL)
            status = complain(TB_EXIT_USAGE, "an option stands twice (\"%s\")", optarg);
        else
            *texts[opt - DIR_] = optarg;
    }
    if (status == TB_EXIT_OK && optind < argc)
        status = complain(TB_EXIT_USAGE, "unexpected \"%s\"", argv[optind]);
    return status;
}

/* BASE/NAME, or BASE alone, as DIR; room for the files in it is left. */
static int join_dir(struct tb_config *cfg, const char *base, const char *name)
{
    int n = snprintf(cfg->dir, sizeof(cfg->dir), "%s%s%s", strcmp(base, "/") == 0 && name[0] != '\0' ? "" : base,
                     name[0] != '\0' ? "/" : "", name);
    int m = snprintf(cfg->path, sizeof(cfg->path), "%s/tabard.yaml", cfg->dir);

    if (n < 0 || m < 0 || (size_t)n >= sizeof(cfg->dir) || (size_t)m >= sizeof(cfg->path))
        return complain(TB_EXIT_USAGE, "--dir: the path is too long");
    return TB_EXIT_OK;
}

/* DIR made absolute: it may exist or not, the directory above must. */
static int set_dir(struct tb_config *cfg, const char *dir)
{
    char copy[TB_CONFIG_PATH_MAX + 1];
    char real[PATH_MAX];
    char *name;
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len > TB_CONFIG_PATH_MAX)
        return complain(TB_EXIT_USAGE, "--dir: expected a path of 1 to %d characters", TB_CONFIG_PATH_MAX);
    memcpy(copy, dir, len);
    copy[len] = '\0';
    if (realpath(copy, real) != NULL)
        return join_dir(cfg, real, "");
    name = strrchr(copy, '/');
    if (name == NULL)
        return realpath(".", real) != NULL ? join_dir(cfg, real, copy)
                                           : complain(TB_EXIT_FAILURE, "--dir: %s", strerror(errno));
    *name++ = '\0';
    if (realpath(copy[0] != '\0' ? copy : "/", real) == NULL)
        return complain(TB_EXIT_FAILURE, "--dir: %s: %s", copy, strerror(errno));
    return join_dir(cfg, real, name);
}

static int set_listen(struct tb_listen *out, const char *option, const char *text, bool may_be_off)
{
    if (may_be_off && strcmp(text, "off") == 0)
        return TB_EXIT_OK;
    if (tb_value_listen(text, out) == 0)
        return TB_EXIT_OK;
    return complain(TB_EXIT_USAGE, "--%s: \"%s\" is not an address; expected ADDRESS:PORT such as 192.0.2.1:443%s",
                    option, text, may_be_off ? ", or off" : "");
}

/* A CA is there to be reached: all addresses, unless its name is this machine's alone. */
static const char *default_listen(const struct tb_ident *host)
{
    if (host->type == TB_IDENT_IP && strchr(host->value, ':') != NULL)
        return strcmp(host->value, "::1") == 0 ? "[::1]:14000" : "[::]:14000";
    if ((host->type == TB_IDENT_IP && strncmp(host->value, "127.", 4) == 0) ||
        (host->type == TB_IDENT_DNS && tb_dns_name_under(host->value, "localhost")))
        return "127.0.0.1:14000";
    return "0.0.0.0:14000";
}

/* Clients need a DNS name: a CA that is an address has a responder only when it is told of one. */
static int set_responder(struct tb_config *cfg, const struct tb_init_options *o, const struct given *g, uint32_t port)
{
    char address[TB_RESPONDER_ADDRESS_MAX + 1] = "";
    int status;

    if (g->responder != NULL) {
        status = set_listen(&cfg->responder, "responder", g->responder, true);
        if (status != TB_EXIT_OK)
            return status;
    }
    if (g->responder_address != NULL) {
        if (strlen(g->responder_address) > TB_RESPONDER_ADDRESS_MAX)
            return complain(TB_EXIT_USAGE, "--responder-address: at most %d characters", TB_RESPONDER_ADDRESS_MAX);
        strcpy(cfg->responder_address, g->responder_address);
        if (!tb_responder_address_normalise(cfg->responder_address))
            return complain(TB_EXIT_USAGE,
                            "--responder-address: \"%s\" is not HOST:PORT with a DNS name of two labels or more",
                            g->responder_address);
    }
    if (g->responder != NULL || (g->responder_address == NULL && !tb_responder_address_default(address, &o->host, 1)))
        return TB_EXIT_OK;
    if (tb_value_listen_at(&cfg->listen, port + 2, &cfg->responder) != 0)
        return complain(TB_EXIT_USAGE, "--listen: no two ports follow %u; give --responder as well", port);
    return TB_EXIT_OK;
}

static int set_listeners(struct tb_config *cfg, const struct tb_init_options *o, const struct given *g)
{
    uint32_t port;
    int status = set_listen(&cfg->listen, "listen", g->listen != NULL ? g->listen : default_listen(&o->host), false);

    if (status != TB_EXIT_OK)
        return status;
    port = tb_value_listen_port(&cfg->listen);
    if (g->http != NULL)
        status = set_listen(&cfg->http, "http", g->http, true);
    else if (tb_value_listen_at(&cfg->listen, port + 1, &cfg->http) != 0)
        return complain(TB_EXIT_USAGE, "--listen: no port follows %u; give --http and --responder as well", port);
    if (status == TB_EXIT_OK)
        status = set_responder(cfg, o, g, port);
    if (status == TB_EXIT_OK && g->metrics != NULL)
        status = set_listen(&cfg->metrics, "metrics", g->metrics, true);
    return status;
}

static int set_user(struct tb_config *cfg, struct tb_init_options *o, const char *user)
{
    const struct passwd *pw;
    bool root = geteuid() == 0;

    if (user != NULL && user[0] != '\0' && !root)
        return complain(TB_EXIT_USAGE, "--user: only root can give the state to another account");
    if (!root || (user != NULL && user[0] == '\0'))
        return TB_EXIT_OK;
    pw = getpwnam(user != NULL ? user : DEFAULT_USER);
    if (pw == NULL)
        return user == NULL ? TB_EXIT_OK : complain(TB_EXIT_USAGE, "--user: there is no account \"%s\"", user);
    if (!tb_value_user(pw->pw_name) || pw->pw_uid == 0)
        return complain(TB_EXIT_USAGE, "--user: \"%s\" is not an account for a daemon", pw->pw_name);
    snprintf(cfg->user, sizeof(cfg->user), "%s", pw->pw_name);
    o->give = true;
    o->uid = pw->pw_uid;
    o->gid = pw->pw_gid;
    return TB_EXIT_OK;
}

int tb_passphrase_read(const char *file, char out[static TB_PASSPHRASE_MAX + 1], char why[static TB_CONFIG_WHY_MAX + 1])
{
    FILE *f = fopen(file, "re");
    bool has;
    size_t len;

    if (f == NULL) {
        snprintf(why, TB_CONFIG_WHY_MAX + 1, "--root-passphrase-file: %s: %s", file, strerror(errno));
        return TB_EXIT_FAILURE;
    }
    setvbuf(f, NULL, _IONBF, 0); /* no second copy of the secret */
    has = fgets(out, TB_PASSPHRASE_MAX + 1, f) != NULL;
    fclose(f);
    len = strcspn(out, "\r\n");
    if (!has || len == 0 || len == TB_PASSPHRASE_MAX) {
        snprintf(why, TB_CONFIG_WHY_MAX + 1, "--root-passphrase-file: expected a first line of 1 to %d characters",
                 TB_PASSPHRASE_MAX - 1);
        return TB_EXIT_USAGE;
    }
    out[len] = '\0';
    return TB_EXIT_OK;
}

static int set_passphrase(struct tb_init_options *o, const char *file)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    int status;

    if (file == NULL)
        return TB_EXIT_OK;
    o->has_passphrase = true;
    status = tb_passphrase_read(file, o->passphrase, why);
    return status == TB_EXIT_OK ? status : complain(status, "%s", why);
}

/* One certificate for both roles is offered to those who asked for its hierarchy. */
static void add_profile(struct tb_config *cfg, const struct tb_profile *builtin)
{
    struct tb_profile *p = &cfg->profiles[cfg->num_profiles++];

    *p = *builtin;
    if (p->issuer == TB_ISSUER_PEER)
        p->wanted = cfg->peer_hierarchy;
}

static void set_rest(struct tb_config *cfg, const struct tb_init_options *o)
{
    tb_random(cfg->ca_id, sizeof(cfg->ca_id));
    /* An issuer domain name of CAA is a DNS name (RFC 8659 section 4.2): an address gives none. */
    if (o->host.type == TB_IDENT_DNS)
        memcpy(cfg->caa_identities[cfg->num_caa_identities++], o->host.value, sizeof(cfg->caa_identities[0]));
    cfg->signer = 1;
    cfg->perspective = 1;
    cfg->methods = TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01) |
                   TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01) | TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    for (size_t i = 0; i < TB_PROFILE_NUM_MAX && tb_profile_builtin(i) != NULL; i++)
        add_profile(cfg, tb_profile_builtin(i));
    snprintf(cfg->default_profile, sizeof(cfg->default_profile), "server");
    tb_schema_limits_preset(&cfg->limits);
    cfg->lifetime_max =
        (struct tb_lifetimes){TB_CEILING_LIFETIME_MAX_S, TB_CEILING_LIFETIME_MAX_S, TB_CEILING_LIFETIME_MAX_S};
}

static int set_name(struct tb_config *cfg, struct tb_init_options *o, const char *name)
{
    if (tb_value_host(name, &o->host) != 0)
        return complain(TB_EXIT_USAGE, "--name: \"%s\" is neither a DNS name nor an IP address", name);
    memcpy(cfg->name, o->host.value, sizeof(cfg->name));
    return TB_EXIT_OK;
}

int tb_init_options_read(struct tb_init_options *o, struct tb_config *cfg, int argc, char **argv)
{
    struct given g = {0};
    int status;

    tb_config_zone_preset(&cfg->zones[cfg->num_zones++]);
    status = read_command_line(&g, o, cfg, argc, argv);
    if (o->help)
        fputs(usage, stdout);
    else if (status != TB_EXIT_OK || g.dir == NULL || g.name == NULL) {
        if (status == TB_EXIT_OK)
            complain(status, "--dir and --name are needed");
        fputs(usage, stderr);
        return TB_EXIT_USAGE;
    }
    if (o->help || (status = set_name(cfg, o, g.name)) != TB_EXIT_OK ||
        (status = set_listeners(cfg, o, &g)) != TB_EXIT_OK || (status = set_user(cfg, o, g.user)) != TB_EXIT_OK ||
        (status = set_passphrase(o, g.passphrase_file)) != TB_EXIT_OK || (status = set_dir(cfg, g.dir)) != TB_EXIT_OK)
        return status;
    set_rest(cfg, o);
    if (tb_value_base_url(cfg->base_url, &o->host, tb_value_listen_port(&cfg->listen)) != 0)
        return complain(TB_EXIT_USAGE, "--name: too long for a URL");
    return TB_EXIT_OK;
}
