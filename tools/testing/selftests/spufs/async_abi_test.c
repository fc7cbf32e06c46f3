// SPDX-License-Identifier: GPL-2.0
/*
 * The event file of an asynchronous SPU context as an interface: writes, reads,
 * and readiness.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "async_test.h"
#include "spufs_alarm.h"

#include "spu/echo.h_shipped"
#include "spu/mfc.h_shipped"
#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"

static_assert(sizeof(struct spu_event) == 12, "struct spu_event");
static_assert(offsetof(struct spu_event, event) == 0, "event");
static_assert(offsetof(struct spu_event, status) == 4, "status");
static_assert(offsetof(struct spu_event, npc) == 8, "npc");
static_assert(sizeof(struct spu_control) == 4, "struct spu_control");
static_assert(offsetof(struct spu_control, op) == 0, "op");
static_assert(offsetof(struct spu_control, data) == 4, "data");
static_assert(SPU_CREATE_ASYNC == 0x0040, "SPU_CREATE_ASYNC");
static_assert(SPU_EVENT_STOP == 0x0001, "SPU_EVENT_STOP");
static_assert(SPU_EVENT_DMA_ALIGNMENT == 0x0008, "SPU_EVENT_DMA_ALIGNMENT");
static_assert(SPU_EVENT_SPE_ERROR == 0x0010, "SPU_EVENT_SPE_ERROR");
static_assert(SPU_EVENT_DATA_STORAGE == 0x0040, "SPU_EVENT_DATA_STORAGE");
static_assert(SPU_EVENT_INVALID_DMA == 0x0800, "SPU_EVENT_INVALID_DMA");
static_assert(SPU_CONTROL_START_SPU == 1, "SPU_CONTROL_START_SPU");
static_assert(SPU_CONTROL_STOP_SPU == 2, "SPU_CONTROL_STOP_SPU");
static_assert(SPU_CONTROL_STEP_SPU == 3, "SPU_CONTROL_STEP_SPU");

#define ALARMS		20

TEST(spu_create_knows_the_flag)
{
	int fd;

	if (no_async())
		SKIP(return, "%s", no_async());
	fd = spu_create(SPU_CREATE_ASYNC);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST(spu_create_refuses_unknown_flags_beside_it)
{
	unsigned int bit;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (bit = 0x0080; bit; bit <<= 1)
		EXPECT_ERROR(EINVAL, spu_create(SPU_CREATE_ASYNC | bit));
}

TEST(event_file_is_absent_without_the_flag)
{
	static const unsigned int flags[] = {
		0, SPU_CREATE_EVENTS_ENABLED, SPU_CREATE_NOSCHED
	};
	int fd, i;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fd = spu_create(flags[i]);
		ASSERT_LE(0, fd);
		EXPECT_ERROR(ENOENT, openat(fd, "event", O_RDWR));
		close(fd);
	}
}

/* It belongs to its owner, whatever spu_create's mode and the umask are. */
TEST(event_file_is_its_owners)
{
	static const struct {
		mode_t mode, umask;
	} cases[] = {
		{ 0777, 0000 },
		{ 0755, 0000 },
		{ 0777, 0027 },
		{ 0700, 0022 },
		{ 0500, 0000 },
		{ 0000, 0777 },
	};
	struct stat st;
	int fd, i;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		umask(cases[i].umask);
		fd = sys_spu_create(spu_path(NULL), SPU_CREATE_ASYNC,
				    cases[i].mode, -1);
		ASSERT_LE(0, fd);
		if (fstatat(fd, "event", &st, 0)) {
			/* a user who cannot search the directory */
			EXPECT_EQ(EACCES, errno);
			ASSERT_EQ(0, fchmod(fd, 0700));
			ASSERT_EQ(0, fstatat(fd, "event", &st, 0));
		}
		EXPECT_EQ(S_IFIFO | 0600, st.st_mode);
		EXPECT_EQ(geteuid(), st.st_uid);
		close(fd);
	}
}

/* An executed helper does not keep a run alive that it does not know. */
TEST(descriptor_is_close_on_exec)
{
	static const struct {
		unsigned int flags;
		int want;
	} cases[] = {
		{ SPU_CREATE_ASYNC, FD_CLOEXEC },
		{ SPU_CREATE_ASYNC | SPU_CREATE_GANG, FD_CLOEXEC },
		/* as ever */
		{ 0, 0 },
		{ SPU_CREATE_GANG, 0 },
	};
	int fd, i;

	if (no_async())
		SKIP(return, "%s", no_async());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = spu_create(cases[i].flags);
		ASSERT_LE(0, fd);
		EXPECT_EQ(cases[i].want, fcntl(fd, F_GETFD));
		close(fd);
	}
}

