// SPDX-License-Identifier: GPL-2.0
/*
 * The allocation of SPEs: contexts in spu_run that wait for one, or that lose
 * theirs for a moment. If a kernel forgets one of them, that one waits for
 * ever.
 */
#include <sched.h>
#include <sys/resource.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_cpus.h"
#include "spufs_test.h"

#include "spu/echo.h_shipped"
#include "spu/stop.h_shipped"

#define ALARMS	100
#define ROUNDS	200

/* A context that a thread of its own runs */
struct runner {
	pthread_t thread;
	pid_t tid;
	int fd, nice, ret;
	__u32 npc;
	bool done;
};

static void *run(void *arg)
{
	struct runner *runner = arg;
	__u32 event;

	/* of this thread only, and hence of the context */
	setpriority(PRIO_PROCESS, 0, runner->nice);
	runner->tid = syscall(SYS_gettid);
	runner->ret = sys_spu_run(runner->fd, &runner->npc, &event);
	__atomic_store_n(&runner->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(const struct runner *runner)
{
	return __atomic_load_n(&runner->done, __ATOMIC_ACQUIRE);
}

/* A context that waits on an SPE for a word, and the thread in its spu_run */
static void start_waiting(struct __test_metadata *_metadata,
			  struct runner *runner)
{
	runner->npc = SPU_ECHO_WAIT;
	runner->fd = spu_create(0);
	ASSERT_LE(0, runner->fd);
	ASSERT_EQ(0, spu_load(runner->fd, spu_echo));
	ASSERT_EQ(0, create_without_alarms(&runner->thread, run, runner));
	ASSERT_TRUE(wait_until(loaded_on(runner->fd) >= 0));
}

/* Send the word. */
static void expect_goes_on(struct __test_metadata *_metadata,
			   struct runner *runner)
{
	ASSERT_EQ(0, spu_tell(runner->fd, 1));
	ASSERT_TRUE(wait_until(is_done(runner)));
	ASSERT_EQ(0, pthread_join(runner->thread, NULL));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), runner->ret);
	close(runner->fd);
}

/*
 * To read fpcr, a context is saved and loaded again. It must be loaded also if
 * the reader has a signal, for the one in spu_run to see the end.
 */
TEST(context_is_loaded_again_by_a_reader_with_a_signal)
{
	struct runner runner = {};
	char text[32];
	int fpcr;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());

	start_waiting(_metadata, &runner);

	fpcr = openat(runner.fd, "fpcr", O_RDONLY);
	alarm_every(1000, SA_RESTART, count_alarm);
	while (alarms < ALARMS)
		ASSERT_TRUE(pread(fpcr, text, sizeof(text), 0) > 0 ||
			    errno == EINTR);
	alarm_never();
	close(fpcr);

	EXPECT_FALSE(is_done(&runner));
	expect_goes_on(_metadata, &runner);
}

/* Stopped contexts stay on their SPEs until another context wants them. */
TEST(an_unused_spe_goes_to_a_waiting_context)
{
	int spes = spe_count(), *idle, i;
	struct runner runner = { .nice = 10, .npc = SPU_STOP_STOP_1337 };
	__u32 npc, event;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	idle = calloc(spes, sizeof(*idle));
	for (i = 0; i < spes; i++) {
		npc = SPU_STOP_STOP_1337;
		idle[i] = spu_create(0);
		ASSERT_EQ(0, spu_load(idle[i], spu_stop));
		ASSERT_EQ(SPU_STATUS_STOP(0x1337), sys_spu_run(idle[i], &npc, &event));
	}
	for (i = 0; i < spes; i++)
		EXPECT_LE(0, loaded_on(idle[i]));

	runner.fd = spu_create(0);
	ASSERT_EQ(0, spu_load(runner.fd, spu_stop));
	ASSERT_EQ(0, create_without_alarms(&runner.thread, run, &runner));
	ASSERT_TRUE(wait_until(is_done(&runner)));
	ASSERT_EQ(0, pthread_join(runner.thread, NULL));
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), runner.ret);
	close(runner.fd);
	for (i = 0; i < spes; i++)
		close(idle[i]);
	free(idle);
}

