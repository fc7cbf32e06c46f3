/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of spufs.h and of asm/spu*.h that event.c needs, for model.c.
 * The values of the bits are those of the kernel's headers.
 */
#ifndef MODEL_SPUFS_H
#define MODEL_SPUFS_H

#include "kernel.h"
#include <asm/spufs.h>

/* asm/spu.h */
#define SPE_EVENT_DMA_ALIGNMENT		0x0008
#define SPE_EVENT_SPE_ERROR		0x0010
#define SPE_EVENT_SPE_DATA_STORAGE	0x0040
#define SPE_EVENT_INVALID_DMA		0x0800

#define CLASS0_DMA_ALIGNMENT_INTR	0x1UL
#define CLASS0_INVALID_DMA_COMMAND_INTR	0x2UL
#define CLASS0_SPU_ERROR_INTR		0x4UL
#define CLASS0_INTR_MASK		0x7UL
#define CLASS1_STORAGE_FAULT_INTR	0x2UL
#define CLASS2_SPU_STOP_INTR		0x2UL
#define CLASS2_SPU_HALT_INTR		0x4UL
#define MFC_DSISR_PTE_NOT_FOUND		0x40000000UL
#define MFC_DSISR_ACCESS_DENIED		0x08000000UL

#define SPU_RUNCNTL_STOP		0
#define SPU_RUNCNTL_RUNNABLE		1
#define SPU_STATUS_RUNNING		0x1
#define SPU_STATUS_STOPPED_BY_STOP	0x2
#define SPU_STATUS_STOPPED_BY_HALT	0x4
#define SPU_STATUS_SINGLE_STEP		0x10
#define SPU_STATUS_INVALID_INSTR	0x20
#define SPU_STATUS_INVALID_CH		0x40
#define SPU_STOP_STATUS_SHIFT		16
#define SPU_PRIVCNTL_MODE_NORMAL	0
#define SPU_PRIVCNTL_MODE_SINGLE_STEP	(1UL << 62)

enum { SPU_SCHED_NOTIFY_ACTIVE, SPU_SCHED_WAS_ACTIVE, SPU_SCHED_SPU_RUN,
       SPU_SCHED_LOADING };
enum { SPU_UTIL_USER, SPU_UTIL_SYSTEM, SPU_UTIL_IOWAIT, SPU_UTIL_IDLE_LOADED };
enum { SWITCH_LOG_START, SWITCH_LOG_STOP, SWITCH_LOG_EXIT };
#define SPU_ACTIVATE_NOINTR	1
#define SPU_ACTIVATE_NOWAIT	2

/* What makes up the state of an SPU; saved and restored as a whole */
struct spu_regs {
	u32 runcntl, status, npc;
	bool stepping;
	u8 step;		/* how far the program is, see model.c */
	u8 dma;			/* what its DMA has met with */
	bool raised;		/* and whether an interrupt has reported that */
};

struct spu {
	spinlock_t register_lock;
	struct spu_context *ctx;
	struct list_head cbe_list;
	bool used;		/* SPU_USED, rather than SPU_FREE */
	bool masked;		/* its interrupts are */
	bool handling;		/* an interrupt is being handled */
	unsigned long stat[3];	/* INT_Stat of each class */
	struct spu_regs regs;
};

struct spu_context_ops {
	u32 (*npc_read)(struct spu_context *ctx);
	void (*npc_write)(struct spu_context *ctx, u32 data);
	u32 (*status_read)(struct spu_context *ctx);
	void (*privcntl_write)(struct spu_context *ctx, u64 data);
	u32 (*runcntl_read)(struct spu_context *ctx);
	void (*runcntl_write)(struct spu_context *ctx, u32 data);
	void (*runcntl_stop)(struct spu_context *ctx);
	void (*restart_dma)(struct spu_context *ctx);
};

struct spu_gang {
	struct spu_event_file *event_file;
};

struct spu_context {
	struct spu *spu;
	struct {
		unsigned long class_0_pending, class_1_dsisr;
	} csa;
	enum { SPU_STATE_RUNNABLE, SPU_STATE_SAVED } state;
	struct mutex state_mutex, run_mutex;
	void *owner;
	int refs;
	bool destroyed;
	wait_queue_head_t stop_wq, run_wq;
	const struct spu_context_ops *ops;
	unsigned long flags, event_return, sched_flags;
	struct spu_fault fault;
	struct spu_async *async;
	struct spu_gang *gang;
	bool queued;		/* it is on the run queue */
	struct spu_regs saved;
	struct {
		unsigned long libassist;
	} stats;
};

struct spufs_tree_descr {
	const char *name;
	const struct file_operations *ops;
	umode_t mode;
	size_t size;
};

struct spufs_inode_info {
	struct spu_context *i_ctx;
	struct spu_gang *i_gang;
	struct inode vfs_inode;
};

#define SPUFS_I(inode)	container_of(inode, struct spufs_inode_info, vfs_inode)

/* The scheduler knows one node */
struct cbe_spu_info {
	struct mutex list_mutex;
	struct list_head spus;
};
extern struct cbe_spu_info *cbe_spu_info;
#define for_each_online_node(node)	for (node = 0; node < 1; node++)

int spu_acquire(struct spu_context *ctx);
void spu_release(struct spu_context *ctx);
struct spu_context *get_spu_context(struct spu_context *ctx);
int put_spu_context(struct spu_context *ctx);
int spu_activate(struct spu_context *ctx, unsigned long flags);
void spu_deactivate(struct spu_context *ctx);
void spu_yield(struct spu_context *ctx);
bool spu_sched_has_waiters(void);
void spu_del_from_rq(struct spu_context *ctx);
int spu_run_init(struct spu_context *ctx, u32 npc, u64 privcntl,
		 unsigned long flags);
void spufs_record_fault(struct spu_context *ctx, u32 event, u64 ea, u64 dsisr);
int spufs_handle_class0(struct spu_context *ctx);
int spufs_handle_class1(struct spu_context *ctx);
unsigned long spu_int_stat_get(struct spu *spu, int class);
void trace_spufs_async_post(struct spu_context *ctx, u32 event, u32 status,
			    u32 npc);

/* Neither time nor priorities are modelled. */
#define spu_enable_spu(ctx)			((void)(ctx))
#define spu_disable_spu(ctx)			((void)(ctx))
#define spu_update_sched_info(ctx)		((void)(ctx))
#define spu_try_update_sched_info(ctx)		((void)(ctx), !decide(2, "is list_mutex taken?"))
#define spuctx_switch_state(ctx, state)		((void)(ctx))
#define spu_switch_log_notify(spu, ctx, type, val) ((void)(ctx), (void)(val))

#endif /* MODEL_SPUFS_H */
