// SPDX-License-Identifier: GPL-2.0
/*
 * A run belongs to the process that created its context. The run ends with
 * that process, whoever else has descriptors; and that process serves its page
 * faults, with its memory, limits and priority, and no other process has to
 * wait.
 */
#include <grp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/mfc.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"
#include "spu/touch.h_shipped"

#define USER	1000

/* The ways in which an owner ends */

static void *exec_true(void *arg)
{
	execl("/proc/self/exe", "executed", NULL);
	return arg;
}

static void end_by_exit(void)
{
	exit(0);
}

static void end_by_signal(void)
{
	kill(getpid(), SIGKILL);
}

/* Not exit_group(2): the last thread that ends is the kernel's. */
static void end_by_last_thread(void)
{
	syscall(SYS_exit, 0);
}

static void end_by_abort(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	/* with a core dump, or an attempt at it */
	setrlimit(RLIMIT_CORE, &limit);
	abort();
}

static void end_by_exec(void)
{
	exec_true(NULL);
}

static void end_by_exec_of_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_true, NULL);
	for (;;)
		pause();
}

FIXTURE(end)
{
	int socket;
	pid_t pid;
	struct async ctx;	/* the child's */
};

FIXTURE_VARIANT(end)
{
	void (*by)(void);
	bool faults;
};

