/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The threads of a process that serve the page faults of its asynchronous SPU
 * contexts: the interface of worker.c to event.c
 */
#ifndef SPUFS_WORKER_H
#define SPUFS_WORKER_H

#include <linux/list.h>
#include <linux/types.h>

struct spu_context;
struct spu_worker;

/**
 * struct spu_client - a context, as its owner's worker knows it
 * @ctx: the context
 * @serve: serves a page fault of it, in a thread of the worker, without any
 *	mutex, and never twice at the same time
 * @worker: the worker, on which this holds a reference
 * @member: its place among the worker's contexts, until it is gone; protected
 *	by the worker's mutex
 * @fault: its place among the faults that wait; protected, like the
 *	following members, by the worker's lock
 * @serving: a thread serves its fault
 * @again: another one came meanwhile
 * @left: the context is gone, although its fault may still be served
 */
struct spu_client {
	struct spu_context *ctx;
	void (*serve)(struct spu_context *ctx);
	struct spu_worker *worker;
	struct list_head member;
	struct list_head fault;
	bool serving;
	bool again;
	bool left;
};

int spu_worker_join(struct spu_client *client, struct spu_context *ctx,
		    void (*serve)(struct spu_context *ctx));
void spu_worker_leave(struct spu_client *client);
void spu_worker_put(struct spu_worker *worker);
void spu_worker_queue_fault(struct spu_client *client);
void spu_worker_may_block(struct spu_client *client);
int spu_worker_follow(struct spu_client *client, bool nowait);

int __init spu_worker_init(void);
void spu_worker_exit(void);

#endif /* SPUFS_WORKER_H */
