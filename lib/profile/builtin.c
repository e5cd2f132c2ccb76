#include "lib/profile/profile.h"

#define VERSION "2026-11"
#define DAY     86400u
#define HOUR    3600u

/* dns-account-01 is a draft: init leaves it out of the configuration's methods. */
#define CONTROL                                                                                                        \
    (TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01) | TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01) |       \
     TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01))
#define SERVER TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)
#define AGES   .control_age_s = 7 * DAY, .use_age_s = DAY, .caa_age_s = 8 * HOUR, .backdate_s = HOUR

static const struct tb_profile builtins[] = {
    {.name = "server",
     .version = VERSION,
     .description = "TLS servers, 45 days; control of each name proved",
     .purposes = SERVER,
     .control_methods = CONTROL,
     .ident_dns = true,
     .ident_wildcard = true,
     .issuer = TB_ISSUER_SERVER,
     .cn = TB_CN_NONE,
     .crl_pointer = true,
     .lifetime_s = 45 * DAY,
     AGES,
     .names_max = 100,
     .wanted = true},
    {.name = "shortlived",
     .version = VERSION,
     .description = "TLS servers, 160 hours, without revocation",
     .purposes = SERVER,
     .control_methods = CONTROL,
     .ident_dns = true,
     .ident_wildcard = true,
     .ident_ip = true,
     .issuer = TB_ISSUER_SERVER,
     .cn = TB_CN_NONE,
     .lifetime_s = 160 * HOUR,
     AGES,
     .names_max = 25,
     .wanted = true},
    {.name = "client",
     .version = VERSION,
     .description = "TLS clients, 7 days; control and use of each name proved",
     .purposes = CLIENT,
     .control_methods = CONTROL,
     .use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01),
     .ident_dns = true,
     .issuer = TB_ISSUER_CLIENT,
     .cn = TB_CN_FIRST_DNS,
     .crl_pointer = true,
     .lifetime_s = 7 * DAY,
     AGES,
     .names_max = 25,
     .wanted = true},
    {.name = "client-preproved",
     .version = VERSION,
     .description = "TLS clients, 7 days; use proved beforehand, for ACME clients that know only control",
     .purposes = CLIENT,
     .control_methods = CONTROL,
     .use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01),
     .preproved = true,
     .ident_dns = true,
     .issuer = TB_ISSUER_CLIENT,
     .cn = TB_CN_FIRST_DNS,
     .crl_pointer = true,
     .lifetime_s = 7 * DAY,
     AGES,
     .names_max = 25,
     .wanted = true},
    {.name = "peer",
     .version = VERSION,
     .description = "One certificate for both roles, 7 days; everything proved",
     .purposes = SERVER | CLIENT,
     .control_methods = CONTROL,
     .use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01),
     .ident_dns = true,
     .issuer = TB_ISSUER_PEER,
     .cn = TB_CN_NONE,
     .crl_pointer = true,
     .lifetime_s = 7 * DAY,
     AGES,
     .names_max = 25},
};

const struct tb_profile *tb_profile_builtin(size_t i)
{
    return i < TB_ARRAY_LEN(builtins) ? &builtins[i] : NULL;
}
