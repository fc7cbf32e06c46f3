// SPDX-License-Identifier: GPL-2.0
/*
 * A model of an SPU, of the interrupts' handlers, and of as much of spufs as
 * event.c calls; and threads that use an event file and know its contract.
 *
 * The SPU follows the Cell Broadband Engine Architecture as far as it matters
 * here: the cause of a stop is seen before the SPU has stopped; a status stays
 * until the next start; DMA goes on when the SPU has stopped, and a DMA that
 * failed waits, and fails again when it is tried again.  The handlers are
 * those of spu_base.c and spufs_stop_callback(), and the switches are those of
 * sched.c and switch.c, with their locks and the order of their steps.
 */
#include <stdlib.h>

#include "model.h"
#include "spufs.h"
#include "event.h"
#include "worker.h"

/* struct spu_regs.dma */
enum { DMA_NONE, DMA_FAULT, DMA_FAULT_BAD, DMA_BAD, DMA_HANG, DMA_ALIGN };

#define STOPPED	(SPU_STATUS_STOPPED_BY_STOP | SPU_STATUS_STOPPED_BY_HALT | \
		 SPU_STATUS_SINGLE_STEP | SPU_STATUS_INVALID_INSTR)

/* An npc says what the program does, and which run it is: a step of a thread */
#define NPC(run, program)	((run) << 8 | (program) << 4)
#define NPC_RUN(npc)		((npc) >> 8)
#define NPC_PROGRAM(npc)	((npc) >> 4 & 0xf)

struct context {
	struct spu_context ctx;
	struct spufs_inode_info inode;
	struct file file;
	bool repaired;		/* DMA_BAD can be resolved ... */
	bool clean;		/* ... since before this run */
	bool closed, forgotten;
	struct spu_client *client;
	bool fault_queued, left;
	int posted;		/* STOPs in all */
	/* what it promises: see begin_start() */
	int starting, started, stopped;
	int stopping, stops_until;	/* see stop() */
	u32 seen;		/* kinds of its events that were read */
	int must_tell;		/* number of the run that must tell an error */
};

struct thread {
	const struct step *steps;
	struct context *busy_for;	/* a START of it is under way there ... */
	bool busy_seen;			/* ... and may say EBUSY */
	struct context *polls;		/* it waits there by poll ... */
	__poll_t wanted;		/* ... for that */
	struct actor *actor;
	int number;
	bool done;
};

static struct {
	struct cbe_spu_info info;
	struct spu spu;
	struct context contexts[2];
	struct {
		struct spu_gang gang;
		struct spufs_inode_info inode;
		struct file file;
	} gang;
	struct thread threads[THREADS_MAX + 1];	/* the last: the epilogue */
	struct work_struct *works[2];	/* one for each context */
	int nr_works, working;
	bool ending;		/* the epilogue has begun: nothing new begins */
	const struct scenario *scenario;
} world WORLD;

struct cbe_spu_info *cbe_spu_info = &world.info;

static struct context *of(struct spu_context *ctx)
{
	if (ctx->destroyed)
		fail("%s uses a context that is destroyed", self()->name);
	return container_of(ctx, struct context, ctx);
}

/* The SPU */
static bool runs(const struct spu_regs *r)
{
	return r->status & SPU_STATUS_RUNNING && r->runcntl == SPU_RUNCNTL_RUNNABLE;
}

static bool program_waits(const struct spu_regs *r)
{
	switch (NPC_PROGRAM(r->npc)) {
	case PROGRAM_SPIN:
		return true;
	case PROGRAM_FAULT:
	case PROGRAM_BAD:
	case PROGRAM_HANG:
	case PROGRAM_ALIGN:
		return r->dma && r->step;
	}
	return false;
}

static bool spu_can_step(void *arg)
{
	struct spu *spu = arg;
	struct spu_regs *r = &spu->regs;

	if (r->dma && !r->raised)
		return true;
	/* it has begun to stop, and will */
	return runs(r) && (r->status & STOPPED || r->stepping || !program_waits(r));
}

static void spu_begin_to_stop(struct spu_regs *r, u32 cause)
{
	r->status |= cause;
	if (cause == SPU_STATUS_STOPPED_BY_STOP)
		r->status |= (NPC_RUN(r->npc) & 0x3fff) << SPU_STOP_STATUS_SHIFT;
}

static void spu_step(struct spu *spu)
{
	struct spu_regs *r = &spu->regs;
	static const u8 dma[] = {
		[PROGRAM_FAULT] = DMA_FAULT, [PROGRAM_FAULT_STOP] = DMA_FAULT,
		[PROGRAM_BAD] = DMA_BAD, [PROGRAM_FAULT_BAD] = DMA_FAULT_BAD,
		[PROGRAM_HANG] = DMA_HANG, [PROGRAM_ALIGN] = DMA_ALIGN, [PROGRAM_ALIGN_STOP] = DMA_ALIGN,
		[PROGRAM_ILLEGAL] = DMA_NONE,
	};
	int program = NPC_PROGRAM(r->npc);

	if (runs(r) && r->status & STOPPED) {
		/* It has stopped, and says so. */
		r->status &= ~SPU_STATUS_RUNNING;
		if (r->status & SPU_STATUS_INVALID_INSTR)
			spu->stat[0] |= CLASS0_SPU_ERROR_INTR;
		else if (r->status & SPU_STATUS_STOPPED_BY_HALT)
			spu->stat[2] |= CLASS2_SPU_HALT_INTR;
		else
			spu->stat[2] |= CLASS2_SPU_STOP_INTR;
		r->npc += 4;
	} else if (r->dma && !r->raised) {
		r->raised = true;
		if (r->dma == DMA_ALIGN)
			spu->stat[0] |= CLASS0_DMA_ALIGNMENT_INTR;
		else
			spu->stat[1] |= CLASS1_STORAGE_FAULT_INTR;
	} else if (!runs(r)) {
		return;
	} else if (r->stepping) {
		spu_begin_to_stop(r, SPU_STATUS_SINGLE_STEP);
	} else if (!r->step && dma[program]) {
		/* one that failed before is still in the queue */
		if (!r->dma)
			r->dma = dma[program];
		r->step = 1;
	} else if (program == PROGRAM_ILLEGAL) {
		spu_begin_to_stop(r, SPU_STATUS_INVALID_INSTR);
	} else if (program == PROGRAM_HALT) {
		spu_begin_to_stop(r, SPU_STATUS_STOPPED_BY_HALT);
	} else if (!program_waits(r)) {
		spu_begin_to_stop(r, SPU_STATUS_STOPPED_BY_STOP);
	}
}

