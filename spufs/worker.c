// SPDX-License-Identifier: GPL-2.0
/*
 * The threads that serve the page faults of asynchronous SPU contexts
 */

/**
 * DOC: Whose thread, whose memory
 *
 * A thread in spu_run(2) resolves the page faults of its SPU itself.  No thread
 * waits for an asynchronous context, so a worker serves its faults: a thread
 * that the kernel adds to the process that created the context, the owner, as
 * vhost adds its own.  The worker uses the owner's memory, memory cgroup,
 * limits and priority; it is frozen and killed with the owner, and no other
 * process waits for it.  It serves each fault with the credentials that the
 * owner has then, so an owner that gives up its rights does so here, too.
 *
 * There is one worker for a process, found by its thread group, not by its
 * memory, which vfork() shares.  It begins with the first asynchronous context
 * of the process, and ends a second after the last one or with the process.  So
 * a process that has one context after the other does not need a new thread for
 * each.  Threads on their way out would still count for RLIMIT_NPROC.
 *
 * A worker has one thread.  Before a thread does anything that may wait for
 * long, it makes sure that another one is idle.  So a fault that hangs holds up
 * no other context, not even of the same process: see spu_worker_may_block().
 * An additional thread is charged to the owner, by RLIMIT_NPROC and the pids
 * cgroup; if it is refused, the owner's other faults wait.  It takes the best
 * priority that one of the others has then, so what they have lost does not come
 * back.  A surplus thread ends after a second without work.
 *
 * The end. exit(), exec() and a fatal signal kill every other thread of a
 * process, workers included.  The first thread that is killed ends the runs of
 * all contexts while the memory is still there: the thread itself holds it.  If
 * the threads of a process end one by one, by exit rather than exit_group(),
 * there is no notification.  The worker would keep the process then, so it
 * checks once a second whether it is alone, even while there are faults.
 *
 * A thread cannot leave by itself, except for a signal.  When it wants to
 * leave, it retires, and work of spu_worker_wq stops it.  Until then it sleeps
 * where no signal reaches it: a user who stops the thread would hold up a
 * kworker, and all users share these.
 *
 * Locks, the outer first: a worker's mutex, ctx->state_mutex, the event file's
 * lock, the worker's lock.  spu_workers_mutex is inside a worker's mutex.
 */

#include <linux/cred.h>
#include <linux/freezer.h>
#include <linux/kref.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/vhost_task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <uapi/linux/sched/types.h>

#include "spufs.h"
#include "worker.h"

/**
 * struct spu_worker - the threads that serve a process's contexts
 * @node: its place in spu_workers, until it is dead
 * @tgid: the process
 * @kref: a reference for each context and each thread
 * @mutex: protects the following members, up to @lock
 * @contexts: the contexts that are not gone
 * @threads: the threads that have not retired
 * @nr_contexts: the number of contexts
 * @nr_threads: the number of threads, including those that have not begun ...
 * @nr_begun: ... and the number of those that have
 * @attr: the scheduling parameters that its threads were last given ...
 * @prio: ... as the kernel counts them
 * @paused: the process is being frozen, and its SPUs do not run
 * @dead: it gets no new contexts
 * @lock: protects @faults, @idle, @nr_stray and the clients' @fault; taken in
 *	interrupts
 * @faults: the clients whose faults wait for a thread
 * @idle: the threads that wait for a fault
 * @nr_stray: the number of threads that serve a fault of a context that is gone
 */
struct spu_worker {
	struct list_head node;
	struct pid *tgid;
	struct kref kref;
	struct mutex mutex;	/* protects contexts and threads */
	struct list_head contexts;
	struct list_head threads;
	unsigned int nr_contexts;
	unsigned int nr_threads;
	unsigned int nr_begun;
	struct sched_attr attr;
	int prio;
	bool paused;
	bool dead;
	spinlock_t lock;	/* protects the faults */
	struct list_head faults;
	struct list_head idle;
	unsigned int nr_stray;
};

/**
 * struct spu_worker_thread - a thread of a worker
 * @worker: the worker
 * @vtsk: the thread, as the kernel knows it
 * @task: the thread, once it has begun
 * @node: its place in worker->threads; protected by the worker's mutex
 * @idle: its place in worker->idle; protected by the worker's lock
 * @served: it has just served a fault
 * @looked: the last time that it checked whether it is alone, in jiffies
 * @retired: it wants to be stopped; only the thread itself checks this
 * @stop: the work that stops it
 */
