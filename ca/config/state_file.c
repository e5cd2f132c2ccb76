#include <stdio.h>

#include "ca/config/config.h"

static const char *const names[] = {
    [TB_FILE_HTTPS_KEY] = "keys/https.key",
    [TB_FILE_HTTPS_CHAIN] = "https.pem",
    [TB_FILE_ID_KEY] = "keys/id.key",
    [TB_FILE_TOKEN_KEY] = "keys/token.key",
    [TB_FILE_STATEMENT_KEY] = "keys/statement-1-1.key",
    [TB_FILE_RESPONDER_STATEMENT_KEY] = "keys/responder-statement-1-1.key",
    [TB_FILE_RESPONDER_TOKEN_KEY] = "keys/responder-token.key",
    [TB_FILE_RESPONDER_KEY] = "keys/responder.key",
    [TB_FILE_RESPONDER_CHAIN] = "responder.pem",
    [TB_FILE_ACCOUNT_KEY] = "keys/account.key",
    [TB_FILE_ISSUING_SERVER_KEY] = "keys/issuing-server.key",
    [TB_FILE_ISSUING_CLIENT_KEY] = "keys/issuing-client.key",
    [TB_FILE_ISSUING_PEER_KEY] = "keys/issuing-peer.key",
    [TB_FILE_ISSUING_SERVER] = "issuing-server.pem",
    [TB_FILE_ISSUING_CLIENT] = "issuing-client.pem",
    [TB_FILE_ISSUING_PEER] = "issuing-peer.pem",
    [TB_FILE_ROOT_SERVER] = "root-server.pem",
    [TB_FILE_ROOT_CLIENT] = "root-client.pem",
    [TB_FILE_ROOT_PEER] = "root-peer.pem",
    [TB_FILE_ROOT_SERVER_KEY] = "root-keys/root-server.key",
    [TB_FILE_ROOT_CLIENT_KEY] = "root-keys/root-client.key",
    [TB_FILE_ROOT_PEER_KEY] = "root-keys/root-peer.key",
    [TB_FILE_ROOT_SERVER_CRL] = "root-server.crl",
    [TB_FILE_ROOT_CLIENT_CRL] = "root-client.crl",
    [TB_FILE_ROOT_PEER_CRL] = "root-peer.crl",
    [TB_FILE_STORE_DIR] = "store",
    [TB_FILE_LOG_DIR] = "log",
    [TB_FILE_CONTROL] = "control.sock",
};
_Static_assert(TB_ARRAY_LEN(names) == TB_FILE__COUNT, "every file has a name");

static const struct tb_issuer_files issuers[TB_ISSUER__COUNT] = {
    [TB_ISSUER_SERVER] = {TB_FILE_ROOT_SERVER, TB_FILE_ROOT_SERVER_KEY, TB_FILE_ROOT_SERVER_CRL, TB_FILE_ISSUING_SERVER,
                          TB_FILE_ISSUING_SERVER_KEY},
    [TB_ISSUER_CLIENT] = {TB_FILE_ROOT_CLIENT, TB_FILE_ROOT_CLIENT_KEY, TB_FILE_ROOT_CLIENT_CRL, TB_FILE_ISSUING_CLIENT,
                          TB_FILE_ISSUING_CLIENT_KEY},
    [TB_ISSUER_PEER] = {TB_FILE_ROOT_PEER, TB_FILE_ROOT_PEER_KEY, TB_FILE_ROOT_PEER_CRL, TB_FILE_ISSUING_PEER,
                        TB_FILE_ISSUING_PEER_KEY},
};

const struct tb_issuer_files *tb_issuer_files(enum tb_issuer issuer)
{
    return issuer > TB_ISSUER_NONE && issuer < TB_ISSUER__COUNT ? &issuers[issuer] : NULL;
}

const char *tb_state_file_name(enum tb_state_file file)
{
    return names[file];
}

void tb_config_file(const struct tb_config *cfg, enum tb_state_file file, char out[static TB_CONFIG_PATH_MAX + 65])
{
    snprintf(out, TB_CONFIG_PATH_MAX + 65, "%s/%s", cfg->dir, names[file]);
}
