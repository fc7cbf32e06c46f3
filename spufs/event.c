// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous SPU contexts
 *
 * A context created with SPU_CREATE_ASYNC is not run by spu_run(2), which
 * blocks a thread for as long as its SPU runs, but through a file "event" in
 * its directory.  A write starts the SPU and returns, poll reports that there
 * are events, and read returns them.
 */

/**
 * DOC: The life of a run
 *
 * The one invariant: every start that succeeds is followed by exactly one
 * SPU_EVENT_STOP.  The queue has room for all events of one run, and a start
 * is refused until the queue has been read empty.  So posting an event neither
 * allocates nor fails, and nothing is dropped.
 *
 * The run itself is a small state machine, in event_queue.h, under the event
 * file's lock, "the lock" from here on; it nests inside spu->register_lock.
 * The following rules say which code may do what, and why no stop is lost or
 * posted twice:
 *
 * START (BUSY, then RUNNING) holds ctx->state_mutex throughout.  The SPU may
 * stop while START is still at work, and an interrupt of the last run may
 * arrive late, when the status register still shows the last stop: in BUSY
 * the interrupt ignores both.  START leaves BUSY by looking at the status
 * register once more under the lock::
 *
 *	START                            stop interrupt
 *	write SPU_RunCntl                (SPU stops, status is set)
 *	lock                             lock
 *	state = RUNNING                  if state is RUNNING
 *	if status shows a stop, post        and status shows a stop, post
 *	unlock                           unlock
 *
 * Whichever comes second posts the stop.  Posting it ends the run, so if the
 * other one sees the same status, it finds no run in progress.
 *
 * An interrupt of class 0 or 1 (error, page fault) claims the run (RUNNING to
 * BUSY), since an error's event must precede the STOP.  A thread of the owner
 * serves a page fault, see worker.c; work reports an error.  Either posts
 * errors if there are any, and releases the run in the same way as START does.
 * No code releases a run while an error or a fault of it is still noted in the
 * context: the code that handles that error or fault will.
 *
 * A fault may hang, and its run be stopped meanwhile.  When the next run
 * starts, the fault is an old fault: it no longer keeps a run from ending.
 *
 * STOP claims the run, stops the SPU and posts the stop with the SPU's status:
 * a program that stopped by itself at the last moment is reported as such.
 * When STOP must not wait, it claims the run, notes the request in it, and
 * leaves the rest to work.  The first to settle the run obeys the note, which
 * is not there in the next run.
 *
 * A context that is being saved (preempted, or accessed through its files)
 * has its interrupts masked, and a stop at that moment raises none.
 * spu_async_saved() looks at the saved status instead.
 *
 * A stop that START or the interrupt posts leaves some bookkeeping behind that
 * needs ctx->state_mutex: SPU_SCHED_SPU_RUN is still set, and the SPE is not
 * given to a context that waits for one.  Work does this soon, or the START of
 * another context that finds no SPE; until then another START of this context
 * only has to write the SPU's registers.
 *
 * No run can report an error between two runs.  As with spu_run, the next run
 * reports it, and ends.
 *
 * A context in an asynchronous gang shares the lock of the gang's event file.
 * So a pointer moves it from its own queue to the gang's, and the order of the
 * gang's queue is that of posting.  The records are the context's own all the
 * same: its room for one run is what keeps the invariant, and unread ones leave
 * the gang's queue when the context is freed.
 *
 * Work that is pending or running holds a reference on the context.  It is
 * queued under the lock and only before GONE, when the context's
 * directory still holds one.
 */

#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/unaligned.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <asm/ioctls.h>
#include <asm/spu.h>
#include <asm/spu_csa.h>
#include <asm/spu_priv1.h>

#include "spufs.h"
#include "event.h"
#include "event_queue.h"
#include "sputrace.h"
#include "worker.h"

static_assert(sizeof(struct spu_event) == 12);
static_assert(offsetof(struct spu_event, event) == 0);
static_assert(offsetof(struct spu_event, status) == 4);
static_assert(offsetof(struct spu_event, npc) == 8);
static_assert(sizeof(struct spu_gang_event) == 24);
static_assert(offsetof(struct spu_gang_event, event) == 0);
static_assert(offsetof(struct spu_gang_event, flags) == 12);
static_assert(offsetof(struct spu_gang_event, cookie) == 16);
static_assert(sizeof(struct spu_control) == 4);
static_assert(SPU_EVENT_DMA_ALIGNMENT == SPE_EVENT_DMA_ALIGNMENT);
static_assert(SPU_EVENT_SPE_ERROR == SPE_EVENT_SPE_ERROR);
static_assert(SPU_EVENT_DATA_STORAGE == SPE_EVENT_SPE_DATA_STORAGE);
static_assert(SPU_EVENT_INVALID_DMA == SPE_EVENT_INVALID_DMA);

/* The number of events that are copied out at a time, with interrupts off */
#define SPU_EVENT_BATCH		16

/*
 * The time in which a stopped context may be restarted before the worker does
 * the bookkeeping, while no other context waits for its SPE.
 */
#define SPU_ASYNC_LINGER	(HZ / 100)

#define SPU_STATUS_STOPPED_BY_ITSELF					\
	(SPU_STATUS_STOPPED_BY_STOP | SPU_STATUS_STOPPED_BY_HALT |	\
	 SPU_STATUS_SINGLE_STEP)
#define SPU_STATUS_ILLEGAL						\
	(SPU_STATUS_INVALID_INSTR | SPU_STATUS_INVALID_CH)