/* The VFS would let a FIFO be written to on a read-only mount. */
TEST(event_file_on_a_read_only_mount_starts_nothing)
{
	const char *path = strdup(spu_path(NULL));
	char dir[] = "/tmp/spufs-XXXXXX", name[PATH_MAX];
	int fd, event;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (geteuid())
		SKIP(return, "mount needs root");
	fd = sys_spu_create(path, SPU_CREATE_ASYNC, 0700, -1);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(!!mkdtemp(dir));
	ASSERT_EQ(0, mount(spufs_root(), dir, NULL, MS_BIND, NULL));
	EXPECT_EQ(0, mount(NULL, dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));

	snprintf(name, sizeof(name), "%s%s/event", dir, path + strlen(spufs_root()));
	EXPECT_ERROR(EROFS, open(name, O_RDWR));
	EXPECT_ERROR(EROFS, open(name, O_WRONLY));
	event = open(name, O_RDONLY);
	EXPECT_LE(0, event);
	close(event);
	event = openat(fd, "event", O_RDWR);
	EXPECT_LE(0, event);
	close(event);
	close(fd);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
}

/* NOSCHED contexts have another set of files */
TEST(event_file_is_there_with_nosched)
{
	struct async ctx;

	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&ctx, SPU_CREATE_NOSCHED));
	async_close(&ctx);
}

/* A context with the echo program, which runs until it gets a word */
FIXTURE(event)
{
	struct async ctx;
};

FIXTURE_SETUP(event)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_echo));
}

FIXTURE_TEARDOWN(event)
{
	async_close(&self->ctx);
}

#define EXPECT_ECHO_STOP(ctx) \
	EXPECT_STOP(ctx, SPU_STATUS_STOP(SPU_DONE), SPU_ECHO_STOPPED)

/* Leave a STOP event unread */
static int run_echo(const struct async *ctx, __u32 npc)
{
	if (async_start(ctx, npc) || spu_tell(ctx->fd, 1))
		return -1;
	return wait_until(async_poll(ctx) & POLLIN) ? 0 : -1;
}

/* Two events in the queue: DMA_ALIGNMENT and STOP */
static int run_error(const struct async *ctx)
{
	static const struct mfc_args args = {
		.lsa = 0x4004, .eal = 0x10000, .size = 16, .cmd = MFC_GET
	};

	if (spu_load(ctx->fd, spu_mfc) ||
	    spu_poke(ctx->fd, SPU_MFC_ARGS, &args, sizeof(args)) ||
	    async_start(ctx, 0) ||
	    !wait_until(async_poll(ctx) & POLLIN))
		return -1;
	/* the run is over, by itself or not, when this has been done */
	return async_stop(ctx);
}

TEST_F(event, is_a_stream)
{
	struct spu_event event;
	const struct control stop = { SPU_CONTROL_STOP_SPU };

	EXPECT_ERROR(ESPIPE, lseek(self->ctx.event, 0, SEEK_SET));
	EXPECT_ERROR(ESPIPE, lseek(self->ctx.event, 0, SEEK_CUR));
	EXPECT_ERROR(ESPIPE, pread(self->ctx.event, &event, sizeof(event), 0));
	EXPECT_ERROR(ESPIPE, pwrite(self->ctx.event, &stop, STOP_LEN, 0));
}

TEST_F(event, spu_run_is_refused)
{
	__u32 npc = SPU_ECHO_WAIT, event;

	EXPECT_ERROR(EINVAL, sys_spu_run(self->ctx.fd, &npc, &event));
	/* and does no harm */
	ASSERT_EQ(0, run_echo(&self->ctx, 0));
	EXPECT_ERROR(EINVAL, sys_spu_run(self->ctx.fd, &npc, &event));
	EXPECT_ECHO_STOP(&self->ctx);
}