static void spu_body(void *arg)
{
	for (;;) {
		block(spu_can_step, arg, "the SPU goes on");
		hardware_begin("the SPU makes a step");
		spu_step(arg);
		hardware_end();
	}
}

/* Its registers, as the kernel accesses them */
static void regs_begin(struct spu_context *ctx, const char *what)
{
	of(ctx);
	hardware_begin(what);
}

static u32 hw_npc_read(struct spu_context *ctx)
{
	u32 npc;

	regs_begin(ctx, "reads SPU_NPC");
	npc = ctx->spu->regs.npc;
	hardware_end();
	return npc;
}

static void hw_npc_write(struct spu_context *ctx, u32 npc)
{
	regs_begin(ctx, "writes SPU_NPC");
	ctx->spu->regs.npc = npc;
	ctx->spu->regs.step = 0;
	hardware_end();
}

static u32 hw_status_read(struct spu_context *ctx)
{
	u32 status;

	regs_begin(ctx, "reads SPU_Status");
	status = ctx->spu->regs.status;
	hardware_end();
	return status;
}

static void set_stepping(struct spu_regs *r, u64 privcntl)
{
	r->stepping = privcntl == SPU_PRIVCNTL_MODE_SINGLE_STEP;
}

static void hw_privcntl_write(struct spu_context *ctx, u64 data)
{
	regs_begin(ctx, "writes SPU_PrivCntl");
	set_stepping(&ctx->spu->regs, data);
	hardware_end();
}

static u32 hw_runcntl_read(struct spu_context *ctx)
{
	return ctx->spu->regs.runcntl;
}

static void run(struct spu_regs *r)
{
	r->status = SPU_STATUS_RUNNING;
	r->runcntl = SPU_RUNCNTL_RUNNABLE;
}

static void hw_runcntl_write(struct spu_context *ctx, u32 data)
{
	of(ctx);
	spin_lock_irq(&ctx->spu->register_lock);
	hardware_begin("writes SPU_RunCntl");
	run(&ctx->spu->regs);
	hardware_end();
	spin_unlock_irq(&ctx->spu->register_lock);
}

/* If it has begun to stop by itself, it does so. */
static void spu_stop(struct spu *spu)
{
	u32 status;

	hardware_begin("writes SPU_RunCntl: stop");
	if (!(spu->regs.status & STOPPED)) {
		spu->regs.runcntl = SPU_RUNCNTL_STOP;
		spu->regs.status &= ~SPU_STATUS_RUNNING;
	}
	hardware_end();
	for (;;) {
		hardware_begin("waits for the SPU to stop");
		status = spu->regs.status;
		hardware_end();
		if (!(status & SPU_STATUS_RUNNING))
			break;
		cpu_relax();
	}
}

static void hw_runcntl_stop(struct spu_context *ctx)
{
	of(ctx);
	spin_lock_irq(&ctx->spu->register_lock);
	spu_stop(ctx->spu);
	spin_unlock_irq(&ctx->spu->register_lock);
}

static void restart(struct context *c, struct spu_regs *r)
{
	if (r->dma == DMA_FAULT ||
	    ((r->dma == DMA_BAD || r->dma == DMA_HANG) && c->repaired))
		r->dma = DMA_NONE;
	else if (r->dma == DMA_FAULT_BAD)
		r->dma = DMA_BAD;
	r->raised = false;
}

static void hw_restart_dma(struct spu_context *ctx)
{
	regs_begin(ctx, "restarts DMA");
	restart(of(ctx), &ctx->spu->regs);
	hardware_end();
}

static const struct spu_context_ops hw_ops = {
	.npc_read = hw_npc_read,
	.npc_write = hw_npc_write,
	.status_read = hw_status_read,
	.privcntl_write = hw_privcntl_write,
	.runcntl_read = hw_runcntl_read,
	.runcntl_write = hw_runcntl_write,
	.runcntl_stop = hw_runcntl_stop,
	.restart_dma = hw_restart_dma,
};

/* The same of a context that is saved */
static u32 backing_npc_read(struct spu_context *ctx)
{
	of(ctx);
	return ctx->saved.npc;
}

static void backing_npc_write(struct spu_context *ctx, u32 npc)
{
	of(ctx);
	ctx->saved.npc = npc;
	ctx->saved.step = 0;
}

static u32 backing_status_read(struct spu_context *ctx)
{
	of(ctx);
	return ctx->saved.status;
}

static void backing_privcntl_write(struct spu_context *ctx, u64 data)
{
	of(ctx);
	set_stepping(&ctx->saved, data);
}

static u32 backing_runcntl_read(struct spu_context *ctx)
{
	return ctx->saved.runcntl;
}

static void backing_runcntl_write(struct spu_context *ctx, u32 data)
{
	of(ctx);
	run(&ctx->saved);
}

static void backing_runcntl_stop(struct spu_context *ctx)
{
	of(ctx);
	ctx->saved.runcntl = SPU_RUNCNTL_STOP;
	ctx->saved.status &= ~SPU_STATUS_RUNNING;
}

static void backing_restart_dma(struct spu_context *ctx)
{
	of(ctx);
}

static const struct spu_context_ops backing_ops = {
	.npc_read = backing_npc_read,
	.npc_write = backing_npc_write,
	.status_read = backing_status_read,
	.privcntl_write = backing_privcntl_write,
	.runcntl_read = backing_runcntl_read,
	.runcntl_write = backing_runcntl_write,
	.runcntl_stop = backing_runcntl_stop,
	.restart_dma = backing_restart_dma,
};

unsigned long spu_int_stat_get(struct spu *spu, int class)
{
	unsigned long stat;

	hardware_begin("reads INT_Stat");
	stat = spu->stat[class];
	hardware_end();
	return stat;
}

/* spu_base.c: the interrupts, which are taken by a CPU other than any thread's */
static bool interrupt_pending(void *arg)
{
	struct spu *spu = arg;

	return !spu->masked && (spu->stat[0] || spu->stat[1] || spu->stat[2]);
}

