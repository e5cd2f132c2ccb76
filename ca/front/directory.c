/* Directory (RFC 8555 section 7.1.1), one for each offered profile, and newNonce (section 7.2). */
#include <string.h>

#include "ca/front/ancestor.h"
#include "ca/front/use.h"

static void put_url(struct tb_front *f, struct tb_jw *jw, const char *name, const char *profile, const char *path)
{
    char url[TB_URL_MAX + 1];
    struct tb_wr wr;

    tb_wr_fixed(&wr, url, sizeof(url) - 1);
    tb_wr_str(&wr, f->cfg->base_url);
    if (profile != NULL) {
        tb_wr_str(&wr, "/");
        tb_wr_str(&wr, profile);
    }
    tb_wr_str(&wr, path);
    tb_jw_key(jw, name);
    tb_jw_span(jw, tb_wr_span(&wr));
}

static void put_meta(const struct tb_front *f, const struct tb_profile *p, struct tb_jw *jw)
{
    const struct tb_config *cfg = f->cfg;

    tb_jw_key(jw, "meta");
    tb_jw_obj(jw);
    if (cfg->terms_of_service[0] != '\0')
        tb_jw_kv(jw, "termsOfService", cfg->terms_of_service);
    if (cfg->website[0] != '\0')
        tb_jw_kv(jw, "website", cfg->website);
    if (cfg->external_account == TB_EXTERNAL_REQUIRED) {
        tb_jw_key(jw, "externalAccountRequired");
        tb_jw_bool(jw, true);
    }
    if (p != NULL && tb_ancestor_is_served(f, p)) {
        tb_jw_key(jw, "subdomainAuthAllowed");
        tb_jw_bool(jw, true);
    }
    if (cfg->num_caa_identities > 0) {
        tb_jw_key(jw, "caaIdentities");
        tb_jw_arr(jw);
        for (size_t i = 0; i < cfg->num_caa_identities; i++)
            tb_jw_str(jw, cfg->caa_identities[i]);
        tb_jw_end_arr(jw);
    }
    if (tb_use_is_served(f))
        tb_use_put_responders(f, jw);
    tb_jw_key(jw, "profiles");
    tb_jw_obj(jw);
    for (size_t i = 0; i < cfg->num_profiles; i++)
        if (cfg->profiles[i].offered)
            tb_jw_kv(jw, cfg->profiles[i].name, cfg->profiles[i].description);
    tb_jw_end_obj(jw);
    tb_jw_end_obj(jw);
}

void tb_directory_handle(struct tb_request *rq)
{
    struct tb_front *f = rq->front;
    const struct tb_profile *p = NULL;
    struct tb_jw jw;

    if (rq->params.num > 0) {
        p = tb_front_profile(f, rq->params.param[0]);
        if (p == NULL) {
            tb_reply_not_found(rq);
            return;
        }
    }
    jw = tb_jw_of(tb_reply_body(rq));
    tb_jw_obj(&jw);
    put_url(f, &jw, "newNonce", NULL, "/acme/new-nonce");
    put_url(f, &jw, "newAccount", NULL, "/acme/new-acct");
    put_url(f, &jw, "newOrder", p != NULL ? p->name : NULL, p != NULL ? "/new-order" : "/acme/new-order");
    put_url(f, &jw, "newAuthz", p != NULL ? p->name : NULL, p != NULL ? "/new-authz" : "/acme/new-authz");
    put_url(f, &jw, "revokeCert", NULL, "/acme/revoke-cert");
    put_url(f, &jw, "keyChange", NULL, "/acme/key-change");
    put_url(f, &jw, "renewalInfo", NULL, "/acme/renewal-info");
    put_meta(f, p != NULL ? p : tb_front_profile(f, tb_span_str(f->cfg->default_profile)), &jw);
    tb_jw_end_obj(&jw);
    tb_reply_json(rq, 200);
}

void tb_nonce_handle(struct tb_request *rq)
{
    tb_reply_empty(rq, rq->method == TB_HTTP_HEAD ? 200 : 204);
}
