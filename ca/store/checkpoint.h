/*
 * Checkpoints: what the engine's log holds is brought into the database by a thread of its own, beside the commits.
 * Made by the writer in between, a checkpoint would hold up every transaction for as long as it lasts. Private to the
 * store.
 */
#ifndef TB_CA_STORE_CHECKPOINT_H
#define TB_CA_STORE_CHECKPOINT_H

#include "ca/store/engine.h"

/*
 * Log frames (a page each): those that are worth a step of the thread, small so that commits do not wait long behind
 * its pages at the disk; those after which the log is to begin anew, which the writer does when a step has left little;
 * and those with which it makes the whole itself: the log grows no further.
 */
#define TB_CHECKPOINT_STEP       250
#define TB_CHECKPOINT_FRAMES     500
#define TB_CHECKPOINT_FRAMES_MAX 16000

struct tb_checkpointer;

/* Takes the engine, also on failure: a connection that nobody else uses. */
int tb_checkpointer_new(struct tb_engine *engine, struct tb_checkpointer **out) TB_MUST_USE;
/* On the writer's thread, after each of its commits. Makes the end of a checkpoint, which is short. */
void tb_checkpointer_committed(struct tb_checkpointer *c, struct tb_engine *writer);
/* Waits for a checkpoint that runs. NULL-safe. */
void tb_checkpointer_close(struct tb_checkpointer *c);

#endif
