// SPDX-License-Identifier: GPL-2.0
/*
 * The end of asynchronous SPU contexts: closed, or their owner gone, while
 * they run; and their remains.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/echo.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"

#define LEAK_ROUNDS	10000

FIXTURE(life)
{
	struct async ctx;
};

FIXTURE_SETUP(life)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_spin));
}

FIXTURE_TEARDOWN(life)
{
	async_close(&self->ctx);
}

/* Start it and see it run */
static int spin(const struct async *ctx)
{
	if (async_start(ctx, 0))
		return -1;
	return wait_until(spu_peek_word(ctx->fd, SPU_SPIN_COUNT)) ? 0 : -1;
}

/* The state of the event file once the context is gone */
#define EXPECT_GONE(ctx) do {						\
	const struct async *__ctx = (ctx);				\
	struct control __stop = { SPU_CONTROL_STOP_SPU, 0 };		\
	struct spu_event __event;					\
									\
	EXPECT_TRUE(async_poll(__ctx) & POLLHUP);			\
	EXPECT_EQ(0, async_poll(__ctx) & CAN_START);			\
	EXPECT_EQ(0, read(__ctx->event, &__event, sizeof(__event)));	\
	EXPECT_EQ(0, read(__ctx->event, &__event, sizeof(__event)));	\
	EXPECT_ERROR(ENODEV, async_start(__ctx, 0));			\
	EXPECT_ERROR(ENODEV, write(__ctx->event, &__stop, STOP_LEN));	\
} while (0)

/* The STOP of the run that the end of the context cut short */
#define EXPECT_LAST_STOP(ctx) do {					\
	struct spu_event __last;					\
									\
	ASSERT_EVENT(ctx, SPU_EVENT_STOP, &__last);			\
	EXPECT_EQ(0, __last.status & SPU_STATUS_RUNNING);		\
} while (0)

TEST_F(life, closed_while_it_runs)
{
	ASSERT_EQ(0, spin(&self->ctx));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	EXPECT_EQ(POLLHUP | CAN_READ, async_poll(&self->ctx));
	/* every START has its STOP, this one too */
	EXPECT_LAST_STOP(&self->ctx);
	EXPECT_EQ(POLLHUP, async_poll(&self->ctx) & ~CAN_READ);
	EXPECT_GONE(&self->ctx);
}

TEST_F(life, closed_when_idle)
{
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	EXPECT_GONE(&self->ctx);
}

TEST_F(life, closed_with_an_unread_event)
{
	struct spu_event event;

	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_stop));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_STOP_STOP_1337));
	ASSERT_TRUE(wait_until(async_poll(&self->ctx) & POLLIN));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	EXPECT_TRUE(async_poll(&self->ctx) & POLLHUP);
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), event.status);
	EXPECT_GONE(&self->ctx);
}

/* With another file descriptor of the directory, it goes on. */
TEST_F(life, closed_only_with_the_last_descriptor)
{
	int other = dup(self->ctx.fd);

	ASSERT_EQ(0, spin(&self->ctx));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = other;
	EXPECT_EQ(0, async_poll(&self->ctx));
	ASSERT_EQ(0, async_stop(&self->ctx));
	EXPECT_LAST_STOP(&self->ctx);
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(life, epoll_tells_of_the_end)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx.event, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, TIMEOUT_MS));
	EXPECT_TRUE(event.events & EPOLLHUP);
	close(epoll);
}

struct waiter {
	pthread_t thread;
	int epoll, ready;
	pid_t tid;
	struct epoll_event event;
};

static void *wait_with_epoll(void *arg)
{
	struct waiter *waiter = arg;

	waiter->tid = syscall(SYS_gettid);
	waiter->ready = epoll_wait(waiter->epoll, &waiter->event, 1, TIMEOUT_MS);
	return NULL;
}