TEST_F(event, nonblocking_read_waits_for_nothing)
{
	struct spu_event event[2];
	struct iovec iov = { event, sizeof(event) };
	int blocking = openat(self->ctx.fd, "event", O_RDWR);

	/* idle, running, after the only event */
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	EXPECT_ECHO_STOP(&self->ctx);
	EXPECT_ERROR(EAGAIN, preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));

	ASSERT_EQ(0, run_echo(&self->ctx, 0));
	EXPECT_EQ(sizeof(event[0]), preadv2(blocking, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(SPU_EVENT_STOP, event[0].event);
	close(blocking);
}

TEST_F(event, short_buffer_is_refused_and_takes_nothing)
{
	struct spu_event event;
	int len;

	for (len = 0; len < sizeof(event); len++)
		EXPECT_ERROR(EINVAL, read(self->ctx.event, &event, len));
	ASSERT_EQ(0, run_echo(&self->ctx, 0));
	for (len = 0; len < sizeof(event); len++)
		EXPECT_ERROR(EINVAL, read(self->ctx.event, &event, len));
	EXPECT_ECHO_STOP(&self->ctx);
}

TEST_F(event, read_gives_whole_records)
{
	struct spu_event event[3] = {};

	ASSERT_EQ(0, run_error(&self->ctx));
	event[1].event = ~0;
	EXPECT_EQ(12, read(self->ctx.event, event, 23));
	EXPECT_EQ(SPU_EVENT_DMA_ALIGNMENT, event[0].event);
	EXPECT_EQ(~0u, event[1].event);
	EXPECT_EQ(12, read(self->ctx.event, event, sizeof(event)));
	EXPECT_EQ(SPU_EVENT_STOP, event[0].event);
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(event, read_gives_a_batch)
{
	struct spu_event event[5] = {};

	ASSERT_EQ(0, run_error(&self->ctx));
	ASSERT_EQ(24, read(self->ctx.event, event, sizeof(event)));
	EXPECT_EQ(SPU_EVENT_DMA_ALIGNMENT, event[0].event);
	EXPECT_EQ(SPU_EVENT_STOP, event[1].event);
	EXPECT_EQ(0, event[2].event);
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(event, readv_scatters)
{
	char head[5], body[40];
	struct iovec iov[] = { { head, 5 }, { body, 40 } };
	struct spu_event event[2];

	ASSERT_EQ(0, run_error(&self->ctx));
	ASSERT_EQ(24, readv(self->ctx.event, iov, 2));
	memcpy(event, head, 5);
	memcpy((char *)event + 5, body, 19);
	EXPECT_EQ(SPU_EVENT_DMA_ALIGNMENT, event[0].event);
	EXPECT_EQ(SPU_EVENT_STOP, event[1].event);
}

TEST_F(event, fault_in_the_buffer_loses_nothing)
{
	long page = sysconf(_SC_PAGESIZE);
	struct spu_event event;
	char *memory;

	memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(memory != MAP_FAILED);
	ASSERT_EQ(0, mprotect(memory + page, page, PROT_NONE));

	ASSERT_EQ(0, run_error(&self->ctx));
	EXPECT_ERROR(EFAULT, read(self->ctx.event, memory + page, 24));
	EXPECT_ERROR(EFAULT, read(self->ctx.event, memory + page - 4, 24));
	/* the first record fits, the second does not */
	EXPECT_EQ(12, read(self->ctx.event, memory + page - 12, 24));
	memcpy(&event, memory + page - 12, 12);
	EXPECT_EQ(SPU_EVENT_DMA_ALIGNMENT, event.event);
	EXPECT_ERROR(EFAULT, read(self->ctx.event, memory + page - 4, 24));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_NO_EVENT(&self->ctx);

	EXPECT_ERROR(EFAULT, write(self->ctx.event, memory + page, START_LEN));
	EXPECT_ERROR(EFAULT, write(self->ctx.event, memory + page - 4, START_LEN));
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
}

TEST_F(event, fionread_counts_bytes)
{
	struct spu_event event;
	int bytes = -1;

	EXPECT_EQ(0, ioctl(self->ctx.event, FIONREAD, &bytes));
	EXPECT_EQ(0, bytes);
	ASSERT_EQ(0, run_error(&self->ctx));
	EXPECT_EQ(0, ioctl(self->ctx.event, FIONREAD, &bytes));
	EXPECT_EQ(24, bytes);
	ASSERT_EVENT(&self->ctx, SPU_EVENT_DMA_ALIGNMENT, &event);
	EXPECT_EQ(0, ioctl(self->ctx.event, FIONREAD, &bytes));
	EXPECT_EQ(12, bytes);
	EXPECT_ERROR(ENOTTY, ioctl(self->ctx.event, TIOCGWINSZ, &bytes));
}

TEST_F(event, opens_share_one_queue)
{
	struct async other = self->ctx;
	struct spu_event event;

	other.event = openat(self->ctx.fd, "event", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, other.event);
	ASSERT_EQ(0, run_error(&other));
	EXPECT_EQ(CAN_READ, async_poll(&self->ctx));
	EXPECT_EQ(CAN_READ, async_poll(&other));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_DMA_ALIGNMENT, &event);
	ASSERT_EVENT(&other, SPU_EVENT_STOP, &event);
	EXPECT_NO_EVENT(&self->ctx);
	EXPECT_NO_EVENT(&other);
	close(other.event);
}

TEST_F(event, open_mode_is_obeyed)
{
	const struct control stop = { SPU_CONTROL_STOP_SPU };
	struct spu_event event;
	int fd;

	fd = openat(self->ctx.fd, "event", O_RDONLY);
	EXPECT_ERROR(EBADF, write(fd, &stop, STOP_LEN));
	close(fd);
	fd = openat(self->ctx.fd, "event", O_WRONLY | O_NONBLOCK);
	EXPECT_EQ(STOP_LEN, write(fd, &stop, STOP_LEN));
	EXPECT_ERROR(EBADF, read(fd, &event, sizeof(event)));
	close(fd);
}

/* Malformed writes, and their results */
FIXTURE(write)
{
	struct async ctx;
};

FIXTURE_VARIANT(write)
{
	__u32 words[6];
	size_t len;
	ssize_t ret;	/* the result of write() */
	int error;	/* and errno if that is -1 */
	bool starts;	/* whether the SPU is started */
};

#define REFUSED(len_, ...)						\
	.words = { __VA_ARGS__ }, .len = len_, .ret = -1, .error = EINVAL

#define TAKEN(len_, ret_, starts_, ...)					\
	.words = { __VA_ARGS__ }, .len = len_, .ret = ret_, .starts = starts_

#define START	SPU_CONTROL_START_SPU
#define STOP	SPU_CONTROL_STOP_SPU
#define STEP	SPU_CONTROL_STEP_SPU

FIXTURE_VARIANT_ADD(write, of_0_bytes) { REFUSED(0, START, 0) };
FIXTURE_VARIANT_ADD(write, of_1_byte) { REFUSED(1, START, 0) };
FIXTURE_VARIANT_ADD(write, of_2_bytes) { REFUSED(2, START, 0) };
FIXTURE_VARIANT_ADD(write, of_3_bytes) { REFUSED(3, START, 0) };
FIXTURE_VARIANT_ADD(write, of_start_without_npc) { REFUSED(4, START, 0) };
FIXTURE_VARIANT_ADD(write, of_start_with_5_bytes) { REFUSED(5, START, 0) };
FIXTURE_VARIANT_ADD(write, of_start_with_6_bytes) { REFUSED(6, START, 0) };
FIXTURE_VARIANT_ADD(write, of_start_with_7_bytes) { REFUSED(7, START, 0) };
FIXTURE_VARIANT_ADD(write, of_step_without_npc) { REFUSED(4, STEP, 0) };
FIXTURE_VARIANT_ADD(write, of_start_with_9_bytes) { REFUSED(9, START, 0, 0) };
FIXTURE_VARIANT_ADD(write, of_start_with_11_bytes) { REFUSED(11, START, 0, 0) };
FIXTURE_VARIANT_ADD(write, of_stop_with_5_bytes) { REFUSED(5, STOP, 0) };
FIXTURE_VARIANT_ADD(write, of_stop_with_6_bytes) { REFUSED(6, STOP, 0) };
FIXTURE_VARIANT_ADD(write, of_stop_with_7_bytes) { REFUSED(7, STOP, 0) };
FIXTURE_VARIANT_ADD(write, of_op_0) { REFUSED(8, 0, 0) };
FIXTURE_VARIANT_ADD(write, of_op_4) { REFUSED(8, 4, 0) };
FIXTURE_VARIANT_ADD(write, of_op_ffffffff) { REFUSED(4, 0xffffffff) };
FIXTURE_VARIANT_ADD(write, of_foreign_endian_start) { REFUSED(8, 0x01000000, 0) };
FIXTURE_VARIANT_ADD(write, of_start_then_unknown) { TAKEN(12, 8, true, START, 0, 4) };
FIXTURE_VARIANT_ADD(write, of_start_then_short_start) { TAKEN(12, 8, true, START, 0, START) };
FIXTURE_VARIANT_ADD(write, of_start_twice) { TAKEN(16, 8, true, START, 0, START, 0) };
FIXTURE_VARIANT_ADD(write, of_stop_then_unknown) { TAKEN(8, 4, false, STOP, 0) };
FIXTURE_VARIANT_ADD(write, of_stop_twice_then_unknown) { TAKEN(12, 8, false, STOP, STOP, 9) };
FIXTURE_VARIANT_ADD(write, of_stop_twice) { TAKEN(8, 8, false, STOP, STOP) };
FIXTURE_VARIANT_ADD(write, of_stop_then_start) { TAKEN(12, 12, true, STOP, START, 0) };

FIXTURE_SETUP(write)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_echo));
}