static void interrupt(struct spu *spu, int class)
{
	struct spu_context *ctx;
	struct context *c;
	unsigned long stat;
	int posted;
	bool bad;

	spin_lock(&spu->register_lock);
	hardware_begin("reads INT_Stat");
	stat = spu->masked ? 0 : spu->stat[class];
	if (class)
		spu->stat[class] &= ~stat;
	bad = class == 0 ? stat & CLASS0_DMA_ALIGNMENT_INTR
			 : class == 1 && spu->regs.dma == DMA_BAD;
	hardware_end();

	/* class 0 calls back whatever it finds; spufs_stop_callback() follows */
	ctx = spu->ctx;
	if (ctx && (stat || class == 0)) {
		c = of(ctx);
		posted = c->posted;
		if (class == 0)
			ctx->csa.class_0_pending |= stat;
		else if (class == 1)
			__atomic_store_n(&ctx->csa.class_1_dsisr,
					 MFC_DSISR_PTE_NOT_FOUND, __ATOMIC_RELEASE);
		spu_async_interrupt(ctx, class);
		/* If there is no run, or it has ended already, the next one reports it. */
		if (bad && c->posted == posted && !c->repaired)
			c->must_tell = posted + 1;
	}

	if (class == 0) {
		hardware_begin("clears INT_Stat");
		spu->stat[class] &= ~stat;
		hardware_end();
	}
	spin_unlock(&spu->register_lock);
}

static void interrupt_body(void *arg)
{
	struct spu *spu = arg;
	int class, i;

	self()->interrupt = true;
	for (;;) {
		block(interrupt_pending, spu, "an interrupt");
		/* any of those that are pending */
		class = decide(3, "class");
		for (i = 0; i < 3 && !spu->stat[class]; i++)
			class = (class + 1) % 3;
		spu->handling = true;
		interrupt(spu, class);
		spu->handling = false;
	}
}

/* sched.c and switch.c: context switches, with ctx->state_mutex held */
static bool interrupts_are_over(void *arg)
{
	struct spu *spu = arg;

	return !spu->handling;
}

static void unbind(struct spu_context *ctx)
{
	struct spu *spu = ctx->spu;
	bool ran;

	might_sleep("a context switch");
	hardware_begin("begins to save");
	hardware_end();

	spin_lock_irq(&spu->register_lock);
	spu->masked = true;
	spin_unlock_irq(&spu->register_lock);
	block(interrupts_are_over, spu, "synchronize_irq");

	/* save_spu_status() */
	ran = hw_status_read(ctx) & SPU_STATUS_RUNNING;
	if (ran)
		spu_stop(spu);
	hardware_begin("saves the context");
	ctx->saved = spu->regs;
	if (ran && !(ctx->saved.status & STOPPED)) {
		ctx->saved.status = SPU_STATUS_RUNNING;
		ctx->saved.runcntl = SPU_RUNCNTL_RUNNABLE;
	}
	/* pending interrupts are not saved */
	memset(&spu->regs, 0, sizeof(spu->regs));
	memset(spu->stat, 0, sizeof(spu->stat));
	hardware_end();

	spin_lock_irq(&spu->register_lock);
	ctx->state = SPU_STATE_SAVED;
	ctx->ops = &backing_ops;
	spu->ctx = NULL;
	spin_unlock_irq(&spu->register_lock);
	ctx->spu = NULL;
	spu_async_saved(ctx);
}

static void bind(struct spu *spu, struct spu_context *ctx)
{
	might_sleep("a context switch");
	spin_lock_irq(&spu->register_lock);
	spu->ctx = ctx;
	ctx->spu = spu;
	ctx->ops = &hw_ops;
	spin_unlock_irq(&spu->register_lock);

	hardware_begin("restores the context");
	spu->regs = ctx->saved;
	spu->regs.raised = false;
	memset(spu->stat, 0, sizeof(spu->stat));
	spu->masked = false;
	hardware_end();
	ctx->state = SPU_STATE_RUNNABLE;
}

/* Take the SPU, if it is free. */
static bool get_idle(struct spu *spu)
{
	bool free;

	mutex_lock(&world.info.list_mutex);
	free = !spu->used;
	spu->used = true;
	mutex_unlock(&world.info.list_mutex);
	return free;
}

/* __spu_schedule() */
static void schedule(struct spu *spu, struct spu_context *ctx)
{
	mutex_lock(&world.info.list_mutex);
	bind(spu, ctx);
	mutex_unlock(&world.info.list_mutex);
	clear_bit(SPU_SCHED_LOADING, &ctx->sched_flags);
	wake_up_all(&ctx->run_wq);
	spu_async_loaded(ctx);
}

static struct spu_context *grab_runnable(void)
{
	struct spu_context *found = NULL;
	int i;

	hardware_begin("grab_runnable_context");
	for (i = 0; i < world.scenario->contexts && !found; i++) {
		struct spu_context *ctx = &world.contexts[i].ctx;

		if (!ctx->destroyed && ctx->queued) {
			ctx->queued = false;
			ctx->refs++;
			found = ctx;
		}
	}
	hardware_end();
	return found;
}

static struct spu_context *grab_runnable_or_free(struct spu *spu)
{
	struct spu_context *found;

	mutex_lock(&world.info.list_mutex);
	found = grab_runnable();
	if (!found)
		spu->used = false;
	mutex_unlock(&world.info.list_mutex);
	return found;
}

/* spu_schedule(): with a reference, and without any mutex */
static void schedule_on(struct spu *spu, struct spu_context *ctx)
{
	bool wanted;

	do {
		mutex_lock(&ctx->state_mutex);
		wanted = ctx->owner && ctx->state == SPU_STATE_SAVED &&
			(test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags) ||
			 test_bit(SPU_SCHED_LOADING, &ctx->sched_flags));
		if (wanted) {
			spu_del_from_rq(ctx);
			schedule(spu, ctx);
		}
		mutex_unlock(&ctx->state_mutex);
		put_spu_context(ctx);
		ctx = wanted ? NULL : grab_runnable_or_free(spu);
	} while (ctx);
}

static void unschedule(struct spu_context *ctx)
{
	mutex_lock(&world.info.list_mutex);
	unbind(ctx);
	mutex_unlock(&world.info.list_mutex);
}

static void deactivate(struct spu_context *ctx, bool force)
{
	struct spu *spu = ctx->spu;
	struct spu_context *new;

	if (!spu)
		return;
	if (force) {
		unschedule(ctx);
		new = grab_runnable_or_free(spu);
	} else {
		new = grab_runnable();
		if (new)
			unschedule(ctx);
	}
	if (new) {
		mutex_unlock(&ctx->state_mutex);
		schedule_on(spu, new);
		mutex_lock(&ctx->state_mutex);
	}
}

void spu_deactivate(struct spu_context *ctx)
{
	deactivate(ctx, true);
}

