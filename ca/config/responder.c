#include "ca/config/responder.h"

#include <stdio.h>
#include <string.h>

#include "ca/config/value.h"

/* A name of two labels or more, so that its wildcard is not below a top-level name. */
static bool host_fits(const struct tb_ident *id)
{
    return id->type == TB_IDENT_DNS && strchr(id->value, '.') != NULL && strlen(id->value) <= TB_TLS_CLIENT_HOST_MAX;
}

bool tb_responder_address_normalise(char *text)
{
    char *colon = strrchr(text, ':');
    struct tb_ident id;
    uint32_t port;
    size_t len;

    if (colon == NULL || tb_value_number(colon + 1, &port) != 0 || port == 0 || port > UINT16_MAX)
        return false;
    *colon = '\0';
    len = strlen(text);
    if (tb_value_host(text, &id) != 0 || !host_fits(&id) || strlen(id.value) > len)
        return false;
    memmove(text, id.value, strlen(id.value));
    memmove(text + strlen(id.value) + 1, colon + 1, strlen(colon + 1) + 1);
    text[strlen(id.value)] = ':';
    return true;
}

bool tb_responder_address_default(char out[static TB_RESPONDER_ADDRESS_MAX + 1], const struct tb_ident *host,
                                  uint16_t port)
{
    struct tb_ident id = *host;

    out[0] = '\0';
    if (id.type == TB_IDENT_DNS && strchr(id.value, '.') == NULL)
        snprintf(id.value, sizeof(id.value), "responder.%s", host->value);
    if (!host_fits(&id))
        return false;
    snprintf(out, TB_RESPONDER_ADDRESS_MAX + 1, "%.*s:%u", TB_TLS_CLIENT_HOST_MAX, id.value, port);
    return true;
}

void tb_responder_host(char out[static TB_TLS_CLIENT_HOST_MAX + 1], const struct tb_config *cfg)
{
    size_t len = strcspn(cfg->responder_address, ":");

    memcpy(out, cfg->responder_address, len);
    out[len] = '\0';
}
