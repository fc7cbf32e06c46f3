// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs: by spu_run(2), in which the calling thread sleeps, and by the event file
 * of an asynchronous context (Documentation/filesystems/spufs/async.rst).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spe2.h"

#define RUN_FLAGS	(SPE_RUN_USER_REGS | SPE_NO_CALLBACKS)

/* Debuggers follow this from thread to context. */
struct spe_context_info {
	int spe_id;
	unsigned int npc, status;
	struct spe_context_info *prev;
};

SPE2_EXPORT __thread struct spe_context_info *__spe_current_active_context;

/*
 * The registers with which a program's main() begins: the stack's pointer and
 * size, three arguments, and the effective address of local store ("SPU
 * Application Binary Interface"; libspe2 for $6).
 */
static int set_registers(struct spe_context *spe, unsigned int runflags,
			 const void *argp, const void *envp)
{
	struct spe_context_base_priv *p = spe->base_private;
	uint64_t regs[128][2] = {};
	int fd, ret;

	regs[1][0] = (uint64_t)(LS_SIZE - 16) << 32;
	if (runflags & SPE_RUN_USER_REGS) {
		memcpy(regs[3], argp, 3 * sizeof(regs[3]));
	} else {
		regs[3][0] = (uintptr_t)spe;
		regs[4][0] = (uintptr_t)argp;
		regs[5][0] = (uintptr_t)envp;
	}
	regs[6][0] = (uintptr_t)p->ls;
	fd = syscall(SYS_openat, p->dir, "regs", O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		/* A context that is never saved has no such file. */
		if (p->flags & (SPE_NOSCHED | SPE_ISOLATE))
			return 0;
		errno = EFAULT;
		return -1;
	}
	ret = spe2_write(fd, regs, sizeof(regs));
	syscall(SYS_close, fd);
	return ret;
}

/* Find out where to begin; registers are set if that is the program's entry. */
static int prepare(struct spe_context *spe, unsigned int entry, unsigned int runflags,
		   void *argp, void *envp, uint32_t *npc)
{
	struct spe_context_base_priv *p = spe->base_private;

	if (runflags & ~RUN_FLAGS || (runflags & SPE_RUN_USER_REGS && !argp)) {
		errno = EINVAL;
		return -1;
	}
	*npc = entry == SPE_DEFAULT_ENTRY ? p->entry : entry;
	if (*npc == SPE_DEFAULT_ENTRY) {
		errno = EINVAL;		/* no program was loaded */
		return -1;
	}
	if (*npc == p->entry && !(p->flags & SPE_ISOLATE))
		return set_registers(spe, runflags, argp, envp);
	return 0;
}

/* The word after a call's stop instruction is its argument. */
static uint32_t after_call(uint32_t npc)
{
	return ((npc + 4) & (LS_SIZE - 4)) | (npc & 1);
}

/*
 * A thread in spe_context_run(). It can be cancelled where it would be in spu_run(),
 * which is not a cancellation point, but is interrupted if the thread's cancellation
 * is asynchronous. It can also be cancelled in calls that are served, but nowhere else.
 */
struct running {
	struct spe_context *spe;
	struct spe_context_info info;
	int cancel;		/* the thread's own state */
	bool waits, runs;	/* it counts as a waiter, it is the runner */
};

static long system_call_of(struct running *r, long number, long a, long b, long c)
{
	long ret;
	int error;

	pthread_setcancelstate(r->cancel, NULL);
	ret = syscall(number, a, b, c, 0, 0, 0);
	error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	errno = error;
	return ret;
}

static void enter(struct running *r, struct spe_context *spe)
{
	struct spe_context_base_priv *p = spe->base_private;

	r->spe = spe;
	r->info.spe_id = p->dir;
	r->info.prev = __spe_current_active_context;
	r->waits = r->runs = false;
	__spe_current_active_context = &r->info;
	pthread_mutex_lock(&p->lock);
	p->users++;
	pthread_mutex_unlock(&p->lock);
}

static void give_up(struct spe_context_base_priv *p);