struct spu_worker_thread {
	struct spu_worker *worker;
	struct vhost_task *vtsk;
	struct task_struct *task;
	struct list_head node;
	struct list_head idle;
	bool served;
	unsigned long looked;
	bool retired;
	struct work_struct stop;
};

/* The time that a thread is idle before it checks whether it is needed */
#define SPU_WORKER_IDLE		HZ

/*
 * The time that a thread waits for the next fault before it sleeps, about the
 * time that it takes to sleep and be woken.  DMA to untouched pages causes one
 * fault after the other.
 */
#define SPU_WORKER_POLL_NS	5000

static LIST_HEAD(spu_workers);
static DEFINE_MUTEX(spu_workers_mutex);
static struct workqueue_struct *spu_worker_wq;
static atomic_t spu_worker_threads;
static DECLARE_WAIT_QUEUE_HEAD(spu_worker_threads_wait);

static void spu_worker_free(struct kref *kref)
{
	struct spu_worker *w = container_of(kref, struct spu_worker, kref);

	put_pid(w->tgid);
	kfree(w);
}

/**
 * spu_worker_put - drop a context's reference on its worker
 * @w: the worker, or NULL
 */
void spu_worker_put(struct spu_worker *w)
{
	if (w)
		kref_put(&w->kref, spu_worker_free);
}

/* Take a fault from the list, to be served, or else be idle. */
static struct spu_client *spu_worker_next(struct spu_worker_thread *t)
{
	struct spu_worker *w = t->worker;
	struct spu_client *client;

	spin_lock_irq(&w->lock);
	client = list_first_entry_or_null(&w->faults, struct spu_client, fault);
	if (client) {
		list_del_init(&client->fault);
		client->serving = true;
		w->nr_stray += client->left;
		list_del_init(&t->idle);
	} else if (list_empty(&t->idle)) {
		list_add(&t->idle, &w->idle);
	}
	spin_unlock_irq(&w->lock);
	return client;
}

/* Its fault has been served; there may be another one by now. */
static void spu_worker_served(struct spu_worker *w, struct spu_client *client)
{
	bool again;

	spin_lock_irq(&w->lock);
	client->serving = false;
	w->nr_stray -= client->left;
	again = client->again;
	client->again = false;
	if (again)
		list_add_tail(&client->fault, &w->faults);
	spin_unlock_irq(&w->lock);
	if (!again)
		put_spu_context(client->ctx);
}

/* With the worker's lock held. */
static void spu_worker_wake(struct spu_worker *w)
{
	struct spu_worker_thread *t;

	t = list_first_entry_or_null(&w->idle, struct spu_worker_thread, idle);
	if (t)
		wake_up_process(t->task);
}

/**
 * spu_worker_queue_fault - queue a page fault of a context for service
 * @client: the context
 *
 * Calls client->serve() for it, or once more if that is being called.
 *
 * Context: hard interrupt, with the event file's lock held, the context not
 * gone.
 */
void spu_worker_queue_fault(struct spu_client *client)
{
	struct spu_worker *w = client->worker;

	spin_lock(&w->lock);
	if (client->serving) {
		client->again = true;
	} else if (list_empty(&client->fault)) {
		get_spu_context(client->ctx);
		list_add_tail(&client->fault, &w->faults);
		spu_worker_wake(w);
	}
	spin_unlock(&w->lock);
}

/* It gets no new contexts.  With the worker's mutex held. */
static void spu_worker_bury(struct spu_worker *w)
{
	struct spu_worker_thread *t;

	if (w->dead)
		return;
	w->dead = true;
	mutex_lock(&spu_workers_mutex);
	list_del(&w->node);
	mutex_unlock(&spu_workers_mutex);

	/* The threads retire. */
	spin_lock_irq(&w->lock);
	list_for_each_entry(t, &w->idle, idle)
		wake_up_process(t->task);
	spin_unlock_irq(&w->lock);
}