/**
 * struct spu_event_file - an event file, shared by all who have it open
 * @own_lock: the target of @lock, except for a context in an asynchronous gang
 * @lock: protects @queue, the runs that post into it, and the queueing of their
 *	contexts' work
 * @wait: readers and pollers
 * @queue: the events that can be read
 * @fasync: the receivers of a signal for each event
 * @async: the context of the file; NULL for the file of a gang
 * @starters: a process has polled for the possibility of a start; most poll
 *	for events only, and need not be woken by their own reads
 */
struct spu_event_file {
	spinlock_t own_lock;	/* the target of lock */
	spinlock_t *lock;	/* protects the queue */
	wait_queue_head_t wait;
	struct spu_event_queue queue;
	struct fasync_struct *fasync;
	struct spu_async *async;
	bool starters;
};

/**
 * struct spu_async - the additional state of an asynchronous context
 * @ctx: the context
 * @file: its event file
 * @run: its run
 * @client: has its owner serve its page faults
 * @work: errors, a stop that must not wait, signals, and the bookkeeping after
 *	a stop in the interrupt
 * @hastened: the work is queued without a delay, and has not begun; protected
 *	by the lock
 * @old_fault: the page fault that is being served is older than the last START;
 *	protected by the lock
 * @signal: a SIGIO for an event is due; protected by the lock
 * @hang_up: one for the end of the events is; protected by the lock
 * @loading: a START was told to wait for an SPU, and has asked the scheduler
 *	for one; protected by the lock
 * @restart_dma: a DMA command failed, and the next start is to try it again;
 *	protected by ctx->state_mutex
 */
struct spu_async {
	struct spu_context *ctx;
	struct spu_event_file file;
	struct spu_run run;
	struct spu_client client;
	struct delayed_work work;
	bool hastened;
	bool old_fault;
	bool signal;
	bool hang_up;
	bool loading;
	bool restart_dma;
};

static struct workqueue_struct *spu_async_wq;

static struct spu_async *run_async(struct spu_run *run)
{
	return container_of(run, struct spu_async, run);
}

static struct spu_event_file *queue_file(struct spu_event_queue *q)
{
	return container_of(q, struct spu_event_file, queue);
}

/* The gang's event file that this context's events can go to, or NULL */
static struct spu_event_file *spu_async_gang_file(struct spu_context *ctx)
{
	return ctx->gang ? ctx->gang->event_file : NULL;
}

/* Queue the work, or hasten it.  With the lock held, not GONE. */
static void spu_async_queue_work(struct spu_async *async, unsigned long delay)
{
	bool pending;

	/* It has not begun: it will see the reason for it. */
	if (async->hastened || (delay && delayed_work_pending(&async->work)))
		return;
	async->hastened = !delay;
	get_spu_context(async->ctx);
	if (delay)
		pending = !queue_delayed_work(spu_async_wq, &async->work, delay);
	else
		pending = mod_delayed_work(spu_async_wq, &async->work, 0);
	/* Work that was pending has its reference; this is not the last. */
	if (pending)
		put_spu_context(async->ctx);
}

/* Post an event, and wake the waiters for it.  With the lock held. */
static void spu_async_post(struct spu_async *async, u32 event, u32 status,
			   u32 npc)
{
	struct spu_event_file *file = queue_file(async->run.queue);

	if (!spu_run_post(&async->run, event, status, npc))
		return;
	trace_spufs_async_post(async->ctx, event, status, npc);
	wake_up_poll(&file->wait, EPOLLIN | EPOLLRDNORM);
	/* There may be thousands of receivers, too many for an interrupt. */
	if (READ_ONCE(file->fasync)) {
		async->signal = true;
		spu_async_queue_work(async, 0);
	}
}

/*
 * Send the signals that are due for this context, to thousands of receivers
 * perhaps.  From here on any new reason for the work queues it again.
 *
 * Without any lock held.
 */
static void spu_async_signal(struct spu_async *async)
{
	struct spu_event_file *file;
	bool signal, hang_up;

	spin_lock_irq(async->file.lock);
	async->hastened = false;
	file = queue_file(async->run.queue);
	signal = async->signal;
	async->signal = false;
	hang_up = async->hang_up;
	async->hang_up = false;
	spin_unlock_irq(async->file.lock);

	if (signal)
		kill_fasync(&file->fasync, SIGIO, POLL_IN);
	if (hang_up)
		kill_fasync(&async->file.fasync, SIGIO, POLL_HUP);
}

/* Has the SPU stopped by itself?  The context must not be in a switch. */
static bool spu_async_stopped(struct spu_context *ctx, u32 *status)
{
	/* The SPU sets the cause first: wait until it has finished stopping. */
	for (;;) {
		*status = ctx->ops->status_read(ctx);
		if (!(*status & SPU_STATUS_STOPPED_BY_ITSELF) ||
		    !(*status & SPU_STATUS_RUNNING))
			break;
		cpu_relax();
	}

	return *status & SPU_STATUS_STOPPED_BY_ITSELF;
}

/*
 * Post the stop of a run that process context has not claimed, if its SPU has
 * stopped by itself.  With the lock held.
 */
static bool spu_async_check_stop(struct spu_async *async)
{
	struct spu_context *ctx = async->ctx;
	u32 status;

	if (async->run.state != SPU_RUN_RUNNING ||
	    !spu_async_stopped(ctx, &status))
		return false;

	spu_async_post(async, SPU_EVENT_STOP, status, ctx->ops->npc_read(ctx));
	return true;
}

/* Is there an error that has not been reported yet? */
static bool spu_async_has_error(const struct spu_context *ctx)
{
	return READ_ONCE(ctx->csa.class_0_pending) & CLASS0_INTR_MASK;
}