#define END_BY(name)							\
	FIXTURE_VARIANT_ADD(end, by_##name)				\
	{								\
		.by = end_by_##name,					\
	}

#define END_WITH_FAULTS_BY(name)					\
	FIXTURE_VARIANT_ADD(end, with_faults_by_##name)			\
	{								\
		.by = end_by_##name, .faults = true,			\
	}

END_BY(exit);
END_BY(signal);
END_BY(last_thread);
END_BY(abort);
END_BY(exec);
END_BY(exec_of_a_thread);
END_WITH_FAULTS_BY(exit);
END_WITH_FAULTS_BY(signal);
END_WITH_FAULTS_BY(last_thread);
END_WITH_FAULTS_BY(abort);
END_WITH_FAULTS_BY(exec_of_a_thread);

/* They read as zeros, and take no memory. */
#define FRESH_BYTES	0x40000000UL
/* For some seconds in all, which is two instructions each at 3.2 GHz at best */
#define FRESH_TURNS	5000000000ULL

/* Load a program that touches one page after the other, or just counts. */
static int load_run(int fd, bool faults)
{
	__u32 page = sysconf(_SC_PAGESIZE), count = FRESH_BYTES / page;
	__u32 args[] = { 0, 0, page, count, FRESH_TURNS / count };
	char *pages;

	if (!faults)
		return spu_load(fd, spu_spin);
	/* below 4 GiB, as the program counts in 32 bits */
	pages = mmap((void *)FRESH_BYTES, FRESH_BYTES, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED)
		return -1;
	args[0] = spu_eah(pages);
	args[1] = spu_eal(pages);
	return spu_load(fd, spu_touch) ?:
		spu_poke(fd, SPU_TOUCH_ARGS, args, sizeof(args));
}

/* Send two descriptors, by SCM_RIGHTS. */
static int send_context(int socket, const struct async *ctx)
{
	char control[CMSG_SPACE(sizeof(*ctx))] = { };
	struct iovec iov = { "", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(*ctx));
	memcpy(CMSG_DATA(cmsg), ctx, sizeof(*ctx));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

static int receive_context(int socket, struct async *ctx)
{
	char control[CMSG_SPACE(sizeof(*ctx))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(ctx, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*ctx));
	return 0;
}

FIXTURE_SETUP(end)
{
	int sockets[2];

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		struct async ctx;
		char byte;

		close(sockets[0]);
		if (async_create(&ctx, 0) || load_run(ctx.fd, variant->faults) ||
		    send_context(sockets[1], &ctx) ||
		    read(sockets[1], &byte, 1) != 1)
			_exit(1);
		variant->by();
		_exit(2);
	}
	close(sockets[1]);
	self->socket = sockets[0];
	ASSERT_EQ(0, receive_context(self->socket, &self->ctx));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
}

FIXTURE_TEARDOWN(end)
{
	close(self->socket);
	kill(self->pid, SIGKILL);
	async_close(&self->ctx);
}

/* Another process has the directory and the event file, too. */
TEST_F(end, ends_the_run)
{
	struct spu_event event;
	int status;
	__u32 count;

	ASSERT_EQ(1, write(self->socket, "", 1));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, event.status & SPU_STATUS_RUNNING);
	EXPECT_EQ(0, event.status & SPU_STATUS_STOPPED_BY_STOP);
	ASSERT_TRUE(wait_until(async_poll(&self->ctx) & POLLHUP));
	EXPECT_EQ(0, async_poll(&self->ctx) & CAN_START);
	EXPECT_EQ(0, read(self->ctx.event, &event, sizeof(event)));
	EXPECT_ERROR(ENODEV, async_start(&self->ctx, 0));
	EXPECT_EQ(-1, loaded_on(self->ctx.fd));

	/* It does not run, and its state can still be read. */
	count = spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(count, spu_peek_word(self->ctx.fd, SPU_SPIN_COUNT));
}

/* A process is not its memory. */
static struct async vforked;

static int create_and_leave(void *arg)
{
	return async_create(&vforked, 0) || spu_load(vforked.fd, spu_spin) ||
	       async_start(&vforked, 0);
}

TEST(a_context_that_a_vforked_child_made_ends_with_it)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct spu_event event;
	struct async ctx;
	int status;
	pid_t child;

	if (no_async())
		SKIP(return, "%s", no_async());
	/* this process has a worker of its own */
	ASSERT_EQ(0, async_create(&ctx, 0));
	ASSERT_EQ(0, spu_load(ctx.fd, spu_stop));

	child = clone(create_and_leave, stack + sizeof(stack) - 256,
		      CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, NULL);
	ASSERT_LE(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EVENT(&vforked, SPU_EVENT_STOP, &event);
	ASSERT_TRUE(wait_until(async_poll(&vforked) & POLLHUP));
	EXPECT_ERROR(ENODEV, async_start(&vforked, 0));

	ASSERT_EQ(0, async_start(&ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	async_close(&vforked);
	async_close(&ctx);
}

/* Faults that hang: pages of a userfaultfd */

#define HANGING	6

FIXTURE(hang)
{
	int uffd;
	char *pages;
	size_t page_size;
	struct async ctx[HANGING];
	struct async other;
};

static int get_page(struct async *ctx, const char *page, __u32 cmd)
{
	struct mfc_args args = {
		.cmd = cmd, .lsa = 0x8000, .size = 128,
		.eah = spu_eah(page), .eal = spu_eal(page),
	};

	return spu_load(ctx->fd, spu_mfc) ?:
		spu_poke(ctx->fd, SPU_MFC_ARGS, &args, sizeof(args));
}

/* A missing page, for which a page fault waits */
static char *hanging_pages(int *uffd, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *pages;

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0)
		return MAP_FAILED;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)pages;
	reg.range.len = size;
	if (ioctl(*uffd, UFFDIO_API, &api) || ioctl(*uffd, UFFDIO_REGISTER, &reg))
		return MAP_FAILED;
	return pages;
}

static int serve(int uffd, char *page, size_t size)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)page, .len = size },
	};

	return ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
}

/* Until faults wait for this many pages */
static bool faults_wait(int uffd, int count)
{
	struct uffd_msg msg;
	struct pollfd pollfd = { .fd = uffd, .events = POLLIN };

	while (count--)
		if (poll(&pollfd, 1, TIMEOUT_MS) != 1 ||
		    read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			return false;
	return true;
}

FIXTURE_SETUP(hang)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	/* a kernel that waits with mmap_lock held refuses userfaultfd */
	if (no_patches())
		SKIP(return, "%s", no_patches());
	self->page_size = sysconf(_SC_PAGESIZE);
	self->pages = hanging_pages(&self->uffd, HANGING * self->page_size);
	if (self->uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(errno));
	ASSERT_TRUE(self->pages != MAP_FAILED);
	for (i = 0; i < HANGING; i++) {
		ASSERT_EQ(0, async_create(&self->ctx[i], 0));
		ASSERT_EQ(0, get_page(&self->ctx[i],
				      self->pages + i * self->page_size, MFC_GET));
	}
	ASSERT_EQ(0, async_create(&self->other, 0));
}

FIXTURE_TEARDOWN(hang)
{
	int i;

	for (i = 0; i < HANGING; i++)
		async_close(&self->ctx[i]);
	async_close(&self->other);
	close(self->uffd);
}