/* A context is gone, but not its fault.  With the worker's mutex held. */
static void spu_worker_drop(struct spu_worker *w, struct spu_client *client)
{
	list_del_init(&client->member);
	w->nr_contexts--;

	spin_lock_irq(&w->lock);
	client->left = true;
	w->nr_stray += client->serving;
	spin_unlock_irq(&w->lock);
}

/* The owner ends, and so do its contexts. */
static void spu_worker_disown(struct spu_worker *w)
{
	struct spu_client *client;
	struct spu_context *ctx;

	mutex_lock(&w->mutex);
	spu_worker_bury(w);
	while (!list_empty(&w->contexts)) {
		client = list_first_entry(&w->contexts, struct spu_client,
					  member);
		spu_worker_drop(w, client);
		ctx = get_spu_context(client->ctx);
		mutex_unlock(&w->mutex);
		spu_forget(ctx);
		put_spu_context(ctx);
		mutex_lock(&w->mutex);
	}
	mutex_unlock(&w->mutex);
}

/*
 * The first thread of this process that the kernel did not make, or NULL if all
 * of these have ended.  Under RCU.
 */
static struct task_struct *spu_worker_owner(void)
{
	struct task_struct *t;

	for_each_thread(current, t)
		if (!(t->flags & (PF_USER_WORKER | PF_EXITING)))
			return t;
	return NULL;
}

/* If there is none, end with all contexts. */
static bool spu_worker_go_if_alone(struct spu_worker_thread *t)
{
	t->looked = jiffies;
	scoped_guard(rcu)
		if (spu_worker_owner())
			return false;
	spu_worker_disown(t->worker);
	return true;
}

static void spu_worker_retire(struct spu_worker_thread *t)
{
	struct spu_worker *w = t->worker;

	spin_lock_irq(&w->lock);
	list_del_init(&t->idle);
	spin_unlock_irq(&w->lock);

	mutex_lock(&w->mutex);
	list_del(&t->node);
	w->nr_threads--;
	w->nr_begun--;
	mutex_unlock(&w->mutex);

	t->retired = true;
}

static void spu_worker_stop(struct work_struct *work)
{
	struct spu_worker_thread *t;
	struct spu_client *client, *next;
	struct spu_worker *w;
	LIST_HEAD(faults);

	t = container_of(work, struct spu_worker_thread, stop);
	w = t->worker;
	/* The thread has nothing more to do; wait for its end. */
	vhost_task_stop(t->vtsk);
	kfree(t);

	/* Without a thread, nothing serves the faults left in the list. */
	mutex_lock(&w->mutex);
	if (w->dead && !w->nr_threads) {
		spin_lock_irq(&w->lock);
		list_splice_init(&w->faults, &faults);
		spin_unlock_irq(&w->lock);
	}
	mutex_unlock(&w->mutex);
	list_for_each_entry_safe(client, next, &faults, fault) {
		list_del_init(&client->fault);
		put_spu_context(client->ctx);
	}

	spu_worker_put(w);
	if (atomic_dec_and_test(&spu_worker_threads))
		wake_up_all(&spu_worker_threads_wait);
}

/* Stop the SPUs, as a signal stops them in spu_run(), or let them go on. */
static void spu_worker_pause(struct spu_worker *w, bool pause)
{
	struct spu_client *client;

	mutex_lock(&w->mutex);
	if (w->paused != pause) {
		w->paused = pause;
		list_for_each_entry(client, &w->contexts, member)
			spu_pause(client->ctx, pause);
	}
	mutex_unlock(&w->mutex);
}

/* Is this thread about to be frozen, by its cgroup or with the whole system? */
static bool spu_worker_freezing(void)
{
	return freezing(current) ||
	       READ_ONCE(current->jobctl) & JOBCTL_TRAP_FREEZE;
}

/* It has been idle for a while. */
static void spu_worker_look_around(struct spu_worker_thread *t)
{
	struct spu_worker *w = t->worker;
	bool others;

	if (spu_worker_go_if_alone(t))
		return;
	/* Until now, a new context would have found its thread. */
	mutex_lock(&w->mutex);
	if (!w->nr_contexts)
		spu_worker_bury(w);
	mutex_unlock(&w->mutex);

	spin_lock_irq(&w->lock);
	others = !list_empty(&t->idle) && !list_is_singular(&w->idle);
	/* Another one that checks at this moment finds itself the last. */
	if (others)
		list_del_init(&t->idle);
	spin_unlock_irq(&w->lock);
	if (others)
		spu_worker_retire(t);
}

