// SPDX-License-Identifier: GPL-2.0
/*
 * The event file of a gang: the events of all its contexts, in their order.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"

static_assert(sizeof(struct spu_gang_event) == 24, "struct spu_gang_event");
static_assert(offsetof(struct spu_gang_event, event) == 0, "event");
static_assert(offsetof(struct spu_gang_event, flags) == 12, "flags");
static_assert(offsetof(struct spu_gang_event, cookie) == 16, "cookie");
static_assert(SPU_CONTROL_SET_COOKIE == 4, "SPU_CONTROL_SET_COOKIE");

#define RECORD		sizeof(struct spu_gang_event)
#define CONTEXTS	3
#define COOKIE(i)	(0xc001d00d00000000ULL + (i))

static int bytes_in(int event)
{
	int bytes = -1;

	ioctl(event, FIONREAD, &bytes);
	return bytes;
}

FIXTURE(gang)
{
	char *path;
	struct async gang, ctx[CONTEXTS];
};

FIXTURE_SETUP(gang)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	self->path = strdup(spu_path(NULL));
	self->gang.fd = sys_spu_create(self->path,
				       SPU_CREATE_GANG | SPU_CREATE_ASYNC,
				       0755, -1);
	ASSERT_LE(0, self->gang.fd);
	self->gang.event = openat(self->gang.fd, "event", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->gang.event);
	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, async_create_in(&self->ctx[i], self->path, 0, -1));
		ASSERT_EQ(0, spu_load(self->ctx[i].fd, spu_echo));
		ASSERT_EQ(0, async_join(&self->ctx[i], COOKIE(i)));
	}
}

FIXTURE_TEARDOWN(gang)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		async_close(&self->ctx[i]);
	async_close(&self->gang);
}

/* Let a started context stop, and wait until the stop is known */
#define ASSERT_STOPS(ctx, gang) do {					\
	int __event = (gang)->event, __before = bytes_in(__event);	\
									\
	ASSERT_EQ(0, spu_tell((ctx)->fd, 1));				\
	ASSERT_TRUE(wait_until(bytes_in(__event) ==			\
			       __before + (int)RECORD));		\
} while (0)

TEST_F(gang, has_an_event_file_to_read)
{
	struct stat st;
	int fd;

	ASSERT_EQ(0, fstat(self->gang.event, &st));
	EXPECT_EQ(S_IFIFO | 0400, st.st_mode);
	fd = openat(self->gang.fd, "event", O_RDWR);
	if (fd < 0) {
		EXPECT_EQ(EACCES, errno);
	} else {
		EXPECT_ERROR(EINVAL, write(fd, "\0\0\0\2", 4));
		close(fd);
	}
	/* so a context cannot have that name */
	fd = openat(self->gang.fd, ".", O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fchdir(fd));
	EXPECT_ERROR(EEXIST, sys_spu_create("event", SPU_CREATE_ASYNC, 0755, -1));
	ASSERT_EQ(0, chdir("/"));
	close(fd);
}

TEST_F(gang, has_the_events_in_their_order)
{
	static const int order[CONTEXTS] = { 2, 0, 1 };
	struct spu_gang_event events[CONTEXTS + 1];
	int i;

	EXPECT_EQ(0, async_poll(&self->gang));
	EXPECT_ERROR(EAGAIN, read(self->gang.event, events, sizeof(events)));
	for (i = 0; i < CONTEXTS; i++)
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
	for (i = 0; i < CONTEXTS; i++)
		ASSERT_STOPS(&self->ctx[order[i]], &self->gang);

	EXPECT_EQ(CAN_READ, async_poll(&self->gang));
	memset(events, 0xff, sizeof(events));
	ASSERT_EQ(CONTEXTS * RECORD, read(self->gang.event, events, sizeof(events)));
	for (i = 0; i < CONTEXTS; i++) {
		EXPECT_EQ(COOKIE(order[i]), events[i].cookie);
		EXPECT_EQ(0, events[i].flags);
		EXPECT_EQ(SPU_EVENT_STOP, events[i].event.event);
		EXPECT_EQ(SPU_STATUS_STOP(SPU_DONE), events[i].event.status);
		EXPECT_EQ(SPU_ECHO_STOPPED, events[i].event.npc);
	}
	EXPECT_EQ(0, async_poll(&self->gang));
	EXPECT_EQ(0, bytes_in(self->gang.event));
}

