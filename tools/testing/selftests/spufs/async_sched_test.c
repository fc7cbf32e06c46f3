// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous SPU contexts that compete for the SPEs, with each other and
 * with spu_run; and threads that compete for an event file.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/count.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"
#include "spu/work.h_shipped"

/* Does the context have an SPE? */
static bool is_loaded(int fd)
{
	return loaded_on(fd) >= 0;
}

/* The faults in the hash table that the context has met, from its file stat */
static int fault_count(int fd)
{
	int count;

	return sscanf(spu_text(fd, "stat"), "%*s %*s %*s %*s %*s %*s %*s %*s %d",
		      &count) == 1 ? count : -1;
}

/* Has the kernel finished the context's stop, and left it loaded? */
static bool is_idle(int fd)
{
	return !strncmp(spu_text(fd, "stat"), "loaded ", 7);
}

#define EXPECT_ECHO_STOP(ctx) \
	EXPECT_STOP(ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED)

/* Let a context stop that waits for a word. */
#define TELL_AND_EXPECT_STOP(ctx) do {					\
	ASSERT_EQ(0, spu_tell((ctx)->fd, 1));				\
	EXPECT_ECHO_STOP(ctx);						\
} while (0)

/* A read or a write in a thread of its own, with that thread's priority */
struct call {
	pthread_t thread;
	pid_t tid;
	int fd, policy, priority;
	bool reads;
	void *data;
	size_t len;
	ssize_t ret;
	int error;
	bool done;
};

static void *do_call(void *arg)
{
	struct call *call = arg;
	const struct sched_param param = { .sched_priority = call->priority };

	if (sched_setscheduler(0, call->policy, &param)) {
		call->ret = -1;
	} else {
		call->tid = syscall(SYS_gettid);
		call->ret = call->reads ?
			read(call->fd, call->data, call->len) :
			write(call->fd, call->data, call->len);
	}
	call->error = errno;
	call->done = true;
	return NULL;
}

/* START in a thread with this policy and priority: 0, or -1 and errno */
static int start_as(const struct async *ctx, int policy, int priority)
{
	struct control start = { SPU_CONTROL_START_SPU, SPU_ECHO_WAIT };
	struct call call = {
		.fd = ctx->event, .policy = policy, .priority = priority,
		.data = &start, .len = START_LEN,
	};

	if (pthread_create(&call.thread, NULL, do_call, &call) ||
	    pthread_join(call.thread, NULL))
		return -1;
	errno = call.error;
	return call.ret == START_LEN ? 0 : -1;
}

static int echo_create(struct async *ctx, unsigned int flags)
{
	return async_create(ctx, flags) ?: spu_load(ctx->fd, spu_echo);
}

/* All SPEs have contexts that were started with priority BUSY and wait. */
#define BUSY	10

FIXTURE(priority)
{
	int spes;
	struct async ctx, *busy;
};

FIXTURE_VARIANT(priority)
{
	int policy, priority;
	bool preempts;
};

FIXTURE_VARIANT_ADD(priority, other)
{
	.policy = SCHED_OTHER,
};

FIXTURE_VARIANT_ADD(priority, batch)
{
	.policy = SCHED_BATCH,
};

FIXTURE_VARIANT_ADD(priority, fifo_lower)
{
	.policy = SCHED_FIFO, .priority = BUSY - 1,
};

FIXTURE_VARIANT_ADD(priority, fifo_equal)
{
	.policy = SCHED_FIFO, .priority = BUSY,
};

FIXTURE_VARIANT_ADD(priority, fifo_higher)
{
	.policy = SCHED_FIFO, .priority = BUSY + 1, .preempts = true,
};

FIXTURE_VARIANT_ADD(priority, rr_lower)
{
	.policy = SCHED_RR, .priority = BUSY - 1,
};

FIXTURE_VARIANT_ADD(priority, rr_higher)
{
	.policy = SCHED_RR, .priority = BUSY + 1, .preempts = true,
};

FIXTURE_SETUP(priority)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	self->spes = spe_count();
	self->busy = calloc(self->spes, sizeof(*self->busy));
	for (i = 0; i < self->spes; i++) {
		ASSERT_EQ(0, echo_create(&self->busy[i], 0));
		if (start_as(&self->busy[i], SCHED_FIFO, BUSY)) {
			ASSERT_EQ(EPERM, errno);
			SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
		}
	}
	for (i = 0; i < self->spes; i++)
		ASSERT_TRUE(is_loaded(self->busy[i].fd));
	ASSERT_EQ(0, echo_create(&self->ctx, 0));
}