/*
 * All SPEs have contexts that wait for a word; then a SPU_CREATE_NOSCHED
 * context waits for an SPE.
 */
FIXTURE(nosched)
{
	int spes;
	struct runner *others, nosched;
};

FIXTURE_VARIANT(nosched)
{
	int nice;
	bool one_ends;
};

/* Its priority is too low to get an SPE before one of the others ends. */
FIXTURE_VARIANT_ADD(nosched, others_end)
{
	.nice = 19, .one_ends = true,
};

/* As high as the others': one of them is preempted. */
FIXTURE_VARIANT_ADD(nosched, others_are_preempted)
{
	.nice = 0,
};

FIXTURE_SETUP(nosched)
{
	int i;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->nosched.fd = spu_create(SPU_CREATE_NOSCHED);
	if (self->nosched.fd < 0) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "NOSCHED needs CAP_SYS_NICE");
	}
	self->nosched.npc = SPU_STOP_STOP_1337;
	self->nosched.nice = variant->nice;
	ASSERT_EQ(0, spu_load(self->nosched.fd, spu_stop));
	self->spes = spe_count();
	self->others = calloc(self->spes, sizeof(*self->others));
	for (i = 0; i < self->spes; i++)
		start_waiting(_metadata, &self->others[i]);
}

FIXTURE_TEARDOWN(nosched)
{
}

TEST_F(nosched, gets_an_spe)
{
	struct runner *nosched = &self->nosched;
	int i = 0;

	ASSERT_EQ(0, pthread_create(&nosched->thread, NULL, run, nosched));
	ASSERT_TRUE(wait_until(thread_sleeps(nosched->tid)));
	if (variant->one_ends) {
		EXPECT_EQ(-1, loaded_on(nosched->fd));
		expect_goes_on(_metadata, &self->others[i++]);
	}
	ASSERT_TRUE(wait_until(is_done(nosched)));
	ASSERT_EQ(0, pthread_join(nosched->thread, NULL));
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), nosched->ret);
	close(nosched->fd);
	for (; i < self->spes; i++)
		expect_goes_on(_metadata, &self->others[i]);
}

/*
 * All SPEs are held by SPU_CREATE_NOSCHED contexts that have run, so nothing is
 * preempted; then another one waits for an SPE.
 */
FIXTURE(held)
{
	int spes;
	struct runner *held, nosched, other;
};

static void start(struct __test_metadata *_metadata, struct runner *runner,
		  unsigned int flags)
{
	*runner = (struct runner){ .npc = SPU_STOP_STOP_1337 };
	runner->fd = spu_create(flags);
	ASSERT_LE(0, runner->fd);
	ASSERT_EQ(0, spu_load(runner->fd, spu_stop));
	ASSERT_EQ(0, pthread_create(&runner->thread, NULL, run, runner));
}

static void finish(struct __test_metadata *_metadata, struct runner *runner)
{
	ASSERT_TRUE(wait_until(is_done(runner)));
	ASSERT_EQ(0, pthread_join(runner->thread, NULL));
}

/* Let a context hold an SPE. */
static void hold(struct __test_metadata *_metadata, struct runner *runner)
{
	start(_metadata, runner, SPU_CREATE_NOSCHED);
	finish(_metadata, runner);
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), runner->ret);
}

static void ignore(int sig)
{
}

FIXTURE_SETUP(held)
{
	int i, fd;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	fd = spu_create(SPU_CREATE_NOSCHED);
	if (fd < 0) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "NOSCHED needs CAP_SYS_NICE");
	}
	close(fd);
	self->spes = spe_count();
	self->held = calloc(self->spes, sizeof(*self->held));
	for (i = 0; i < self->spes; i++)
		hold(_metadata, &self->held[i]);
}