/* An error, another context's stop, and the stop: a run's stay in order */
TEST_F(gang, has_an_error_before_its_stop)
{
	const struct mfc_args args = { .cmd = 0x03, .lsa = 0x4000, .size = 16 };
	struct spu_gang_event events[4];
	int i, own = 0;

	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_STOPS(&self->ctx[0], &self->gang);
	ASSERT_EQ(0, spu_load(self->ctx[1].fd, spu_mfc));
	ASSERT_EQ(0, spu_poke(self->ctx[1].fd, SPU_MFC_ARGS, &args, sizeof(args)));
	ASSERT_EQ(0, async_start(&self->ctx[1], 0));
	ASSERT_TRUE(wait_until(bytes_in(self->gang.event) == 3 * RECORD));
	ASSERT_EQ(3 * RECORD, read(self->gang.event, events, sizeof(events)));
	EXPECT_EQ(COOKIE(0), events[0].cookie);
	for (i = 1; i < 3; i++) {
		EXPECT_EQ(COOKIE(1), events[i].cookie);
		own |= events[i].event.event << (i == 2 ? 16 : 0);
	}
	EXPECT_EQ(SPU_EVENT_INVALID_DMA | SPU_EVENT_STOP << 16, own);
}

TEST_F(gang, leaves_the_rest_to_the_context)
{
	struct epoll_event ready, edge = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct spu_gang_event event;
	int epoll = epoll_create1(0);

	EXPECT_EQ(CAN_START, async_poll(&self->ctx[0]));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx[0].event, &edge));
	EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
	ASSERT_STOPS(&self->ctx[0], &self->gang);

	/* its own file only knows that the event is unread */
	EXPECT_EQ(0, async_poll(&self->ctx[0]));
	EXPECT_EQ(0, bytes_in(self->ctx[0].event));
	EXPECT_NO_EVENT(&self->ctx[0]);
	EXPECT_ERROR(EBUSY, async_start(&self->ctx[0], 0));
	EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));

	ASSERT_EQ(RECORD, read(self->gang.event, &event, sizeof(event)));
	ASSERT_EQ(1, epoll_wait(epoll, &ready, 1, 0));
	EXPECT_EQ(EPOLLOUT, ready.events);
	EXPECT_EQ(CAN_START, async_poll(&self->ctx[0]));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	EXPECT_EQ(0, async_stop(&self->ctx[0]));
	ASSERT_EQ(RECORD, read(self->gang.event, &event, sizeof(event)));
	EXPECT_EQ(COOKIE(0), event.cookie);
	close(epoll);
}

TEST_F(gang, reads_whole_records)
{
	struct spu_gang_event events[2];

	EXPECT_ERROR(EINVAL, read(self->gang.event, events, RECORD - 1));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_EQ(0, async_start(&self->ctx[1], 0));
	ASSERT_STOPS(&self->ctx[0], &self->gang);
	ASSERT_STOPS(&self->ctx[1], &self->gang);
	EXPECT_ERROR(EINVAL, read(self->gang.event, events, RECORD - 1));
	EXPECT_ERROR(EFAULT, syscall(SYS_read, self->gang.event, 8, 2 * RECORD));
	EXPECT_EQ(2 * RECORD, bytes_in(self->gang.event));
	ASSERT_EQ(RECORD, read(self->gang.event, events, 2 * RECORD - 1));
	EXPECT_EQ(COOKIE(0), events[0].cookie);
	EXPECT_EQ(RECORD, bytes_in(self->gang.event));
}

TEST_F(gang, nonblocking_read_waits_for_nothing)
{
	struct spu_gang_event event;
	struct iovec iov = { &event, sizeof(event) };
	int blocking = openat(self->gang.fd, "event", O_RDONLY);

	ASSERT_LE(0, blocking);
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	ASSERT_STOPS(&self->ctx[0], &self->gang);
	ASSERT_EQ(RECORD, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(COOKIE(0), event.cookie);
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	close(blocking);
}

/* Each event is an edge of its own, also when one is unread */
TEST_F(gang, epoll_edge_for_each_event)
{
	struct epoll_event ready, edge = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0), i;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->gang.event, &edge));
	EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
		EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
		ASSERT_EQ(0, spu_tell(self->ctx[i].fd, 1));
		ASSERT_EQ(1, epoll_wait(epoll, &ready, 1, TIMEOUT_MS));
		EXPECT_EQ(EPOLLIN, ready.events);
		EXPECT_EQ(0, epoll_wait(epoll, &ready, 1, 0));
	}
	close(epoll);
}