FIXTURE_TEARDOWN(write)
{
	async_close(&self->ctx);
}

TEST_F(write, is_judged_record_by_record)
{
	ASSERT_EQ(variant->ret,
		  write(self->ctx.event, variant->words, variant->len));
	if (variant->ret < 0)
		EXPECT_EQ(variant->error, errno);
	EXPECT_NO_EVENT(&self->ctx);
	if (variant->starts) {
		EXPECT_EQ(0, async_poll(&self->ctx));
		ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
		EXPECT_ECHO_STOP(&self->ctx);
	}
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
}

TEST_F(event, start_then_stop_in_one_write)
{
	const __u32 words[] = { START, SPU_ECHO_WAIT, STOP };
	struct spu_event event;

	EXPECT_EQ(12, write(self->ctx.event, words, sizeof(words)));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, event.status & SPU_STATUS_FLAGS &
		     (SPU_STATUS_RUNNING | SPU_STATUS_STOPPED_BY_STOP));
	EXPECT_EQ(SPU_ECHO_WAIT, event.npc);
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(event, start_is_busy_while_running)
{
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_ERROR(EBUSY, async_start(&self->ctx, 0));
	EXPECT_ERROR(EBUSY, async_start(&self->ctx, 4));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	EXPECT_ECHO_STOP(&self->ctx);
}

