// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Effects on spe_context_run() from outside: signals, cancellation, other
 * threads and processes, the end of the context. Each test runs twice: with
 * spu_run(2) itself, without the library, and with spe_context_run(), which must do
 * the same, whether by spu_run() or by an event file.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "spe2_test.h"

struct context {
	spe_context_ptr_t spe;		/* NULL: made by spu_create() */
	int dir, wbox, ibox;
	uint32_t *ls;
};

/* The result of spu_run(): the stop code, or -1 and errno */
struct outcome {
	int ret, error;
	unsigned int npc;
};

static bool open_plain(struct context *c)
{
	char path[64];
	int mem;

	snprintf(path, sizeof(path), "/spu/run-test-%d", getpid());
	c->dir = syscall(SYS_spu_create, path, 0, 0700, -1);
	mem = openat(c->dir, "mem", O_RDWR);
	c->wbox = openat(c->dir, "wbox", O_WRONLY);
	c->ibox = openat(c->dir, "ibox", O_RDONLY);
	c->ls = mmap(NULL, 0x40000, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	close(mem);
	if (c->ls == MAP_FAILED)
		return false;
	memcpy(c->ls, spu_prog, sizeof(spu_prog));
	return true;
}

static bool open_library(struct context *c)
{
	c->spe = spe_context_create(0, NULL);
	if (!c->spe || spe_program_load(c->spe, &prog))
		return false;
	c->ls = spe_ls_area_get(c->spe);
	return true;
}

static struct outcome run(struct context *c, unsigned int npc)
{
	struct outcome out = { .npc = npc };
	spe_stop_info_t info;

	if (c->spe) {
		out.ret = spe_context_run(c->spe, &out.npc, 0, NULL, NULL, &info);
		if (out.ret < 0)
			out.error = info.stop_reason == SPE_RUNTIME_FATAL ?
				    info.result.spe_runtime_fatal : -1;
		return out;
	}
	out.ret = syscall(SYS_spu_run, c->dir, &out.npc, NULL);
	if (out.ret < 0)
		out.error = errno;
	else
		out.ret = out.ret >> 16 & 0x3fff;
	return out;
}

static int put_word(struct context *c, unsigned int word)
{
	if (c->spe)
		return spe_in_mbox_write(c->spe, &word, 1, SPE_MBOX_ALL_BLOCKING);
	return write(c->wbox, &word, sizeof(word)) / 4;
}

static unsigned int get_word(struct context *c)
{
	unsigned int word = ~0u;

	if (c->spe)
		spe_out_intr_mbox_read(c->spe, &word, 1, SPE_MBOX_ALL_BLOCKING);
	else
		(void)!read(c->ibox, &word, sizeof(word));
	return word;
}

/* The program echo runs, and answers. */
#define ASSERT_ECHO(c, word)			\
	do {					\
		ASSERT_EQ(1, put_word(c, word));	\
		ASSERT_EQ(word, get_word(c));	\
	} while (0)

/* A thread in a run */
struct runner {
	struct context *c;
	unsigned int npc;
	int cancel_type;
	pthread_t thread;
	volatile pid_t tid;
	volatile bool returned;
	struct outcome out;
};

static void *run_thread(void *arg)
{
	struct runner *r = arg;

	pthread_setcanceltype(r->cancel_type, NULL);
	r->tid = gettid();
	r->out = run(r->c, r->npc);
	r->returned = true;
	pthread_testcancel();
	return NULL;
}

/* Wait until it has begun and sleeps: it has nothing else to sleep for. */
static void wait_asleep(struct runner *r)
{
	while (!r->tid || state_of(getpid(), r->tid) != 'S')
		sched_yield();
}

/* Wait until it sleeps in the system call that the SPU requested. */
static void wait_in_call(struct runner *r, const char *where)
{
	char path[64], symbol[128];
	int fd, n;

	do {
		wait_asleep(r);
		snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", r->tid);
		fd = open(path, O_RDONLY);
		n = read(fd, symbol, sizeof(symbol) - 1);
		close(fd);
		symbol[n > 0 ? n : 0] = '\0';
	} while (!strstr(symbol, where));
}

static int begin(struct runner *r)
{
	return pthread_create(&r->thread, NULL, run_thread, r);
}

static volatile int handled;

static void count(int sig)
{
	(void)sig;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

static void handle(int flags)
{
	const struct sigaction action = { .sa_handler = count, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
	handled = 0;
}

/* Send one signal, and wait until it has been handled */
static void send(pthread_t thread)
{
	int before = handled;

	pthread_kill(thread, SIGUSR1);
	while (handled == before)
		sched_yield();
}

FIXTURE(run) {
	struct context c;
};

FIXTURE_VARIANT(run) {
	bool library;
};

FIXTURE_VARIANT_ADD(run, spu_run) { .library = false };
FIXTURE_VARIANT_ADD(run, spe_context_run) { .library = true };

FIXTURE_SETUP(run)
{
	self->c = (struct context){ .dir = -1, .wbox = -1, .ibox = -1 };
	ASSERT_TRUE(variant->library ? open_library(&self->c) : open_plain(&self->c));
}

FIXTURE_TEARDOWN(run)
{
	if (self->c.spe) {
		EXPECT_EQ(0, spe_context_destroy(self->c.spe));
		return;
	}
	munmap(self->c.ls, 0x40000);
	close(self->c.wbox);
	close(self->c.ibox);
	close(self->c.dir);
}

#define EXPECT_OUTCOME(_ret, _error, _npc, out)		\
	do {						\
		EXPECT_EQ(_ret, (out).ret);		\
		EXPECT_EQ(_error, (out).error);		\
		EXPECT_EQ(_npc, (out).npc);		\
	} while (0)

/*
 * echo waits in its first instruction; the fourth stops it. It may have answered and
 * not have made its third, which goes back.
 */
#define ECHO_BACK	(SPU_PROG_ECHO + 8)
#define ECHO_END	(SPU_PROG_ECHO + 16)

TEST_F(run, interrupted)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO };

	handle(0);
	ASSERT_EQ(0, begin(&r));
	ASSERT_ECHO(r.c, 5);
	wait_asleep(&r);
	send(r.thread);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_EQ(-1, r.out.ret);
	EXPECT_EQ(EINTR, r.out.error);
	EXPECT_TRUE(r.out.npc == SPU_PROG_ECHO || r.out.npc == ECHO_BACK)
		TH_LOG("npc 0x%x", r.out.npc);
	/* It goes on there. */
	ASSERT_EQ(1, put_word(r.c, 0));
	r.out = run(r.c, r.out.npc);
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
}

TEST_F(run, restarted)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO };
	unsigned int i;

	handle(SA_RESTART);
	ASSERT_EQ(0, begin(&r));
	for (i = 1; i <= 20; i++) {
		ASSERT_ECHO(r.c, i);
		wait_asleep(&r);
		send(r.thread);
	}
	ASSERT_ECHO(r.c, 0);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_EQ(20, handled);
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
}