FIXTURE_TEARDOWN(priority)
{
	int i;

	async_close(&self->ctx);
	for (i = 0; i < self->spes; i++)
		async_close(&self->busy[i]);
}

static int count_loaded(const struct async *ctx, int count)
{
	int loaded = 0, i;

	for (i = 0; i < count; i++)
		loaded += is_loaded(ctx[i].fd);
	return loaded;
}

/* SCHED_FIFO has no time slice: a context gets an SPE only in this way. */
TEST_F(priority, is_that_of_the_starter)
{
	int i;

	ASSERT_EQ(0, start_as(&self->ctx, variant->policy, variant->priority));
	EXPECT_EQ(variant->preempts, is_loaded(self->ctx.fd));
	EXPECT_EQ(self->spes - variant->preempts,
		  count_loaded(self->busy, self->spes));

	/* a waiting context gets the SPE of a stopped one */
	if (variant->preempts) {
		TELL_AND_EXPECT_STOP(&self->ctx);
		ASSERT_TRUE(wait_until(count_loaded(self->busy, self->spes) ==
				       self->spes));
	} else {
		TELL_AND_EXPECT_STOP(&self->busy[0]);
		ASSERT_TRUE(wait_until(is_loaded(self->ctx.fd)));
		TELL_AND_EXPECT_STOP(&self->ctx);
		ASSERT_EQ(0, start_as(&self->busy[0], SCHED_FIFO, BUSY));
		ASSERT_TRUE(wait_until(is_loaded(self->busy[0].fd)));
	}

	/* and the priority of the last start does not count for the next one */
	ASSERT_EQ(0, start_as(&self->ctx, SCHED_OTHER, 0));
	EXPECT_FALSE(is_loaded(self->ctx.fd));
	EXPECT_EQ(self->spes, count_loaded(self->busy, self->spes));
	for (i = 0; i < self->spes; i++)
		TELL_AND_EXPECT_STOP(&self->busy[i]);
	TELL_AND_EXPECT_STOP(&self->ctx);
}

/* All SPEs have contexts that are not scheduled, for good. */
FIXTURE(taken)
{
	int spes;
	struct async *takers;
};

FIXTURE_SETUP(taken)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	self->spes = spe_count();
	self->takers = calloc(self->spes, sizeof(*self->takers));
	for (i = 0; i < self->spes; i++) {
		if (echo_create(&self->takers[i], SPU_CREATE_NOSCHED)) {
			ASSERT_EQ(EPERM, errno);
			SKIP(return, "NOSCHED needs CAP_SYS_NICE");
		}
		ASSERT_EQ(0, async_start(&self->takers[i], SPU_ECHO_WAIT));
	}
}

FIXTURE_TEARDOWN(taken)
{
	int i;

	for (i = 0; i < self->spes; i++)
		async_close(&self->takers[i]);
}

static void give_back(struct async *taker)
{
	async_close(taker);
	*taker = (struct async) { -1, -1 };
}

TEST_F(taken, spe_goes_to_the_highest_priority_that_waits)
{
	static const struct {
		int policy, priority;
	} starts[] = {
		{ SCHED_OTHER, 0 }, { SCHED_RR, 3 }, { SCHED_FIFO, 7 },
		{ SCHED_FIFO, 5 },
	};
	static const int order[] = { 2, 3, 1, 0 };
	struct async ctx[ARRAY_SIZE(starts)], left[ARRAY_SIZE(starts)];
	int count = ARRAY_SIZE(starts), i, j;

	for (i = 0; i < ARRAY_SIZE(ctx); i++) {
		ASSERT_EQ(0, echo_create(&ctx[i], 0));
		left[i] = ctx[i];
		ASSERT_EQ(0, start_as(&ctx[i], starts[i].policy,
				      starts[i].priority));
		EXPECT_FALSE(is_loaded(ctx[i].fd));
	}
	give_back(&self->takers[0]);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		/* a stopped context may keep its SPE a little longer */
		ASSERT_TRUE(wait_until(count_loaded(left, count)));
		for (j = 0; j < count; j++)
			EXPECT_EQ(left[j].fd == ctx[order[i]].fd,
				  is_loaded(left[j].fd));
		for (j = 0; left[j].fd != ctx[order[i]].fd; j++)
			;
		left[j] = left[--count];
		TELL_AND_EXPECT_STOP(&ctx[order[i]]);
	}
	for (i = 0; i < ARRAY_SIZE(ctx); i++)
		async_close(&ctx[i]);
}

