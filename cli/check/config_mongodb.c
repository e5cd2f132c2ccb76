/*
 * MongoDB: a member of a replica set or a shard connects out with net.tls.clusterFile, and without one with the
 * server's certificateKeyFile.  net.ssl holds the same under older names.
 */
#include "cli/check/config_read.h"
#include "cli/check/config_yaml.h"
#include "lib/base/compiler.h"

enum { TLS_KEY, TLS_CLUSTER, SSL_KEY, SSL_CLUSTER, REPLICA, SHARD, CLUSTER_AUTH, SETTINGS };

static const char *const paths[] = {
    [TLS_KEY] = "net.tls.certificateKeyFile",
    [TLS_CLUSTER] = "net.tls.clusterFile",
    [SSL_KEY] = "net.ssl.PEMKeyFile",
    [SSL_CLUSTER] = "net.ssl.clusterFile",
    [REPLICA] = "replication.replSetName",
    [SHARD] = "sharding.clusterRole",
    [CLUSTER_AUTH] = "security.clusterAuthMode",
};
_Static_assert(TB_ARRAY_LEN(paths) == SETTINGS, "a row for each setting");

int tb_config_mongodb(const char *file, const char *text, struct tb_config_uses *uses)
{
    struct tb_config_scalar found[SETTINGS] = {0};
    unsigned roles[SETTINGS] = {[TLS_CLUSTER] = TB_CONFIG_CLIENT, [SSL_CLUSTER] = TB_CONFIG_CLIENT};
    bool member;
    bool apart;
    int r;

    for (size_t i = 0; i < SETTINGS; i++)
        found[i].path = paths[i];
    r = tb_config_yaml(text, found, SETTINGS);
    member = found[REPLICA].line != 0 || found[SHARD].line != 0 || found[CLUSTER_AUTH].line != 0;
    apart = found[TLS_CLUSTER].line != 0 || found[SSL_CLUSTER].line != 0;
    roles[TLS_KEY] = roles[SSL_KEY] = member && !apart ? TB_CONFIG_BOTH : TB_CONFIG_SERVER;
    for (size_t i = 0; i < SETTINGS && r == 0; i++)
        if (roles[i] != 0 && found[i].line != 0)
            r = tb_config_add(uses, file, found[i].line, TB_CONFIG_MONGODB, paths[i], found[i].value, roles[i]);
    return r;
}