/* A run is not a cancellation point, */
TEST_F(run, not_cancelled)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO };
	void *ret;

	ASSERT_EQ(0, begin(&r));
	ASSERT_ECHO(r.c, 5);
	wait_asleep(&r);
	ASSERT_EQ(0, pthread_cancel(r.thread));
	ASSERT_ECHO(r.c, 6);
	ASSERT_ECHO(r.c, 0);
	ASSERT_EQ(0, pthread_join(r.thread, &ret));
	EXPECT_TRUE(r.returned);
	EXPECT_EQ(PTHREAD_CANCELED, ret);
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
}

/* but it ends if cancellation is asynchronous, and the next run is as good as any. */
TEST_F(run, cancelled)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO,
			    .cancel_type = PTHREAD_CANCEL_ASYNCHRONOUS };
	void *ret;

	ASSERT_EQ(0, begin(&r));
	ASSERT_ECHO(r.c, 5);
	wait_asleep(&r);
	ASSERT_EQ(0, pthread_cancel(r.thread));
	ASSERT_EQ(0, pthread_join(r.thread, &ret));
	EXPECT_FALSE(r.returned);
	EXPECT_EQ(PTHREAD_CANCELED, ret);
	ASSERT_EQ(1, put_word(r.c, 0));
	r.out = run(r.c, SPU_PROG_ECHO);
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
}