/* Is there a page fault that has not been served yet? */
static bool spu_async_has_fault(const struct spu_context *ctx)
{
	return READ_ONCE(ctx->csa.class_1_dsisr) &
	       (MFC_DSISR_PTE_NOT_FOUND | MFC_DSISR_ACCESS_DENIED);
}

/*
 * Leave the end of the run in progress to the stop interrupt, which may have
 * come already.  But do not if an error or a page fault must be handled first,
 * for which work or the owner's thread is queued.  With the lock held.
 */
static void spu_async_release(struct spu_async *async)
{
	struct spu_context *ctx = async->ctx;

	if (spu_async_has_error(ctx) ||
	    (spu_async_has_fault(ctx) && !async->old_fault))
		return;
	if (spu_run_release(&async->run))
		spu_async_check_stop(async);
}

/* Queue the bookkeeping after the end of a run.  With the lock held. */
static void spu_async_queue_finish(struct spu_async *async)
{
	spu_async_queue_work(async, spu_sched_has_waiters() ?
				    0 : SPU_ASYNC_LINGER);
}

static bool spu_async_in_progress(struct spu_async *async)
{
	bool in_progress;

	spin_lock_irq(async->file.lock);
	in_progress = spu_run_in_progress(&async->run);
	spin_unlock_irq(async->file.lock);
	return in_progress;
}

/* Is the interrupt of an error or a fault of this SPU still pending? */
static bool spu_async_error_pending(struct spu *spu)
{
	return spu_int_stat_get(spu, 0) & CLASS0_INTR_MASK ||
	       spu_int_stat_get(spu, 1) & CLASS1_STORAGE_FAULT_INTR;
}

/**
 * spu_async_interrupt - an interrupt of an asynchronous context's SPU
 * @ctx: the context
 * @class: 0 for an error, 1 for a page fault, 2 for a stop
 *
 * Context: hard interrupt, with spu->register_lock held and the context bound
 * to its SPU.
 */
void spu_async_interrupt(struct spu_context *ctx, int class)
{
	struct spu_async *async = ctx->async;

	spin_lock(async->file.lock);
	if (class == 2 && !spu_async_error_pending(ctx->spu)) {
		if (spu_async_check_stop(async))
			spu_async_queue_finish(async);
	} else if (async->run.state != SPU_RUN_GONE) {
		/* A preempted context meets its old fault again. */
		if (class != 1 || !async->old_fault)
			spu_run_claim(&async->run);
		if (class == 1)
			spu_worker_queue_fault(&async->client);
		else
			spu_async_queue_work(async, 0);
	}
	spin_unlock(async->file.lock);
}

/*
 * Do the bookkeeping after the end of a run, except for giving the SPE away,
 * which spu_yield() does.  With ctx->state_mutex held.
 *
 * Return: whether no run is in progress.
 */
static bool spu_async_finish(struct spu_context *ctx)
{
	u32 status;

	if (spu_async_in_progress(ctx->async))
		return false;
	if (!test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags))
		return true;

	spu_disable_spu(ctx);
	spu_del_from_rq(ctx);
	status = ctx->ops->status_read(ctx);
	if (status & SPU_STATUS_STOPPED_BY_STOP &&
	    ((status >> SPU_STOP_STATUS_SHIFT) & 0x3f00) == 0x2100)
		ctx->stats.libassist++;
	spuctx_switch_state(ctx, SPU_UTIL_IDLE_LOADED);
	clear_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags);
	spu_switch_log_notify(NULL, ctx, SWITCH_LOG_EXIT, status);
	return true;
}

static bool spu_async_claim(struct spu_async *async)
{
	bool claimed;

	spin_lock_irq(async->file.lock);
	claimed = spu_run_claim(&async->run);
	spin_unlock_irq(async->file.lock);
	return claimed;
}

/*
 * Claim the run, if there is one, and post its errors.  Then end it, because of
 * an error, because of @stop, or because a STOP that could not wait has asked
 * for it; or else leave its end to the interrupt again.  With ctx->state_mutex
 * held.
 */
static void spu_async_settle(struct spu_context *ctx, bool stop)
{
	static const u32 errors[] = {
		SPU_EVENT_DMA_ALIGNMENT, SPU_EVENT_INVALID_DMA,
		SPU_EVENT_DATA_STORAGE, SPU_EVENT_SPE_ERROR,
	};
	struct spu_async *async = ctx->async;
	u32 status, npc, happened;
	int i;

	if (!spu_async_claim(async))
		return;

	spufs_handle_class0(ctx);
	happened = ctx->event_return;
	ctx->event_return = 0;

	/*
	 * The status register distinguishes an illegal instruction of this
	 * run from a late interrupt of the last one, and is not lost when a
	 * context is saved before the interrupt is taken.
	 */
	status = ctx->ops->status_read(ctx);
	npc = ctx->ops->npc_read(ctx);
	happened &= ~SPU_EVENT_SPE_ERROR;
	if (status & SPU_STATUS_ILLEGAL) {
		happened |= SPU_EVENT_SPE_ERROR;
		spufs_record_fault(ctx, SPU_EVENT_SPE_ERROR, 0, 0);
	}
	if (!(ctx->fault.event & happened))
		ctx->fault.event = 0;

	spin_lock_irq(async->file.lock);
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (happened & errors[i])
			spu_async_post(async, errors[i], status, npc);
	stop |= happened || async->run.stop;
	if (!stop)
		spu_async_release(async);
	spin_unlock_irq(async->file.lock);
	if (!stop)
		return;

	ctx->ops->runcntl_stop(ctx);
	status = ctx->ops->status_read(ctx);
	npc = ctx->ops->npc_read(ctx);

	spin_lock_irq(async->file.lock);
	spu_async_post(async, SPU_EVENT_STOP, status, npc);
	spin_unlock_irq(async->file.lock);
}

