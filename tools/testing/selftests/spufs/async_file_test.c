// SPDX-License-Identifier: GPL-2.0
/*
 * A page fault of an SPU in a file that is unmapped meanwhile. The thread that
 * serves the fault then drops the last reference to the file. This has to close
 * the file, and not only when the thread ends. The file is one of FUSE, and a
 * child of the test is the server: the fault waits for its answer, and a
 * request tells it that the file is closed.
 */
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/mfc.h_shipped"

#define SIZE	16

/* What the server and the test tell each other */
struct state {
	bool reading, unmapped, gave_up, released;
};

#define set(flag)	__atomic_store_n(&(flag), true, __ATOMIC_RELEASE)
#define is_set(flag)	__atomic_load_n(&(flag), __ATOMIC_ACQUIRE)

/* A file system that is one file. A read is answered after the unmapping. */
static void serve(int fuse, struct state *state)
{
	static __u64 request[FUSE_MIN_READ_BUFFER / sizeof(__u64)];
	const struct fuse_in_header *in = (void *)request;
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
	};
	struct fuse_attr_out attr = {
		.attr.ino = FUSE_ROOT_ID, .attr.nlink = 1,
		.attr.mode = S_IFREG | 0444, .attr.size = SIZE,
	};
	struct fuse_open_out opened = { };
	char data[SIZE] = "";

	while (read(fuse, request, sizeof(request)) > 0) {
		struct fuse_out_header out = { .unique = in->unique };
		struct iovec iov[2] = { { &out, sizeof(out) } };

		switch (in->opcode) {
		case FUSE_INIT:
			iov[1] = (struct iovec){ &init, sizeof(init) };
			break;
		case FUSE_GETATTR:
			iov[1] = (struct iovec){ &attr, sizeof(attr) };
			break;
		case FUSE_OPEN:
			iov[1] = (struct iovec){ &opened, sizeof(opened) };
			break;
		case FUSE_READ:
			set(state->reading);
			if (!wait_until(is_set(state->unmapped)))
				set(state->gave_up);
			iov[1] = (struct iovec){ data, sizeof(data) };
			break;
		case FUSE_FLUSH:
			break;
		case FUSE_RELEASE:
			set(state->released);
			break;
		default:
			out.error = -EOPNOTSUPP;
		}
		out.len = sizeof(out) + iov[1].iov_len;
		if (writev(fuse, iov, 2) != out.len)
			break;
	}
	_exit(1);
}

FIXTURE(file)
{
	struct state *state;
	pid_t server;
	int file;
	struct async ctx;
};

FIXTURE_VARIANT(file)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(file, spu_run) { .flags = SPU_CREATE_EVENTS_ENABLED };
FIXTURE_VARIANT_ADD(file, asynchronous) { .flags = SPU_CREATE_ASYNC };

FIXTURE_SETUP(file)
{
	bool async = variant->flags & SPU_CREATE_ASYNC;
	const char *reason = async ? no_async() : no_spufs();
	char options[100];
	int fuse;

	if (reason)
		SKIP(return, "%s", reason);
	/* a kernel that waits with mmap_lock held does not unmap meanwhile */
	if (no_patches())
		SKIP(return, "%s", no_patches());
	fuse = open("/dev/fuse", O_RDWR);
	if (fuse < 0)
		SKIP(return, "/dev/fuse: %s", strerror(errno));
	if (unshare(CLONE_NEWNS))
		SKIP(return, "unshare(CLONE_NEWNS): %s", strerror(errno));

	/* A mount for this process only; any file will do to mount it on. */
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100000,user_id=%d,group_id=%d", fuse,
		 geteuid(), getegid());
	ASSERT_EQ(0, mount("test", "/dev/fuse", "fuse", 0, options));
	self->state = mmap(NULL, sizeof(*self->state), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->state != MAP_FAILED);
	self->server = fork();
	ASSERT_LE(0, self->server);
	if (!self->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fuse, self->state);
	}
	close(fuse);
	self->file = open("/dev/fuse", O_RDONLY);
	ASSERT_LE(0, self->file);
	self->ctx.fd = spu_create(variant->flags);
	ASSERT_LE(0, self->ctx.fd);
	self->ctx.event = openat(self->ctx.fd, "event", O_RDWR | O_NONBLOCK);
}

FIXTURE_TEARDOWN(file)
{
	async_close(&self->ctx);
	kill(self->server, SIGKILL);
	waitpid(self->server, NULL, 0);
}

/* Returns the event. */
static void *do_spu_run(void *fd)
{
	__u32 npc = 0, event = 0;

	sys_spu_run(*(int *)fd, &npc, &event);
	return (void *)(uintptr_t)event;
}

TEST_F_TIMEOUT(file, is_closed_after_the_fault, 60)
{
	struct mfc_args args = { .cmd = MFC_GET, .lsa = 0x8000, .size = SIZE };
	struct spu_event event;
	struct stat stat;
	pthread_t thread;
	char *memory;
	void *ret;

	/* also has the kernel ask for the size */
	ASSERT_EQ(0, fstat(self->file, &stat));
	ASSERT_EQ(SIZE, stat.st_size);
	memory = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, self->file, 0);
	ASSERT_TRUE(memory != MAP_FAILED);
	ASSERT_EQ(0, close(self->file));
	args.eah = spu_eah(memory);
	args.eal = spu_eal(memory);
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->ctx.fd, SPU_MFC_ARGS, &args, sizeof(args)));
	if (variant->flags & SPU_CREATE_ASYNC) {
		ASSERT_EQ(0, async_start(&self->ctx, 0));
	} else {
		ASSERT_EQ(0, pthread_create(&thread, NULL, do_spu_run,
					    &self->ctx.fd));
	}

	ASSERT_TRUE(wait_until(is_set(self->state->reading)));
	EXPECT_FALSE(is_set(self->state->released));
	ASSERT_EQ(0, munmap(memory, SIZE));
	set(self->state->unmapped);
	ASSERT_FALSE(is_set(self->state->gave_up));

	/* There is nothing at the address any more. */
	if (variant->flags & SPU_CREATE_ASYNC) {
		ASSERT_EVENT(&self->ctx, SPU_EVENT_DATA_STORAGE, &event);
		ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	} else {
		ASSERT_EQ(0, pthread_join(thread, &ret));
		EXPECT_EQ(SPE_EVENT_SPE_DATA_STORAGE, (uintptr_t)ret);
	}
	EXPECT_TRUE(wait_until(is_set(self->state->released)));
}

TEST_HARNESS_MAIN