FIXTURE_TEARDOWN(held)
{
	int i;

	for (i = 0; i < self->spes; i++)
		close(self->held[i].fd);
}

/*
 * A NOSCHED context waits for an SPE, and another context behind it.  When an
 * SPE becomes free, and before the thread of the first one notices, that thread
 * gets a signal: the SPE must not be lost.
 */
TEST_F(held, is_not_lost_on_a_thread_with_a_signal)
{
	const struct sigaction action = { .sa_handler = ignore };
	struct sched_param param = { .sched_priority = 1 };
	struct runner *nosched = &self->nosched, *other = &self->other;

	ASSERT_TRUE(run_on(sched_getcpu()));
	sigaction(SIGUSR1, &action, NULL);

	start(_metadata, nosched, SPU_CREATE_NOSCHED);
	ASSERT_TRUE(wait_until(thread_sleeps(nosched->tid)));
	start(_metadata, other, 0);
	ASSERT_TRUE(wait_until(thread_sleeps(other->tid)));

	/* keep the CPU for this thread */
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &param));
	close(self->held[0].fd);
	pthread_kill(nosched->thread, SIGUSR1);
	param.sched_priority = 0;
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_OTHER, &param));

	finish(_metadata, nosched);
	close(nosched->fd);
	finish(_metadata, other);
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), other->ret);
	close(other->fd);
	self->held[0].fd = -1;
}

/*
 * Two contexts start, for which there are one free SPE and one that is just
 * being freed.
 */
TEST_F(held, goes_to_a_waiter_when_it_becomes_free)
{
	struct runner *next = &self->nosched, *last = &self->other;
	int i, round;

	close(self->held[0].fd);
	for (round = 0; round < ROUNDS; round++) {
		i = round % (self->spes - 1) + 1;
		start(_metadata, next, SPU_CREATE_NOSCHED);
		start(_metadata, last, 0);
		close(self->held[i].fd);
		ASSERT_TRUE(wait_until(is_done(last) && is_done(next))) {
			TH_LOG("round %d: %s waits", round,
			       is_done(last) ? "the NOSCHED one" : "the other");
		}
		finish(_metadata, next);
		finish(_metadata, last);
		close(last->fd);
		self->held[i] = *next;
	}
	self->held[0].fd = -1;
}

/*
 * The SPE of the context with the least priority goes to a real-time thread,
 * while another thread of the same CPU saves and loads that context again and
 * again. If this one is preempted with the context's lock, the real-time thread
 * must let it go on: a kernel that tries for the lock without sleeping gets no
 * further until its scheduler stops the real-time thread (sched(7):
 * sched_rt_runtime_us, 950 ms of a second).
 */
static void *read_fpcr(void *arg)
{
	struct runner *victim = arg;
	int fpcr = openat(victim->fd, "fpcr", O_RDONLY);
	char text[32];

	while (pread(fpcr, text, sizeof(text), 0) > 0 && !is_done(victim))
		;
	close(fpcr);
	return NULL;
}

static long long spent_ns(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return spent.tv_sec * 1000000000LL + spent.tv_nsec;
}

TEST(a_real_time_thread_lets_its_victim_go_on)
{
	struct sched_param param = { .sched_priority = 1 };
	int spes = spe_count(), fd, round, i;
	struct runner *others, *victim;
	long long spent, most = 0;
	struct timespec pause = {};
	pthread_t reader;
	__u32 npc, event;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	ASSERT_TRUE(run_on(sched_getcpu()));
	others = calloc(spes, sizeof(*others));
	for (i = 0; i < spes; i++)
		others[i].nice = i ? 0 : 19;
	for (i = 0; i < spes; i++)
		start_waiting(_metadata, &others[i]);
	victim = &others[0];
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_fpcr, victim));

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	for (round = 0; round < ROUNDS; round++) {
		fd = spu_create(0);
		ASSERT_EQ(0, spu_load(fd, spu_stop));
		/* Whatever the reader is doing then. */
		pause.tv_nsec = 100000 + 7919 * round;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		npc = SPU_STOP_STOP_1337;
		spent = spent_ns();
		EXPECT_EQ(SPU_STATUS_STOP(0x1337), sys_spu_run(fd, &npc, &event));
		spent = spent_ns() - spent;
		if (most < spent)
			most = spent;
		close(fd);
	}
	EXPECT_GT(100000000, most);
	param.sched_priority = 0;
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_OTHER, &param));

	for (i = spes - 1; i >= 0; i--)
		expect_goes_on(_metadata, &others[i]);
	pthread_join(reader, NULL);
	free(others);
}

