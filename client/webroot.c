/* http-01 (RFC 8555 section 8.3), answered by a web server that serves a directory. */
#include <string.h>
#include <unistd.h>

#include "client/files.h"
#include "client/proofs.h"

#define WELL_KNOWN ".well-known/acme-challenge"

static bool enabled(const struct tb_proof_options *opt)
{
    return opt->webroot != NULL;
}

/* The token was checked for its alphabet when the challenge was read: it holds no '/' and no '.'. */
static int path_of(const struct tb_proofs *ps, const struct tb_proof *p, char path[static TB_CLIENT_PATH_MAX + 1],
                   struct tb_fail *fail)
{
    return tb_path_join(path, ps->opt->webroot, WELL_KNOWN, p->challenge.token, fail);
}

static int prepare(struct tb_proofs *ps, struct tb_proof *p)
{
    char dir[TB_CLIENT_PATH_MAX + 1];
    char path[TB_CLIENT_PATH_MAX + 1];
    struct tb_fail *fail = ps->acme->fail;
    int r;

    if (access(ps->opt->webroot, F_OK) < 0)
        return tb_fail_errno(fail, "--webroot %s", ps->opt->webroot);
    if ((r = tb_path_join(dir, ps->opt->webroot, WELL_KNOWN, NULL, fail)) < 0 || (r = path_of(ps, p, path, fail)) < 0 ||
        (r = tb_dir_make(dir, 0755, fail)) < 0)
        return r;
    return tb_file_replace(path, tb_span_str(p->key_authorization), 0644, fail);
}

static void withdraw(struct tb_proofs *ps, struct tb_proof *p)
{
    char path[TB_CLIENT_PATH_MAX + 1];

    if (path_of(ps, p, path, NULL) == 0)
        (void)unlink(path);
}

const struct tb_proof_method tb_proof_webroot = {
    .type = "http-01", .enabled = enabled, .prepare = prepare, .withdraw = withdraw};