TEST_F(event, start_is_busy_until_all_is_read)
{
	struct spu_event event;

	ASSERT_EQ(0, run_error(&self->ctx));
	EXPECT_ERROR(EBUSY, async_start(&self->ctx, 0));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_DMA_ALIGNMENT, &event);
	EXPECT_ERROR(EBUSY, async_start(&self->ctx, 0));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, async_start(&self->ctx, 0));
}

TEST_F(event, stop_when_idle_is_no_event)
{
	EXPECT_EQ(0, async_stop(&self->ctx));
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
	EXPECT_NO_EVENT(&self->ctx);

	/* after a run too, before and after its event is read */
	ASSERT_EQ(0, run_echo(&self->ctx, 0));
	EXPECT_EQ(0, async_stop(&self->ctx));
	EXPECT_ECHO_STOP(&self->ctx);
	EXPECT_EQ(0, async_stop(&self->ctx));
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
	EXPECT_NO_EVENT(&self->ctx);
}

TEST_F(event, poll_reports_readiness)
{
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_EQ(0, async_poll(&self->ctx));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	ASSERT_TRUE(wait_until(async_poll(&self->ctx)));
	EXPECT_EQ(CAN_READ, async_poll(&self->ctx));
	EXPECT_EQ(CAN_READ, async_poll(&self->ctx));
	EXPECT_ECHO_STOP(&self->ctx);
	EXPECT_EQ(CAN_START, async_poll(&self->ctx));
}

/* The immediate result of epoll_wait() for its only file; 0 if none */
static __u32 epoll_now(int epoll)
{
	struct epoll_event event = {};

	return epoll_wait(epoll, &event, 1, 0) == 1 ? event.events : 0;
}

static __u32 epoll_later(int epoll)
{
	struct epoll_event event = {};

	return epoll_wait(epoll, &event, 1, TIMEOUT_MS) == 1 ? event.events : 0;
}

TEST_F(event, epoll_level_triggered)
{
	struct epoll_event want = { .events = EPOLLIN | EPOLLOUT };
	int epoll = epoll_create1(0);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx.event, &want));
	EXPECT_EQ(EPOLLOUT, epoll_now(epoll));
	EXPECT_EQ(EPOLLOUT, epoll_now(epoll));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	EXPECT_EQ(0, epoll_now(epoll));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	EXPECT_EQ(EPOLLIN, epoll_later(epoll));
	EXPECT_EQ(EPOLLIN, epoll_now(epoll));
	EXPECT_ECHO_STOP(&self->ctx);
	EXPECT_EQ(EPOLLOUT, epoll_now(epoll));
	close(epoll);
}

