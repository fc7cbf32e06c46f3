// SPDX-License-Identifier: GPL-2.0
/*
 * The file mfc: DMA by the PPE, blocking and nonblocking.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "spufs_test.h"

#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"

#define TAG		5
#define TARGET		0x8000

/* CBEA, problem state: Prxy_QueryType and Prxy_QueryMask */
#define PS_QUERY_TYPE	0x3204
#define PS_QUERY_MASK	0x321c
#define PS_SIZE		0x20000

/* The record that is written to mfc: spufs(7), struct mfc_dma_command */
struct mfc_dma_command {
	__s32 pad;
	__u32 lsa;
	__u64 ea;
	__u16 size, tag, class, cmd;
};

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

FIXTURE(mfc)
{
	int fd, mfc;
	struct run run;
	pthread_t thread;
};

FIXTURE_SETUP(mfc)
{
	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, spu_load(self->fd, spu_echo));
	self->mfc = openat(self->fd, "mfc", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->mfc);
	self->run.fd = self->fd;
}

FIXTURE_TEARDOWN(mfc)
{
	close(self->mfc);
	close(self->fd);
}

static bool begin(struct run *arg, pthread_t *thread)
{
	return !pthread_create(thread, NULL, run, arg) &&
	       wait_until(loaded_on(arg->fd) >= 0);
}

static bool end(struct run *run, pthread_t thread)
{
	return !spu_tell(run->fd, 0) && !pthread_join(thread, NULL) &&
	       run->status == SPU_STATUS_STOP(SPU_DONE);
}

static const char from[16] __attribute__((aligned(16))) = "from memory";

/* GET these 16 bytes to TARGET */
static ssize_t get(int mfc)
{
	struct mfc_dma_command cmd = {
		.lsa = TARGET, .ea = (uintptr_t)from, .size = 16, .tag = TAG,
		.cmd = MFC_GET,
	};

	return write(mfc, &cmd, sizeof(cmd));
}

static short ready(int mfc)
{
	struct pollfd pollfd = { mfc, POLLIN | POLLOUT };

	return poll(&pollfd, 1, 0) < 0 ? -1 : pollfd.revents;
}

/* A context without an SPE has no queue for a command. */
TEST_F(mfc, nonblocking_access_to_a_saved_context_does_not_wait)
{
	int status;
	pid_t child;
	__u32 tags;

	EXPECT_EQ(0, ready(self->mfc));
	EXPECT_ERROR(EAGAIN, read(self->mfc, &tags, sizeof(tags)));
	child = fork();
	if (!child)
		_exit(get(self->mfc) == -1 && errno == EAGAIN ? 0 : 1);
	ASSERT_TRUE(wait_until(waitpid(child, &status, WNOHANG) == child));
	EXPECT_EQ(0, status);
}

/* A waiter for room is woken when there is an SPE. */
TEST_F(mfc, poll_sees_the_context_loaded)
{
	struct pollfd pollfd = { self->mfc, POLLOUT };

	ASSERT_EQ(0, pthread_create(&self->thread, NULL, run, &self->run));
	EXPECT_EQ(1, poll(&pollfd, 1, TIMEOUT_MS));
	EXPECT_EQ(POLLOUT, pollfd.revents);
	ASSERT_TRUE(end(&self->run, self->thread));
}

TEST_F(mfc, nonblocking_read_reports_completion)
{
	char to[16] = "";
	__u32 tags = 0;

	ASSERT_TRUE(begin(&self->run, &self->thread));
	EXPECT_ERROR(EAGAIN, read(self->mfc, &tags, sizeof(tags)));
	EXPECT_EQ(0, ready(self->mfc) & POLLIN);
	ASSERT_EQ(sizeof(struct mfc_dma_command), get(self->mfc));
	ASSERT_TRUE(wait_until(read(self->mfc, &tags, sizeof(tags)) == 4));
	EXPECT_EQ(1 << TAG, tags);
	ASSERT_EQ(0, spu_peek(self->fd, TARGET, to, sizeof(to)));
	EXPECT_STREQ(from, to);
	/* it has been reported */
	EXPECT_ERROR(EAGAIN, read(self->mfc, &tags, sizeof(tags)));
	EXPECT_EQ(0, ready(self->mfc) & POLLIN);
	/* and poll() reports the next one */
	ASSERT_EQ(sizeof(struct mfc_dma_command), get(self->mfc));
	EXPECT_TRUE(wait_until(ready(self->mfc) & POLLIN));
	EXPECT_EQ(4, read(self->mfc, &tags, sizeof(tags)));
	EXPECT_EQ(1 << TAG, tags);
	ASSERT_TRUE(end(&self->run, self->thread));
}