void spu_yield(struct spu_context *ctx)
{
	of(ctx);
	if (ctx->flags & SPU_CREATE_NOSCHED)
		return;
	mutex_lock(&ctx->state_mutex);
	if (!test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags))
		deactivate(ctx, false);
	mutex_unlock(&ctx->state_mutex);
}

/*
 * spusched_thread(), where the scenario says so, as far as it gives the SPU of a
 * context that has stopped to another: event.c has to be faster.
 */
static bool holder_has_stopped(void)
{
	const struct spu_context *ctx = world.spu.ctx;

	return world.scenario->ticks && ctx && !test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags);
}

static bool tick_is_needed(void *arg)
{
	return spu_sched_has_waiters() && holder_has_stopped();
}

static void tick_body(void *arg)
{
	struct spu_context *ctx;

	for (;;) {
		block(tick_is_needed, NULL, "the scheduler's tick");
		mutex_lock(&world.info.list_mutex);
		ctx = holder_has_stopped() ? get_spu_context(world.spu.ctx) : NULL;
		mutex_unlock(&world.info.list_mutex);
		if (ctx) {
			spu_yield(ctx);
			put_spu_context(ctx);
		}
	}
}

static void add_to_rq(struct spu_context *ctx)
{
	hardware_begin("adds it to the run queue");
	ctx->queued = true;
	hardware_end();
}

void spu_del_from_rq(struct spu_context *ctx)
{
	hardware_begin("takes it from the run queue");
	ctx->queued = false;
	hardware_end();
}

bool spu_sched_has_waiters(void)
{
	int i;

	for (i = 0; i < world.scenario->contexts; i++)
		if (world.contexts[i].ctx.queued)
			return true;
	return false;
}

int spu_activate(struct spu_context *ctx, unsigned long flags)
{
	bool nosched = ctx->flags & SPU_CREATE_NOSCHED;
	struct spu *spu = &world.spu;
	struct wait_entry e = { };
	bool idle;

	for (;;) {
		if (ctx->spu)
			return 0;
		if (!(flags & SPU_ACTIVATE_NOINTR) && signal_pending(current))
			return -ERESTARTSYS;
		if (!ctx->owner)
			return -ENODEV;
		idle = get_idle(spu);
		if (!idle && flags & SPU_ACTIVATE_NOWAIT)
			set_bit(SPU_SCHED_LOADING, &ctx->sched_flags);
		if (!idle) {
			/* spu_queue_or_get_idle() */
			add_to_rq(ctx);
			idle = get_idle(spu);
			if (idle)
				spu_del_from_rq(ctx);
		}
		if (idle) {
			schedule(spu, ctx);
			return 0;
		}
		if (flags & SPU_ACTIVATE_NOWAIT)
			return -EAGAIN;
		if (!nosched || flags & SPU_ACTIVATE_NOINTR)
			return 0;

		/* spu_prio_wait() */
		set_bit(SPU_SCHED_LOADING, &ctx->sched_flags);
		while (!ctx->spu && ctx->owner && !signal_pending(current)) {
			prepare_to_wait(&ctx->run_wq, &e);
			mutex_unlock(&ctx->state_mutex);
			wait_sleep(&e, "wait for an SPU");
			mutex_lock(&ctx->state_mutex);
			finish_wait(&ctx->run_wq, &e);
		}
		spu_del_from_rq(ctx);
		clear_bit(SPU_SCHED_LOADING, &ctx->sched_flags);
	}
}

/* run.c and fault.c */
int spu_run_init(struct spu_context *ctx, u32 npc, u64 privcntl,
		 unsigned long flags)
{
	int ret;

	/* It would not wait, but queue the context. */
	if (ctx->flags & SPU_CREATE_NOSCHED && ctx->state == SPU_STATE_SAVED)
		fail("a context that is not scheduled is started without an SPU");
	ctx->ops->privcntl_write(ctx, privcntl);
	ctx->ops->npc_write(ctx, npc);
	ctx->ops->runcntl_write(ctx, SPU_RUNCNTL_RUNNABLE);
	/* as spu_setup_isolated() may find, which leaves the SPU running */
	if (ctx->flags & SPU_CREATE_ISOLATE && decide(2, "is the loader refused?"))
		return -EACCES;
	if (!(ctx->flags & SPU_CREATE_NOSCHED) && ctx->state == SPU_STATE_SAVED) {
		ret = spu_activate(ctx, flags);
		if (ret)
			return ret;
	}
	set_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags);
	return 0;
}

/* Only which error it was is looked at here. */
void spufs_record_fault(struct spu_context *ctx, u32 event, u64 ea, u64 dsisr)
{
	if (!ctx->fault.event)
		ctx->fault = (struct spu_fault) { .ea = ea, .dsisr = dsisr, .event = event };
}

static void handle_event(struct spu_context *ctx, u32 event)
{
	spufs_record_fault(ctx, event, 0, 0);
	ctx->event_return |= event;
	wake_up_all(&ctx->stop_wq);
}

int spufs_handle_class0(struct spu_context *ctx)
{
	unsigned long stat;

	if (!ctx->csa.class_0_pending)
		return 0;
	stat = __atomic_exchange_n(&ctx->csa.class_0_pending, 0, __ATOMIC_SEQ_CST);
	if (stat & CLASS0_DMA_ALIGNMENT_INTR)
		handle_event(ctx, SPE_EVENT_DMA_ALIGNMENT);
	if (stat & CLASS0_SPU_ERROR_INTR)
		handle_event(ctx, SPE_EVENT_SPE_ERROR);
	return -EIO;
}

static bool is_served(void *arg)
{
	const struct context *c = arg;

	return c->client->serving;
}

static bool is_repaired(void *arg)
{
	const struct context *c = arg;

	return c->repaired;
}

int spufs_handle_class1(struct spu_context *ctx)
{
	struct context *c = of(ctx);
	const struct spu_regs *r;
	bool resolved, hangs;

	if (!__atomic_load_n(&ctx->csa.class_1_dsisr, __ATOMIC_ACQUIRE))
		return 0;
	spu_release(ctx);
	might_sleep("a page fault");
	hardware_begin("resolves a page fault");
	r = ctx->spu ? &ctx->spu->regs : &ctx->saved;
	resolved = r->dma != DMA_BAD || c->repaired;
	hangs = r->dma == DMA_HANG;
	hardware_end();
	spu_async_may_block(ctx);
	if (hangs)
		block(is_repaired, c, "a page fault hangs");
	mutex_lock(&ctx->state_mutex);
	spu_async_fault_served(ctx);
	if (resolved && ctx->spu)
		ctx->ops->restart_dma(ctx);
	else if (!resolved)
		handle_event(ctx, SPE_EVENT_SPE_DATA_STORAGE);
	return resolved ? 0 : -EFAULT;
}