#define HOGS		10
#define HOG_NS		100000000ULL	/* 100 ms */

static void spin(unsigned long long ns)
{
	unsigned long long until = nanoseconds() + ns;

	while (nanoseconds() < until)
		;
}

/* Take the CPU away from other threads, whatever they are doing, HOGS times. */
static void *hog(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	int *round = arg;

	if (sched_setscheduler(0, SCHED_FIFO, &param)) {
		__atomic_store_n(round, -1, __ATOMIC_RELAXED);
		return NULL;
	}
	while (*round < HOGS) {
		spin(HOG_NS);
		__atomic_fetch_add(round, 1, __ATOMIC_RELAXED);
		usleep(20000 + 137 * *round);
	}
	return NULL;
}

/*
 * A thread that switches contexts has lost its CPU. A thread on another CPU that
 * looks for an SPE does not wait until it gets on. (It may happen in one round or
 * the other: there is a lock that is held for a moment.)
 */
TEST(a_switch_that_does_not_get_on_keeps_nobody_waiting)
{
	struct busy busy = { .npc = SPU_STOP_STOP_1337 };
	unsigned long long longest[HOGS] = {}, begin;
	int cpus[2], fd, regs, now, waited = 0, n, round = 0;
	pthread_t switcher, other;
	__u32 npc, event, reg;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	n = first_cpus(cpus, 2);
	ASSERT_LT(0, n);
	if (n < 2)
		SKIP(return, "there is no other CPU");
	busy.fd = spu_create(0);
	fd = spu_create(0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, spu_load(busy.fd, spu_stop));
	ASSERT_EQ(0, spu_load(fd, spu_stop));
	regs = openat(fd, "regs", O_RDONLY);
	ASSERT_LE(0, regs);

	ASSERT_TRUE(run_on(cpus[0]));
	ASSERT_EQ(0, pthread_create(&switcher, NULL, keep_switching, &busy));
	ASSERT_EQ(0, pthread_create(&other, NULL, hog, &round));
	ASSERT_TRUE(run_on(cpus[1]));
	for (;;) {
		now = __atomic_load_n(&round, __ATOMIC_RELAXED);
		if (now < 0 || now >= HOGS)
			break;
		npc = SPU_STOP_STOP_1337;
		begin = nanoseconds();
		EXPECT_EQ(SPU_STATUS_STOP(0x1337), sys_spu_run(fd, &npc, &event));
		/* and it has no SPE any more */
		EXPECT_EQ(sizeof(reg), pread(regs, &reg, sizeof(reg), 0));
		begin = nanoseconds() - begin;
		if (longest[now] < begin)
			longest[now] = begin;
		usleep(1000);
	}
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELAXED);
	pthread_join(switcher, NULL);
	pthread_join(other, NULL);
	close(regs);
	close(fd);
	close(busy.fd);
	if (now < 0)
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	for (n = 0; n < HOGS; n++)
		waited += longest[n] > HOG_NS / 16;
	EXPECT_GT(HOGS / 3, waited);
}

