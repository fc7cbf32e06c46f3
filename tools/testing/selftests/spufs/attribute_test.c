// SPDX-License-Identifier: GPL-2.0
/*
 * The values that the attributes of a context, and spu_run(2), return and take:
 * no more than they should.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_test.h"
#include "spufs_uring.h"

#include "spu/call.h_shipped"
#include "spu/copy.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/stop.h_shipped"

FIXTURE(attribute)
{
	int fd;
};

FIXTURE_SETUP(attribute)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(attribute)
{
	close(self->fd);
}

/*
 * pread() is refused. io_uring does not refuse it, and so a first read may be at
 * an offset: the read returns the rest of the text then, not that of the
 * last user of the kernel's buffer.
 */
TEST_F(attribute, is_the_same_at_an_offset)
{
	static const char * const names[] = {
		"signal1_type", "signal2_type", "npc", "srr0", "decr",
		"decr_status", "event_mask", "event_status", "phys-id",
		"object-id", "lslr",
	};
	struct io_uring_cqe cqe;
	struct ring ring;
	int i;

	if (ring_open(&ring))
		SKIP(return, "io_uring_setup: %s", strerror(errno));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char text[64], rest[64] = "";
		int file;

		strcpy(text, spu_text(self->fd, names[i]));
		ASSERT_LT(1, strlen(text));
		/* the last user of the buffer had another text in it */
		spu_text(self->fd, strcmp(names[i], "lslr") ? "lslr" : "npc");
		file = openat(self->fd, names[i], O_RDONLY);
		EXPECT_ERROR(ESPIPE, pread(file, rest, sizeof(rest), 1));
		ring_add(&ring, IORING_OP_READ, file, rest, sizeof(rest) - 1,
			 0)->off = 1;
		ASSERT_EQ(1, ring_enter(&ring, 1));
		ASSERT_TRUE(ring_next(&ring, &cqe));
		EXPECT_EQ(strlen(text) - 1, cqe.res);
		EXPECT_STREQ(text + 1, rest) {
			TH_LOG("%s", names[i]);
		}
		close(file);
	}
	close(ring.fd);
}

struct run {
	int fd, status;
	__u32 npc, event;
};

static void *run(void *arg)
{
	struct run *run = arg;

	run->status = sys_spu_run(run->fd, &run->npc, &run->event);
	return NULL;
}

/* A thread that never came to run the context gets no results of it. */
TEST_F(attribute, of_a_run_that_was_none)
{
	struct run first = { .fd = self->fd };
	__u32 npc = 0x1234, event = ~0;
	pthread_t thread;

	ASSERT_EQ(0, spu_load(self->fd, spu_echo));
	ASSERT_EQ(0, create_without_alarms(&thread, run, &first));
	ASSERT_TRUE(wait_until(loaded_on(self->fd) >= 0));
	alarm_every(10000, 0, count_alarm);
	EXPECT_ERROR(EINTR, sys_spu_run(self->fd, &npc, &event));
	alarm_never();
	EXPECT_EQ(0x1234, npc);
	EXPECT_EQ(0, event);
	ASSERT_EQ(0, spu_tell(self->fd, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/* Isolation needs the permission for isolated contexts: CBEA, SPU_RunCntl */
TEST_F(attribute, cntl_does_not_isolate)
{
	static const struct {
		const char *text;
		int error;
	} values[] = {
		{ "2", EPERM }, { "3", EPERM }, { "0x3", EPERM }, { "0", 0 },
	};
	int file = openat(self->fd, "cntl", O_RDWR), i;

	ASSERT_LE(0, file);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		int ret = write(file, values[i].text, strlen(values[i].text));

		EXPECT_EQ(values[i].error ? -1 : (int)strlen(values[i].text),
			  ret);
		if (values[i].error)
			EXPECT_EQ(values[i].error, errno);
	}
	close(file);
}

/* The first process of a PID namespace looks at the thread in spu_run(). */
static int look_in_namespace(void)
{
	int fd = spu_create(0);
	__u32 npc = SPU_STOP_STOP_1337, event;

	if (fd < 0 || spu_load(fd, spu_stop) ||
	    sys_spu_run(fd, &npc, &event) != SPU_STATUS_STOP(0x1337))
		return 2;
	return atoi(spu_text(fd, "tid")) == getpid() ? 0 : 1;
}

TEST(tid_is_that_of_the_namespace)
{
	int status;
	pid_t child;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	child = fork();
	if (!child) {
		if (unshare(CLONE_NEWPID))
			_exit(3);
		child = fork();
		if (!child)
			_exit(look_in_namespace());
		waitpid(child, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WEXITSTATUS(status) == 3)
		SKIP(return, "no PID namespaces, or not root");
	EXPECT_EQ(0, status);
}

/* Another process is in spu_run(2) for context @fd, which waits for a word. */
static pid_t run_elsewhere(int fd)
{
	__u32 npc = 0, event;
	pid_t pid = fork();

	if (!pid)
		exit(sys_spu_run(fd, &npc, &event));
	return pid;
}

/* The first word of stat says what is going on. */
static bool is_user_time(int fd)
{
	return !strncmp(spu_text(fd, "stat"), "user ", 5);
}

/* A page that was never touched; then wait where the program would stop. */
TEST_F(attribute, stat_says_user_after_a_fault)
{
	static const __u32 from[4] __attribute__((aligned(16))) = { 0x5eed };
	volatile __u32 *to = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct copy_args args = {
		.src_hi = spu_eah(from), .src_lo = spu_eal(from),
		.dst_hi = spu_eah(to), .dst_lo = spu_eal(to),
		.size = sizeof(from), .chunks = 1,
	};
	pid_t pid;

	ASSERT_TRUE(to != MAP_FAILED);
	ASSERT_EQ(0, spu_load(self->fd, spu_copy));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_COPY_STOPPED - 4, spu_echo, 4));
	ASSERT_EQ(0, spu_poke(self->fd, SPU_COPY_ARGS, &args, sizeof(args)));
	pid = run_elsewhere(self->fd);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(wait_until(*to == from[0]));
	EXPECT_TRUE(wait_until(is_user_time(self->fd)));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

/* getppid(), then wait */
TEST_F(attribute, stat_says_user_after_a_call)
{
	const __u32 program[] = {
		spu_call[0], SPU_CALL_BLOCK, spu_echo[0], 0,
		0, SYS_getppid, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	__u64 result = 0;
	pid_t pid;

	ASSERT_EQ(0, spu_load(self->fd, program));
	pid = run_elsewhere(self->fd);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(wait_until(!spu_peek(self->fd, SPU_CALL_BLOCK, &result,
					 sizeof(result)) &&
			       result == (__u64)getpid()));
	EXPECT_TRUE(wait_until(is_user_time(self->fd)));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