/* context.c */
int spu_acquire(struct spu_context *ctx)
{
	of(ctx);
	return mutex_lock_interruptible(&ctx->state_mutex);
}

void spu_release(struct spu_context *ctx)
{
	mutex_unlock(&ctx->state_mutex);
}

struct spu_context *get_spu_context(struct spu_context *ctx)
{
	of(ctx);
	if (!__atomic_fetch_add(&ctx->refs, 1, __ATOMIC_ACQ_REL))
		fail("a reference on a context that has none");
	return ctx;
}

int put_spu_context(struct spu_context *ctx)
{
	of(ctx);
	released(&ctx->refs);
	if (__atomic_sub_fetch(&ctx->refs, 1, __ATOMIC_ACQ_REL))
		return 0;
	acquired(&ctx->refs);
	mutex_lock(&ctx->state_mutex);
	spu_deactivate(ctx);
	mutex_unlock(&ctx->state_mutex);
	spu_async_destroy(ctx);
	ctx->destroyed = true;
	return 1;
}

/* worker.c: a thread of the owner for each context, as if others hung */
int spu_worker_join(struct spu_client *client, struct spu_context *ctx,
		    void (*serve)(struct spu_context *ctx))
{
	client->ctx = ctx;
	client->serve = serve;
	of(ctx)->client = client;
	return 0;
}

void spu_worker_leave(struct spu_client *client)
{
	of(client->ctx)->left = true;
}

void spu_worker_put(struct spu_worker *worker)
{
}

void spu_worker_may_block(struct spu_client *client)
{
	if (!client->serving)
		fail("no thread of the owner may block");
}

int spu_worker_follow(struct spu_client *client, bool nowait)
{
	if (of(client->ctx)->left)
		return 0;
	return nowait && decide(2, "is the worker's mutex taken?") ? -EAGAIN : 0;
}

int spu_worker_init(void)
{
	return 0;
}

void spu_worker_exit(void)
{
}

void spu_worker_queue_fault(struct spu_client *client)
{
	struct context *c = of(client->ctx);

	hardware_begin("queues a fault");
	if (c->left)
		fail("a fault of a context that has left");
	if (client->serving) {
		client->again = true;
	} else if (!c->fault_queued) {
		get_spu_context(client->ctx);
		c->fault_queued = true;
	}
	hardware_end();
}

static bool fault_queued(void *arg)
{
	const struct context *c = arg;

	return c->fault_queued;
}

static void owner_body(void *arg)
{
	struct context *c = arg;
	bool again;

	for (;;) {
		block(fault_queued, c, "the owner's thread serves a fault");
		hardware_begin("takes the fault");
		c->fault_queued = false;
		c->client->serving = true;
		world.working++;
		hardware_end();
		c->client->serve(&c->ctx);
		hardware_begin("the fault is served");
		c->client->serving = false;
		again = c->client->again;
		c->client->again = false;
		c->fault_queued = again;
		world.working--;
		hardware_end();
		if (!again)
			put_spu_context(&c->ctx);
	}
}

/* spu_forget(), when the last descriptor of the directory is closed */
static void forget(struct context *c)
{
	struct spu_context *ctx = &c->ctx;

	mutex_lock(&ctx->state_mutex);
	c->closed = true;
	spu_async_gone(ctx);
	ctx->owner = NULL;
	if (ctx->state != SPU_STATE_SAVED)
		spu_deactivate(ctx);
	spu_release(ctx);
	spu_async_leave(ctx);
	put_spu_context(ctx);
}

/* Work */
void model_work(struct work_struct *work)
{
	world.works[world.nr_works++] = work;
}

void model_freed(const void *p, size_t size)
{
	int i;

	for (i = 0; i < world.nr_works; i++) {
		char *work = (char *)world.works[i];

		if (work < (char *)p || work >= (char *)p + size)
			continue;
		if (world.works[i]->timer || world.works[i]->queued)
			fail("freed with work pending");
		world.works[i] = NULL;
	}
}

static bool work_queued(void *arg)
{
	struct work_struct **work = arg;

	return *work && (*work)->queued;
}

static void worker_body(void *arg)
{
	struct work_struct **work = arg;

	for (;;) {
		bool queued;

		block(work_queued, work, "the worker begins");
		hardware_begin("takes the work");
		acquired(*work);
		queued = *work && (*work)->queued;
		if (queued) {
			(*work)->queued = false;
			world.working++;
		}
		hardware_end();
		if (!queued)
			continue;
		(*work)->func(*work);
		hardware_begin("the work is done");
		world.working--;
		hardware_end();
	}
}

static bool timer_runs(void *arg)
{
	struct work_struct **work = arg;

	return *work && (*work)->timer;
}

static void timer_body(void *arg)
{
	struct work_struct **work = arg;

	for (;;) {
		block(timer_runs, work, "the timer of delayed work");
		hardware_begin("queues delayed work");
		if (*work && (*work)->timer) {
			(*work)->timer = false;
			(*work)->queued = true;
		}
		hardware_end();
	}
}

/* Threads with system calls; what they get is compared with the contract. */
static const struct file_operations *fops(void)
{
	return spufs_dir_async_contents[0].ops;
}

/*
 * A run may be refused with EBUSY only if there was another one meanwhile that
 * was begun, or is being begun, and whose STOP was not read.
 */
static void begin_start(struct thread *t, struct context *c)
{
	int i;

	t->busy_for = c;
	t->busy_seen = c->starting || c->started != c->stopped;
	for (i = 0; i < THREADS_MAX; i++)
		if (world.threads[i].busy_for == c && &world.threads[i] != t)
			world.threads[i].busy_seen = true;
	c->starting++;
	c->clean = c->repaired;
}

static ssize_t write_control(struct context *c, u32 op, u32 npc, int flags)
{
	u32 data[2] = { op, npc };
	struct kiocb iocb = { .ki_filp = &c->file, .ki_flags = flags };
	size_t size = op == SPU_CONTROL_STOP_SPU ? 4 : 8;
	struct iov_iter from = { (char *)data, size, size, false };

	return fops()->write_iter(&iocb, &from);
}