/*
 * All SPEs have stopped contexts of a real-time priority: no tick takes an SPE
 * away from them.  Contexts that start in a row still get the SPEs, although no
 * worker may run in between if there is one CPU.
 */
TEST(spes_of_stopped_contexts_are_for_all_starts)
{
	const struct sched_param low = { .sched_priority = 1 };
	struct async *held, *next;
	int count, i;

	if (no_async())
		SKIP(return, "%s", no_async());
	count = spe_count();
	held = calloc(count, sizeof(*held));
	next = calloc(count, sizeof(*next));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, echo_create(&next[i], 0));
		ASSERT_EQ(0, echo_create(&held[i], 0));
		if (start_as(&held[i], SCHED_FIFO, 2)) {
			ASSERT_EQ(EPERM, errno);
			SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
		}
	}
	for (i = 0; i < count; i++)
		TELL_AND_EXPECT_STOP(&held[i]);
	for (i = 0; i < count; i++)
		ASSERT_TRUE(wait_until(is_idle(held[i].fd)));
	ASSERT_EQ(count, count_loaded(held, count));

	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &low));
	for (i = 0; i < count; i++)
		ASSERT_EQ(0, async_start(&next[i], SPU_ECHO_WAIT));
	EXPECT_TRUE(wait_until(count_loaded(next, count) == count));
	for (i = 0; i < count; i++) {
		async_close(&held[i]);
		async_close(&next[i]);
	}
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	signals++;
}

static void handle_signals(int flags)
{
	const struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = flags
	};

	signals = 0;
	sigaction(SIGUSR1, &action, NULL);
}

/* A START of a NOSCHED context, which waits for an SPE */
static void begin_start(struct __test_metadata *_metadata, struct call *call,
			const struct async *ctx, const __u32 *words, size_t len)
{
	ASSERT_EQ(0, fcntl(ctx->event, F_SETFL, 0));
	*call = (struct call) {
		.fd = ctx->event, .data = (void *)words, .len = len
	};
	ASSERT_EQ(0, pthread_create(&call->thread, NULL, do_call, call));
	ASSERT_TRUE(wait_until(thread_sleeps(call->tid)));
	ASSERT_FALSE(call->done);
}

static void end_start(struct __test_metadata *_metadata, struct call *call,
		      const struct async *ctx)
{
	ASSERT_TRUE(wait_until(call->done));
	ASSERT_EQ(0, pthread_join(call->thread, NULL));
	ASSERT_EQ(0, fcntl(ctx->event, F_SETFL, O_NONBLOCK));
}

static const __u32 stop_and_start[] = {
	SPU_CONTROL_STOP_SPU, SPU_CONTROL_START_SPU, SPU_ECHO_WAIT
};

TEST_F(taken, start_that_waits_is_interrupted_by_a_signal)
{
	struct async ctx;
	struct call call;

	handle_signals(0);
	ASSERT_EQ(0, echo_create(&ctx, SPU_CREATE_NOSCHED));
	begin_start(_metadata, &call, &ctx, stop_and_start + 1, START_LEN);
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	end_start(_metadata, &call, &ctx);
	EXPECT_EQ(1, signals);
	EXPECT_EQ(-1, call.ret);
	EXPECT_EQ(EINTR, call.error);

	/* there was no run, and the next one works as usual */
	EXPECT_NO_EVENT(&ctx);
	EXPECT_EQ(CAN_START, async_poll(&ctx));
	give_back(&self->takers[0]);
	ASSERT_EQ(0, async_start(&ctx, SPU_ECHO_WAIT));
	TELL_AND_EXPECT_STOP(&ctx);
	async_close(&ctx);
}