/* How often contexts have lost their SPEs to others, for all SPEs */
static unsigned long long turns(void)
{
	unsigned long long lost, sum = 0;
	int spes = spe_count(), i;
	char path[64];
	FILE *stat;

	for (i = 0; i < spes; i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/spu/spu%d/stat", i);
		stat = fopen(path, "r");
		if (!stat)
			continue;
		if (fscanf(stat, "%*s %*u %*u %*u %*u %*u %llu", &lost) == 1)
			sum += lost;
		fclose(stat);
	}
	return sum;
}

#define CATCHES		4
#define TRIES		40
#define TURN_NS		100000000ULL	/* at least */

/* A thread that switches contexts loses its CPU. */
struct lost {
	unsigned int probes;	/* how often its context's lock has been taken */
	int caught, quiet;
	bool done;
};

/*
 * Take the CPU away until it is one that had the context's lock, and then for
 * so long that other contexts' turns end: not those alone to which a scheduler
 * comes before it has to wait for that lock.
 */
static void *catch_switches(void *arg)
{
	struct sched_param param = { .sched_priority = 2 };
	unsigned long long before;
	struct lost *lost = arg;
	unsigned int probes;
	int i;

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		lost->caught = -1;
	for (i = 0; i < TRIES && lost->caught >= 0 && lost->caught < CATCHES; i++) {
		usleep(2000 + 37 * i % 1000);
		spin(100000);
		probes = __atomic_load_n(&lost->probes, __ATOMIC_RELAXED);
		spin(20000000);
		if (probes != __atomic_load_n(&lost->probes, __ATOMIC_RELAXED))
			continue;
		lost->caught++;
		spin(TURN_NS);
		before = turns();
		spin(2 * TURN_NS);
		lost->quiet += turns() == before;
	}
	__atomic_store_n(&lost->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Each time it takes the SPE of a context with less priority. */
static void *keep_preempting(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &param);
	return keep_switching(arg);
}

/*
 * There are more contexts than SPEs, and a thread that takes an SPE of theirs
 * again and again has lost its CPU. The others take turns all the same.
 */
TEST(a_switch_that_does_not_get_on_keeps_nobody_from_a_turn)
{
	struct busy busy = { .npc = SPU_STOP_STOP_1337 };
	struct runner *others;
	int cpus[2], n = spe_count() + 1, i, stat;
	struct lost lost = {};
	pthread_t switcher, other;
	__u32 word;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	if (first_cpus(cpus, 2) < 2)
		SKIP(return, "there is no other CPU");
	busy.fd = spu_create(0);
	ASSERT_EQ(0, spu_load(busy.fd, spu_stop));
	ASSERT_TRUE(run_on(cpus[1]));
	others = calloc(n, sizeof(*others));
	for (i = 0; i < n; i++)
		start_waiting(_metadata, &others[i]);

	ASSERT_TRUE(run_on(cpus[0]));
	ASSERT_EQ(0, pthread_create(&switcher, NULL, keep_preempting, &busy));
	ASSERT_EQ(0, pthread_create(&other, NULL, catch_switches, &lost));
	ASSERT_TRUE(run_on(cpus[1]));
	stat = openat(busy.fd, "mbox_stat", O_RDONLY);
	while (!__atomic_load_n(&lost.done, __ATOMIC_ACQUIRE)) {
		EXPECT_EQ(sizeof(word), read(stat, &word, sizeof(word)));
		__atomic_fetch_add(&lost.probes, 1, __ATOMIC_RELAXED);
	}
	close(stat);
	pthread_join(other, NULL);
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELAXED);
	pthread_join(switcher, NULL);
	close(busy.fd);
	for (i = 0; i < n; i++)
		expect_goes_on(_metadata, &others[i]);
	free(others);
	if (lost.caught < 0)
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	if (!lost.caught)
		SKIP(return, "no switch lost its CPU");
	/* The thread also takes the mutex of all SPEs, if for a short time. */
	EXPECT_GE(lost.caught / CATCHES, lost.quiet)
		TH_LOG("%d of %d", lost.quiet, lost.caught);
}

TEST_HARNESS_MAIN