static void start(struct thread *t, struct context *c, u32 op, u32 npc, int flags)
{
	ssize_t ret;

again:
	hardware_begin("write START");
	begin_start(t, c);
	hardware_end();
	ret = write_control(c, op, npc, flags);
	hardware_begin("write START returns");
	c->starting--;
	t->busy_for = NULL;
	if (ret == 8) {
		c->started++;
	} else if (ret == -EBUSY) {
		if (!t->busy_seen)
			fail("EBUSY without a run or unread events");
	} else if (ret == -ERESTARTSYS || ret == -EINTR) {
		if (!t->actor->signal)
			fail("interrupted without a signal");
	} else if (ret == -EACCES) {
		if (!(c->ctx.flags & SPU_CREATE_ISOLATE))
			fail("EACCES of a context that is not isolated");
	} else if (ret == -EAGAIN) {
		if (!flags)
			fail("EAGAIN of a start that may wait");
	} else if (ret != -ENODEV || !c->closed) {
		fail("START: %zd", ret);
	}
	hardware_end();
	if (ret == -ERESTARTSYS || ret == -EINTR) {
		t->actor->signal = false;
		goto again;
	}
}

/* It stops no run that begins after it has returned. */
static void stop(struct thread *t, struct context *c, int flags)
{
	ssize_t ret;

	hardware_begin("write STOP");
	c->stopping++;
	hardware_end();
	do {
		t->actor->signal = false;
		ret = write_control(c, SPU_CONTROL_STOP_SPU, 0, flags);
	} while (ret == -EINTR && t->actor->signal);
	if (ret != 4 && !(ret == -ENODEV && c->closed))
		fail("STOP: %zd", ret);
	hardware_begin("write STOP returns");
	c->stops_until = c->started + c->starting;
	c->stopping--;
	hardware_end();
}

/* event.c has posted an event.  With the event file's lock held. */
void trace_spufs_async_post(struct spu_context *ctx, u32 event, u32 status, u32 npc)
{
	if (event == SPU_EVENT_STOP)
		of(ctx)->posted++;
}

/* Take note of an event that is being read, while no other can be. */
static void check_event(void *arg, const void *data, size_t size)
{
	struct context *c = arg;
	const struct spu_event *e = data;
	static const u32 errors = SPU_EVENT_DMA_ALIGNMENT | SPU_EVENT_SPE_ERROR |
				  SPU_EVENT_DATA_STORAGE | SPU_EVENT_INVALID_DMA;
	bool wanted = c->closed || c->stopping || c->stopped < c->stops_until;

	if (size != sizeof(*e))
		return;
	if (c->stopped >= c->started + c->starting)
		fail("event %x of no run: lost or twice", e->event);
	if (e->event & c->seen || e->event & (e->event - 1))
		fail("event %x twice in a run", e->event);
	c->seen |= e->event;
	if (e->event != SPU_EVENT_STOP) {
		if (!(e->event & errors))
			fail("event %x is unknown", e->event);
		if (e->event == SPU_EVENT_SPE_ERROR &&
		    NPC_PROGRAM(e->npc) != PROGRAM_ILLEGAL)
			fail("an illegal instruction where there is none, npc %x", e->npc);
		if (e->event == SPU_EVENT_DATA_STORAGE && c->clean)
			fail("a DMA has failed that can be done");
		return;
	}
	if (e->status & SPU_STATUS_RUNNING)
		fail("STOP of an SPU that runs: status %x", e->status);
	if (!(e->status & STOPPED) && !(c->seen & errors) && !wanted)
		fail("STOP with status %x, which nobody wanted", e->status);
	if (e->status & SPU_STATUS_STOPPED_BY_STOP &&
	    (e->status >> SPU_STOP_STATUS_SHIFT) != NPC_RUN(e->npc))
		fail("STOP of another run: status %x, npc %x", e->status, e->npc);
	/* A STOP that was asked for may come first: then the next run reports the error. */
	c->stopped++;
	if (c->must_tell == c->stopped && !(c->seen & errors) && !wanted)
		fail("STOP without the error that was there before");
	c->seen = 0;
}

/* The same from the gang's file: the cookie is the context's number. */
static void check_gang_event(void *arg, const void *data, size_t size)
{
	const struct spu_gang_event *e = data;

	if (size != sizeof(*e))
		return;
	if (e->flags || e->cookie >= world.scenario->contexts)
		fail("event %x of context %llu", e->event.event, e->cookie);
	check_event(&world.contexts[e->cookie], &e->event, sizeof(e->event));
}

static const struct file_operations *gang_fops(void)
{
	return spufs_gang_async_contents[0].ops;
}

static ssize_t read_gang(struct thread *t, bool nonblock)
{
	struct spu_gang_event e;
	struct kiocb iocb = { .ki_filp = &world.gang.file,
			      .ki_flags = nonblock ? IOCB_NOWAIT : 0 };
	struct iov_iter to = { (char *)&e, sizeof(e), sizeof(e), false, check_gang_event };

	return gang_fops()->read_iter(&iocb, &to);
}

/* Read to a buffer of which @valid bytes can be written; returns what read(2) would */
static ssize_t read_events(struct context *c, struct spu_event *e, size_t valid, bool nonblock)
{
	struct kiocb iocb = { .ki_filp = &c->file, .ki_flags = nonblock ? IOCB_NOWAIT : 0 };
	struct iov_iter to = { (char *)e, sizeof(*e), valid, valid == 4, check_event, c };

	return fops()->read_iter(&iocb, &to);
}

/* One event, STOP or other: 0 when there will never be one */
static u32 read_event(struct thread *t, struct context *c, bool nonblock)
{
	struct spu_event e;
	ssize_t ret;

	do {
		t->actor->signal = false;
		ret = read_events(c, &e, sizeof(e), nonblock);
	} while (ret == -ERESTARTSYS && t->actor->signal);
	if (ret == 0) {
		if (!c->closed)
			fail("read: 0 of a context that is there");
		return 0;
	}
	if (nonblock && ret == -EAGAIN)
		return ~0;
	if (ret != sizeof(e))
		fail("read: %zd", ret);
	return e.event;
}

static void wait_for(struct thread *t, struct context *c, __poll_t wanted)
{
	struct wait_entry e = { .key = wanted | EPOLLERR | EPOLLHUP };
	poll_table table = { .entry = &e };
	__poll_t got;

	t->polls = c;
	t->wanted = wanted;
	got = fops()->poll(&c->file, &table);
	while (!(got & (wanted | EPOLLHUP))) {
		wait_sleep(&e, wanted & EPOLLIN ? "poll IN" : "poll OUT");
		t->actor->signal = false;
		prepare_to_wait(table.queue, &e);
		got = fops()->poll(&c->file, NULL);
	}
	finish_wait(table.queue, &e);
	t->polls = NULL;
}