TEST_F(hang, does_not_hold_up_other_contexts_of_the_process)
{
	char *fresh = mmap(NULL, self->page_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	EXPECT_EQ(1, threads_named(WORKER));
	for (i = 0; i < HANGING; i++)
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
	ASSERT_TRUE(faults_wait(self->uffd, HANGING));
	/* one for each of them, and one for the next fault */
	EXPECT_EQ(HANGING + 1, threads_named(WORKER));

	ASSERT_EQ(0, get_page(&self->other, fresh, MFC_PUT));
	ASSERT_EQ(0, async_start(&self->other, 0));
	EXPECT_STOP(&self->other, SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);

	for (i = 0; i < HANGING; i++) {
		EXPECT_NO_EVENT(&self->ctx[i]);
		ASSERT_EQ(0, serve(self->uffd, self->pages + i * self->page_size,
				   self->page_size));
		EXPECT_STOP(&self->ctx[i], SPU_STATUS_STOP(SPU_DONE),
			    SPU_MFC_WAITING + 8);
	}
	/* Threads that are no longer needed end. */
	EXPECT_TRUE(wait_until(threads_named(WORKER) == 1));
}

/* mmap_lock is free meanwhile. */
TEST_F(hang, does_not_hold_up_the_memory_of_the_process)
{
	void *page;

	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	page = mmap(NULL, self->page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(page != MAP_FAILED);
	EXPECT_EQ(0, munmap(page, self->page_size));
	EXPECT_NO_EVENT(&self->ctx[0]);
}

TEST_F(hang, a_run_can_be_stopped)
{
	struct spu_event event;

	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	ASSERT_EQ(0, async_stop(&self->ctx[0]));
	ASSERT_EVENT(&self->ctx[0], SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, event.status & SPU_STATUS_RUNNING);
}

/* The fault of a stopped run does not affect the next run. */
TEST_F(hang, does_not_withhold_the_stop_of_a_later_run)
{
	struct async *ctx = &self->ctx[0];
	struct spu_event event;
	int round;

	ASSERT_EQ(0, async_start(ctx, 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	ASSERT_EQ(0, async_stop(ctx));
	ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);

	ASSERT_EQ(0, spu_load(ctx->fd, spu_stop));
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, async_start(ctx, SPU_STOP_STOP_1337));
		EXPECT_STOP(ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	}
	/* The fault finally fails: there is no run to report it. */
	ASSERT_EQ(0, munmap(self->pages, HANGING * self->page_size));
	close(self->uffd);
	self->uffd = -1;
	EXPECT_EQ(CAN_START, async_poll(ctx));
	EXPECT_NO_EVENT(ctx);
}

/* SIGKILL ends a process whose faults hang, at once. */
TEST_F(hang, can_be_killed)
{
	int sockets[2], i, status, uffd;
	struct async ctx, theirs;
	struct spu_event event;
	pid_t child;
	char *page;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(sockets[0]);
		page = hanging_pages(&uffd, HANGING * self->page_size);
		for (i = 0; i < HANGING; i++)
			if (async_create(&ctx, 0) ||
			    get_page(&ctx, page + i * self->page_size, MFC_GET) ||
			    async_start(&ctx, 0))
				_exit(1);
		if (!faults_wait(uffd, HANGING) || send_context(sockets[1], &ctx))
			_exit(2);
		for (;;)
			pause();
	}
	close(sockets[1]);
	ASSERT_EQ(0, receive_context(sockets[0], &theirs));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	ASSERT_EVENT(&theirs, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, read(theirs.event, &event, sizeof(event)));
	async_close(&theirs);
}

/* A process is stopped: its SPUs go on, its faults wait, as for any thread. */
TEST_F(hang, faults_of_a_stopped_process_wait_for_it)
{
	int sockets[2], status;
	struct async ctx, theirs;
	pid_t child;
	char *fresh;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(sockets[0]);
		fresh = mmap(NULL, self->page_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (async_create(&ctx, 0) || get_page(&ctx, fresh, MFC_PUT) ||
		    send_context(sockets[1], &ctx))
			_exit(1);
		for (;;)
			pause();
	}
	close(sockets[1]);
	ASSERT_EQ(0, receive_context(sockets[0], &theirs));
	ASSERT_EQ(0, kill(child, SIGSTOP));
	ASSERT_EQ(child, waitpid(child, &status, WUNTRACED));
	ASSERT_EQ(0, async_start(&theirs, 0));
	ASSERT_TRUE(wait_until(strtoul(spu_text(theirs.fd, "npc"), NULL, 0) >=
			       SPU_MFC_WAITING));
	EXPECT_NO_EVENT(&theirs);
	ASSERT_EQ(0, kill(child, SIGCONT));
	EXPECT_STOP(&theirs, SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);
	kill(child, SIGKILL);
	async_close(&theirs);
}

/* Priority and limits */

/* The worker's policy; a real-time one if one of its threads has it */
static int worker_policy(void)
{
	DIR *dir = opendir("/proc/self/task");
	int policy = -1, its;
	pid_t tid;

	while ((tid = next_thread(dir, WORKER))) {
		its = sched_getscheduler(tid);
		if (its > policy)
			policy = its;
	}
	closedir(dir);
	return policy;
}

/* As chrt --all-tasks --other --pid 0 does, for this process */
static int demote_all_threads(void)
{
	const struct sched_param param = {};
	DIR *dir = opendir("/proc/self/task");
	int ret = 0;
	pid_t tid;

	while ((tid = next_thread(dir, "")))
		ret |= sched_setscheduler(tid, SCHED_OTHER, &param);
	closedir(dir);
	return ret;
}

FIXTURE(priority) { };
FIXTURE_SETUP(priority) { }
FIXTURE_TEARDOWN(priority) { }

FIXTURE_VARIANT(priority)
{
	int starter, worker;
};

FIXTURE_VARIANT_ADD(priority, real_time) {
	.starter = SCHED_FIFO, .worker = SCHED_FIFO,
};

/* A thread that is made by this one has the default priority. */
FIXTURE_VARIANT_ADD(priority, reset_on_fork) {
	.starter = SCHED_FIFO | SCHED_RESET_ON_FORK, .worker = SCHED_OTHER,
};

TEST_F(priority, of_the_thread_that_starts_is_that_of_its_faults)
{
	struct sched_param param = { .sched_priority = 1 };
	struct async ctx;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&ctx, 0));
	ASSERT_EQ(0, spu_load(ctx.fd, spu_stop));
	EXPECT_EQ(SCHED_OTHER, worker_policy());
	if (sched_setscheduler(0, variant->starter, &param))
		SKIP(return, "real-time priority needs root");
	ASSERT_EQ(0, async_start(&ctx, SPU_STOP_STOP_1337));
	EXPECT_STOP(&ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	/* a thread that has not begun yet gets it when it begins */
	EXPECT_TRUE(wait_until(worker_policy() == variant->worker));
	async_close(&ctx);
}