/* An event wakes one of them, the end wakes all. */
TEST_F(life, end_wakes_all_exclusive_waiters)
{
	struct waiter waiters[3] = {};
	int i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		struct waiter *waiter = &waiters[i];

		waiter->event.events = EPOLLIN | EPOLLEXCLUSIVE;
		waiter->epoll = epoll_create1(0);
		ASSERT_EQ(0, epoll_ctl(waiter->epoll, EPOLL_CTL_ADD,
				       self->ctx.event, &waiter->event));
		ASSERT_EQ(0, pthread_create(&waiter->thread, NULL,
					    wait_with_epoll, waiter));
		ASSERT_TRUE(wait_until(thread_sleeps(waiter->tid)));
	}
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		ASSERT_EQ(0, pthread_join(waiters[i].thread, NULL));
		ASSERT_EQ(1, waiters[i].ready);
		EXPECT_TRUE(waiters[i].event.events & EPOLLHUP);
		close(waiters[i].epoll);
	}
}

struct reader {
	pthread_t thread;
	int fd;
	pid_t tid;
	ssize_t ret[3];
	struct spu_event event;
};

static void *read_to_the_end(void *arg)
{
	struct reader *reader = arg;
	struct spu_event event;
	int i;

	reader->tid = syscall(SYS_gettid);
	for (i = 0; i < 3; i++) {
		reader->ret[i] = read(reader->fd, &event, sizeof(event));
		if (reader->ret[i] <= 0)
			break;
		reader->event = event;
	}
	return NULL;
}

TEST_F(life, end_wakes_a_blocked_reader)
{
	struct reader reader = {
		.fd = openat(self->ctx.fd, "event", O_RDONLY),
		.ret = { -2, -2, -2 },
	};

	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_to_the_end,
				    &reader));
	ASSERT_TRUE(wait_until(thread_sleeps(reader.tid)));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(0, reader.ret[0]);
	close(reader.fd);
}

TEST_F(life, end_of_a_run_wakes_a_blocked_reader)
{
	struct reader reader = {
		.fd = openat(self->ctx.fd, "event", O_RDONLY),
		.ret = { -2, -2, -2 },
	};

	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, spin(&self->ctx));
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_to_the_end,
				    &reader));
	ASSERT_TRUE(wait_until(thread_sleeps(reader.tid)));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(sizeof(struct spu_event), reader.ret[0]);
	EXPECT_EQ(SPU_EVENT_STOP, reader.event.event);
	EXPECT_EQ(0, reader.ret[1]);
	close(reader.fd);
}

TEST_F(life, a_stop_wakes_a_blocked_reader)
{
	struct reader reader = {
		.fd = openat(self->ctx.fd, "event", O_RDONLY),
		.ret = { -2, -2, -2 },
	};

	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_echo));
	ASSERT_EQ(0, async_start(&self->ctx, SPU_ECHO_WAIT));
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_to_the_end,
				    &reader));
	ASSERT_TRUE(wait_until(thread_sleeps(reader.tid)));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	ASSERT_TRUE(wait_until(reader.event.event));
	EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), reader.event.status);
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	ASSERT_EQ(0, pthread_join(reader.thread, NULL));
	EXPECT_EQ(0, reader.ret[1]);
	close(reader.fd);
}

/* The number that follows @name in /proc/meminfo, in KiB */
static long memory_kib(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char key[64];
	long value;

	if (!file)
		return -1;
	while (fscanf(file, "%63[^:]: %ld%*[^\n]\n", key, &value) == 2)
		if (!strcmp(key, name))
			break;
	fclose(file);
	return value;
}

static int create_and_close(int count, bool run)
{
	struct async ctx;

	while (count--) {
		if (async_create(&ctx, 0))
			return -1;
		if (run && (spu_load(ctx.fd, spu_spin) || async_start(&ctx, 0)))
			return -1;
		async_close(&ctx);
	}
	return 0;
}

/*
 * Create and close 10,000 contexts, and check now and then how much memory is
 * gone: 128 bytes of slab for each context would be too much, or a page. (Not
 * only at the end: a kernel that leaks save areas would not get there.)
 */