/*
 * Wait for a fault without sleeping, if there was one just before.  The state
 * is TASK_INTERRUPTIBLE, as in sleep: a wake-up makes the thread running.
 */
static bool spu_worker_poll(struct spu_worker_thread *t)
{
	u64 end;

	if (!t->served)
		return false;
	t->served = false;
	end = ktime_get_ns() + SPU_WORKER_POLL_NS;
	do {
		if (task_is_running(current))
			return true;
		cpu_relax();
	} while (!need_resched() && ktime_get_ns() < end);
	return false;
}

/* Is a thread that this one makes to have the default instead, see sched_fork()? */
static bool spu_worker_reset(const struct task_struct *task)
{
	return task->sched_reset_on_fork && task->normal_prio < DEFAULT_PRIO;
}

static int spu_worker_prio(const struct task_struct *task)
{
	return spu_worker_reset(task) ? DEFAULT_PRIO : task->normal_prio;
}

/* The worker's threads are to have the priority of a thread that this one makes. */
static void spu_worker_adopt(struct spu_worker *w, const struct task_struct *task)
{
	struct sched_attr attr = { .size = sizeof(attr) };

	if (!spu_worker_reset(task)) {
		attr.sched_policy = task->policy;
		attr.sched_priority = task->rt_priority;
		attr.sched_nice = task_nice(task);
		/* A deadline belongs to one thread. */
		if (task->policy == SCHED_DEADLINE) {
			attr.sched_policy = SCHED_FIFO;
			attr.sched_priority = MAX_RT_PRIO - 1;
		}
	}
	w->attr = attr;
	WRITE_ONCE(w->prio, spu_worker_prio(task));
}

/* The thread has begun. */
static void spu_worker_begin(struct spu_worker_thread *t)
{
	struct spu_worker *w = t->worker;
	struct task_struct *best = NULL;
	struct spu_worker_thread *other;

	mutex_lock(&w->mutex);
	/* The others may have lost, by now, the priority that they were given. */
	list_for_each_entry(other, &w->threads, node)
		if (!best || spu_worker_prio(other->task) < spu_worker_prio(best))
			best = other->task;
	if (best)
		spu_worker_adopt(w, best);
	t->task = current;
	list_add(&t->node, &w->threads);
	w->nr_begun++;
	spin_lock_irq(&w->lock);
	list_add(&t->idle, &w->idle);
	spin_unlock_irq(&w->lock);
	if (current->normal_prio > w->prio)
		sched_setattr_nocheck(current, &w->attr);
	mutex_unlock(&w->mutex);
}

/* With the credentials that the process has now; a new thread has them as well. */
static void spu_worker_serve(struct spu_client *client)
{
	const struct cred *cred = NULL, *own;
	struct task_struct *owner;

	scoped_guard(rcu) {
		owner = spu_worker_owner();
		if (owner)
			cred = get_task_cred(owner);
	}
	if (!cred || cred == current_cred()) {
		client->serve(client->ctx);
	} else {
		own = override_creds(cred);
		client->serve(client->ctx);
		revert_creds(own);
	}
	put_cred(cred);
}

/*
 * The loop body of a thread: one fault, or a second of sleep.  It is called in
 * TASK_INTERRUPTIBLE, so that a wake-up after the check is not lost; if it
 * returns false, the caller sleeps.
 */