TEST_F(gang, fasync_sends_a_signal_for_each_event)
{
	const struct timespec limit = { .tv_sec = TIMEOUT_MS / 1000 };
	int sig = SIGRTMIN + 1, i;
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(self->gang.event, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->gang.event, F_SETSIG, sig));
	ASSERT_EQ(0, fcntl(self->gang.event, F_SETFL, O_NONBLOCK | O_ASYNC));
	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
		ASSERT_EQ(0, spu_tell(self->ctx[i].fd, 1));
		ASSERT_EQ(sig, sigtimedwait(&set, &info, &limit));
		EXPECT_EQ(self->gang.event, info.si_fd);
		EXPECT_TRUE(info.si_band & POLLIN);
		EXPECT_EQ((i + 1) * RECORD, bytes_in(self->gang.event));
	}
}

TEST_F(gang, is_joined_by_idle_contexts_of_its_own)
{
	const struct {
		struct set_cookie set;
		struct control start;
	} both = {
		set_cookie(COOKIE(77)),
		{ SPU_CONTROL_START_SPU, 0 },
	};
	const struct set_cookie set = set_cookie(COOKIE(88));
	struct spu_gang_event event;
	struct async other;
	char *plain;
	int gang;

	/* no gang, one without an event file */
	ASSERT_EQ(0, async_create(&other, 0));
	EXPECT_ERROR(EINVAL, async_join(&other, 1));
	async_close(&other);
	plain = strdup(spu_path(NULL));
	gang = sys_spu_create(plain, SPU_CREATE_GANG, 0755, -1);
	ASSERT_LE(0, gang);
	EXPECT_ERROR(ENOENT, openat(gang, "event", O_RDONLY));
	ASSERT_EQ(0, async_create_in(&other, plain, 0, -1));
	EXPECT_ERROR(EINVAL, async_join(&other, 1));
	async_close(&other);
	close(gang);

	/* others keep their own events; with unread ones they cannot join */
	ASSERT_EQ(0, async_create_in(&other, self->path, 0, -1));
	ASSERT_EQ(0, spu_load(other.fd, spu_echo));
	ASSERT_EQ(0, async_start(&other, 0));
	EXPECT_ERROR(EBUSY, async_join(&other, 1));
	ASSERT_EQ(0, spu_tell(other.fd, 1));
	ASSERT_TRUE(wait_until(async_poll(&other) == CAN_READ));
	EXPECT_ERROR(EBUSY, async_join(&other, 1));
	EXPECT_EQ(0, bytes_in(self->gang.event));
	EXPECT_STOP(&other, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED);

	/* wrong lengths, then both in one write */
	EXPECT_ERROR(EINVAL, write(other.event, &set, sizeof(set) - 1));
	EXPECT_ERROR(EINVAL, write(other.event, &set, 8));
	EXPECT_ERROR(EINVAL, write(other.event, &both, sizeof(set) + 1));
	ASSERT_EQ(sizeof(both), write(other.event, &both, sizeof(both)));
	ASSERT_STOPS(&other, &self->gang);
	EXPECT_ERROR(EBUSY, async_join(&other, 1));
	ASSERT_EQ(RECORD, read(self->gang.event, &event, sizeof(event)));
	EXPECT_EQ(COOKIE(77), event.cookie);

	/* another name for it */
	ASSERT_EQ(sizeof(set), write(other.event, &set, sizeof(set)));
	ASSERT_EQ(0, async_start(&other, 0));
	ASSERT_STOPS(&other, &self->gang);
	ASSERT_EQ(RECORD, read(self->gang.event, &event, sizeof(event)));
	EXPECT_EQ(COOKIE(88), event.cookie);

	ASSERT_EQ(0, close(other.fd));
	EXPECT_ERROR(ENODEV, async_join(&other, 1));
	close(other.event);
}

TEST_F(gang, outlives_its_descriptor)
{
	struct spu_gang_event events[CONTEXTS + 1];
	int i;

	ASSERT_EQ(0, close(self->gang.fd));
	self->gang.fd = -1;
	EXPECT_EQ(0, async_poll(&self->gang));
	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_STOPS(&self->ctx[0], &self->gang);
	EXPECT_EQ(CAN_READ, async_poll(&self->gang));
	ASSERT_EQ(RECORD, read(self->gang.event, events, sizeof(events)));

	/* Closing a context ends its run; the event stays, as its file does. */
	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
		EXPECT_EQ(i ? CAN_READ : 0, async_poll(&self->gang));
		ASSERT_EQ(0, close(self->ctx[i].fd));
		self->ctx[i].fd = -1;
		EXPECT_EQ(POLLHUP, async_poll(&self->ctx[i]));
	}
	EXPECT_EQ(CAN_READ | POLLHUP, async_poll(&self->gang));
	ASSERT_EQ(CONTEXTS * RECORD, read(self->gang.event, events, sizeof(events)));
	for (i = 0; i < CONTEXTS; i++) {
		EXPECT_EQ(COOKIE(i), events[i].cookie);
		EXPECT_EQ(SPU_EVENT_STOP, events[i].event.event);
	}
	EXPECT_EQ(0, read(self->gang.event, events, sizeof(events)));
	EXPECT_EQ(POLLHUP, async_poll(&self->gang));
}