/* Mailbox, stop and tag group interrupts: the 12th number of stat */
static unsigned long interrupts(int fd)
{
	unsigned long count;

	if (sscanf(spu_text(fd, "stat"),
		   "%*s %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu",
		   &count) != 1)
		return ~0UL;
	return count;
}

/* With nothing outstanding, epoll sleeps: it does not poll over and over. */
TEST_F(mfc, epoll_sleeps_if_nothing_is_outstanding)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);
	unsigned long before;

	ASSERT_LE(0, epoll);
	ASSERT_TRUE(begin(&self->run, &self->thread));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->mfc, &event));
	before = interrupts(self->fd);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 100));
	EXPECT_LE(interrupts(self->fd), before + 1);
	close(epoll);
	ASSERT_TRUE(end(&self->run, self->thread));
}

/*
 * An SPU can ask the MFC for that interrupt, too, as often as it likes. It comes
 * once, until somebody waits for it.
 */
TEST_F(mfc, no_interrupt_comes_that_nobody_waits_for)
{
	const unsigned int runs = 20;
	const __u32 any = 1;
	struct mfc_args args = {
		.cmd = MFC_PUT, .size = sizeof(any),
		.lsa = TARGET + (PS_QUERY_TYPE & 0xf),
	};
	int fd = spu_create(0), psmap = openat(self->fd, "psmap", O_RDWR);
	unsigned long before;
	unsigned int i;
	__u32 npc, event;
	char *ps;

	if (no_patches())
		SKIP(return, "%s", no_patches());
	ASSERT_LE(0, fd);
	ASSERT_LE(0, psmap);
	ps = mmap(NULL, PS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, psmap, 0);
	ASSERT_TRUE(ps != MAP_FAILED);
	ASSERT_TRUE(begin(&self->run, &self->thread));
	*(volatile __u32 *)(ps + PS_QUERY_MASK) = 1 << TAG;

	args.eah = spu_eah(ps + PS_QUERY_TYPE);
	args.eal = spu_eal(ps + PS_QUERY_TYPE);
	ASSERT_EQ(0, spu_load(fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, spu_poke(fd, args.lsa, &any, sizeof(any)));
	before = interrupts(self->fd);
	for (i = 0; i < runs; i++) {
		npc = 0;
		ASSERT_EQ(SPU_STATUS_STOP(SPU_DONE), sys_spu_run(fd, &npc, &event));
	}
	EXPECT_LE(before, interrupts(self->fd));
	EXPECT_GE(before + 1, interrupts(self->fd));

	/* and then it comes */
	ASSERT_EQ(sizeof(struct mfc_dma_command), get(self->mfc));
	EXPECT_TRUE(wait_until(ready(self->mfc) & POLLIN));
	munmap(ps, PS_SIZE);
	close(psmap);
	close(fd);
	ASSERT_TRUE(end(&self->run, self->thread));
}

struct reader {
	int mfc;
	pid_t tid;
	__u32 tags;
};

static void *read_tags(void *arg)
{
	struct reader *reader = arg;

	reader->tid = syscall(SYS_gettid);
	if (read(reader->mfc, &reader->tags, 4) != 4)
		reader->tags = 0;
	return NULL;
}

/* A reader that waits before there is a command is woken, too. */
TEST_F(mfc, read_waits_for_a_command_to_come)
{
	struct reader reader = { .mfc = self->mfc };
	pthread_t thread;

	ASSERT_TRUE(begin(&self->run, &self->thread));
	ASSERT_EQ(0, fcntl(self->mfc, F_SETFL, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_tags, &reader));
	ASSERT_TRUE(wait_until(thread_sleeps(reader.tid)));
	ASSERT_EQ(sizeof(struct mfc_dma_command), get(self->mfc));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(1 << TAG, reader.tags);
	ASSERT_TRUE(end(&self->run, self->thread));
}

TEST_HARNESS_MAIN