/* Like connect(2): EAGAIN, and poll reports the end. */
TEST_F(taken, start_that_must_not_wait_is_told_when_it_may)
{
	struct pollfd pollfd = { .events = POLLOUT };
	struct async ctx, other;
	int round;

	ASSERT_EQ(0, echo_create(&ctx, SPU_CREATE_NOSCHED));
	ASSERT_EQ(0, echo_create(&other, SPU_CREATE_NOSCHED));
	for (round = 0; round < 3; round++) {
		EXPECT_EQ(round ? 0 : CAN_START, async_poll(&ctx));
		EXPECT_ERROR(EAGAIN, async_start(&ctx, SPU_ECHO_WAIT));
	}
	EXPECT_ERROR(EAGAIN, async_start(&other, SPU_ECHO_WAIT));
	EXPECT_FALSE(is_loaded(ctx.fd));

	give_back(&self->takers[0]);
	pollfd.fd = ctx.event;
	ASSERT_EQ(1, poll(&pollfd, 1, TIMEOUT_MS));
	EXPECT_TRUE(is_loaded(ctx.fd));
	EXPECT_FALSE(is_loaded(other.fd));
	ASSERT_EQ(0, async_start(&ctx, SPU_ECHO_WAIT));
	TELL_AND_EXPECT_STOP(&ctx);
	EXPECT_EQ(0, async_poll(&other));

	/* one that still waits can be closed, and its wait ends */
	async_close(&other);
	async_close(&ctx);
	ASSERT_EQ(0, echo_create(&ctx, 0));
	ASSERT_EQ(0, async_start(&ctx, SPU_ECHO_WAIT));
	TELL_AND_EXPECT_STOP(&ctx);
	async_close(&ctx);
}

/* The number of bytes carried out before */
TEST_F(taken, start_that_waits_is_interrupted_after_another_record)
{
	struct async ctx;
	struct call call;

	handle_signals(0);
	ASSERT_EQ(0, echo_create(&ctx, SPU_CREATE_NOSCHED));
	begin_start(_metadata, &call, &ctx, stop_and_start,
		    sizeof(stop_and_start));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	end_start(_metadata, &call, &ctx);
	EXPECT_EQ(STOP_LEN, call.ret);
	EXPECT_NO_EVENT(&ctx);
	EXPECT_EQ(CAN_START, async_poll(&ctx));
	async_close(&ctx);
}

TEST_F(taken, start_that_waits_is_restarted_after_a_signal)
{
	struct async ctx;
	struct call call;

	handle_signals(SA_RESTART);
	ASSERT_EQ(0, echo_create(&ctx, SPU_CREATE_NOSCHED));
	begin_start(_metadata, &call, &ctx, stop_and_start + 1, START_LEN);
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_TRUE(wait_until(signals && thread_sleeps(call.tid)));
	EXPECT_FALSE(call.done);
	give_back(&self->takers[0]);
	end_start(_metadata, &call, &ctx);
	EXPECT_EQ(START_LEN, call.ret);
	TELL_AND_EXPECT_STOP(&ctx);
	async_close(&ctx);
}

/* Several wait: an SPE is for one of them, the next one for the next. */
TEST_F(taken, starts_that_wait_get_one_spe_each)
{
	struct async ctx[3];
	struct call calls[ARRAY_SIZE(ctx)];
	bool seen[ARRAY_SIZE(ctx)] = {};
	int given, i, n;

	if (self->spes < ARRAY_SIZE(ctx))
		SKIP(return, "%d SPEs only", self->spes);
	for (i = 0; i < ARRAY_SIZE(ctx); i++) {
		ASSERT_EQ(0, echo_create(&ctx[i], SPU_CREATE_NOSCHED));
		begin_start(_metadata, &calls[i], &ctx[i], stop_and_start + 1,
			    START_LEN);
	}
	for (given = 1; given <= ARRAY_SIZE(ctx); given++) {
		give_back(&self->takers[given - 1]);
		ASSERT_TRUE(wait_until(calls[0].done + calls[1].done +
				       calls[2].done == given));
		for (i = 0, n = 0; i < ARRAY_SIZE(ctx); i++) {
			if (!calls[i].done) {
				ASSERT_TRUE(wait_until(thread_sleeps(calls[i].tid)));
			} else if (!seen[i]) {
				seen[i] = true;
				end_start(_metadata, &calls[i], &ctx[i]);
				EXPECT_EQ(START_LEN, calls[i].ret);
				TELL_AND_EXPECT_STOP(&ctx[i]);
				n++;
			}
		}
		/* it stopped, but keeps its SPE */
		EXPECT_EQ(1, n);
	}
	for (i = 0; i < ARRAY_SIZE(ctx); i++)
		async_close(&ctx[i]);
}