/* Settle the run, and do the bookkeeping if it has ended.  Releases ctx. */
static void spu_async_settle_and_yield(struct spu_context *ctx, bool stop)
{
	bool stopped;

	spu_async_settle(ctx, stop);
	stopped = spu_async_finish(ctx) && ctx->owner;
	if (ctx->state == SPU_STATE_RUNNABLE)
		spuctx_switch_state(ctx, stopped ? SPU_UTIL_IDLE_LOADED :
						   SPU_UTIL_USER);
	spu_release(ctx);

	if (stopped)
		spu_yield(ctx);
}

static void spu_async_work(struct work_struct *work)
{
	struct spu_async *async = container_of(to_delayed_work(work),
					       struct spu_async, work);
	struct spu_context *ctx = async->ctx;

	spu_async_signal(async);

	mutex_lock(&ctx->state_mutex);
	spu_async_settle_and_yield(ctx, false);
	put_spu_context(ctx);
}

/*
 * Serve a page fault, which may have been served already.  Runs in a thread of
 * the owner; sleeps, perhaps for long.
 */
static void spu_async_serve_fault(struct spu_context *ctx)
{
	mutex_lock(&ctx->state_mutex);
	/* This drops the mutex: the context may be gone afterwards. */
	if (ctx->owner && spufs_handle_class1(ctx))
		ctx->async->restart_dma = true;
	spu_async_settle_and_yield(ctx, false);
}

/**
 * spu_async_may_block - serving a page fault may take long from here on
 * @ctx: the context
 *
 * Context: called in spu_async_serve_fault(), without ctx->state_mutex.
 */
void spu_async_may_block(struct spu_context *ctx)
{
	spu_worker_may_block(&ctx->async->client);
}

/**
 * spu_async_fault_served - a page fault needs no more service
 * @ctx: the context
 *
 * Any fault of the MFC from now on, after restart_dma, is a new one.
 *
 * Context: called in spu_async_serve_fault(), with ctx->state_mutex held.
 */
void spu_async_fault_served(struct spu_context *ctx)
{
	struct spu_async *async = ctx->async;

	spin_lock_irq(async->file.lock);
	async->old_fault = false;
	WRITE_ONCE(ctx->csa.class_1_dsisr, 0);
	spin_unlock_irq(async->file.lock);
}

/**
 * spu_async_saved - an asynchronous context was unbound from its SPU
 * @ctx: the context
 *
 * Its interrupts were masked meanwhile: check whether it stopped.  A claimed
 * run is left to its claimant.
 *
 * Context: process context, with ctx->state_mutex held.
 */
void spu_async_saved(struct spu_context *ctx)
{
	struct spu_async *async = ctx->async;
	bool running;

	/* No interrupt can change the run now; a STOP may, and queues work. */
	spin_lock_irq(async->file.lock);
	running = async->run.state == SPU_RUN_RUNNING;
	spin_unlock_irq(async->file.lock);
	if (running)
		spu_async_settle(ctx, false);
	spu_async_finish(ctx);
}

static void spu_async_cancel_run(struct spu_async *async)
{
	spin_lock_irq(async->file.lock);
	spu_run_cancel(&async->run);
	wake_up_poll(&async->file.wait, EPOLLOUT | EPOLLWRNORM);
	spin_unlock_irq(async->file.lock);
}

/* The run that was just begun cannot be started: undo it. */
static void spu_async_cancel(struct spu_context *ctx)
{
	ctx->ops->runcntl_stop(ctx);
	spu_async_cancel_run(ctx->async);

	/* spu_run_init() sets it only at its end; finish undoes the rest. */
	set_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags);
	spu_async_finish(ctx);
}

/* Find a stopped context on this node that keeps its SPE; take a reference. */
static struct spu_context *spu_async_find_idle(int node)
{
	struct spu_context *ctx, *idle = NULL;
	struct spu *spu;

	mutex_lock(&cbe_spu_info[node].list_mutex);
	list_for_each_entry(spu, &cbe_spu_info[node].spus, cbe_list) {
		ctx = spu->ctx;
		if (!ctx || !ctx->async || ctx->flags & SPU_CREATE_NOSCHED)
			continue;
		spin_lock_irq(ctx->async->file.lock);
		if (ctx->async->run.state == SPU_RUN_IDLE &&
		    !ctx->async->hastened)
			idle = get_spu_context(ctx);
		spin_unlock_irq(ctx->async->file.lock);
		if (idle)
			break;
	}
	mutex_unlock(&cbe_spu_info[node].list_mutex);
	return idle;
}

/*
 * A context that was just started waits for an SPE: give away one that a
 * stopped context keeps for a restart, without waiting for the delayed work of
 * that context. spu_yield() chooses the context that gets the SPE.  If another
 * thread is busy with the stopped context, hasten its work instead.
 *
 * Without any lock held.
 */
static void spu_async_reclaim(struct spu_context *waiting)
{
	struct spu_context *idle;
	int node;

	for_each_online_node(node) {
		if (READ_ONCE(waiting->state) != SPU_STATE_SAVED)
			return;
		idle = spu_async_find_idle(node);
		if (!idle)
			continue;
		if (mutex_trylock(&idle->state_mutex)) {
			spu_async_settle_and_yield(idle, false);
		} else {
			spin_lock_irq(idle->async->file.lock);
			if (idle->async->run.state == SPU_RUN_IDLE)
				spu_async_queue_work(idle->async, 0);
			spin_unlock_irq(idle->async->file.lock);
		}
		put_spu_context(idle);
	}
}