TEST_F_TIMEOUT(life, ten_thousand_leave_nothing, 500)
{
	const int batch = LEAK_ROUNDS / 20;
	int contexts = spu_contexts(), done;
	long slab, available;

	ASSERT_LE(1, contexts);
	/* caches and per-CPU lists fill up first */
	ASSERT_EQ(0, create_and_close(batch, false));
	ASSERT_EQ(0, create_and_close(16, true));
	ASSERT_TRUE(wait_until(spu_contexts() == contexts));
	slab = memory_kib("SUnreclaim");
	available = memory_kib("MemAvailable");
	ASSERT_LT(0, slab);
	ASSERT_LT(0, available);

	for (done = 0; done < LEAK_ROUNDS; done += batch) {
		ASSERT_EQ(0, create_and_close(batch, false));
		ASSERT_TRUE(wait_until(spu_contexts() == contexts));
		ASSERT_TRUE(wait_until(memory_kib("SUnreclaim") - slab <
				       LEAK_ROUNDS / 8)) {
			TH_LOG("%d contexts: SUnreclaim was %ld kB, is %ld kB",
			       done, slab, memory_kib("SUnreclaim"));
		}
		ASSERT_TRUE(wait_until(available - memory_kib("MemAvailable") <
				       LEAK_ROUNDS * 4)) {
			TH_LOG("%d contexts: MemAvailable was %ld kB, is %ld kB",
			       done, available, memory_kib("MemAvailable"));
		}
	}
}

TEST_F_TIMEOUT(life, running_ones_leave_nothing, 120)
{
	int contexts = spu_contexts();

	ASSERT_LE(1, contexts);
	ASSERT_EQ(0, create_and_close(500, true));
	EXPECT_TRUE(wait_until(spu_contexts() == contexts));
	/* and their SPEs are free */
	ASSERT_EQ(0, spin(&self->ctx));
}

/* Pass a file descriptor over a socket, take one from it */
static int send_fd(int socket, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
	char space[CMSG_SPACE(sizeof(int))] = "", byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(socket, &msg, 0) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

/*
 * A process with a context running on each SPE ends. It has passed on its event
 * files, but not the directories.
 */
FIXTURE(owner)
{
	int spes, contexts;
	struct async *ctx;
	pid_t pid;
	int socket;
};

FIXTURE_VARIANT(owner)
{
	int signal;	/* 0: exits by itself */
};

FIXTURE_VARIANT_ADD(owner, exits)
{
	.signal = 0,
};

FIXTURE_VARIANT_ADD(owner, is_killed)
{
	.signal = SIGKILL,
};

FIXTURE_VARIANT_ADD(owner, is_terminated)
{
	.signal = SIGTERM,
};

static int be_owner(int spes, int socket)
{
	int i;
	char byte;

	for (i = 0; i < spes; i++) {
		struct async ctx;

		if (async_create(&ctx, 0) ||
		    spu_load(ctx.fd, spu_spin) ||
		    spin(&ctx) ||
		    send_fd(socket, ctx.event))
			return 1;
	}
	/* a word or a signal ends it */
	return read(socket, &byte, 1) == 1 ? 0 : 2;
}

FIXTURE_SETUP(owner)
{
	int sockets[2], i;

	if (no_async())
		SKIP(return, "%s", no_async());
	self->spes = spe_count();
	self->contexts = spu_contexts();
	self->ctx = calloc(self->spes, sizeof(*self->ctx));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	self->pid = fork();
	ASSERT_LE(0, self->pid);
	if (!self->pid) {
		close(sockets[0]);
		_exit(be_owner(self->spes, sockets[1]));
	}
	/* notice a child that ends early */
	close(sockets[1]);
	self->socket = sockets[0];
	for (i = 0; i < self->spes; i++) {
		self->ctx[i].fd = -1;
		self->ctx[i].event = receive_fd(self->socket);
		ASSERT_LE(0, self->ctx[i].event);
	}
}

FIXTURE_TEARDOWN(owner)
{
	int i;

	for (i = 0; i < self->spes; i++)
		async_close(&self->ctx[i]);
}

TEST_F_TIMEOUT(owner, and_its_contexts_end_with_it, 60)
{
	struct async ctx;
	int i, status;

	for (i = 0; i < self->spes; i++)
		EXPECT_EQ(0, async_poll(&self->ctx[i]));
	ASSERT_LE(0, variant->signal ? kill(self->pid, variant->signal) :
				       write(self->socket, "", 1));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(variant->signal, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (!variant->signal)
		EXPECT_EQ(0, status);

	for (i = 0; i < self->spes; i++) {
		EXPECT_TRUE(async_poll(&self->ctx[i]) & POLLHUP);
		EXPECT_LAST_STOP(&self->ctx[i]);
		EXPECT_GONE(&self->ctx[i]);
		async_close(&self->ctx[i]);
		self->ctx[i].event = -1;
	}
	EXPECT_TRUE(wait_until(spu_contexts() == self->contexts));

	/* all SPEs are free for others */
	for (i = 0; i < self->spes; i++) {
		ASSERT_EQ(0, async_create(&ctx, 0));
		ASSERT_EQ(0, spu_load(ctx.fd, spu_spin));
		ASSERT_EQ(0, spin(&ctx));
		self->ctx[i] = ctx;
	}
}

/* Numbers in fdinfo, by name; -1 if there is no such line */
static long event_info(int fd, const char *name, char *word, size_t len)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon++ = 0;
		if (strcmp(line, name))
			continue;
		value = strtol(colon, NULL, 0);
		if (word)
			snprintf(word, len, "%s", strtok(colon, " \t\n") ?: "");
		break;
	}
	fclose(file);
	return value;
}