/* The result of spu_create for isolated contexts is the same for these. */
TEST(isolated_contexts_are_created_or_refused_like_others)
{
	static const unsigned int flags[] = {
		SPU_CREATE_ISOLATE, SPU_CREATE_ISOLATE | SPU_CREATE_NOSCHED
	};
	int plain, async, i;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		plain = spu_create(flags[i]);
		if (plain < 0)
			plain = -errno;
		else
			close(plain);
		async = spu_create(flags[i] | SPU_CREATE_ASYNC);
		if (async < 0)
			async = -errno;
		else
			close(async);
		TH_LOG("flags 0x%x: %s", flags[i],
		       plain < 0 ? strerror(-plain) : "created");
		if (plain < 0 || async < 0)
			EXPECT_EQ(plain, async);
	}
	/* a context that can be preempted cannot be isolated */
	EXPECT_ERROR(EINVAL, spu_create(SPU_CREATE_ISOLATE | SPU_CREATE_ASYNC));
}

/* The number that follows @name in /proc/meminfo, in KiB */
static long memory_kib(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	long value = -1;
	char key[64];

	if (!file)
		return -1;
	while (fscanf(file, "%63[^:]: %ld%*[^\n]\n", key, &value) == 2)
		if (!strcmp(key, name))
			break;
	fclose(file);
	return value;
}

#define MANY		1024
#define CONTEXT_KIB	384	/* local store and its save area, files */

TEST(many_contexts_run_with_one_epoll)
{
	const struct rlimit limit = { 2 * MANY + 64, 2 * MANY + 64 };
	struct epoll_event ready[16];
	struct spu_event event;
	int count, done, epoll, i, n;
	struct async *ctx;
	__u8 *stops;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (setrlimit(RLIMIT_NOFILE, &limit))
		SKIP(return, "RLIMIT_NOFILE cannot be raised");
	count = memory_kib("MemAvailable") / CONTEXT_KIB;
	if (count > MANY)
		count = MANY;
	TH_LOG("%d contexts", count);
	ASSERT_LT(spe_count(), count);
	ctx = calloc(count, sizeof(*ctx));
	stops = calloc(count, sizeof(*stops));
	epoll = epoll_create1(0);
	for (i = 0; i < count; i++) {
		struct epoll_event want = { .events = EPOLLIN, .data.u32 = i };

		ASSERT_EQ(0, async_create(&ctx[i], 0));
		ASSERT_EQ(0, spu_load(ctx[i].fd, spu_count));
		ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, ctx[i].event,
				       &want));
	}
	for (i = 0; i < count; i++)
		ASSERT_EQ(0, async_start(&ctx[i], 0));
	for (done = 0; done < count; ) {
		n = epoll_wait(epoll, ready, ARRAY_SIZE(ready), TIMEOUT_MS);
		ASSERT_LT(0, n) {
			TH_LOG("%d of %d have stopped", done, count);
		}
		for (i = 0; i < n; i++, done++) {
			int which = ready[i].data.u32;

			ASSERT_EQ(EPOLLIN, ready[i].events);
			ASSERT_EQ(sizeof(event), read(ctx[which].event, &event,
						      sizeof(event)));
			ASSERT_EQ(SPU_EVENT_STOP, event.event);
			ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
			ASSERT_EQ(1, ++stops[which]);
		}
	}
	EXPECT_EQ(0, epoll_wait(epoll, ready, 1, 0));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(1, spu_peek_word(ctx[i].fd, SPU_COUNT_COUNT));
		async_close(&ctx[i]);
	}
}

/*
 * Half of the contexts are run by spu_run, half are asynchronous. As many as
 * there are SPEs are loaded and wait for a word; the others get theirs first,
 * so they can end only if both kinds give their SPEs to both kinds.
 */
struct worker {
	struct async ctx;	/* or, without an event file, */
	pthread_t thread;
	__u32 status;
	bool done;
	__u32 *result;
};

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	__u32 npc = 0, event;

	worker->status = sys_spu_run(worker->ctx.fd, &npc, &event);
	worker->done = true;
	return NULL;
}

static bool worker_done(struct worker *worker)
{
	return worker->ctx.event < 0 ? worker->done :
				       async_poll(&worker->ctx) & POLLIN;
}