TEST_F(gang, loses_the_events_of_a_context_that_is_closed_for_good)
{
	struct spu_gang_event events[CONTEXTS];
	int i;

	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, async_start(&self->ctx[i], 0));
		ASSERT_STOPS(&self->ctx[i], &self->gang);
	}
	async_close(&self->ctx[1]);
	self->ctx[1].fd = -1;
	self->ctx[1].event = -1;
	ASSERT_TRUE(wait_until(bytes_in(self->gang.event) == 2 * RECORD));
	ASSERT_EQ(2 * RECORD, read(self->gang.event, events, sizeof(events)));
	EXPECT_EQ(COOKIE(0), events[0].cookie);
	EXPECT_EQ(COOKIE(2), events[1].cookie);
}

TEST_F(gang, shows_unread_events_in_fdinfo)
{
	char path[64], text[512] = "";
	int fd;

	ASSERT_EQ(0, async_start(&self->ctx[0], 0));
	ASSERT_STOPS(&self->ctx[0], &self->gang);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->gang.event);
	fd = open(path, O_RDONLY);
	ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
	close(fd);
	EXPECT_TRUE(!!strstr(text, "spu-records:\t1\n"));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->ctx[0].event);
	fd = open(path, O_RDONLY);
	memset(text, 0, sizeof(text));
	ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
	close(fd);
	EXPECT_TRUE(!!strstr(text, "spu-records:\t0\n"));
	EXPECT_TRUE(!!strstr(text, "spu-state:\tidle\n"));
	EXPECT_TRUE(!!strstr(text, "spu-cookie:\t0xc001d00d00000000\n"));
}

/* Many readers: each event goes to one of them, and none is lost. */
#define READERS		4
#define MANY		12
#define RUNS		25

struct many {
	struct async ctx[MANY];
	int event;
	int runs[MANY], left, errors;
};

static void *reader(void *arg)
{
	struct many *many = arg;
	struct spu_gang_event e;

	while (read(many->event, &e, sizeof(e)) == sizeof(e)) {
		int i = e.cookie, runs;

		if (e.cookie >= MANY || e.event.event != SPU_EVENT_STOP ||
		    e.event.status != SPU_STATUS_STOP(SPU_DONE)) {
			__atomic_add_fetch(&many->errors, 1, __ATOMIC_SEQ_CST);
			continue;
		}
		/* only its reader can start it again */
		runs = ++many->runs[i];
		if (runs < RUNS &&
		    (spu_tell(many->ctx[i].fd, runs) ||
		     async_start(&many->ctx[i], 0)))
			__atomic_add_fetch(&many->errors, 1, __ATOMIC_SEQ_CST);
		__atomic_sub_fetch(&many->left, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST_F_TIMEOUT(gang, has_many_readers, 120)
{
	struct many many = { .left = MANY * RUNS };
	pthread_t thread[READERS];
	int i;

	many.event = openat(self->gang.fd, "event", O_RDONLY);
	ASSERT_LE(0, many.event);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, async_create_in(&many.ctx[i], self->path, 0, -1));
		ASSERT_EQ(0, spu_load(many.ctx[i].fd, spu_echo));
		ASSERT_EQ(0, async_join(&many.ctx[i], i));
	}
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, reader, &many));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, spu_tell(many.ctx[i].fd, 1));
		ASSERT_EQ(0, async_start(&many.ctx[i], 0));
	}
	EXPECT_TRUE(wait_until(!__atomic_load_n(&many.left, __ATOMIC_SEQ_CST)));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(RUNS, many.runs[i]);
		async_close(&many.ctx[i]);
	}
	EXPECT_EQ(0, many.errors);

	/* the last context, then the gang: all waiters for an event wake */
	for (i = 0; i < CONTEXTS; i++) {
		async_close(&self->ctx[i]);
		self->ctx[i].fd = -1;
		self->ctx[i].event = -1;
	}
	ASSERT_EQ(0, close(self->gang.fd));
	self->gang.fd = -1;
	for (i = 0; i < READERS; i++)
		EXPECT_EQ(0, pthread_join(thread[i], NULL));
	close(many.event);
}

TEST_HARNESS_MAIN