TEST_F(event, epoll_edge_triggered)
{
	struct epoll_event want = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(0), i;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx.event, &want));
	EXPECT_EQ(EPOLLOUT, epoll_now(epoll));
	EXPECT_EQ(0, epoll_now(epoll));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, async_start(&self->ctx, 0));
		EXPECT_EQ(0, epoll_now(epoll));
		ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
		EXPECT_EQ(EPOLLIN, epoll_later(epoll));
		EXPECT_EQ(0, epoll_now(epoll));
		EXPECT_ECHO_STOP(&self->ctx);
		/* reading the last event made START possible: an edge */
		EXPECT_EQ(EPOLLOUT, epoll_now(epoll));
		EXPECT_EQ(0, epoll_now(epoll));
	}
	close(epoll);
}

/* Each event is an edge of its own, also when one is unread */
TEST_F(event, epoll_edge_for_unread_events)
{
	struct epoll_event want = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0);
	struct spu_event event;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx.event, &want));
	EXPECT_EQ(0, epoll_now(epoll));
	ASSERT_EQ(0, run_error(&self->ctx));
	EXPECT_EQ(EPOLLIN, epoll_later(epoll));
	EXPECT_EQ(0, epoll_now(epoll));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_DMA_ALIGNMENT, &event);
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(0, epoll_now(epoll));
	close(epoll);
}

static int tell_on_alarm;

/* Async-signal-safe: writes the word on the third alarm */
static void count_and_tell(int sig)
{
	static const __u32 word = 1;

	count_alarm(sig);
	if (alarms == 3 &&
	    write(tell_on_alarm, &word, sizeof(word)) != sizeof(word))
		abort();
}

TEST_F(event, signal_interrupts_a_blocking_read)
{
	int blocking = openat(self->ctx.fd, "event", O_RDWR);
	struct spu_event event;

	ASSERT_LE(0, blocking);
	alarm_every(10000, 0, count_alarm);
	EXPECT_ERROR(EINTR, read(blocking, &event, sizeof(event)));
	EXPECT_LE(1, alarms);
	ASSERT_TRUE(wait_until(!async_start(&self->ctx, 0) || errno != EINTR));
	EXPECT_ERROR(EINTR, read(blocking, &event, sizeof(event)));
	alarm_never();

	/* the SPU ran on */
	EXPECT_NO_EVENT(&self->ctx);
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	EXPECT_ECHO_STOP(&self->ctx);
	close(blocking);
}

TEST_F(event, blocking_read_is_restarted)
{
	int blocking = openat(self->ctx.fd, "event", O_RDWR);
	struct spu_event event = {};

	ASSERT_LE(0, blocking);
	tell_on_alarm = openat(self->ctx.fd, "wbox", O_WRONLY);
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	alarm_every(10000, SA_RESTART, count_and_tell);
	EXPECT_EQ(sizeof(event), read(blocking, &event, sizeof(event)));
	alarm_never();
	EXPECT_LE(3, alarms);
	EXPECT_EQ(SPU_EVENT_STOP, event.event);
	close(tell_on_alarm);
	close(blocking);
}

/* START and STOP wait for the mutex, which another thread mostly holds. */
TEST_F(event, write_that_waits_is_restarted)
{
	struct busy busy = { .fd = self->ctx.fd };
	struct spu_event event;
	pthread_t thread;

	ASSERT_EQ(0, create_without_alarms(&thread, keep_switching, &busy));
	alarm_every(500, SA_RESTART, count_alarm);
	while (alarms < ALARMS) {
		ASSERT_EQ(0, async_start(&self->ctx, 0));
		ASSERT_EQ(0, async_stop(&self->ctx));
		ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	}
	alarm_never();
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F(event, fasync_sends_a_signal)
{
	const struct timespec limit = { .tv_sec = TIMEOUT_MS / 1000 };
	int sig = SIGRTMIN + 1;
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(self->ctx.event, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->ctx.event, F_SETSIG, sig));
	ASSERT_EQ(0, fcntl(self->ctx.event, F_SETFL, O_NONBLOCK | O_ASYNC));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_EQ(0, spu_tell(self->ctx.fd, 1));
	do {
		ASSERT_EQ(sig, sigtimedwait(&set, &info, &limit));
		EXPECT_EQ(self->ctx.event, info.si_fd);
	} while (!(info.si_band & POLLIN));
	EXPECT_ECHO_STOP(&self->ctx);
}

TEST_HARNESS_MAIN
