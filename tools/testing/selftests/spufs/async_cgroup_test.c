// SPDX-License-Identifier: GPL-2.0
/*
 * The control groups of a process apply to its SPUs, too: memory that they
 * touch is charged to it, and they do not run while it is frozen.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/copy.h_shipped"
#include "spu/spin.h_shipped"

#define LIMIT	"16M"
#define TOUCHED	(64UL << 20)

/* A child in a cgroup of its own, and a context of the child's */
FIXTURE(cgroup)
{
	char mount[32], group[40];
	int socket;
	pid_t child;
	struct async ctx;
};

/* Is there such a line in the file? */
static bool file_says(const char *dir, const char *name, const char *line)
{
	char path[300], text[1024] = "\n";
	int fd, len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	len = fd < 0 ? 0 : read(fd, text + 1, sizeof(text) - 2);
	close(fd);
	text[len < 0 ? 0 : len + 1] = 0;
	return strstr(text, line);
}

/* A program that touches one page after the other */
static int load_toucher(int fd)
{
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct copy_args args = {
		.size = 128, .chunks = TOUCHED / page, .stride = page,
		.src_hi = spu_eah(pages), .src_lo = spu_eal(pages),
		.dst_hi = spu_eah(pages), .dst_lo = spu_eal(pages),
	};

	return spu_load(fd, spu_copy) ?:
		spu_poke(fd, SPU_COPY_ARGS, &args, sizeof(args));
}

static void be_owner(const char *group, int socket)
{
	struct async ctx;

	if (put_text(group, "cgroup.procs", "0") || async_create(&ctx, 0) ||
	    load_toucher(ctx.fd) ||
	    write(socket, &ctx, sizeof(ctx)) != sizeof(ctx))
		_exit(1);
	for (;;)
		pause();
}

FIXTURE_SETUP(cgroup)
{
	struct async theirs;
	int sockets[2];

	if (no_async())
		SKIP(return, "%s", no_async());
	strcpy(self->mount, "/tmp/spufs-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->mount));
	if (mount("none", self->mount, "cgroup2", 0, NULL)) {
		rmdir(self->mount);
		SKIP(return, "no cgroup2: %s", strerror(errno));
	}
	snprintf(self->group, sizeof(self->group), "%s/spufs", self->mount);
	put_text(self->mount, "cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(self->group, 0755));

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->child = fork();
	ASSERT_LE(0, self->child);
	if (!self->child) {
		close(sockets[0]);
		be_owner(self->group, sockets[1]);
	}
	close(sockets[1]);
	self->socket = sockets[0];
	ASSERT_EQ(sizeof(theirs), read(self->socket, &theirs, sizeof(theirs)));
	self->ctx.fd = take_fd(self->child, theirs.fd);
	self->ctx.event = take_fd(self->child, theirs.event);
	ASSERT_LE(0, self->ctx.fd);
	ASSERT_LE(0, self->ctx.event);
}

FIXTURE_TEARDOWN(cgroup)
{
	async_close(&self->ctx);
	kill(self->child, SIGKILL);
	waitpid(self->child, NULL, 0);
	close(self->socket);
	EXPECT_TRUE(wait_until(!rmdir(self->group)));
	umount(self->mount);
	rmdir(self->mount);
}

/* Whoever starts the SPU, the owner is charged, and is killed at its limit. */
TEST_F(cgroup, memory_that_an_spu_touches_is_its_owners)
{
	struct spu_event event;
	int status;

	if (put_text(self->group, "memory.max", LIMIT))
		SKIP(return, "no memory cgroups");
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_TRUE(file_says(self->group, "memory.events.local", "\noom_kill 1\n"));
	do {
		ASSERT_EQ(sizeof(event), async_next(&self->ctx, &event));
	} while (event.event != SPU_EVENT_STOP);
	ASSERT_TRUE(wait_until(async_poll(&self->ctx) & POLLHUP));
}

TEST_F(cgroup, a_frozen_process_has_no_spu_that_runs)
{
	struct async clock;
	__u32 count, since;

	/* This process's own is the clock. */
	ASSERT_EQ(0, async_create(&clock, 0));
	ASSERT_EQ(0, spu_load(clock.fd, spu_spin));
	ASSERT_EQ(0, async_start(&clock, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_spin));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_TRUE(wait_until(spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT)));

	ASSERT_EQ(0, put_text(self->group, "cgroup.freeze", "1"));
	ASSERT_TRUE(wait_until(file_says(self->group, "cgroup.events", "\nfrozen 1\n")));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	count = spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT);
	since = spu_peek_word(clock.fd, SPU_SPIN_COUNT);
	ASSERT_TRUE(wait_until(spu_peek_word(clock.fd, SPU_SPIN_COUNT) > since + 10000));
	EXPECT_EQ(count, spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT));
	EXPECT_NO_EVENT(&self->ctx);

	ASSERT_EQ(0, put_text(self->group, "cgroup.freeze", "0"));
	EXPECT_TRUE(wait_until(spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT) > count));
	EXPECT_EQ(0, async_stop(&self->ctx));
	async_close(&clock);
}

/* A start of a frozen process's context is not lost. */
TEST_F(cgroup, a_frozen_process_has_its_spus_started_when_it_thaws)
{
	ASSERT_EQ(0, put_text(self->group, "cgroup.freeze", "1"));
	ASSERT_TRUE(wait_until(file_says(self->group, "cgroup.events", "\nfrozen 1\n")));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_spin));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_EQ(0, spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));
	ASSERT_EQ(0, put_text(self->group, "cgroup.freeze", "0"));
	EXPECT_TRUE(wait_until(spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT)));
	EXPECT_EQ(0, async_stop(&self->ctx));
}

TEST_HARNESS_MAIN