#define EXPECT_FDINFO(fd_, state, records, runs, events) do {		\
	int __fd = (fd_);						\
	char __state[32] = "";						\
									\
	event_info(__fd, "spu-state", __state, sizeof(__state));	\
	EXPECT_STREQ(state, __state);					\
	EXPECT_EQ(records, event_info(__fd, "spu-records", NULL, 0));	\
	EXPECT_EQ(runs, event_info(__fd, "spu-runs", NULL, 0));		\
	EXPECT_EQ(events, event_info(__fd, "spu-events", NULL, 0));	\
} while (0)

#define OPENERS		900
#define RECEIVERS	200

/*
 * Open the event file many times, with a SIGIO for many processes each. When told
 * to, close the context, and say how long that took.
 */
static void end_with_signals(int say, int go)
{
	struct async ctx;
	unsigned long long took;
	char name[32], byte;
	int i, fd;

	setpgid(0, 0);
	signal(SIGIO, SIG_IGN);
	for (i = 0; i < RECEIVERS; i++) {
		if (!fork()) {
			pause();
			_exit(0);
		}
	}
	if (async_create(&ctx, 0))
		_exit(1);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ctx.event);
	for (i = 0; i < OPENERS; i++) {
		fd = open(name, O_RDWR | O_NONBLOCK);
		if (fd < 0 || fcntl(fd, F_SETOWN, -getpid()) ||
		    fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC))
			_exit(2);
	}
	write(say, "", 1);
	read(go, &byte, 1);
	took = nanoseconds();
	close(ctx.fd);
	took = nanoseconds() - took;
	write(say, &took, sizeof(took));
	pause();
}

/* Signals to thousands take long; others do not wait for them. */
TEST_F_TIMEOUT(life, signals_of_an_end_keep_nobody_waiting, 120)
{
	unsigned long long took, longest = 0;
	int say[2], go[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(say, O_NONBLOCK));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	if (!child)
		end_with_signals(say[1], go[0]);
	ASSERT_TRUE(wait_until(read(say[0], &byte, 1) == 1));
	write(go[1], "", 1);
	do
		time_creation(&longest);
	while (read(say[0], &took, sizeof(took)) != sizeof(took));
	EXPECT_GT(took / 2 + 10000000, longest)
		TH_LOG("of %llu ns", took);
	kill(-child, SIGKILL);
	while (waitpid(-child, NULL, 0) > 0)
		;
}

TEST_F(life, is_told_in_fdinfo)
{
	EXPECT_FDINFO(self->ctx.event, "idle", 0, 0, 0);
	ASSERT_EQ(0, spin(&self->ctx));
	EXPECT_FDINFO(self->ctx.event, "running", 0, 0, 0);
	ASSERT_EQ(0, async_stop(&self->ctx));
	EXPECT_FDINFO(self->ctx.event, "idle", 1, 1, 1);
	EXPECT_LAST_STOP(&self->ctx);
	EXPECT_FDINFO(self->ctx.event, "idle", 0, 1, 1);
	ASSERT_EQ(0, spin(&self->ctx));
	ASSERT_EQ(0, close(self->ctx.fd));
	self->ctx.fd = -1;
	EXPECT_FDINFO(self->ctx.event, "gone", 1, 2, 2);
}

TEST_HARNESS_MAIN
