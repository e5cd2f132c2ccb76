/* tabard ca eab: keys for external account binding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ca/ca.h"
#include "cli/print.h"

#define DAYS_DEFAULT     30
#define DAYS_MAX         3650
#define ACCOUNTS_DEFAULT 1
#define ACCOUNTS_MAX     1000000

static const struct tb_ca_option options[] = {
    {"accounts", "N", "add: how many accounts it may bind (default 1)"},
    {"days", "N", "add: how long it binds new accounts (default 30)"},
    {"label", "TEXT", "add: your own words about it"},
    {"name", "NAMES", "add: names that its accounts may have: a.example,.b.example"},
    {"any-name", NULL, "add: every name"},
    {"profile", "PROFILES", "add: profiles that its accounts may use: server,shortlived"},
    {"any-profile", NULL, "add: every profile"},
};

static bool number(const char *text, long fallback, long max, long *out)
{
    char *end = NULL;

    *out = fallback;
    if (text == NULL)
        return true;
    *out = strtol(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= 1 && *out <= max;
}

static int put_list(json_t *req, const char *member, const char *text)
{
    json_t *list = json_array();
    size_t n;

    for (; list != NULL && text != NULL; text = text[n] == ',' ? text + n + 1 : NULL) {
        n = strcspn(text, ",");
        if (json_array_append_new(list, json_stringn(text, n)) < 0)
            break;
    }
    return json_object_set_new(req, member, list);
}

static int request_add(const struct tb_ca_args *a, json_t *req)
{
    const char *label = tb_ca_value(a, "label"), *names = tb_ca_value(a, "name"), *profiles = tb_ca_value(a, "profile");
    bool any_name = tb_ca_value(a, "any-name") != NULL, any_profile = tb_ca_value(a, "any-profile") != NULL;
    long accounts, days;

    if (any_name == (names != NULL))
        return tb_ca_misuse(a->action, "say --name NAMES or --any-name");
    if (any_profile == (profiles != NULL))
        return tb_ca_misuse(a->action, "say --profile PROFILES or --any-profile");
    if (!number(tb_ca_value(a, "accounts"), ACCOUNTS_DEFAULT, ACCOUNTS_MAX, &accounts))
        return tb_ca_misuse(a->action, "--accounts is a number from 1 to 1000000");
    if (!number(tb_ca_value(a, "days"), DAYS_DEFAULT, DAYS_MAX, &days))
        return tb_ca_misuse(a->action, "--days is a number from 1 to 3650");
    return json_object_set_new(req, "cmd", json_string("eab-add")) < 0 ||
                   json_object_set_new(req, "accounts", json_integer(accounts)) < 0 ||
                   json_object_set_new(req, "lifetime_s", json_integer(86400LL * days)) < 0 ||
                   json_object_set_new(req, "label", json_string(label != NULL ? label : "")) < 0 ||
                   json_object_set_new(req, "any_name", json_boolean(any_name)) < 0 ||
                   json_object_set_new(req, "any_profile", json_boolean(any_profile)) < 0 ||
                   put_list(req, "names", names) < 0 || put_list(req, "profiles", profiles) < 0
               ? TB_CLI_FAILURE
               : TB_CLI_OK;
}

static int request(const struct tb_ca_args *a, json_t *req)
{
    if (strcmp(a->word[0], "add") == 0 && a->num_words == 1)
        return request_add(a, req);
    if (strcmp(a->word[0], "list") == 0 && a->num_words == 1)
        return json_object_set_new(req, "cmd", json_string("eab-list")) == 0 ? TB_CLI_OK : TB_CLI_FAILURE;
    if (strcmp(a->word[0], "revoke") == 0 && a->num_words == 2)
        return json_object_set_new(req, "cmd", json_string("eab-revoke")) == 0 &&
                       json_object_set_new(req, "kid", json_string(a->word[1])) == 0
                   ? TB_CLI_OK
                   : TB_CLI_FAILURE;
    return tb_ca_misuse(a->action, "say add, list, or revoke KID");
}

static void print_added(const json_t *answer)
{
    const char *kid = json_string_value(json_object_get(answer, "kid"));
    const char *key = json_string_value(json_object_get(answer, "hmac_key"));
    const char *server = json_string_value(json_object_get(answer, "server"));

    if (kid == NULL || key == NULL || server == NULL)
        return;
    printf("key id    %s\nHMAC key  %s\n\nThe key is shown this once. A client takes both in one of these ways:\n\n"
           "  certbot register --server %s/directory --eab-kid %s --eab-hmac-key %s\n"
           "  lego --server %s/directory --eab --kid %s --hmac %s --email ADDRESS --domains NAME run\n"
           "  acme.sh --register-account --server %s/directory --eab-kid %s --eab-hmac-key %s\n",
           kid, key, server, kid, key, server, kid, key, server, kid, key);
}

static void print(const struct tb_ca_args *a, const json_t *answer)
{
    const json_t *keys = json_object_get(answer, "keys");

    if (strcmp(a->word[0], "add") == 0)
        print_added(answer);
    else if (keys == NULL)
        tb_ca_print_object(a, answer);
    else if (json_array_size(keys) == 0)
        puts("no keys");
    else
        tb_print_table(stdout, keys);
}

const struct tb_ca_action tb_ca_eab = {
    .word = "eab",
    .usage = "add|list|revoke [KID]",
    .help = "keys for external account binding",
    .min_words = 1,
    .max_words = 2,
    .options = options,
    .num_options = sizeof(options) / sizeof(options[0]),
    .request = request,
    .print = print,
};