/* The second thread waits for the first one's run; a signal ends the wait. */
TEST_F(run, two_threads)
{
	struct runner first = { .c = &self->c, .npc = SPU_PROG_ECHO };
	struct runner second = { .c = &self->c, .npc = CALL_AT };

	self->c.ls[CALL_AT / 4] = 0x1002;
	handle(0);
	ASSERT_EQ(0, begin(&first));
	ASSERT_ECHO(first.c, 5);
	ASSERT_EQ(0, begin(&second));
	wait_asleep(&second);
	send(second.thread);
	ASSERT_EQ(0, pthread_join(second.thread, NULL));
	EXPECT_OUTCOME(-1, EINTR, CALL_AT, second.out);

	handle(SA_RESTART);
	second.tid = 0;
	second.returned = false;
	ASSERT_EQ(0, begin(&second));
	wait_asleep(&second);
	send(second.thread);
	wait_asleep(&second);
	ASSERT_ECHO(first.c, 6);
	EXPECT_FALSE(second.returned);
	EXPECT_FALSE(first.returned);
	ASSERT_ECHO(first.c, 0);
	ASSERT_EQ(0, pthread_join(first.thread, NULL));
	ASSERT_EQ(0, pthread_join(second.thread, NULL));
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, first.out);
	EXPECT_OUTCOME(0x1002, 0, CALL_AT + 4, second.out);
}

/* A thread that waits is cancelled like one that runs, and the first run does not notice. */
TEST_F(run, cancelled_while_waiting)
{
	struct runner first = { .c = &self->c, .npc = SPU_PROG_ECHO };
	struct runner second = { .c = &self->c, .npc = CALL_AT };
	void *ret;

	self->c.ls[CALL_AT / 4] = 0x1002;
	ASSERT_EQ(0, begin(&first));
	ASSERT_ECHO(first.c, 5);
	ASSERT_EQ(0, begin(&second));
	wait_asleep(&second);
	ASSERT_EQ(0, pthread_cancel(second.thread));
	ASSERT_ECHO(first.c, 6);
	EXPECT_FALSE(second.returned);
	ASSERT_ECHO(first.c, 0);
	ASSERT_EQ(0, pthread_join(second.thread, &ret));
	EXPECT_EQ(PTHREAD_CANCELED, ret);
	EXPECT_TRUE(second.returned);
	EXPECT_OUTCOME(0x1002, 0, CALL_AT + 4, second.out);
	ASSERT_EQ(0, pthread_join(first.thread, NULL));

	first = (struct runner){ .c = &self->c, .npc = SPU_PROG_ECHO };
	second = (struct runner){ .c = &self->c, .npc = CALL_AT,
				  .cancel_type = PTHREAD_CANCEL_ASYNCHRONOUS };
	ASSERT_EQ(0, begin(&first));
	ASSERT_ECHO(first.c, 5);
	ASSERT_EQ(0, begin(&second));
	wait_asleep(&second);
	ASSERT_EQ(0, pthread_cancel(second.thread));
	ASSERT_EQ(0, pthread_join(second.thread, &ret));
	EXPECT_EQ(PTHREAD_CANCELED, ret);
	EXPECT_FALSE(second.returned);
	ASSERT_ECHO(first.c, 0);
	ASSERT_EQ(0, pthread_join(first.thread, NULL));
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, first.out);
}

/* A child reports by its exit status. */
static int status_of(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) ?
	       WEXITSTATUS(status) : -1;
}

/* A child runs its parent's context; DMA uses the parent's memory. */
TEST_F(run, child)
{
	static uint32_t memory[4] __attribute__((aligned(16)));
	const uint64_t ea = (uintptr_t)memory;
	struct outcome out;
	pid_t child;

	self->c.ls[SPU_PROG_WHERE / 4] = ea >> 32;
	self->c.ls[SPU_PROG_WHERE / 4 + 1] = ea;
	self->c.ls[SPU_PROG_SEEN / 4] = 0x12345678;
	memory[0] = 1;
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		memory[0] = 2;
		out = run(&self->c, SPU_PROG_PUT);
		_exit(out.ret != 0x1001 ? 100 : memory[0]);
	}
	EXPECT_EQ(2, status_of(child));
	EXPECT_EQ(0x12345678, memory[0]);
	memory[0] = 1;
	out = run(&self->c, SPU_PROG_PUT);
	EXPECT_EQ(0x1001, out.ret);
	EXPECT_EQ(0x12345678, memory[0]);
}

