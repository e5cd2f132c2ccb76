#include "cli/acme/report.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/b64u.h"

#define SERIAL_MAX 64

static void serial_text(const struct tb_client_chain *chain, char out[static 2 * SERIAL_MAX + 1])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(chain->certs[0]);
    struct tb_span content = tb_span_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

    out[0] = '\0';
    if (content.len <= SERIAL_MAX)
        tb_hex_encode(out, content);
}

static void usages(const struct tb_client_chain *chain, char *out, size_t cap)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } words[] = {{XKU_SSL_SERVER, "serverAuth"}, {XKU_SSL_CLIENT, "clientAuth"}};
    uint32_t have = X509_get_extended_key_usage(chain->certs[0]);

    out[0] = '\0';
    for (size_t i = 0; i < TB_ARRAY_LEN(words); i++)
        if (have != UINT32_MAX && (have & words[i].bit))
            snprintf(out + strlen(out), cap - strlen(out), "%s%s", out[0] != '\0' ? "," : "", words[i].name);
}

static void put_path(struct tb_jw *jw, const char *key, const struct tb_lineage *l, const char *file)
{
    char path[TB_CLIENT_PATH_MAX + 1];

    if (tb_path_join(path, l->live, file, NULL, NULL) == 0)
        tb_jw_kv(jw, key, path);
}

void tb_acme_report_json(struct tb_jw *jw, const struct tb_lineage *l, const struct tb_settings *s,
                         const struct tb_client_chain *chain)
{
    char text[2 * SERIAL_MAX + 1];
    tb_time_t from;
    tb_time_t to;

    tb_jw_kv(jw, "name", l->name);
    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    for (size_t i = 0; i < s->num_names; i++) {
        char name[TB_IDENT_VALUE_MAX + 3];

        tb_ident_text(name, &s->names[i]);
        tb_jw_str(jw, name);
    }
    tb_jw_end_arr(jw);
    tb_jw_kv(jw, "server", s->server);
    tb_jw_kv(jw, "profile", s->profile);
    if (chain->num > 0) {
        tb_client_chain_times(chain, &from, &to);
        serial_text(chain, text);
        tb_jw_kv(jw, "serial", text);
        usages(chain, text, sizeof(text));
        tb_jw_kv(jw, "usages", text);
        tb_rfc3339_format(text, from);
        tb_jw_kv(jw, "notBefore", text);
        tb_rfc3339_format(text, to);
        tb_jw_kv(jw, "notAfter", text);
    }
    put_path(jw, "cert", l, "cert.pem");
    put_path(jw, "chain", l, "chain.pem");
    put_path(jw, "fullchain", l, "fullchain.pem");
    put_path(jw, "privkey", l, "privkey.pem");
    tb_jw_kv(jw, "lastError", s->last_error);
}

void tb_acme_report_line(const struct tb_lineage *l, const struct tb_settings *s, const struct tb_client_chain *chain)
{
    char usage[64];
    char until[TB_RFC3339_LEN + 1];
    tb_time_t from;
    tb_time_t to;

    if (chain->num == 0) {
        printf("%s: no certificate yet; %s\n", l->name, s->last_error[0] != '\0' ? s->last_error : "no reason known");
        return;
    }
    tb_client_chain_times(chain, &from, &to);
    tb_rfc3339_format(until, to);
    usages(chain, usage, sizeof(usage));
    printf("%s: %s until %s, %zu name%s, in %s/%s%s\n", l->name, usage[0] != '\0' ? usage : "no usage", until,
           s->num_names, s->num_names == 1 ? "" : "s", l->live,
           s->last_error[0] != '\0' ? "; last renewal failed: " : "", s->last_error);
}