static void wake_waiters(struct spe_context_base_priv *p)
{
	p->idle++;
	if (p->waiters)
		syscall(SYS_futex, &p->idle, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Called whether the thread is cancelled or not */
static void leave(void *arg)
{
	struct running *r = arg;
	struct spe_context_base_priv *p = r->spe->base_private;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	__spe_current_active_context = r->info.prev;
	pthread_mutex_lock(&p->lock);
	p->waiters -= r->waits;
	if (r->runs) {
		if (p->state != SPE2_IDLE)
			give_up(p);
		p->runner = false;
		wake_waiters(p);
	}
	if (p->users)		/* none in a child that a callback has forked */
		p->users--;
	pthread_mutex_unlock(&p->lock);
}

/* ---- by spu_run() ---- */

static int run_by_system_call(struct running *r, uint32_t npc, unsigned int runflags,
			      unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = r->spe->base_private;
	enum spe2_served served;
	unsigned int errors;
	int status, error, ret;

	for (;;) {
		r->info.npc = npc;
		errors = 0;
		status = system_call_of(r, SYS_spu_run, p->dir, (long)&npc, (long)&errors);
		error = errno;
		r->info.npc = npc;
		r->info.status = status;
		*entry = npc;
		if (!spe2_is_call(p, runflags, status, errors))
			return spe2_stop_info(info, p->flags, false, status, errors, error);
		ret = spe2_call(r->spe, STOP_CODE(status) & 0xff, npc, &r->cancel, &served);
		if (ret) {
			memset(info, 0, sizeof(*info));
			info->stop_reason = SPE_CALLBACK_ERROR;
			info->result.spe_callback_error = ret;
			info->spu_status = status;
			errno = EFAULT;
			return -1;
		}
		npc = after_call(npc);
	}
}

/* ---- by the event file ---- */

/* Start the SPU; @stop: and stop it at once. With the lock held */
static int start(struct spe_context_base_priv *p, uint32_t npc, bool stop)
{
	const uint32_t records[] = { SPU_CONTROL_START_SPU, npc, SPU_CONTROL_STOP_SPU };

	return spe2_write(p->event, records, stop ? 12 : 8);
}

/* Where the program was before the call that it made: started there, it calls again. */
static uint32_t before_call(uint32_t npc)
{
	return ((npc - 4) & (LS_SIZE - 4)) | (npc & 1);
}

static int stop(struct spe_context_base_priv *p)
{
	const uint32_t record = SPU_CONTROL_STOP_SPU;

	return spe2_write(p->event, &record, sizeof(record));
}

/* With the lock held; the context is stopped. */
static int begin(struct spe_context *spe, uint32_t npc, unsigned int runflags)
{
	struct spe_context_base_priv *p = spe->base_private;

	p->errors = 0;
	p->stop_wanted = false;
	p->runflags = runflags;
	if (start(p, npc, false))
		return -1;
	p->state = SPE2_RUNNING;
	return 0;
}

static void is_over(struct spe_context_base_priv *p)
{
	p->state = SPE2_IDLE;
	wake_waiters(p);
}

/*
 * End a run when nobody wants to know how it ends: stop the SPU, and read all events,
 * so that the next start is accepted. With the lock held
 */
static void give_up(struct spe_context_base_priv *p)
{
	struct pollfd pollfd = { .fd = p->event, .events = POLLIN | POLLOUT };
	struct spu_event events[8];

	stop(p);
	do {
		if (poll(&pollfd, 1, -1) < 0)
			continue;
		if (pollfd.revents & POLLIN)
			(void)!read(p->event, events, sizeof(events));
	} while (!(pollfd.revents & (POLLOUT | POLLHUP)));
	is_over(p);
}

/*
 * A call was answered: the SPU goes on. The thread that served the call holds the
 * lock. A start fails only if the context is gone. Then poll() reports POLLHUP, and
 * the next step reports the error.
 */
void spe2_answered(struct spe_context *spe)
{
	struct spe_context_base_priv *p = spe->base_private;

	p->call = NULL;
	p->state = SPE2_RUNNING;
	start(p, after_call(p->npc), p->stop_wanted);
}

static int end(struct spe_context_base_priv *p, int status, int error,
	       unsigned int *entry, struct spe_stop_info *info)
{
	if (entry)
		*entry = p->npc;
	is_over(p);
	return spe2_stop_info(info, p->flags, true, status, p->errors, error);
}

static int callback_error(struct spe_context_base_priv *p, int status, int ret,
			  unsigned int *entry, struct spe_stop_info *info)
{
	if (entry)
		*entry = p->npc;
	is_over(p);
	memset(info, 0, sizeof(*info));
	info->stop_reason = SPE_CALLBACK_ERROR;
	info->result.spe_callback_error = ret;
	info->spu_status = status;
	errno = EFAULT;
	return -1;
}

/* The result of a step if the run is not over, else what spe_context_run() returns */
enum { NOT_YET = -2 };

/* SPU_EVENT_STOP was read. With the lock held, which is dropped for calls */
static int stopped(struct spe_context *spe, const struct spu_event *event,
		   const struct running *r, unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = spe->base_private;
	enum spe2_served served;
	int ret, cancel;

	p->npc = event->npc;
	if (p->runner && event->status & SPE_SPU_STOPPED_BY_STOP &&
	    STOP_CODE(event->status) == STOP_BREAKPOINT && !p->errors) {
		/* spu_run() raises SIGTRAP, and is restarted. */
		pthread_mutex_unlock(&p->lock);
		raise(SIGTRAP);
		pthread_mutex_lock(&p->lock);
		return start(p, p->npc, p->stop_wanted) ?
		       end(p, -1, errno, entry, info) : NOT_YET;
	}
	if ((STOP_CODE(event->status) & 0xff00) != STOP_CALL ||
	    !spe2_is_call(p, p->runflags, event->status, p->errors))
		return end(p, event->status, 0, entry, info);
	if (p->stop_wanted) {
		p->npc = before_call(p->npc);
		return end(p, 0, 0, entry, info);
	}

	p->state = SPE2_CALLING;
	pthread_mutex_unlock(&p->lock);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ret = spe2_call(spe, STOP_CODE(event->status) & 0xff, p->npc, r ? &r->cancel : NULL,
			&served);
	pthread_setcancelstate(cancel, NULL);
	pthread_mutex_lock(&p->lock);
	if (served == SPE2_PENDING)
		return NOT_YET;
	if (served == SPE2_INTERRUPTED) {
		p->npc = before_call(p->npc);
		return end(p, -1, EINTR, entry, info);
	}
	if (ret)
		return callback_error(p, event->status, ret, entry, info);
	spe2_answered(spe);
	return NOT_YET;
}

/* Act on the @n events that were read, or on an error. With the lock held */
static int process(struct spe_context *spe, const struct spu_event *events, ssize_t n,
		   const struct running *r, unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = spe->base_private;
	int ret = NOT_YET;
	ssize_t i;

	if (n <= 0)
		return end(p, -1, n ? errno : ENODEV, entry, info);
	/* A run's SPU_EVENT_STOP is its last event. */
	for (i = 0; i < n / (ssize_t)sizeof(*events); i++) {
		if (events[i].event != SPU_EVENT_STOP)
			p->errors |= events[i].event;
		else
			ret = stopped(spe, &events[i], r, entry, info);
	}
	return ret;
}

/**
 * spe2_step() - read the events that a run has so far, and act on them
 * @spe: a context
 * @entry: where the program stopped; may be NULL
 * @info: why the run ended
 *
 * Context: takes the context's lock.
 *
 * Return: 1 if the run is over, 0 if it is not, or -1 and errno: ECHILD if there is
 * no run, EBUSY if another thread is in spe_context_run()
 */
int spe2_step(struct spe_context *spe, unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = spe->base_private;
	struct spu_event event;
	int ret = 0, error = 0;
	ssize_t n;

	pthread_mutex_lock(&p->lock);
	p->users++;
	if (p->runner || p->state == SPE2_IDLE) {
		error = p->runner ? EBUSY : ECHILD;
		ret = -1;
	} else if (p->state == SPE2_RUNNING) {
		/* Mostly there is one; SPU_EVENT_STOP follows soon after an error. */
		for (;;) {
			n = syscall(SYS_read, p->event, &event, sizeof(event));
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 && errno == EAGAIN)
				break;
			if (n <= 0) {
				end(p, -1, n ? errno : ENODEV, entry, info);
				ret = 1;
				break;
			}
			if (event.event == SPU_EVENT_STOP) {
				ret = stopped(spe, &event, NULL, entry, info) != NOT_YET;
				break;
			}
			p->errors |= event.event;
		}
	}
	p->users--;
	pthread_mutex_unlock(&p->lock);
	if (error)
		errno = error;
	return ret;
}

/*
 * As with spu_run(), a signal restarts the wait, or stops the SPU. The latter returns
 * EINTR unless the program stopped by itself at that moment.
 */
static int wait_and_step(struct running *r, int fd, unsigned int *entry,
			 struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = r->spe->base_private;
	struct spu_event events[8];
	bool interrupted = false;
	ssize_t n;
	int ret;

	for (;;) {
		n = system_call_of(r, SYS_read, fd, (long)events, sizeof(events));
		if (n >= 0 || errno != EINTR)
			break;
		interrupted = true;
		stop(p);
	}
	pthread_mutex_lock(&p->lock);
	if (interrupted && n > 0) {
		const struct spu_event *last = &events[n / sizeof(*events) - 1];

		if (last->event == SPU_EVENT_STOP &&
		    !(last->status & (SPE_SPU_STOPPED_BY_STOP | SPE_SPU_HALT))) {
			p->npc = last->npc;
			ret = end(p, -1, EINTR, entry, info);
			pthread_mutex_unlock(&p->lock);
			return ret;
		}
	}
	ret = process(r->spe, events, n, r, entry, info);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

/*
 * Like spu_run(), wait for the run of another thread or process, unless a signal comes.
 * With the lock held, which is dropped meanwhile. 0, or -1 and errno
 */
static int become_runner(struct running *r, uint32_t npc, unsigned int runflags)
{
	struct spe_context_base_priv *p = r->spe->base_private;

	for (;;) {
		struct pollfd pollfd = { .fd = p->event, .events = POLLOUT };
		const uint32_t idle = p->idle;
		const bool here = p->state != SPE2_IDLE || p->runner;
		long ret;

		if (!here) {
			if (!begin(r->spe, npc, runflags)) {
				p->runner = r->runs = true;
				return 0;
			}
			if (errno != EBUSY)
				return -1;
		}
		p->waiters++;
		r->waits = true;
		pthread_mutex_unlock(&p->lock);
		if (here)
			ret = system_call_of(r, SYS_futex, (long)&p->idle, FUTEX_WAIT_PRIVATE,
					     idle);
		else
			ret = system_call_of(r, SYS_poll, (long)&pollfd, 1, -1);
		pthread_mutex_lock(&p->lock);
		p->waiters--;
		r->waits = false;
		if (ret < 0 && errno == EINTR)
			return -1;
	}
}

static int run_by_event_file(struct running *r, uint32_t npc, unsigned int runflags,
			     unsigned int *entry, struct spe_stop_info *info)
{
	struct spe_context_base_priv *p = r->spe->base_private;
	int fd = spe2_file(r->spe, FILE_EVENT_WAIT), ret;

	if (fd < 0)
		return spe2_stop_info(info, p->flags, true, -1, 0, errno);
	*entry = npc;
	r->info.npc = npc;
	pthread_mutex_lock(&p->lock);
	ret = become_runner(r, npc, runflags);
	pthread_mutex_unlock(&p->lock);
	if (ret)
		return spe2_stop_info(info, p->flags, true, -1, 0, errno);
	spe2_unwatch_event_file(r->spe);
	do {
		ret = wait_and_step(r, fd, entry, info);
	} while (ret == NOT_YET);
	r->info.npc = *entry;
	r->info.status = info->spu_status;
	return ret;
}

/* ---- the functions ---- */

SPE2_EXPORT int spe_context_run(struct spe_context *spe, unsigned int *entry,
				unsigned int runflags, void *argp, void *envp,
				struct spe_stop_info *stopinfo)
{
	struct spe_stop_info info;
	struct running r;
	uint32_t npc;
	int ret, error, cancel;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	if (!entry) {
		errno = EINVAL;
		return -1;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (prepare(spe, *entry, runflags, argp, envp, &npc)) {
		pthread_setcancelstate(cancel, NULL);
		return -1;
	}

	r.cancel = cancel;
	enter(&r, spe);
	pthread_cleanup_push(leave, &r);
	if (spe->base_private->async)
		ret = run_by_event_file(&r, npc, runflags, entry, &info);
	else
		ret = run_by_system_call(&r, npc, runflags, entry, &info);
	error = errno;
	spe2_stop_push(spe, &info);
	pthread_cleanup_pop(1);
	pthread_setcancelstate(cancel, NULL);
	if (stopinfo)
		*stopinfo = info;
	errno = error;
	return ret;
}

/* @spe is not an asynchronous context: errno says why. Always true */
static bool say_why_not(const struct spe_context *spe)
{
	if (!spe)
		errno = ESRCH;
	else if (faccessat(spe->base_private->dir, "fault", F_OK, 0))
		errno = ENOSYS;		/* the kernel has none of this */
	else
		errno = ENOTSUP;
	return true;
}

static inline bool not_async(const struct spe_context *spe)
{
	return (!spe || !spe->base_private->async) && say_why_not(spe);
}

SPE2_EXPORT int spe_context_start(struct spe_context *spe, unsigned int entry,
				  unsigned int runflags, void *argp, void *envp)
{
	struct spe_context_base_priv *p;
	uint32_t npc;
	int ret = -1;

	if (not_async(spe))
		return -1;
	p = spe->base_private;
	pthread_mutex_lock(&p->lock);
	if (p->state != SPE2_IDLE || p->runner)
		errno = EBUSY;
	else if (!prepare(spe, entry, runflags, argp, envp, &npc))
		ret = begin(spe, npc, runflags);
	pthread_mutex_unlock(&p->lock);
	return ret ? ret : spe2_watch_event_file(spe);
}

SPE2_EXPORT int spe_context_stop(struct spe_context *spe)
{
	struct spe_context_base_priv *p;
	int ret = 0;

	if (not_async(spe))
		return -1;
	p = spe->base_private;
	pthread_mutex_lock(&p->lock);
	if (p->state == SPE2_RUNNING) {
		ret = stop(p);
	} else if (p->state == SPE2_CALLING && p->call) {
		/*
		 * A worker may have the call for a long time. Started at its stop
		 * instruction, and stopped at once, the SPU has not called.
		 */
		spe2_call_take_away(p->call, false);
		p->call = NULL;
		p->stop_wanted = true;
		p->state = SPE2_RUNNING;
		ret = start(p, before_call(p->npc), true);
	} else if (p->state == SPE2_CALLING) {
		p->stop_wanted = true;
	}
	pthread_mutex_unlock(&p->lock);
	return ret;
}

SPE2_EXPORT int spe_context_fd(struct spe_context *spe)
{
	return not_async(spe) ? -1 : spe->base_private->event;
}

SPE2_EXPORT int spe_context_dispatch(struct spe_context *spe, unsigned int *entry,
				     struct spe_stop_info *stopinfo)
{
	struct spe_stop_info info;

	if (not_async(spe))
		return -1;
	return spe2_step(spe, entry, stopinfo ? stopinfo : &info);
}

SPE2_EXPORT int spe_fault_info_read(struct spe_context *spe, spe_fault_info_t *fault)
{
	ssize_t n;
	int fd;

	if (!spe) {
		errno = ESRCH;
		return -1;
	}
	if (!fault) {
		errno = EINVAL;
		return -1;
	}
	fd = openat(spe->base_private->dir, "fault", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			errno = ENOSYS;
		return -1;
	}
	n = read(fd, fault, sizeof(*fault));
	close(fd);
	if (n >= 0 && n != sizeof(*fault)) {
		errno = EIO;
		n = -1;
	}
	return n < 0 ? -1 : 0;
}
