#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check/config.h"
#include "cli/check/config_read.h"
#include "cli/check/fact.h"
#include "cli/check/input.h"

/* One certificate: the uses with the same mark. */
struct group {
    size_t first;
    unsigned roles;
    X509 *leaf; /* NULL when its file cannot be read */
};

static X509 *read_leaf(const char *path)
{
    static const struct tb_check_how how = {0};
    struct tb_check_input in;
    char why[TB_CHECK_WHY_MAX + 1];
    X509 *leaf = NULL;

    if (tb_check_input_file(path, &how, &in, why) < 0)
        return NULL;
    if (in.kind != TB_CHECK_KIND_CSR && (leaf = sk_X509_value(in.chain, 0)) != NULL)
        X509_up_ref(leaf);
    tb_check_input_clear(&in);
    return leaf;
}

static bool same(const struct tb_config_uses *uses, const struct group *g, const char *path, X509 *leaf)
{
    if (strcmp(uses->use[g->first].cert, path) == 0)
        return true;
    return leaf != NULL && g->leaf != NULL && X509_cmp(leaf, g->leaf) == 0;
}

/* of[i] becomes the group of use i; the number of groups. */
static size_t make_groups(const struct tb_config_uses *uses, struct group *groups, size_t *of)
{
    size_t num = 0;

    for (size_t i = 0; i < uses->num; i++) {
        X509 *leaf = read_leaf(uses->use[i].cert);
        size_t g = 0;

        while (g < num && !same(uses, &groups[g], uses->use[i].cert, leaf))
            g++;
        if (g == num)
            groups[num++] = (struct group){.first = i, .leaf = leaf};
        else
            X509_free(leaf);
        groups[g].roles |= uses->use[i].roles;
        of[i] = g;
    }
    return num;
}

static const char *roles_text(unsigned roles)
{
    return roles == TB_CONFIG_BOTH ? "server and client" : roles == TB_CONFIG_SERVER ? "server" : "client";
}

/* What its extended key usage does to the two roles already today. */
static void put_consequence(FILE *f, X509 *leaf)
{
    struct tb_check_fact fact;

    if (leaf == NULL)
        return;
    tb_check_fact_of(leaf, &fact);
    fprintf(f, "  its extended key usage is %s", fact.eku);
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if (fact.has_eku && !fact.purpose[r])
            fprintf(f, "; as %s it is refused by peers that verify it", tb_check_role_text((enum tb_check_role)r));
    fputs("\n", f);
}

static void put_group(FILE *f, const struct tb_config_uses *uses, const struct group *groups, const size_t *of,
                      size_t g)
{
    fprintf(f, "%s: one certificate in both roles\n", uses->use[groups[g].first].cert);
    for (size_t i = 0; i < uses->num; i++) {
        const struct tb_config_use *use = &uses->use[i];

        if (of[i] == g)
            fprintf(f, "  %s:%u: %s %s (%s, as %s)\n", use->file, use->line, use->directive, use->cert,
                    tb_config_kind_text(use->kind), roles_text(use->roles));
    }
    put_consequence(f, groups[g].leaf);
}

static json_t *use_json(const struct tb_config_use *use)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:b}", "file", use->file, "line", (int)use->line, "directive",
                     use->directive, "certificate", use->cert, "kind", tb_config_kind_text(use->kind), "server",
                     (use->roles & TB_CONFIG_SERVER) != 0, "client", (use->roles & TB_CONFIG_CLIENT) != 0);
}

static json_t *group_json(const struct tb_config_uses *uses, const struct group *groups, const size_t *of, size_t g)
{
    json_t *arr = json_array();
    struct tb_check_fact fact = {0};

    if (groups[g].leaf != NULL)
        tb_check_fact_of(groups[g].leaf, &fact);
    for (size_t i = 0; i < uses->num; i++)
        if (of[i] == g)
            json_array_append_new(arr, use_json(&uses->use[i]));
    return json_pack("{s:b, s:s, s:o}", "both_roles", groups[g].roles == TB_CONFIG_BOTH, "extended_key_usage", fact.eku,
                     "uses", arr);
}

static void put_end(FILE *f, size_t certificates, size_t both)
{
    if (both > 0)
        fputs("next: get a second certificate with clientAuth, from a CA that those peers trust, and name it in the "
              "client's settings; see each with tabard check CHAIN --anchors FILE.\n",
              f);
    else if (certificates > 0)
        fprintf(f,
                "no certificate is used in both roles (%zu named)\nnext: nothing; you do not need Tabard for this.\n",
                certificates);
    else
        fputs("no certificate is named in these files\n", f);
}

size_t tb_config_report(FILE *f, const struct tb_config_uses *uses, json_t *doc)
{
    struct group *groups = calloc(uses->num + 1, sizeof(*groups));
    size_t *of = calloc(uses->num + 1, sizeof(*of));
    size_t num = groups != NULL && of != NULL ? make_groups(uses, groups, of) : 0;
    json_t *arr = doc != NULL ? json_array() : NULL;
    size_t both = 0;

    for (size_t g = 0; g < num; g++) {
        bool hit = groups[g].roles == TB_CONFIG_BOTH;

        both += hit;
        if (doc != NULL)
            json_array_append_new(arr, group_json(uses, groups, of, g));
        else if (hit)
            put_group(f, uses, groups, of, g);
        X509_free(groups[g].leaf);
    }
    if (doc != NULL)
        json_object_set_new(doc, "certificates", arr);
    else
        put_end(f, num, both);
    free(groups);
    free(of);
    return both;
}