TEST(spu_run_and_asynchronous_contexts_share_the_spes)
{
	struct work_args args = { .steps = 1000 };
	int spes = spe_count(), count = 2 * spes + 2, i, from;
	struct worker *workers, *worker;
	__u32 (*results)[4];

	if (no_async())
		SKIP(return, "%s", no_async());
	/* time slices are short then */
	ASSERT_LE(0, nice(19));
	workers = calloc(count, sizeof(*workers));
	results = mmap(NULL, count * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(results != MAP_FAILED);
	for (i = 0; i < count; i++) {
		worker = &workers[i];
		worker->result = results[i];
		args.eah = spu_eah(results[i]);
		args.eal = spu_eal(results[i]);
		if (i & 1) {
			ASSERT_EQ(0, async_create(&worker->ctx, 0));
		} else {
			worker->ctx = (struct async) { spu_create(0), -1 };
			ASSERT_LE(0, worker->ctx.fd);
		}
		ASSERT_EQ(0, spu_load(worker->ctx.fd, spu_work));
		ASSERT_EQ(0, spu_poke(worker->ctx.fd, SPU_WORK_ARGS, &args,
				      sizeof(args)));
		ASSERT_EQ(0, i & 1 ? async_start(&worker->ctx, 0) :
				     pthread_create(&worker->thread, NULL,
						    run_worker, worker));
		if (i < spes)
			ASSERT_TRUE(wait_until(is_loaded(worker->ctx.fd)));
	}
	for (from = spes; from >= 0; from -= spes) {
		int to = from ? count : spes;

		for (i = from; i < to; i++)
			ASSERT_EQ(0, spu_tell(workers[i].ctx.fd, i + 1));
		for (i = from; i < to; i++) {
			worker = &workers[i];
			ASSERT_TRUE(wait_until(worker_done(worker))) {
				TH_LOG("%s %d",
				       i & 1 ? "asynchronous" : "spu_run", i);
			}
			if (i & 1) {
				struct spu_event event;

				ASSERT_EVENT(&worker->ctx, SPU_EVENT_STOP,
					     &event);
				worker->status = event.status;
			} else {
				ASSERT_EQ(0, pthread_join(worker->thread, NULL));
			}
			EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), worker->status);
			EXPECT_EQ(xorshift32(i + 1, args.steps),
				  worker->result[0]);
		}
	}
	for (i = 0; i < count; i++)
		close(workers[i].ctx.fd);
}

/* Threads that share one event file */
FIXTURE(event)
{
	struct async ctx;
	int blocking;
};

FIXTURE_SETUP(event)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, echo_create(&self->ctx, 0));
	self->blocking = openat(self->ctx.fd, "event", O_RDWR);
	ASSERT_LE(0, self->blocking);
}

FIXTURE_TEARDOWN(event)
{
	close(self->blocking);
	async_close(&self->ctx);
}

struct poller {
	pthread_t thread;
	pid_t tid;
	struct pollfd pollfd;
	int ret;
	bool done;
};

static void *do_poll(void *arg)
{
	struct poller *poller = arg;

	poller->tid = syscall(SYS_gettid);
	/* at a timeout it would check once more, and need no wake-up */
	poller->ret = poll(&poller->pollfd, 1, -1);
	poller->done = true;
	return NULL;
}

/* Two threads that wait for each of POLLIN and POLLOUT */
#define POLLERS	4

TEST_F(event, wakes_all_pollers)
{
	struct poller pollers[POLLERS] = {};
	int i;

	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	for (i = 0; i < POLLERS; i++) {
		pollers[i].pollfd = (struct pollfd) {
			.fd = self->ctx.event, .events = i & 1 ? POLLIN : POLLOUT
		};
		ASSERT_EQ(0, pthread_create(&pollers[i].thread, NULL, do_poll,
					    &pollers[i]));
		ASSERT_TRUE(wait_until(thread_sleeps(pollers[i].tid)));
	}
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	for (i = 1; i < POLLERS; i += 2) {
		ASSERT_TRUE(wait_until(pollers[i].done));
		ASSERT_EQ(0, pthread_join(pollers[i].thread, NULL));
		EXPECT_EQ(1, pollers[i].ret);
		EXPECT_EQ(POLLIN, pollers[i].pollfd.revents);
	}
	/* a start is possible when it has been read, not before */
	for (i = 0; i < POLLERS; i += 2)
		EXPECT_TRUE(wait_until(thread_sleeps(pollers[i].tid)));
	EXPECT_ECHO_STOP(&self->ctx);
	for (i = 0; i < POLLERS; i += 2) {
		ASSERT_TRUE(wait_until(pollers[i].done));
		ASSERT_EQ(0, pthread_join(pollers[i].thread, NULL));
		EXPECT_EQ(1, pollers[i].ret);
		EXPECT_EQ(POLLOUT, pollers[i].pollfd.revents);
	}
}

