/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asynchronous SPU contexts: the interface of event.c to the rest of spufs
 */
#ifndef SPUFS_EVENT_H
#define SPUFS_EVENT_H

struct spu_context;
struct spu_gang;
struct spufs_tree_descr;

extern const struct spufs_tree_descr spufs_dir_async_contents[];
extern const struct spufs_tree_descr spufs_gang_async_contents[];

int spu_async_create(struct spu_context *ctx);
void spu_async_gone(struct spu_context *ctx);
void spu_async_leave(struct spu_context *ctx);
void spu_async_destroy(struct spu_context *ctx);
void spu_async_interrupt(struct spu_context *ctx, int class);
void spu_async_loaded(struct spu_context *ctx);
void spu_async_saved(struct spu_context *ctx);
void spu_async_may_block(struct spu_context *ctx);
void spu_async_fault_served(struct spu_context *ctx);

int spu_async_gang_create(struct spu_gang *gang);
void spu_async_gang_gone(struct spu_gang *gang);
void spu_async_gang_destroy(struct spu_gang *gang);

int __init spu_async_init(void);
void spu_async_exit(void);

#endif /* SPUFS_EVENT_H */