/* The context has its SPU, or needs none: START would be accepted. */
static void spu_async_end_loading(struct spu_async *async)
{
	spin_lock_irq(async->file.lock);
	if (async->loading)
		wake_up_poll(&async->file.wait, EPOLLOUT | EPOLLWRNORM);
	async->loading = false;
	spin_unlock_irq(async->file.lock);
}

/**
 * spu_async_loaded - an asynchronous context was bound to an SPU
 * @ctx: the context
 *
 * Context: process context, with ctx->state_mutex held.
 */
void spu_async_loaded(struct spu_context *ctx)
{
	if (ctx->flags & SPU_CREATE_NOSCHED)
		spu_async_end_loading(ctx->async);
}

/*
 * Wait until a context that is not scheduled has its SPU, or request the SPU:
 * then EPOLLOUT reports its arrival.  With ctx->state_mutex held, dropped to
 * wait; ctx->run_mutex keeps others from waiting for the same context.
 */
static int spu_async_load(struct spu_context *ctx, bool nonblock)
{
	struct spu_async *async = ctx->async;
	int ret;

	if (ctx->state != SPU_STATE_SAVED)
		return 0;

	/* Another thread may have requested it before. */
	spu_del_from_rq(ctx);
	clear_bit(SPU_SCHED_LOADING, &ctx->sched_flags);
	spu_update_sched_info(ctx);
	ret = spu_activate(ctx, nonblock ? SPU_ACTIVATE_NOWAIT : 0);
	if (ret == -EAGAIN) {
		spin_lock_irq(async->file.lock);
		async->loading = true;
		spin_unlock_irq(async->file.lock);
	} else {
		spu_async_end_loading(async);
	}
	return ret;
}

static int __spu_async_start(struct spu_context *ctx, u32 npc, u64 privcntl,
			     bool nowait)
{
	struct spu_async *async = ctx->async;
	int ret;

	spin_lock_irq(async->file.lock);
	ret = spu_run_begin(&async->run);
	if (!ret)
		async->old_fault = spu_async_has_fault(ctx);
	spin_unlock_irq(async->file.lock);
	if (ret)
		return ret;
	if (!nowait) {
		spu_update_sched_info(ctx);
	} else if (!spu_try_update_sched_info(ctx)) {
		spu_async_cancel_run(async);
		return -EAGAIN;
	}
	trace_spufs_async_start(ctx, npc);

	if (!test_bit(SPU_SCHED_SPU_RUN, &ctx->sched_flags))
		spu_enable_spu(ctx);

	/* The DMA that the last run left is tried again, and may fail again. */
	ctx->event_return = 0;
	ctx->fault.event = 0;
	if (async->restart_dma)
		ctx->ops->restart_dma(ctx);
	async->restart_dma = false;

	/* A pending signal is no reason to fail: nothing here waits. */
	ret = spu_run_init(ctx, npc, privcntl, SPU_ACTIVATE_NOINTR);
	if (ret) {
		spu_async_cancel(ctx);
		return ret;
	}
	/* Report an earlier error; one from now on queues the work. */
	if (spu_async_has_error(ctx))
		spu_async_settle(ctx, false);

	spin_lock_irq(async->file.lock);
	spu_async_release(async);
	if (async->run.state == SPU_RUN_IDLE && ctx->state != SPU_STATE_SAVED)
		spu_async_queue_finish(async);
	spin_unlock_irq(async->file.lock);

	if (ctx->state == SPU_STATE_SAVED)
		spu_async_finish(ctx);
	return 0;
}

static bool spu_event_nonblock(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK ||
	       iocb->ki_flags & IOCB_NOWAIT;
}

/* Nothing has been done yet: userspace need not retry after a signal. */
static int spu_async_lock(struct spu_context *ctx)
{
	return mutex_lock_interruptible(&ctx->state_mutex) ? -ERESTARTSYS : 0;
}

/* START would have to wait: -EAGAIN, unless waiting cannot help. */
static int spu_async_would_block(struct spu_async *async)
{
	int ret;

	spin_lock_irq(async->file.lock);
	ret = spu_run_check_begin(&async->run) ?: -EAGAIN;
	spin_unlock_irq(async->file.lock);
	return ret;
}

/*
 * Start a context without waiting (io_uring, RWF_NOWAIT), if it is loaded and
 * no other thread is busy with it.
 */
static int spu_async_start_nowait(struct spu_context *ctx, u32 npc,
				  u64 privcntl)
{
	int ret = -EAGAIN;

	if (spu_worker_follow(&ctx->async->client, true) ||
	    !mutex_trylock(&ctx->state_mutex))
		return spu_async_would_block(ctx->async);

	if (ctx->state != SPU_STATE_SAVED && !(ctx->flags & SPU_CREATE_ISOLATE))
		ret = __spu_async_start(ctx, npc, privcntl, true);
	spu_release(ctx);
	return ret == -EAGAIN ? spu_async_would_block(ctx->async) : ret;
}

static int spu_async_start(struct spu_context *ctx, u32 npc, u64 privcntl,
			   const struct kiocb *iocb)
{
	bool nosched = ctx->flags & SPU_CREATE_NOSCHED;
	bool nonblock = spu_event_nonblock(iocb);
	bool waits;
	int ret;

	if (iocb->ki_flags & IOCB_NOWAIT)
		return spu_async_start_nowait(ctx, npc, privcntl);

	spu_worker_follow(&ctx->async->client, false);
	if (nosched && nonblock) {
		if (!mutex_trylock(&ctx->run_mutex))
			return -EAGAIN;
	} else if (nosched) {
		if (mutex_lock_interruptible(&ctx->run_mutex))
			return -ERESTARTSYS;
	}

	ret = spu_async_lock(ctx);
	if (ret)
		goto out;
	if (nosched)
		ret = spu_async_load(ctx, nonblock);
	if (!ret)
		ret = __spu_async_start(ctx, npc, privcntl, false);
	waits = !ret && ctx->state == SPU_STATE_SAVED;
	spu_release(ctx);
	if (waits)
		spu_async_reclaim(ctx);
out:
	if (nosched)
		mutex_unlock(&ctx->run_mutex);
	return ret;
}