static void run_thread_step(struct thread *t, const struct step *s, int number)
{
	struct context *c = &world.contexts[s->context];
	struct spu_context *ctx = &c->ctx, *next;
	bool preempted;
	u32 event;

	switch (s->op) {
	case END:
		break;
	case START:
	case STEP:
		start(t, c, s->op == START ? SPU_CONTROL_START_SPU : SPU_CONTROL_STEP_SPU,
		      NPC(number, s->program), 0);
		break;
	case START_NOWAIT:
		start(t, c, SPU_CONTROL_START_SPU, NPC(number, s->program), IOCB_NOWAIT);
		break;
	case STOP:
		stop(t, c, 0);
		break;
	case STOP_NOWAIT:
		stop(t, c, IOCB_NOWAIT);
		break;
	case READ:
		read_event(t, c, false);
		break;
	case READ_STOP:
		do {
			event = read_event(t, c, false);
		} while (event && event != SPU_EVENT_STOP);
		break;
	case READ_GANG:
		if (read_gang(t, false) != sizeof(struct spu_gang_event))
			fail("read of the gang's file");
		break;
	case WAIT_IN:
		wait_for(t, c, EPOLLIN | EPOLLRDNORM);
		break;
	case WAIT_OUT:
		wait_for(t, c, EPOLLOUT | EPOLLWRNORM);
		break;
	case CLOSE:
		forget(c);
		break;
	case FORGET:
		c->forgotten = true;
		put_spu_context(ctx);
		break;
	case PREEMPT:
		/* spusched_tick() */
		get_spu_context(ctx);
		mutex_lock(&ctx->state_mutex);
		preempted = ctx->state == SPU_STATE_RUNNABLE;
		if (preempted) {
			unschedule(ctx);
			if (test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags))
				add_to_rq(ctx);
		}
		mutex_unlock(&ctx->state_mutex);
		if (preempted) {
			next = grab_runnable_or_free(&world.spu);
			if (next)
				schedule_on(&world.spu, next);
		}
		put_spu_context(ctx);
		break;
	case REGS:
		/* spu_acquire_saved(), spu_release_saved() */
		mutex_lock(&ctx->state_mutex);
		while (ctx->state != SPU_STATE_SAVED) {
			set_bit(SPU_SCHED_WAS_ACTIVE, &ctx->sched_flags);
			spu_deactivate(ctx);
		}
		point("reads registers");
		if (test_bit(SPU_SCHED_WAS_ACTIVE, &ctx->sched_flags)) {
			clear_bit(SPU_SCHED_WAS_ACTIVE, &ctx->sched_flags);
			if (test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags))
				spu_activate(ctx, SPU_ACTIVATE_NOINTR);
		}
		mutex_unlock(&ctx->state_mutex);
		break;
	case WAIT_FAULT:
		block(is_served, c, "until a fault is being served");
		break;
	case REPAIR:
		hardware_begin("maps a page");
		c->repaired = true;
		hardware_end();
		break;
	case INTERRUPT:
		hardware_begin("sends a signal");
		world.threads[0].actor->signal = true;
		hardware_end();
		break;
	}
}

static void thread_body(void *arg)
{
	struct thread *t = arg;
	int i;

	for (i = 0; i < STEPS_MAX && t->steps[i].op != END && !world.ending; i++)
		run_thread_step(t, &t->steps[i], t->number * STEPS_MAX + i + 1);
	released(t);
	t->done = true;
}

/* Bytes that wait to be read: FIONREAD */
static int unread(struct context *c)
{
	struct file *file = world.scenario->gang ? &world.gang.file : &c->file;
	int bytes = -1;

	if (fops()->unlocked_ioctl(file, FIONREAD, (unsigned long)&bytes))
		fail("FIONREAD");
	return bytes;
}

/* What must hold when all is quiet; and the end of everything */
static void check_agreement(struct context *c)
{
	struct spu_event e;
	struct seq_file m = { "" };
	__poll_t bits = fops()->poll(&c->file, NULL);
	/* A buffer that faults: read says whether there is an event, and takes none. */
	ssize_t ret = read_events(c, &e, 0, true);
	bool can_start = c->started == c->stopped && !c->seen && !c->closed;

	if (!(bits & EPOLLIN) != (ret != -EFAULT))
		fail("poll says %x, read %zd", bits, ret);
	if (ret != -EFAULT && ret != (c->closed ? 0 : -EAGAIN))
		fail("read says %zd", ret);
	if (!(bits & EPOLLRDNORM) != !(bits & EPOLLIN) ||
	    !(bits & EPOLLWRNORM) != !(bits & EPOLLOUT) ||
	    !(bits & EPOLLHUP) != !c->closed || !(bits & EPOLLOUT) != !can_start)
		fail("poll says %x with %d of %d runs over%s", bits, c->stopped, c->started,
		     c->closed ? ", and it is closed" : "");
	if (!world.scenario->gang && !unread(c) != !(bits & EPOLLIN))
		fail("FIONREAD says %d, poll %x", unread(c), bits);
	fops()->show_fdinfo(&m, &c->file);
}

/* A run that was started goes on, or waits for an SPU that is not there. */
static void check_progress(struct context *c)
{
	struct spu_context *ctx = &c->ctx;

	if (c->closed || (world.scenario->gang && unread(c)))
		return;
	if (c->started == c->stopped || unread(c)) {
		if (test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags) || ctx->queued)
			fail("a context that has stopped still wants an SPU");
		if (runs(ctx->spu ? &ctx->spu->regs : &ctx->saved))
			fail("the SPU runs without a run");
		return;
	}
	if (!ctx->queued && !(ctx->spu && runs(&ctx->spu->regs)))
		fail("a run is neither on the SPU nor in the run queue");
	if (ctx->queued && !world.spu.used)
		fail("a run waits for the SPU, which is free");
	if (ctx->queued && world.spu.ctx &&
	    !test_bit(SPU_SCHED_SPU_RUN, &world.spu.ctx->sched_flags))
		fail("a run waits for the SPU of a context that has stopped");
}

