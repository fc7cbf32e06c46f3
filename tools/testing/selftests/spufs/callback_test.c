// SPDX-License-Identifier: GPL-2.0
/*
 * System calls that an SPU requests by stop 0x2104, and unintended uses of them
 * by a program.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_cpus.h"
#include "spufs_test.h"
#include "spufs_uring.h"

#include "spu/call.h_shipped"
#include "spu/echo.h_shipped"
#include "spu/spin.h_shipped"

/* asm/spu.h */
struct spu_syscall_block {
	__u64 nr_ret, parm[6];
};

/* The run of another thread */
struct run {
	int fd, status;
	__u32 npc, event;
};

static void *run(void *arg)
{
	static const struct sched_param normal;
	struct run *run = arg;

	/* whatever this thread's creator is */
	sched_setscheduler(0, SCHED_OTHER, &normal);
	run->status = sys_spu_run(run->fd, &run->npc, &run->event);
	return NULL;
}

FIXTURE(callback)
{
	int fd;
};

FIXTURE_SETUP(callback)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spu_load(self->fd, spu_call));
}

FIXTURE_TEARDOWN(callback)
{
	close(self->fd);
}

/* Let the SPU make a call; the result, or ~0 if spu_run() did not finish it */
static __u64 call(int fd, struct spu_syscall_block block)
{
	__u32 npc = 0, event;

	if (spu_poke(fd, SPU_CALL_BLOCK, &block, sizeof(block)) ||
	    sys_spu_run(fd, &npc, &event) != SPU_STATUS_STOP(SPU_DONE) ||
	    spu_peek(fd, SPU_CALL_BLOCK, &block, sizeof(block)))
		return ~0ULL;
	return block.nr_ret;
}

/* Has the kernel's log got a line of spufs since the seek to its end? */
static bool kernel_complains(int kmsg)
{
	char line[8192];
	bool complains = false;
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		complains |= !!strstr(line, "spu");
	}
	return complains;
}

/*
 * Most of the addresses of a process's memory are offsets in its file mem, and
 * so a result of lseek() may be negative without being an error.
 */
TEST_F(callback, may_return_any_value)
{
	static const __u64 results[] = { 1ULL << 63, -514ULL << 12, 4096 };
	int mem = open("/proc/self/mem", O_RDONLY), i;
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, mem);
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, lseek(kmsg, 0, SEEK_END));
	for (i = 0; i < ARRAY_SIZE(results); i++)
		EXPECT_EQ(results[i], call(self->fd, (struct spu_syscall_block) {
			SYS_lseek, { mem, results[i], SEEK_SET } }));
	EXPECT_FALSE(kernel_complains(kmsg));
	close(kmsg);
	close(mem);
}

/* A filter that allows everything but getppid() */
static int no_getppid(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?:
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

TEST_F(callback, is_not_a_way_round_seccomp)
{
	struct spu_syscall_block getppid_block = { SYS_getppid };
	int status;
	pid_t child;

	ASSERT_EQ(getppid(), call(self->fd, getppid_block));
	child = fork();
	if (!child) {
		if (no_getppid())
			_exit(errno == EINVAL ? 2 : 3);
		if (syscall(SYS_getppid) != -1 || errno != EACCES)
			_exit(4);
		/* it runs in this process, whoever created the context */
		_exit(call(self->fd, getppid_block) == -ENOSYS ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WEXITSTATUS(status) == 2)
		SKIP(return, "kernel without CONFIG_SECCOMP_FILTER");
	EXPECT_EQ(0, status);
}

static void *write_after_alarms(void *arg)
{
	if (wait_until(alarms >= 3))
		write(*(int *)arg, "pipe", 4);
	return NULL;
}

/* It is restarted after a signal that other calls would not notice either. */
TEST_F(callback, is_restarted_after_a_signal)
{
	int pipes[2];
	char *text;
	pthread_t thread;

	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(text != MAP_FAILED);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, create_without_alarms(&thread, write_after_alarms,
					   &pipes[1]));
	alarm_every(5000, SA_RESTART, count_alarm);
	EXPECT_EQ(4, call(self->fd, (struct spu_syscall_block) {
		SYS_read, { pipes[0], (uintptr_t)text, 4 } }));
	alarm_never();
	EXPECT_STREQ("pipe", text);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

/*
 * The call closes the context's own descriptor. The release is done when the
 * process returns from the kernel, or by io_uring_enter(), which is the second
 * call: the file has to stay until spu_run() has finished with it.
 */
TEST_F(callback, may_close_the_context)
{
	const struct spu_syscall_block close_block = { SYS_close, { self->fd } };
	const struct {
		__u32 code[8];
		struct spu_syscall_block close, enter;
	} program = {
		.code = { spu_call[0], 0x20, spu_call[0], 0x58, spu_call[2] },
		.close = close_block,
	};
	int contexts = spu_contexts();
	__u32 npc = 0, event;
	struct ring ring;

	if (ring_open(&ring))
		SKIP(return, "io_uring_setup: %s", strerror(errno));
	ASSERT_EQ(0, spu_poke(self->fd, 0, &program, sizeof(program)));
	ASSERT_EQ(0, spu_poke(self->fd, 0x58, &(struct spu_syscall_block) {
		SYS_io_uring_enter, { ring.fd, 0, 0, IORING_ENTER_GETEVENTS }
	}, sizeof(struct spu_syscall_block)));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE),
		  sys_spu_run(self->fd, &npc, &event));
	EXPECT_ERROR(EBADF, close(self->fd));
	self->fd = -1;
	EXPECT_TRUE(wait_until(spu_contexts() == contexts - 1));
}