/*
 * Stop without waiting for the mutex or for a context that gets the SPE: work
 * does it.  With -EAGAIN instead, io_uring would wait for EPOLLOUT, hence for
 * the end of the run.
 */
static int spu_async_request_stop(struct spu_async *async)
{
	int ret = 0;

	spin_lock_irq(async->file.lock);
	if (spu_run_request_stop(&async->run))
		spu_async_queue_work(async, 0);
	else if (async->run.state == SPU_RUN_GONE)
		ret = -ENODEV;
	spin_unlock_irq(async->file.lock);
	return ret;
}

static int spu_async_stop(struct spu_context *ctx, const struct kiocb *iocb)
{
	int ret;

	trace_spufs_async_stop(ctx);
	if (iocb->ki_flags & IOCB_NOWAIT)
		return spu_async_request_stop(ctx->async);

	ret = spu_async_lock(ctx);
	if (ret)
		return ret;

	ret = ctx->owner ? 0 : -ENODEV;
	spu_async_settle_and_yield(ctx, true);
	return ret;
}

static void spu_event_file_setup(struct spu_event_file *file,
				 struct spu_event_file *gang)
{
	spin_lock_init(&file->own_lock);
	file->lock = gang ? &gang->own_lock : &file->own_lock;
	init_waitqueue_head(&file->wait);
	spu_queue_setup(&file->queue);
}

/* There will be no more events. */
static void spu_event_file_gone(struct spu_event_file *file)
{
	spin_lock_irq(file->lock);
	file->queue.gone = true;
	wake_up_all(&file->wait);
	spin_unlock_irq(file->lock);
}

/**
 * spu_async_gone - an asynchronous context comes to its end
 * @ctx: the context, whose directory is being closed, or whose owner ends or
 *	calls exec
 *
 * Ends any run in progress, and wakes all sleepers.
 *
 * Context: process context, with ctx->state_mutex held; before the context
 * gives up its SPU and its mm.
 */
void spu_async_gone(struct spu_context *ctx)
{
	struct spu_async *async = ctx->async;

	spu_async_settle(ctx, true);
	spu_async_finish(ctx);

	spin_lock_irq(async->file.lock);
	spu_run_gone(&async->run);
	async->hang_up = true;
	spin_unlock_irq(async->file.lock);
	spu_event_file_gone(&async->file);

	/* A start may wait for an SPU there, or have requested one. */
	spu_del_from_rq(ctx);
	wake_up_all(&ctx->run_wq);

	/* Work that is running finds the context gone: no need to wait. */
	if (cancel_delayed_work(&async->work))
		put_spu_context(ctx);
}

/**
 * spu_async_leave - an asynchronous context has come to its end
 * @ctx: the context, after spu_async_gone()
 *
 * Context: process context, without any lock, since it sends signals.
 */
void spu_async_leave(struct spu_context *ctx)
{
	spu_async_signal(ctx->async);
	spu_worker_leave(&ctx->async->client);
}

/**
 * spu_async_create - make a new context asynchronous
 * @ctx: the context, which has never run
 *
 * Context: process context; may sleep.
 * Return: 0, -ENOMEM, or the reason why the current process, which becomes the
 * owner, cannot serve its page faults: see spu_worker_join().
 */
int spu_async_create(struct spu_context *ctx)
{
	struct spu_async *async;
	int ret;

	async = kzalloc(sizeof(*async), GFP_KERNEL_ACCOUNT);
	if (!async)
		return -ENOMEM;

	async->ctx = ctx;
	async->file.async = async;
	spu_event_file_setup(&async->file, spu_async_gang_file(ctx));
	spu_run_setup(&async->run, &async->file.queue);
	INIT_DELAYED_WORK(&async->work, spu_async_work);

	/* An error becomes an event, not a signal. */
	ctx->flags |= SPU_CREATE_EVENTS_ENABLED;
	ctx->async = async;
	/* Once it has joined, it goes with its owner, perhaps at once. */
	ret = spu_worker_join(&async->client, ctx, spu_async_serve_fault);
	if (ret) {
		ctx->async = NULL;
		kfree(async);
	}
	return ret;
}

/**
 * spu_async_destroy - undo spu_async_create()
 * @ctx: a context with no references left, asynchronous or not, which still
 *	holds the one on its gang
 */
void spu_async_destroy(struct spu_context *ctx)
{
	struct spu_async *async = ctx->async;

	if (!async)
		return;

	spin_lock_irq(async->file.lock);
	spu_run_discard(&async->run);
	spin_unlock_irq(async->file.lock);
	spu_worker_put(async->client.worker);
	kfree(async);
}

/**
 * spu_async_gang_create - make a new gang asynchronous
 * @gang: the gang, which has no context yet
 *
 * Context: process context; may sleep.
 * Return: 0 or -ENOMEM.
 */
int spu_async_gang_create(struct spu_gang *gang)
{
	gang->event_file = kzalloc(sizeof(*gang->event_file), GFP_KERNEL_ACCOUNT);
	if (!gang->event_file)
		return -ENOMEM;

	spu_event_file_setup(gang->event_file, NULL);
	return 0;
}

/**
 * spu_async_gang_gone - neither the gang nor any context in it is still open
 * @gang: the gang, asynchronous or not
 *
 * Context: process context.
 */