/* Another process's priority is not the owner's, even with the event file. */
TEST(faults_are_not_served_with_the_priority_of_another_process)
{
	struct sched_param param = { .sched_priority = 1 };
	struct async ctx;
	int status;
	pid_t child;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&ctx, 0));
	ASSERT_EQ(0, spu_load(ctx.fd, spu_stop));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (sched_setscheduler(0, SCHED_FIFO, &param))
			_exit(1);
		_exit(async_start(&ctx, SPU_STOP_STOP_1337) ? 2 : 0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WEXITSTATUS(status) == 1)
		SKIP(return, "real-time priority needs root");
	EXPECT_EQ(0, status);
	EXPECT_STOP(&ctx, SPU_STATUS_STOP(0x1337), SPU_STOP_STOP_1337 + 4);
	EXPECT_EQ(SCHED_OTHER, worker_policy());
	async_close(&ctx);
}

/* A thread that comes later does not have the priority that the others had. */
TEST_F(hang, does_not_undo_a_demotion)
{
	struct sched_param param = { .sched_priority = 1 };
	char *fresh = mmap(NULL, self->page_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(0, get_page(&self->other, fresh, MFC_PUT));
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		SKIP(return, "real-time priority needs root");
	ASSERT_EQ(0, async_start(&self->other, 0));
	EXPECT_STOP(&self->other, SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);
	ASSERT_EQ(SCHED_FIFO, worker_policy());
	ASSERT_EQ(0, demote_all_threads());
	ASSERT_EQ(SCHED_OTHER, worker_policy());

	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	/* The other thread has begun when it has served a fault. */
	ASSERT_EQ(0, madvise(fresh, self->page_size, MADV_DONTNEED));
	ASSERT_EQ(0, get_page(&self->other, fresh, MFC_PUT));
	ASSERT_EQ(0, async_start(&self->other, 0));
	EXPECT_STOP(&self->other, SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);
	EXPECT_EQ(2, threads_named(WORKER));
	EXPECT_EQ(SCHED_OTHER, worker_policy());
}

static int become_user(rlim_t threads)
{
	struct rlimit limit = { threads, 2 };

	return setgroups(0, NULL) || setgid(USER) || setuid(USER) ||
		setrlimit(RLIMIT_NPROC, &limit);
}

/* Root's contexts are served with a user's rights when root has become the user. */
TEST_F(hang, is_served_with_the_credentials_of_the_process)
{
	struct rlimit two = { 2, 2 };

	if (geteuid())
		SKIP(return, "setuid needs root");
	EXPECT_EQ(1, threads_named(WORKER));
	ASSERT_EQ(0, become_user(1));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	/* The user has this process, and may have no thread beside it. */
	EXPECT_EQ(1, threads_named(WORKER));
	ASSERT_EQ(0, serve(self->uffd, self->pages, self->page_size));
	EXPECT_STOP(&self->ctx[0], SPU_STATUS_STOP(SPU_DONE), SPU_MFC_WAITING + 8);

	ASSERT_EQ(0, setrlimit(RLIMIT_NPROC, &two));
	ASSERT_EQ(0, async_start(&self->ctx[1], 0));
	ASSERT_TRUE(faults_wait(self->uffd, 1));
	EXPECT_EQ(2, threads_named(WORKER));
}

/* The wait status of @be, run by an ordinary user with a limit of threads */
static int as_user(struct __test_metadata *_metadata, rlim_t threads, int (*be)(void))
{
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(become_user(threads) ? 1 : be());
	ASSERT_EQ(child, waitpid(child, &status, 0));
	return status;
}

static int have_no_thread_and_one(void)
{
	struct rlimit two = { 2, 2 };
	struct async ctx;

	if (spu_create(SPU_CREATE_ASYNC) >= 0 || errno != EAGAIN)
		return 2;
	return setrlimit(RLIMIT_NPROC, &two) || async_create(&ctx, 0) ? 3 : 0;
}

TEST(the_thread_counts_for_the_user)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	if (geteuid())
		SKIP(return, "setuid needs root");
	EXPECT_EQ(0, as_user(_metadata, 1, have_no_thread_and_one));
}