/*
 * Local store is at every address modulo its size (CBEA, "SPU Local Storage
 * Limit Register"). So the call at an npc far beyond it is at its end.
 */
#define FAR_NPC		"0x7ffffff0"
#define NEAR_NPC	(0x7ffffff0 & (LS_SIZE - 1))
#define NEAR_BLOCK	0x2000
#define TRIES		50

static int write_file(int fd, const char *name, const void *buf, size_t len)
{
	int file = openat(fd, name, O_WRONLY);
	ssize_t done = write(file, buf, len);

	close(file);
	return done == (ssize_t)len ? 0 : -1;
}

/*
 * The call of a context that was saved after it stopped for it, and whose npc
 * was written then: there are more contexts than SPEs, and the thread in
 * spu_run() has no CPU until all this has happened.
 */
TEST_F_TIMEOUT(callback, is_at_any_npc, 120)
{
	static const struct sched_param fifo = { 1 };
	struct spu_syscall_block far = { SYS_getppid };
	/* wait for a word, call getpid() */
	const __u32 program[] = {
		spu_echo[0], spu_call[0], SPU_CALL_BLOCK, spu_call[2],
		0, SYS_getpid,
	};
	const __u32 end[] = { NEAR_BLOCK, spu_call[2] };
	int spes = spe_count(), i, reg, regs = openat(self->fd, "regs", O_RDONLY);
	struct run runs[17] = { { .fd = self->fd } };
	pthread_t threads[17];
	bool saved = false;

	ASSERT_GE(ARRAY_SIZE(runs) - 1, spes);
	ASSERT_EQ(0, spu_poke(self->fd, 0, program, sizeof(program)));
	ASSERT_EQ(0, spu_poke(self->fd, NEAR_NPC, end, sizeof(end)));
	ASSERT_EQ(0, spu_poke(self->fd, NEAR_BLOCK, &far, sizeof(far)));
	/* so that a thread runs when this one sleeps and not before */
	ASSERT_TRUE(run_on(0));
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, run, &runs[0]));
	ASSERT_TRUE(wait_until(loaded_on(self->fd) >= 0));
	for (i = 1; i <= spes; i++) {
		runs[i] = (struct run) { .fd = spu_create(0) };
		ASSERT_LE(0, runs[i].fd);
		ASSERT_EQ(0, spu_load(runs[i].fd, spu_spin));
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run, &runs[i]));
	}
	/* Throttled, it would leave the CPU to the thread after all. */
	if (sched_setscheduler(0, SCHED_FIFO, &fifo) ||
	    put_text("/proc/sys/kernel", "sched_rt_runtime_us", "-1"))
		SKIP(return, "SCHED_FIFO: %s", strerror(errno));

	for (i = 0; i < TRIES && !saved; i++) {
		__u32 status;

		ASSERT_TRUE(wait_until(loaded_on(self->fd) >= 0));
		ASSERT_EQ(0, spu_tell(self->fd, 0));
		do
			status = strtoul(spu_text(self->fd, "cntl"), NULL, 0);
		while (loaded_on(self->fd) >= 0 &&
		       status != SPU_STATUS_STOP(0x2104));
		/* which saves it, and another one waits for the SPE */
		ASSERT_EQ(4, pread(regs, &reg, 4, 0));
		saved = status == SPU_STATUS_STOP(0x2104) &&
			loaded_on(self->fd) < 0;
		if (saved)
			ASSERT_EQ(0, write_file(self->fd, "npc", FAR_NPC,
						strlen(FAR_NPC)));
		pthread_join(threads[0], NULL);
		if (!saved) {
			ASSERT_EQ(0, spu_poke(self->fd, 0, program,
					      sizeof(program)));
			runs[0].npc = 0;
			ASSERT_EQ(0, pthread_create(&threads[0], NULL, run,
						    &runs[0]));
		}
	}
	ASSERT_TRUE(saved);
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), runs[0].status);
	EXPECT_EQ(NEAR_NPC + 8, runs[0].npc);
	ASSERT_EQ(0, spu_peek(self->fd, NEAR_BLOCK, &far, sizeof(far)));
	EXPECT_EQ(getppid(), far.nr_ret);
	close(regs);
	/* its default */
	put_text("/proc/sys/kernel", "sched_rt_runtime_us", "950000");
	/* the spinning thread ends with this process */
}

/*
 * An SPU that always has the next call ready does not keep its thread on the CPU,
 * until there is a signal.
 */
TEST_F(callback, after_callback_leaves_the_cpu_to_others)
{
	static const __u32 calls[] = {
		0x30803003,	/* lqa	$3, 0x180 */
		0x20802003,	/* stqa	$3, 0x100 */
		0x00002104,	/* stop	0x2104, with the block at */
		0x100,
		0x30000080,	/* bra	4 */
	};
	struct spu_syscall_block block = { SYS_getppid };
	struct run other = { .fd = self->fd };

	ASSERT_EQ(0, spu_load(self->fd, calls));
	ASSERT_EQ(0, spu_poke(self->fd, 0x180, &block, sizeof(block)));
	EXPECT_GT(100000000, longest_stretch(run, &other));
	EXPECT_EQ(-1, other.status);
	ASSERT_EQ(0, spu_peek(self->fd, 0x100, &block, sizeof(block)));
	EXPECT_TRUE(block.nr_ret == getppid() || block.nr_ret == SYS_getppid);
}

TEST_HARNESS_MAIN