static bool spu_worker_run(void *data)
{
	struct spu_worker_thread *t = data;
	struct spu_worker *w = t->worker;
	struct spu_client *client;

	if (t->retired)
		return false;
	if (!t->task) {
		__set_current_state(TASK_RUNNING);
		spu_worker_begin(t);
		goto out;
	}
	if (READ_ONCE(w->paused) && !spu_worker_freezing()) {
		__set_current_state(TASK_RUNNING);
		spu_worker_pause(w, false);
		goto out;
	}

	client = spu_worker_next(t);
	if (client) {
		__set_current_state(TASK_RUNNING);
		spu_worker_serve(client);
		spu_worker_served(w, client);
		t->served = true;
		if (time_after(jiffies, t->looked + SPU_WORKER_IDLE))
			spu_worker_go_if_alone(t);
	} else if (READ_ONCE(w->dead)) {
		__set_current_state(TASK_RUNNING);
		spu_worker_retire(t);
	} else if (!spu_worker_poll(t) && !schedule_timeout(SPU_WORKER_IDLE)) {
		spu_worker_look_around(t);
	}

out:
	if (t->retired) {
		/* The caller checks for the stop before signals. */
		set_current_state(TASK_UNINTERRUPTIBLE);
		queue_work(spu_worker_wq, &t->stop);
		schedule();
		return true;
	}
	/* The caller freezes, and calls again when it thaws. */
	if (spu_worker_freezing())
		spu_worker_pause(w, true);
	return true;
}

/* The process ends, or calls exec. */
static void spu_worker_killed(void *data)
{
	struct spu_worker_thread *t = data;

	spu_worker_disown(t->worker);
	if (!t->retired) {
		/* killed before it could begin */
		if (!t->task)
			spu_worker_begin(t);
		spu_worker_retire(t);
		queue_work(spu_worker_wq, &t->stop);
	}
}

/* With the worker's mutex held. */
static int spu_worker_add_thread(struct spu_worker *w)
{
	struct spu_worker_thread *t;
	int ret;

	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return -ENOMEM;

	t->worker = w;
	t->looked = jiffies;
	INIT_LIST_HEAD(&t->idle);
	INIT_WORK(&t->stop, spu_worker_stop);
	t->vtsk = vhost_task_create(spu_worker_run, spu_worker_killed, t,
				    "spufs-worker");
	if (IS_ERR(t->vtsk)) {
		ret = PTR_ERR(t->vtsk);
		kfree(t);
		/* after unshare(CLONE_NEWPID), see clone(2): no more threads */
		return ret == -EINVAL ? -EAGAIN : ret;
	}
	w->nr_threads++;
	kref_get(&w->kref);
	atomic_inc(&spu_worker_threads);
	vhost_task_start(t->vtsk);
	return 0;
}

/*
 * Make sure that there is a thread for the next fault, unless there are as many
 * threads as faults can hang.  With the worker's mutex held.
 */
static int spu_worker_reserve(struct spu_worker *w)
{
	unsigned int most;
	bool idle;

	spin_lock_irq(&w->lock);
	idle = !list_empty(&w->idle) || w->nr_begun < w->nr_threads;
	most = w->nr_contexts + w->nr_stray;
	spin_unlock_irq(&w->lock);
	if (idle || w->dead || w->nr_threads >= most)
		return 0;
	return spu_worker_add_thread(w);
}

/**
 * spu_worker_may_block - service of a context may wait for long from here on
 * @client: the context
 *
 * Lets another thread take over the waiting and the coming faults.
 *
 * Context: a thread of the worker, which serves a fault of the context; without
 * any mutex.
 */
void spu_worker_may_block(struct spu_client *client)
{
	struct spu_worker *w = client->worker;

	mutex_lock(&w->mutex);
	/* Without another thread, the faults wait for this one. */
	spu_worker_reserve(w);
	mutex_unlock(&w->mutex);

	spin_lock_irq(&w->lock);
	if (!list_empty(&w->faults))
		spu_worker_wake(w);
	spin_unlock_irq(&w->lock);
}

/**
 * spu_worker_follow - a context is being started
 * @client: the context
 * @nowait: it must not wait for the worker's mutex
 *
 * Gives the worker's threads the priority of the caller, if that is better and
 * the caller is a thread of the owner: its faults are served like those of
 * spu_run().
 *
 * Context: process context, without any mutex.
 * Return: 0, or -EAGAIN if it would have to wait.
 */
int spu_worker_follow(struct spu_client *client, bool nowait)
{
	struct spu_worker *w = client->worker;
	struct spu_worker_thread *t;

	if (likely(current->normal_prio >= READ_ONCE(w->prio)))
		return 0;
	if (task_tgid(current) != w->tgid ||
	    spu_worker_prio(current) >= READ_ONCE(w->prio))
		return 0;
	if (nowait)
		return -EAGAIN;

	mutex_lock(&w->mutex);
	/* Another thread may have been faster. */
	if (spu_worker_prio(current) >= w->prio) {
		mutex_unlock(&w->mutex);
		return 0;
	}
	spu_worker_adopt(w, current);
	list_for_each_entry(t, &w->threads, node)
		sched_setattr_nocheck(t->task, &w->attr);
	mutex_unlock(&w->mutex);
	return 0;
}