/* Later threads would be in another pid namespace than their process. */
TEST(the_thread_is_in_the_process_s_pid_namespace)
{
	pid_t child;
	int status;

	if (no_async())
		SKIP(return, "%s", no_async());
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWPID))
			_exit(errno == EPERM || errno == EINVAL ? 1 : 2);
		_exit(spu_create(SPU_CREATE_ASYNC) < 0 && errno == EAGAIN ? 0 : 3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WEXITSTATUS(status) == 1)
		SKIP(return, "unshare(CLONE_NEWPID) is refused");
	EXPECT_EQ(0, status);
}

static int have_one_after_the_other(void)
{
	int i, fd;

	for (i = 0; i < 100; i++) {
		fd = spu_create(SPU_CREATE_ASYNC);
		if (fd < 0)
			return 2;
		close(fd);
	}
	return 0;
}

/* Threads of contexts that are gone do not count beside that of the next. */
TEST(one_context_after_the_other_is_one_thread)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	if (geteuid())
		SKIP(return, "setuid needs root");
	EXPECT_EQ(0, as_user(_metadata, 2, have_one_after_the_other));
}

/* One thread for all contexts, from the first one to the last */
TEST(there_is_one_thread_for_all_contexts)
{
	struct async ctx[20];
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	EXPECT_TRUE(wait_until(threads_named(WORKER) == 0));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, async_create(&ctx[i], 0));
		EXPECT_EQ(1, threads_named(WORKER));
	}
	for (i = 0; i < 20; i++)
		async_close(&ctx[i]);
	EXPECT_TRUE(wait_until(threads_named(WORKER) == 0));
}

int main(int argc, char **argv)
{
	/* the program that an owner executes */
	if (!strcmp(argv[0], "executed"))
		return 0;
	return test_harness_run(argc, argv);
}
