// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous contexts that are created, started, read and closed by several
 * tasks at once, in orders in which the kernel could come to wait for itself.
 *
 * A task that waits in this way cannot be killed.  Hence children do all this;
 * the test has nothing of spufs open, and watches whether they make progress.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/echo.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"

/* The bugs in question show after about twenty rounds of each test. */
#define CREATE_ROUNDS	500
#define CLOSE_ROUNDS	200
#define FIFO_ROUNDS	60
#define FIFO_STARTS	10000
#define STOP_ROUNDS	300

/* The state that a child reports: shared memory */
static struct {
	unsigned int rounds;
	int line, error;	/* the place and reason of a failure */
} *report;

static unsigned int rounds(void)
{
	return __atomic_load_n(&report->rounds, __ATOMIC_RELAXED);
}

static void round_done(void)
{
	__atomic_add_fetch(&report->rounds, 1, __ATOMIC_RELAXED);
}

#define NEED(condition) do {						\
	if (!(condition)) {						\
		report->error = errno;					\
		report->line = __LINE__;				\
		_exit(1);						\
	}								\
} while (0)

FIXTURE(race)
{
	char *gang;
	pid_t child, helper;
};

FIXTURE_SETUP(race)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(report != MAP_FAILED);
	self->gang = strdup(spu_path(NULL));
}

FIXTURE_TEARDOWN(race)
{
	if (self->child)
		kill(self->child, SIGKILL);
	if (self->helper) {
		kill(self->helper, SIGKILL);
		EXPECT_TRUE(wait_until(waitpid(self->helper, NULL, WNOHANG)));
	}
}

static pid_t spawn(void (*work)(const char *gang), const char *gang)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	/* A reader of the test's output need not wait for a child for ever. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	work(gang);
	_exit(0);
}

/* Wait for a child as long as it makes progress: its status, or -1 */
static int outcome(pid_t *child)
{
	unsigned int before;
	int status = -1;

	do {
		before = rounds();
		if (!wait_until(waitpid(*child, &status, WNOHANG) == *child ||
				rounds() != before))
			return -1;
	} while (status < 0);
	*child = 0;
	return status;
}

#define EXPECT_GETS_ON(child)						\
	EXPECT_EQ(0, outcome(child)) {					\
		TH_LOG("after %u rounds; line %d: %s", rounds(),	\
		       report->line, strerror(report->error));		\
	}

/* A reason to SKIP, or NULL. Some machines do not tell the adjacent SPEs. */
static const char *no_affinity(const char *path)
{
	int gang = sys_spu_create(path, SPU_CREATE_GANG, 0755, -1);
	int ctx = sys_spu_create(spu_path(path), SPU_CREATE_AFFINITY_MEM, 0755, -1);
	int error = errno;

	close(ctx);
	close(gang);
	return ctx < 0 && error == EINVAL ? "no affinity of SPEs" : NULL;
}

