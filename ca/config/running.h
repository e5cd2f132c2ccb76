/* The CA that runs on a state directory, if one does: asked and reloaded by commands that changed files beside it. */
#ifndef TB_CA_CONFIG_RUNNING_H
#define TB_CA_CONFIG_RUNNING_H

#include <sys/types.h>

#include "ca/config/config.h"
#include "ca/config/place.h"

#define TB_RUNNING_ANSWER_S 15 /* of the control socket, which itself waits 10 seconds for a process */
#define TB_RUNNING_RELOAD_S 90 /* five processes that drain, then five that start */

struct tb_running {
    pid_t pid; /* of the parent; 0 = none runs */
    uint64_t reloads, reloads_failed;
    bool ready; /* every process is */
    /* Ends of the certificates that are shown; 0 = not known. */
    tb_time_t https_not_after, responder_not_after;
};

/* No CA is no error. TB_E_DENIED for who is neither root nor the account that it runs as, TB_E_IO, TB_E_FORMAT. */
int tb_running_ask(const struct tb_config *cfg, struct tb_running *out, tb_place_why why) TB_MUST_USE;
/* SIGHUP, and the outcome: 0 when the new processes serve, with *r asked anew. */
int tb_running_reload(const struct tb_config *cfg, struct tb_running *r, tb_place_why why) TB_MUST_USE;

#endif