static void finish_context(struct thread *t, struct context *c)
{
	u32 event;

	if (c->forgotten)
		return;
	check_agreement(c);
	/* A run that is still there: it spins, or waits for an SPU. */
	if (!c->closed && c->started != c->stopped)
		stop(t, c, 0);
	if (world.scenario->gang)
		while (read_gang(t, true) > 0)
			;
	while ((event = read_event(t, c, true)) && event != ~0U)
		;
	check_agreement(c);
	if (c->started != c->stopped)
		fail("%d runs, %d of them stopped", c->started, c->stopped);
	if (c->seen)
		fail("an error without a STOP");
	if (!c->closed)
		forget(c);
	if (write_control(c, SPU_CONTROL_START_SPU, 0, 0) != -ENODEV)
		fail("a closed context can be started");
	check_agreement(c);
}

static bool threads_are_done(void *arg)
{
	int i;

	for (i = 0; i < THREADS_MAX; i++)
		if (world.threads[i].actor && !world.threads[i].done)
			return false;
	return true;
}

static void epilogue_body(void *arg)
{
	int i;

	world.ending = true;
	for (i = 0; i < world.scenario->contexts; i++)
		check_progress(&world.contexts[i]);
	for (i = 0; i < world.scenario->contexts; i++)
		finish_context(arg, &world.contexts[i]);
	/* They have the event file open. */
	block(threads_are_done, NULL, "the threads end");
	for (i = 0; i < THREADS_MAX; i++)
		acquired(&world.threads[i]);
	for (i = 0; i < world.scenario->contexts; i++)
		if (!world.contexts[i].forgotten)
			put_spu_context(&world.contexts[i].ctx);
	if (!world.scenario->gang)
		return;
	/* Unread events of a context that is gone are gone, too. */
	if (read_gang(arg, true) != -EAGAIN)
		fail("the gang has events without contexts");
	spu_async_gang_gone(&world.gang.gang);
	if (read_gang(arg, true) != 0 ||
	    gang_fops()->poll(&world.gang.file, NULL) != EPOLLHUP)
		fail("the end of the gang");
	spu_async_gang_destroy(&world.gang.gang);
}

/* Has a thread missed nothing that it waits for?  Only poll may wait long. */
bool model_may_wait(void *thread)
{
	struct thread *t = thread;
	struct context *c = t->polls;
	int bytes;

	if (!c || c->closed)
		return false;
	alone(true);
	bytes = unread(c);
	alone(false);
	if (t->wanted & EPOLLIN)
		return !bytes;
	return c->started != c->stopped || bytes;
}

bool model_is_quiet(void)
{
	int i;

	for (i = 0; i < world.nr_works; i++)
		if (work_queued(&world.works[i]) || timer_runs(&world.works[i]))
			return false;
	for (i = 0; i < world.scenario->contexts; i++)
		if (world.contexts[i].fault_queued)
			return false;
	return !world.working && !interrupt_pending(&world.spu) && !spu_can_step(&world.spu) &&
	       !tick_is_needed(NULL);
}

void model_end(void)
{
	int i;

	for (i = 0; i < world.scenario->contexts; i++)
		if (!world.contexts[i].ctx.destroyed)
			fail("a context is never destroyed: %d references",
			     world.contexts[i].ctx.refs);
	if (world.spu.used)
		fail("the SPU is never free");
}

static void setup_gang(void)
{
	world.gang.inode.i_gang = &world.gang.gang;
	if (spu_async_gang_create(&world.gang.gang))
		fail("spu_async_gang_create");
	if (gang_fops()->open(&world.gang.inode.vfs_inode, &world.gang.file))
		fail("open");
}

static void join_gang(struct context *c)
{
	struct {
		u32 op;
		u64 cookie;
	} __packed join = { SPU_CONTROL_SET_COOKIE, c - world.contexts };
	struct kiocb iocb = { .ki_filp = &c->file };
	struct iov_iter from = { (char *)&join, sizeof(join), sizeof(join), false };

	if (fops()->write_iter(&iocb, &from) != sizeof(join))
		fail("SET_COOKIE");
}

static void setup_context(struct context *c, unsigned long flags)
{
	struct spu_context *ctx = &c->ctx;

	memset(c, 0, sizeof(*c));
	ctx->gang = world.scenario->gang ? &world.gang.gang : NULL;
	mutex_init(&ctx->state_mutex);
	mutex_init(&ctx->run_mutex);
	init_waitqueue_head(&ctx->stop_wq);
	init_waitqueue_head(&ctx->run_wq);
	ctx->state = SPU_STATE_SAVED;
	ctx->ops = &backing_ops;
	ctx->owner = c;
	ctx->refs = 2;		/* the directory's and the event file's */
	ctx->flags = flags;
	if (spu_async_create(ctx))
		fail("spu_async_create");
	c->inode.i_ctx = ctx;
	if (fops()->open(&c->inode.vfs_inode, &c->file))
		fail("open");
	if (ctx->gang)
		join_gang(c);
}

void model_setup(void *arg)
{
	static const char * const names[] = { "A", "B", "C", "D" };
	const struct scenario *s = arg;
	struct thread *t;
	int i;

	memset(&world, 0, sizeof(world));
	world.scenario = s;
	mutex_init(&world.info.list_mutex);
	INIT_LIST_HEAD(&world.info.spus);
	list_add_tail(&world.spu.cbe_list, &world.info.spus);
	spin_lock_init(&world.spu.register_lock);
	world.spu.masked = true;
	if (s->gang)
		setup_gang();
	for (i = 0; i < s->contexts; i++)
		setup_context(&world.contexts[i], s->flags);

	for (i = 0; i < THREADS_MAX; i++) {
		world.threads[i].number = i;
		world.threads[i].steps = s->threads[i];
		if (s->threads[i][0].op != END)
			world.threads[i].actor = actor_start(names[i], USER, thread_body,
							     &world.threads[i], NULL);
	}
	actor_start("SPU", BACKGROUND, spu_body, &world.spu, spu_can_step);
	actor_start("irq", BACKGROUND, interrupt_body, &world.spu, interrupt_pending);
	actor_start("tick", BACKGROUND, tick_body, NULL, tick_is_needed);
	for (i = 0; i < s->contexts; i++)
		actor_start("owner", BACKGROUND, owner_body, &world.contexts[i], fault_queued);
	for (i = 0; i < world.nr_works; i++) {
		actor_start("worker", BACKGROUND, worker_body, &world.works[i], work_queued);
		actor_start("timer", BACKGROUND, timer_body, &world.works[i], timer_runs);
	}
	t = &world.threads[THREADS_MAX];
	t->actor = actor_start("end", EPILOGUE, epilogue_body, t, NULL);
}