/* The worker of the current process, with a reference; it may die meanwhile. */
static struct spu_worker *spu_worker_get(void)
{
	/* Before the lock, which is everybody's: it may have to wait for memory. */
	struct spu_worker *new __free(kfree) = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	struct spu_worker *w;

	guard(mutex)(&spu_workers_mutex);
	list_for_each_entry(w, &spu_workers, node)
		if (w->tgid == task_tgid(current)) {
			kref_get(&w->kref);
			return w;
		}

	if (!new)
		return NULL;
	w = no_free_ptr(new);
	kref_init(&w->kref);
	mutex_init(&w->mutex);
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->contexts);
	INIT_LIST_HEAD(&w->threads);
	INIT_LIST_HEAD(&w->faults);
	INIT_LIST_HEAD(&w->idle);
	spu_worker_adopt(w, current);
	w->tgid = get_pid(task_tgid(current));
	list_add(&w->node, &spu_workers);
	return w;
}

/**
 * spu_worker_join - let the current process serve a new context's faults
 * @client: to be set up, for the context
 * @ctx: the context
 * @serve: the function that serves a fault
 *
 * The first context of a process gets the process its worker, with a thread.
 * If no thread is left for the context, because all of them serve faults that
 * hang, the worker gets another one.
 *
 * Context: process context, without any mutex; may sleep.
 * Return: 0; -ENOMEM; or the reason why the process cannot have another thread:
 * -EAGAIN by RLIMIT_NPROC, the pids cgroup, SCHED_DEADLINE without
 * reset-on-fork or unshare(CLONE_NEWPID), -ERESTARTNOINTR because of a signal.
 */
int spu_worker_join(struct spu_client *client, struct spu_context *ctx,
		    void (*serve)(struct spu_context *ctx))
{
	struct spu_worker *w;
	int ret;

	client->ctx = ctx;
	client->serve = serve;
	INIT_LIST_HEAD(&client->member);
	INIT_LIST_HEAD(&client->fault);
	for (;;) {
		w = spu_worker_get();
		if (!w)
			return -ENOMEM;
		mutex_lock(&w->mutex);
		if (!w->dead)
			break;
		/* It has had no contexts for a while. */
		mutex_unlock(&w->mutex);
		spu_worker_put(w);
	}

	w->nr_contexts++;
	ret = spu_worker_reserve(w);
	/* An existing thread will get to it. */
	if (ret && w->nr_threads)
		ret = 0;
	if (ret) {
		w->nr_contexts--;
		if (!w->nr_contexts)
			spu_worker_bury(w);
	} else {
		list_add(&client->member, &w->contexts);
		client->worker = w;
	}
	mutex_unlock(&w->mutex);
	if (ret)
		spu_worker_put(w);
	return ret;
}

/**
 * spu_worker_leave - a context is gone
 * @client: the context, which has joined; no new fault of it is queued
 *
 * Context: process context, without any mutex.
 */
void spu_worker_leave(struct spu_client *client)
{
	struct spu_worker *w = client->worker;

	mutex_lock(&w->mutex);
	if (!list_empty(&client->member))
		spu_worker_drop(w, client);
	mutex_unlock(&w->mutex);
}

/**
 * spu_worker_init - prepare for workers
 *
 * Return: 0 or -ENOMEM.
 */
int __init spu_worker_init(void)
{
	/* A thread that is to be ended may be stopped by SIGSTOP. */
	spu_worker_wq = alloc_workqueue("spufs_worker", WQ_UNBOUND,
					WQ_MAX_ACTIVE);
	return spu_worker_wq ? 0 : -ENOMEM;
}

/**
 * spu_worker_exit - undo spu_worker_init()
 *
 * Waits for the threads, whose contexts are gone.
 */
void spu_worker_exit(void)
{
	wait_event(spu_worker_threads_wait, !atomic_read(&spu_worker_threads));
	destroy_workqueue(spu_worker_wq);
}
