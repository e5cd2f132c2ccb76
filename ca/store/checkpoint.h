/*
 * Checkpoints: what the engine's log holds is brought into the database by a thread of its own, beside the commits.
 * Made by the writer in between, a checkpoint would hold up every transaction for as long as it lasts. Private to the
 * store.
 */
#ifndef TB_CA_STORE_CHECKPOINT_H
#define TB_CA_STORE_CHECKPOINT_H

#include "ca/store/engine.h"

/* Log frames (a page each) that start a checkpoint, and those that the writer waits for: the log grows no further. */
#define TB_CHECKPOINT_FRAMES     4000
#define TB_CHECKPOINT_FRAMES_MAX (4 * TB_CHECKPOINT_FRAMES)

struct tb_checkpointer;

/* Takes the engine, also on failure: a connection that nobody else uses. */
int tb_checkpointer_new(struct tb_engine *engine, struct tb_checkpointer **out) TB_MUST_USE;
/* On the writer's thread, after each of its commits. Makes the end of a checkpoint, which is short. */
void tb_checkpointer_committed(struct tb_checkpointer *c, struct tb_engine *writer);
/* Waits for a checkpoint that runs. NULL-safe. */
void tb_checkpointer_close(struct tb_checkpointer *c);

#endif
