/*
 * The parent of tabardd: reads the configuration once, opens the listening sockets, makes the edges, starts and
 * watches the children, keeps the control socket.  It believes nothing from a child but that it is ready and how it
 * ended.
 */
#ifndef TB_CA_PARENT_PARENT_H
#define TB_CA_PARENT_PARENT_H

#include <event2/event.h>
#include <sys/types.h>

#include "ca/config/command.h"
#include "ca/config/config.h"
#include "lib/ipc/channel.h"
#include "lib/ipc/msg_parent.h"

#define TB_READY_DEADLINE_S    30 /* from spawn to ready */
#define TB_DRAIN_DEADLINE_S    10 /* of each process in its turn; then it is killed */
#define TB_RESTARTS_MAX        5  /* of one role within the window; one more stops everything */
#define TB_RESTART_WINDOW_S    60
#define TB_LISTEN_BACKLOG      1024
#define TB_CONTROL_CLIENTS_MAX 8
#define TB_CONTROL_READ_S      5  /* a client's request */
#define TB_CONTROL_ANSWER_S    10 /* a child's answer, and writing it */

struct tb_control;

/* A configuration as read: children get the text, the parent keeps the parsed form. */
struct tb_parent_config {
    uint8_t *text;
    size_t len;
    struct tb_config *cfg;
};

struct tb_proc {
    struct tb_parent *parent;
    enum tb_role role;
    pid_t pid; /* 0 = not running */
    struct tb_channel *ch;
    bool ready;
    bool drained; /* DRAIN was sent */
    uint32_t sandbox;
    uint64_t started_ms;
    uint32_t restarts;                      /* since the parent started */
    uint64_t restarted_ms[TB_RESTARTS_MAX]; /* ring of the latest */
};

enum tb_parent_state { TB_PARENT_STARTING, TB_PARENT_RUNNING, TB_PARENT_RELOADING, TB_PARENT_STOPPING };

struct tb_parent_options {
    const char *config_path;
    bool log_json;
    bool weak_sandbox;
};

struct tb_parent {
    struct tb_parent_options opt;
    char path[TB_CONFIG_PATH_LEN_MAX + 1]; /* of the configuration, absolute */
    const char *exe;                       /* what children execute */
    struct event_base *base;
    struct tb_parent_config now, next;
    int listen_fd[TB_LISTEN__COUNT];
    int next_fd[TB_LISTEN__COUNT];
    int dir_fd; /* the state directory, locked */
    struct tb_proc proc[TB_ROLE__COUNT];
    enum tb_parent_state state;
    bool announced; /* the line with the directory's URL was printed */
    bool reload_due;
    uint32_t reloads, reloads_failed; /* done and refused, since the start */
    int status;
    struct event *ev_ready; /* deadline of those that are not ready */
    struct event *ev_drain; /* deadline of the process that drains */
    struct event *ev_signal[4];
    struct tb_control *control;
};

/* The roles that run, in the order in which they drain: who takes work from outside goes first. */
extern const enum tb_role tb_parent_roles[];
extern const size_t tb_parent_num_roles;
/* Is there such a process under this configuration? */
bool tb_parent_wants(const struct tb_config *cfg, enum tb_role role);

/* parent.c */
int tb_cmd_run(int argc, char **argv);
/* Read and check the file; what is wrong goes to the log. */
int tb_parent_config_read(const struct tb_parent *p, struct tb_parent_config *out) TB_MUST_USE;
void tb_parent_config_clear(struct tb_parent_config *c);
/* Leave with this status: drain what runs, then end the loop. */
void tb_parent_stop(struct tb_parent *p, int status);

/* spawn.c: one process with its edges, listening sockets and configuration. */
int tb_parent_spawn(struct tb_parent *p, enum tb_role role) TB_MUST_USE;
int tb_parent_spawn_all(struct tb_parent *p) TB_MUST_USE;

/* supervise.c */
void tb_parent_reap(struct tb_parent *p);          /* after SIGCHLD */
void tb_parent_ready(struct tb_proc *proc);        /* a child said so */
void tb_parent_arm_ready(struct tb_parent *p);     /* start the deadline */
void tb_parent_not_ready(struct tb_parent *p);     /* it passed */
void tb_parent_drain_next(struct tb_parent *p);    /* the next in order, or the end of draining */
void tb_parent_drain_overdue(struct tb_parent *p); /* the deadline passed */
/* Note a restart at now_ms; false when it is one too many. */
bool tb_parent_restart_allowed(struct tb_proc *proc, uint64_t now_ms);

/* listen.c */
/* Sockets of cfg that `have` (of old; may be NULL) does not hold already, into out; -1 elsewhere. Logs. */
int tb_parent_listen(const struct tb_config *cfg, const struct tb_config *old, const int have[TB_LISTEN__COUNT],
                     int out[TB_LISTEN__COUNT]) TB_MUST_USE;
void tb_parent_listen_close(int fds[TB_LISTEN__COUNT]);
enum tb_role tb_parent_listener_role(enum tb_listener listener); /* NONE: nobody serves it */

/* reload.c */
void tb_parent_reload(struct tb_parent *p);
/* The old set has drained: the next configuration takes its place and a new set starts. */
void tb_parent_reload_switch(struct tb_parent *p);
/* 0, or TB_E_CONFIG with a sentence when a profile of both has the same name@version and another body. */
int tb_parent_profiles_check(const struct tb_config *old, const struct tb_config *new_cfg,
                             char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;

/* state.c: lock the state directory; name what bars the way of the children's user, and what was never made. */
int tb_parent_state_open(struct tb_parent *p) TB_MUST_USE;
int tb_parent_state_check(const struct tb_config *cfg) TB_MUST_USE;

/* notify.c: sd_notify(3) by hand. */
void tb_notify_init(void); /* takes NOTIFY_SOCKET out of the environment */
void tb_notify(const char *fmt, ...) TB_PRINTF(1, 2);

/* operation.c */
struct tb_parent_operation {
    const char *name;
    enum tb_role role; /* who answers it */
    bool wrap;         /* the answer stands beside the processes, which the parent knows */
};
const struct tb_parent_operation *tb_parent_operation(struct tb_span name); /* NULL: there is none */

/* control.c */
int tb_control_open(struct tb_parent *p) TB_MUST_USE;
void tb_control_close(struct tb_parent *p);
/* From a child; what nobody asked it goes nowhere. */
void tb_control_answer(struct tb_parent *p, enum tb_role role, uint32_t id, struct tb_span json);
void tb_control_gone(struct tb_parent *p, enum tb_role role); /* nobody waits for this child */
/* "processes" as a JSON array. */
void tb_control_processes(struct tb_wr *wr, const struct tb_parent *p);

#endif