static int set_fifo(int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

static void create_loaded(struct async *ctx, const char *gang, unsigned int flags,
			  int neighbour)
{
	NEED(!async_create_in(ctx, gang, flags, neighbour));
	NEED(!spu_load(ctx->fd, spu_echo));
}

/* Create a context that is undone, because there is no file descriptor. */
static void create_in_vain(const char *gang)
{
	const struct rlimit none = { 0, 0 };
	char path[256];
	int i, fd;

	NEED(sys_spu_create(gang, SPU_CREATE_GANG, 0755, -1) >= 0);
	NEED(!setrlimit(RLIMIT_NOFILE, &none));
	snprintf(path, sizeof(path), "%s/ctx", gang);
	for (i = 0; i < CREATE_ROUNDS; i++) {
		/* while the last one's event file is open, it is near memory */
		do {
			fd = sys_spu_create(path, SPU_CREATE_ASYNC |
					    SPU_CREATE_AFFINITY_MEM, 0755, -1);
		} while (fd < 0 && errno == EEXIST);
		NEED(fd < 0 && errno == EMFILE);
		round_done();
	}
}

/* Start it while it exists. */
static void start_by_name(const char *gang)
{
	struct async ctx;
	char path[256];

	snprintf(path, sizeof(path), "%s/ctx/event", gang);
	for (;;) {
		ctx.event = open(path, O_WRONLY);
		if (ctx.event < 0)
			continue;
		async_start(&ctx, 0);
		close(ctx.event);
	}
}

/*
 * spu_create() holds the gang's affinity lock, and takes the context's lock to
 * undo the context.  A start holds the context's lock, and needs its affinity.
 */
TEST_F_TIMEOUT(race, of_start_and_failing_create, 300)
{
	const char *reason = no_affinity(self->gang);

	if (reason)
		SKIP(return, "%s", reason);
	self->helper = spawn(start_by_name, self->gang);
	ASSERT_LT(0, self->helper);
	self->child = spawn(create_in_vain, self->gang);
	ASSERT_LT(0, self->child);
	EXPECT_GETS_ON(&self->child);
}

static void *start_and_stop(void *arg)
{
	const struct async *ctx = arg;
	struct spu_event event;

	for (;;) {
		NEED(!async_start(ctx, SPU_ECHO_WAIT));
		NEED(!async_stop(ctx));
		NEED(async_next(ctx, &event) == sizeof(event));
	}
	return NULL;
}

/* A waiting context: the file that tells when it gets and loses an SPE */
static int create_waiting(struct async *ctx, const char *gang)
{
	int log;

	create_loaded(ctx, gang, 0, -1);
	log = openat(ctx->fd, "switch_log", O_RDONLY | O_NONBLOCK);
	NEED(log >= 0);
	NEED(!async_start(ctx, SPU_ECHO_WAIT));
	close(ctx->event);
	return log;
}

/* Close the contexts of a gang just when they have lost their SPEs. */
static void close_unloaded(const char *path)
{
	int count = 2 * spe_count(), gang, i;
	struct pollfd *log = calloc(count, sizeof(*log));
	struct async *ctx = calloc(count, sizeof(*ctx)), pair[2];
	bool *loaded = calloc(count, sizeof(*loaded));
	pthread_t thread;
	char text[256];

	/* the shortest time slice */
	NEED(!setpriority(PRIO_PROCESS, 0, 19));
	gang = sys_spu_create(path, SPU_CREATE_GANG, 0755, -1);
	NEED(gang >= 0);
	create_loaded(&pair[0], path, 0, -1);
	create_loaded(&pair[1], path, SPU_CREATE_AFFINITY_SPU, pair[0].fd);
	for (i = 0; i < count; i++) {
		log[i].fd = create_waiting(&ctx[i], path);
		log[i].events = POLLIN;
	}
	for (i = 0; i < 2; i++)
		NEED(!pthread_create(&thread, NULL, start_and_stop, &pair[i]));

	while (rounds() < CLOSE_ROUNDS) {
		NEED(poll(log, count, -1) > 0);
		for (i = 0; i < count; i++) {
			if (!log[i].revents)
				continue;
			if (!loaded[i]) {
				NEED(read(log[i].fd, text, sizeof(text)) > 0);
				loaded[i] = true;
				continue;
			}
			close(log[i].fd);
			close(ctx[i].fd);
			log[i].fd = create_waiting(&ctx[i], path);
			loaded[i] = false;
			round_done();
		}
	}
}

/*
 * The scheduler took the SPE from a context, and has the last reference to it:
 * with the list of SPEs locked, it wants the gang's affinity lock.  A start
 * holds that one, and wants the list.
 */
TEST_F_TIMEOUT(race, of_start_and_close_of_another, 300)
{
	const char *reason = no_affinity(self->gang);

	if (reason)
		SKIP(return, "%s", reason);
	self->child = spawn(close_unloaded, self->gang);
	ASSERT_LT(0, self->child);
	EXPECT_GETS_ON(&self->child);
}

/* Keep the mutex of a context taken most of the time. */
static void *read_memory(void *arg)
{
	static char buf[LS_SIZE / 4];
	int mem = openat(*(int *)arg, "mem", O_RDONLY);

	for (;;)
		NEED(pread(mem, buf, sizeof(buf), 0) == sizeof(buf));
	return NULL;
}

struct reader {
	int fd;
	sem_t begin, end;
};

/* A reader takes the SPE from the context, and gets one for it again. */
static void *read_fpcr(void *arg)
{
	struct reader *reader = arg;
	int fpcr = openat(reader->fd, "fpcr", O_RDONLY);
	char buf[16];

	for (;;) {
		NEED(!sem_wait(&reader->begin));
		NEED(pread(fpcr, buf, sizeof(buf), 0) == sizeof(buf));
		NEED(!sem_post(&reader->end));
	}
	return NULL;
}

static void start_with_priority(const char *unused)
{
	struct async ctx, victim, taker;
	struct reader reader;
	struct spu_event event;
	pthread_t thread;
	int i;

	/* Contexts that are not preempted take all SPEs but one. */
	NEED(!set_fifo(1));
	for (i = 1; i < spe_count(); i++) {
		NEED(!async_create(&taker, 0));
		NEED(!spu_load(taker.fd, spu_echo));
		NEED(!async_start(&taker, SPU_ECHO_WAIT));
	}
	NEED(!set_fifo(0));

	/* Whenever this one is to get the last SPE, its mutex is contended. */
	NEED(!async_create(&victim, 0));
	NEED(!spu_load(victim.fd, spu_echo));
	NEED(!async_start(&victim, SPU_ECHO_WAIT));
	NEED(!pthread_create(&thread, NULL, read_memory, &victim.fd));

	NEED(!async_create(&ctx, 0));
	NEED(!spu_load(ctx.fd, spu_stop));
	reader.fd = ctx.fd;
	NEED(!sem_init(&reader.begin, 0, 1) && !sem_init(&reader.end, 0, 0));
	NEED(!pthread_create(&thread, NULL, read_fpcr, &reader));

	NEED(!set_fifo(1));
	for (i = 0; i < FIFO_STARTS && rounds() < FIFO_ROUNDS; i++) {
		NEED(!async_start(&ctx, SPU_STOP_STOP_1337));
		NEED(async_next(&ctx, &event) == sizeof(event));
		if (!sem_trywait(&reader.end)) {
			round_done();
			NEED(!sem_post(&reader.begin));
		}
	}
}

/*
 * A reader of fpcr has given the context's SPE to another context.  A start
 * that comes now finds no context to preempt, and this one is to wait; then
 * the reader finds one.  The context no longer waits: the next start relies on
 * that.
 */
TEST_F_TIMEOUT(race, of_start_and_read_of_fpcr, 300)
{
	if (set_fifo(1)) {
		ASSERT_EQ(EPERM, errno);
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	}
	ASSERT_EQ(0, set_fifo(0));
	self->child = spawn(start_with_priority, NULL);
	ASSERT_LT(0, self->child);
	EXPECT_GETS_ON(&self->child);
}

#define PS_RUNCNTL	0x401c	/* SPU_RunCntl; CBEA, "Problem State Area" */

static void *write_run(void *psmap)
{
	volatile unsigned int i;

	for (;;) {
		*(volatile __u32 *)(psmap + PS_RUNCNTL) = 1;
		/* Starting a running SPU takes long in emulation. */
		for (i = 0; i < 500; i++)
			;
	}
	return NULL;
}

static void stop_what_starts(const char *unused)
{
	struct spu_event event;
	struct async ctx;
	pthread_t thread;
	void *psmap;
	int fd, i;

	NEED(!async_create(&ctx, 0));
	NEED(!spu_load(ctx.fd, spu_spin));
	fd = openat(ctx.fd, "psmap", O_RDWR);
	psmap = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(psmap != MAP_FAILED);
	for (i = 0; i < STOP_ROUNDS; i++) {
		NEED(!async_start(&ctx, 0));
		/* The context that it maps has to be loaded. */
		if (!i)
			NEED(!pthread_create(&thread, NULL, write_run, psmap));
		NEED(!async_stop(&ctx));
		NEED(async_next(&ctx, &event) == sizeof(event));
		NEED(event.event == SPU_EVENT_STOP);
		round_done();
	}
}

/* A stop ends, although a mapping of the registers starts the SPU again. */
TEST_F_TIMEOUT(race, of_stop_and_a_mapping_that_starts, 300)
{
	self->child = spawn(stop_what_starts, NULL);
	ASSERT_LT(0, self->child);
	EXPECT_GETS_ON(&self->child);
}

TEST_HARNESS_MAIN