void spu_async_gang_gone(struct spu_gang *gang)
{
	struct spu_event_file *file = gang->event_file;

	if (!file)
		return;
	spu_event_file_gone(file);
	kill_fasync(&file->fasync, SIGIO, POLL_HUP);
}

/**
 * spu_async_gang_destroy - undo spu_async_gang_create()
 * @gang: a gang with no references left, asynchronous or not
 */
void spu_async_gang_destroy(struct spu_gang *gang)
{
	kfree(gang->event_file);
}

static int spu_event_open(struct inode *inode, struct file *filp)
{
	struct spufs_inode_info *info = SPUFS_I(inode);

	/* The VFS allows writes to a FIFO even on a read-only mount. */
	if (filp->f_mode & FMODE_WRITE && __mnt_is_readonly(filp->f_path.mnt))
		return -EROFS;

	filp->private_data = info->i_gang ? info->i_gang->event_file :
					    &info->i_ctx->async->file;
	filp->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, filp);
}

/* The length of the records that are read from this file */
static size_t spu_event_size(const struct spu_event_file *file)
{
	return file->async ? sizeof(struct spu_event) :
			     sizeof(struct spu_gang_event);
}

/*
 * Copy the oldest event out and drop it, both or neither.  The copy is made
 * with the lock held, hence without faults.
 */
static bool spu_event_copy(struct spu_event_file *file, struct iov_iter *to)
{
	struct spu_event_record *record = spu_queue_first(&file->queue);
	struct spu_run *run = record->run;
	/* begins with the record that is read from a context's file */
	const struct spu_gang_event event = {
		.event = record->event,
		.cookie = run->cookie,
	};
	size_t copied;

	pagefault_disable();
	copied = copy_to_iter(&event, spu_event_size(file), to);
	pagefault_enable();

	if (copied < spu_event_size(file)) {
		iov_iter_revert(to, copied);
		return false;
	}
	spu_queue_drop_first(&file->queue);
	trace_spufs_async_read(run_async(run)->ctx, record->event.event,
			       record->event.status, record->event.npc);
	if (run_async(run)->file.starters && spu_run_may_begin(run))
		wake_up_poll(&run_async(run)->file.wait,
			     EPOLLOUT | EPOLLWRNORM);
	return true;
}

/* Is there an event to read, or will there never be another one? */
static bool spu_event_ready(const struct spu_event_queue *q)
{
	return !spu_queue_empty(q) || q->gone;
}

/*
 * Wait until there is an event: 0, -EAGAIN, -ERESTARTSYS, or 1 if there will
 * never be another one.  With the lock held, dropped to sleep.
 */
static int spu_event_wait(struct spu_event_file *file, bool nonblock)
{
	struct spu_event_queue *q = &file->queue;
	int ret;

	if (!spu_event_ready(q)) {
		if (nonblock)
			return -EAGAIN;
		ret = wait_event_interruptible_lock_irq(file->wait,
							spu_event_ready(q),
							*file->lock);
		if (ret)
			return ret;
	}
	return spu_queue_empty(q);
}

static ssize_t spu_event_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct spu_event_file *file = iocb->ki_filp->private_data;
	const size_t size = spu_event_size(file);
	bool nonblock = spu_event_nonblock(iocb);
	ssize_t done = 0;
	bool copied;
	int ret;

	if (iov_iter_count(to) < size)
		return -EINVAL;

	spin_lock_irq(file->lock);
	do {
		ret = spu_event_wait(file, nonblock || done);
		if (ret)
			break;

		copied = spu_event_copy(file, to);
		if (copied) {
			done += size;
			if (done % (SPU_EVENT_BATCH * size))
				continue;
		}

		spin_unlock_irq(file->lock);
		if (!copied && fault_in_iov_iter_writeable(to, size))
			ret = -EFAULT;
		cond_resched();
		spin_lock_irq(file->lock);
	} while (!ret && iov_iter_count(to) >= size);
	spin_unlock_irq(file->lock);

	if (done)
		return done;
	return ret < 0 ? ret : 0;
}

/* Direct the events of this context to the file of its gang. */
static int spu_async_join(struct spu_context *ctx, u64 cookie)
{
	struct spu_event_file *gang = spu_async_gang_file(ctx);
	int ret;

	if (!gang)
		return -EINVAL;

	spin_lock_irq(gang->lock);
	ret = spu_run_join(&ctx->async->run, &gang->queue, cookie);
	spin_unlock_irq(gang->lock);
	return ret;
}

/* Carry out one record, and return its size. */
static ssize_t spu_event_write_one(struct spu_context *ctx,
				   struct iov_iter *from,
				   const struct kiocb *iocb)
{
	struct {
		u32 op;
		u32 data[2];
	} control;
	size_t size, copied, left = iov_iter_count(from);
	int ret = -EINVAL;

	if (left < sizeof(control.op))
		return -EINVAL;
	copied = copy_from_iter(&control, min(left, sizeof(control)), from);
	if (copied < sizeof(control.op))
		return -EFAULT;

	switch (control.op) {
	case SPU_CONTROL_START_SPU:
	case SPU_CONTROL_STEP_SPU:
		size = sizeof(control.op) + sizeof(u32);
		break;
	case SPU_CONTROL_STOP_SPU:
		size = sizeof(control.op);
		break;
	case SPU_CONTROL_SET_COOKIE:
		size = sizeof(control.op) + sizeof(u64);
		break;
	default:
		return -EINVAL;
	}

	/* The remainder must at least look like another record. */
	if (left < size || (left > size && left - size < sizeof(control.op)))
		return -EINVAL;
	if (copied < size)
		return -EFAULT;
	iov_iter_revert(from, copied - size);

	switch (control.op) {
	case SPU_CONTROL_START_SPU:
		ret = spu_async_start(ctx, control.data[0],
				      SPU_PRIVCNTL_MODE_NORMAL, iocb);
		break;
	case SPU_CONTROL_STEP_SPU:
		ret = spu_async_start(ctx, control.data[0],
				      SPU_PRIVCNTL_MODE_SINGLE_STEP, iocb);
		break;
	case SPU_CONTROL_STOP_SPU:
		ret = spu_async_stop(ctx, iocb);
		break;
	case SPU_CONTROL_SET_COOKIE:
		ret = spu_async_join(ctx, get_unaligned((u64 *)control.data));
		break;
	}
	return ret ?: size;
}