/* Each event wakes one of the waiters in read(2), and the end wakes all. */
TEST_F(event, is_read_by_one_of_many)
{
	struct spu_event events[3] = {};
	struct call calls[ARRAY_SIZE(events)] = {};
	int run, i, done;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		calls[i] = (struct call) {
			.fd = self->blocking, .reads = true,
			.data = &events[i], .len = sizeof(events[i]),
		};
		ASSERT_EQ(0, pthread_create(&calls[i].thread, NULL, do_call,
					    &calls[i]));
		ASSERT_TRUE(wait_until(thread_sleeps(calls[i].tid)));
	}
	for (run = 1; run < ARRAY_SIZE(calls); run++) {
		ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
		ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
		ASSERT_TRUE(wait_until(calls[0].done + calls[1].done +
				       calls[2].done == run));
		for (i = 0; i < ARRAY_SIZE(calls); i++) {
			EXPECT_TRUE(calls[i].done ||
				    wait_until(thread_sleeps(calls[i].tid)));
			EXPECT_EQ(calls[i].done ? SPU_EVENT_STOP : 0,
				  events[i].event);
		}
	}
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	for (i = 0, done = 0; i < ARRAY_SIZE(calls); i++) {
		ASSERT_EQ(0, pthread_join(calls[i].thread, NULL));
		ASSERT_LE(0, calls[i].ret);
		done += calls[i].ret;
	}
	EXPECT_EQ((ARRAY_SIZE(calls) - 1) * sizeof(events[0]), done);
}

/* Although there is room for more, and O_NONBLOCK is not set */
TEST_F(event, is_read_without_waiting_for_another_one)
{
	static const struct mfc_args args = {
		.lsa = 0x4004, .eal = 0x10000, .size = 16, .cmd = MFC_GET
	};
	struct spu_event events[5] = {};
	struct call call = {
		.fd = self->blocking, .reads = true,
		.data = events, .len = sizeof(events),
	};

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->ctx.fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_TRUE(wait_until(async_poll(&self->ctx) & POLLIN));
	/* the run is over when this is done */
	ASSERT_EQ(0, async_stop(&self->ctx));
	ASSERT_EQ(0, pthread_create(&call.thread, NULL, do_call, &call));
	ASSERT_TRUE(wait_until(call.done));
	ASSERT_EQ(0, pthread_join(call.thread, NULL));
	EXPECT_EQ(2 * sizeof(events[0]), call.ret);
	EXPECT_EQ(SPU_EVENT_DMA_ALIGNMENT, events[0].event);
	EXPECT_EQ(SPU_EVENT_STOP, events[1].event);
}

TEST_F(event, is_started_by_gathered_writes)
{
	static const __u32 words[] = {
		SPU_CONTROL_STOP_SPU, SPU_CONTROL_START_SPU, SPU_ECHO_WAIT
	};
	char *bytes = (char *)words;
	const struct iovec iov[] = {
		{ bytes, 3 }, { bytes + 3, 0 }, { bytes + 3, 6 },
		{ bytes + 9, 3 },
	};

	EXPECT_EQ(sizeof(words), writev(self->ctx.event, iov, ARRAY_SIZE(iov)));
	TELL_AND_EXPECT_STOP(&self->ctx);
}

/* @error is that of the same call for an eventfd, which is a stream, too. */
#define EXPECT_LIKE_EVENTFD(call_of_event, call_of_eventfd) do {	\
	int __error;							\
									\
	EXPECT_EQ(-1, call_of_eventfd);					\
	__error = errno;						\
	EXPECT_EQ(-1, call_of_event);					\
	EXPECT_EQ(__error, errno);					\
} while (0)