/* A child waits for its parent's run like a thread, */
TEST_F(run, child_waits)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO };
	pid_t child;

	self->c.ls[CALL_AT / 4] = 0x1002;
	ASSERT_EQ(0, begin(&r));
	ASSERT_ECHO(r.c, 5);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run(&self->c, CALL_AT).ret & 0xff);
	while (state_of(child, child) != 'S')
		sched_yield();
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	ASSERT_ECHO(r.c, 6);
	ASSERT_ECHO(r.c, 0);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
	EXPECT_EQ(0x02, status_of(child));
}

/* and a parent for its child's. */
TEST_F(run, parent_waits)
{
	struct runner r = { .c = &self->c, .npc = CALL_AT };
	pid_t child;

	self->c.ls[CALL_AT / 4] = 0x1002;
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run(&self->c, SPU_PROG_ECHO).ret & 0xff);
	ASSERT_ECHO(r.c, 5);
	ASSERT_EQ(0, begin(&r));
	wait_asleep(&r);
	ASSERT_ECHO(r.c, 6);
	EXPECT_FALSE(r.returned);
	ASSERT_ECHO(r.c, 0);
	EXPECT_EQ(0x01, status_of(child));
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_OUTCOME(0x1002, 0, CALL_AT + 4, r.out);
}

/* The context goes once the run is over, or not at all: the run goes on. */
TEST_F(run, destroyed)
{
	struct runner r = { .c = &self->c, .npc = SPU_PROG_ECHO };

	ASSERT_EQ(0, begin(&r));
	ASSERT_ECHO(r.c, 5);
	if (self->c.spe)
		/* "SPE Runtime Management Library": it is in use */
		EXPECT_ERRNO(EAGAIN, spe_context_destroy(self->c.spe));
	else
		EXPECT_EQ(0, close(self->c.dir));
	ASSERT_ECHO(r.c, 6);
	ASSERT_ECHO(r.c, 0);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_OUTCOME(0x1001, 0, ECHO_END, r.out);
}

/* read(@fd) into @to by stop code 0x2104 */
static void put_system_call(struct context *c, int fd, void *to)
{
	const uint64_t block[7] = { SYS_read, fd, (uintptr_t)to, 16 };

	c->ls[CALL_AT / 4] = 0x2104;
	c->ls[CALL_AT / 4 + 1] = ARGS_AT;
	c->ls[CALL_AT / 4 + 2] = 0x1001;
	memcpy(&c->ls[ARGS_AT / 4], block, sizeof(block));
}

/* A signal during a system call of the SPU: the run ends, and the call is made again. */
TEST_F(run, interrupted_in_a_call)
{
	struct runner r = { .c = &self->c, .npc = CALL_AT };
	static char to[16];
	int pipefd[2], fd;

	ASSERT_EQ(0, pipe(pipefd));
	fd = self->c.spe ? spe_context_give_fd(self->c.spe, pipefd[0]) : pipefd[0];
	ASSERT_LE(0, fd);
	put_system_call(&self->c, fd, to);
	handle(0);
	ASSERT_EQ(0, begin(&r));
	wait_in_call(&r, "pipe_read");
	send(r.thread);
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_OUTCOME(-1, EINTR, CALL_AT, r.out);

	handle(SA_RESTART);
	r.tid = 0;
	ASSERT_EQ(0, begin(&r));
	wait_in_call(&r, "pipe_read");
	send(r.thread);
	wait_in_call(&r, "pipe_read");
	ASSERT_EQ(5, write(pipefd[1], "input", 5));
	ASSERT_EQ(0, pthread_join(r.thread, NULL));
	EXPECT_OUTCOME(0x1001, 0, CALL_AT + 12, r.out);
	EXPECT_EQ(5, ((uint64_t *)self->c.ls)[ARGS_AT / 8]);
	EXPECT_STREQ("input", to);
	close(pipefd[0]);
	close(pipefd[1]);
}

TEST_HARNESS_MAIN