static ssize_t spu_event_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct spu_event_file *file = iocb->ki_filp->private_data;
	ssize_t ret, done = 0;

	/* A gang's file: CAP_DAC_OVERRIDE opens it for writing, too. */
	if (!file->async)
		return -EINVAL;

	do {
		ret = spu_event_write_one(file->async->ctx, from, iocb);
		if (ret < 0)
			break;
		done += ret;
		cond_resched();
	} while (iov_iter_count(from) && !signal_pending(current));

	return done ?: ret;
}

static __poll_t spu_event_poll(struct file *filp, poll_table *wait)
{
	struct spu_event_file *file = filp->private_data;
	__poll_t events = 0;

	/*
	 * Every change of the state that is checked here is made under the
	 * lock, and a wake-up follows.  So the change is seen here, or wakes
	 * the waiter that was just added.
	 */
	poll_wait(filp, &file->wait, wait);

	spin_lock_irq(file->lock);
	if (poll_requested_events(wait) & (EPOLLOUT | EPOLLWRNORM))
		file->starters = true;
	if (!spu_queue_empty(&file->queue))
		events |= EPOLLIN | EPOLLRDNORM;
	if (file->async && spu_run_may_begin(&file->async->run) &&
	    !file->async->loading)
		events |= EPOLLOUT | EPOLLWRNORM;
	if (file->queue.gone)
		events |= EPOLLHUP;
	spin_unlock_irq(file->lock);

	return events;
}

static long spu_event_ioctl(struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	struct spu_event_file *file = filp->private_data;
	int bytes;

	if (cmd != FIONREAD)
		return -ENOTTY;

	spin_lock_irq(file->lock);
	bytes = file->queue.len * spu_event_size(file);
	spin_unlock_irq(file->lock);
	return put_user(bytes, (int __user *)arg);
}

static int spu_event_fasync(int fd, struct file *filp, int on)
{
	struct spu_event_file *file = filp->private_data;

	return fasync_helper(fd, filp, on, &file->fasync);
}

#ifdef CONFIG_PROC_FS
static void spu_event_show_fdinfo(struct seq_file *m, struct file *filp)
{
	static const char * const states[] = {
		[SPU_RUN_IDLE] = "idle",
		[SPU_RUN_BUSY] = "busy",
		[SPU_RUN_RUNNING] = "running",
		[SPU_RUN_GONE] = "gone",
	};
	struct spu_event_file *file = filp->private_data;
	struct spu_run run = { };
	unsigned int records;

	spin_lock_irq(file->lock);
	records = file->queue.len;
	if (file->async)
		run = file->async->run;
	spin_unlock_irq(file->lock);

	seq_printf(m, "spu-records:\t%u\n", records);
	if (!file->async)
		return;
	seq_printf(m, "spu-state:\t%s\n", states[run.state]);
	seq_printf(m, "spu-runs:\t%llu\n", run.runs);
	seq_printf(m, "spu-events:\t%llu\n", run.events);
	if (run.queue != &file->queue)
		seq_printf(m, "spu-cookie:\t0x%llx\n", run.cookie);
}
#endif

static const struct file_operations spu_event_fops = {
	.owner		= THIS_MODULE,
	.open		= spu_event_open,
	.read_iter	= spu_event_read_iter,
	.write_iter	= spu_event_write_iter,
	.poll		= spu_event_poll,
	.unlocked_ioctl	= spu_event_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.fasync		= spu_event_fasync,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= spu_event_show_fdinfo,
#endif
};

/*
 * The additional file in the directory of an asynchronous context.  Like a
 * pipe, the file has no size and no position: io_uring would retry the rest of
 * a short read or write of a regular file later.  Its mode is not
 * spu_create()'s, because a read removes the events: the owner lets others have
 * them by passing a descriptor, or by chmod.
 */
const struct spufs_tree_descr spufs_dir_async_contents[] = {
	{ "event", &spu_event_fops, S_IFIFO | 0600, },
	{},
};

/* The file in the directory of an asynchronous gang, beside its contexts */
const struct spufs_tree_descr spufs_gang_async_contents[] = {
	{ "event", &spu_event_fops, S_IFIFO | 0400, },
	{},
};

/**
 * spu_async_init - prepare for asynchronous contexts
 *
 * Return: 0 or -ENOMEM.
 */
int __init spu_async_init(void)
{
	int ret = spu_worker_init();

	if (ret)
		return ret;
	/* Its work waits only for mutexes, hence not for any user. */
	spu_async_wq = alloc_workqueue("spufs", WQ_UNBOUND, 0);
	if (!spu_async_wq) {
		spu_worker_exit();
		return -ENOMEM;
	}
	return 0;
}

/**
 * spu_async_exit - undo spu_async_init()
 *
 * Waits for work that found its context gone.
 */
void spu_async_exit(void)
{
	spu_worker_exit();
	destroy_workqueue(spu_async_wq);
}