TEST_F(event, file_takes_other_calls_like_an_eventfd)
{
	const size_t len = sizeof(struct spu_event);
	int reference = eventfd(1, EFD_NONBLOCK), event = self->ctx.event;
	struct iovec iov;
	__u32 stops[3] = {
		SPU_CONTROL_STOP_SPU, SPU_CONTROL_STOP_SPU, SPU_CONTROL_STOP_SPU
	};
	FILE *file;
	int pipes[2];

	/* with data to read in all of them, which can be written as well */
	ASSERT_LE(0, reference);
	ASSERT_EQ(0, pipe2(pipes, O_NONBLOCK));
	ASSERT_EQ(len, write(pipes[1], stops, len));
	file = tmpfile();
	ASSERT_TRUE(!!file);
	ASSERT_EQ(len, pwrite(fileno(file), stops, len, 0));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	ASSERT_TRUE(wait_until(async_poll(&self->ctx) & POLLIN));

#define BOTH(call)	EXPECT_LIKE_EVENTFD(call(event), call(reference))
#define PREADV(fd)	preadv(fd, &iov, 1, 0)
#define PWRITEV(fd)	pwritev(fd, &iov, 1, 0)
#define PREADV_APART(fd) preadv2(fd, &iov, 1, 4, 0)
#define SPLICE_FROM(fd)	splice(fd, NULL, pipes[1], NULL, len, SPLICE_F_NONBLOCK)
#define SPLICE_TO(fd)	splice(pipes[0], NULL, fd, NULL, len, SPLICE_F_NONBLOCK)
#define SENDFILE_FROM(fd) sendfile(fileno(file), fd, NULL, len)
#define SENDFILE_TO(fd)	sendfile(fd, fileno(file), NULL, len)
#define MMAP(fd) ({							\
	void *__map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);	\
									\
	__map == MAP_FAILED ? -1 : 0;					\
})
	iov = (struct iovec) { stops, sizeof(stops) };
	BOTH(PREADV);
	BOTH(PREADV_APART);
	BOTH(SPLICE_FROM);
	BOTH(SENDFILE_FROM);
	BOTH(MMAP);
	BOTH(PWRITEV);
	BOTH(SPLICE_TO);
	BOTH(SENDFILE_TO);

	/* none of them removed any data */
	EXPECT_ECHO_STOP(&self->ctx);
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
	close(pipes[0]);
	close(pipes[1]);
	fclose(file);
	close(reference);
}

/*
 * DMA to a register of another context, which has no SPE: the fault waits until
 * it gets one.
 */
#define SIG_NOTIFY_1	0x1400c
#define SIGNAL		0x600d

FIXTURE(peer)
{
	struct async from, to;
	volatile __u32 *map;
};

FIXTURE_SETUP(peer)
{
	struct mfc_args args = { .cmd = MFC_PUT, .lsa = 0x400c, .size = 4 };
	const __u32 signal = SIGNAL;
	char *ps;
	int file;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, echo_create(&self->to, 0));
	file = openat(self->to.fd, "psmap", O_RDWR);
	ps = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_TRUE(ps != MAP_FAILED);
	close(file);

	ASSERT_EQ(0, async_create(&self->from, 0));
	args.eah = spu_eah(ps + SIG_NOTIFY_1);
	args.eal = spu_eal(ps + SIG_NOTIFY_1);
	ASSERT_EQ(0, spu_load(self->from.fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->from.fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, spu_poke(self->from.fd, args.lsa, &signal, sizeof(signal)));
	ASSERT_EQ(0, async_start(&self->from, 0));
	ASSERT_TRUE(wait_until(fault_count(self->from.fd) > 0));
	EXPECT_NO_EVENT(&self->from);
}

FIXTURE_TEARDOWN(peer)
{
	async_close(&self->from);
	async_close(&self->to);
}

TEST_F(peer, gets_a_signal_when_it_is_loaded)
{
	struct spu_event event;
	__u32 signal = 0;
	int file;

	ASSERT_EQ(0, async_start(&self->to, SPU_ECHO_WAIT));
	ASSERT_EVENT(&self->from, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), event.status);
	TELL_AND_EXPECT_STOP(&self->to);
	file = openat(self->to.fd, "signal1", O_RDONLY);
	EXPECT_EQ(sizeof(signal), read(file, &signal, sizeof(signal)));
	EXPECT_EQ(SIGNAL, signal);
	close(file);
}

TEST_F(peer, is_not_waited_for_after_a_stop)
{
	int contexts = spu_contexts();
	struct spu_event event;

	ASSERT_EQ(0, async_stop(&self->from));
	ASSERT_EVENT(&self->from, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, event.status & SPU_STATUS_STOPPED_BY_STOP);
	/* and the context keeps no trace of the fault */
	async_close(&self->from);
	EXPECT_TRUE(wait_until(spu_contexts() < contexts));
	self->from = (struct async){ -1, -1 };
}

TEST_HARNESS_MAIN
