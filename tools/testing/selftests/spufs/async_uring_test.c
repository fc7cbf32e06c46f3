// SPDX-License-Identifier: GPL-2.0
/*
 * Event files and io_uring: waiting takes no thread.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "../kselftest_harness.h"
#include "async_test.h"
#include "spufs_uring.h"

#include "spu/echo.h_shipped"
#include "spu/stop.h_shipped"

#define CONTEXTS	64
#define ROUNDS		20

/* io_uring's threads, for requests that would have had to wait */
#define RING_THREAD	"iou-wrk"

FIXTURE(uring)
{
	struct ring ring;
	struct async ctx[CONTEXTS];
};

FIXTURE_SETUP(uring)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (ring_open(&self->ring))
		SKIP(return, "io_uring: %s", strerror(errno));
	for (i = 0; i < CONTEXTS; i++) {
		self->ctx[i].fd = spu_create(SPU_CREATE_ASYNC);
		self->ctx[i].event = openat(self->ctx[i].fd, "event", O_RDWR);
		ASSERT_LE(0, self->ctx[i].event);
		ASSERT_EQ(0, spu_load(self->ctx[i].fd, spu_stop));
	}
}

FIXTURE_TEARDOWN(uring)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		async_close(&self->ctx[i]);
	close(self->ring.fd);
}

static const struct control start_stop = {
	SPU_CONTROL_START_SPU, SPU_STOP_STOP_1337
};

#define READ_OF(i)	(0x1000 + (i))

/*
 * One system call starts all contexts and requests their events. If there is no
 * SPE, or a context has to be loaded, a thread of io_uring waits.
 */
TEST_F(uring, starts_and_reads_many)
{
	struct spu_event event[CONTEXTS];
	struct io_uring_cqe cqe;
	int i, writes = 0, reads = 0;

	memset(event, 0, sizeof(event));
	for (i = 0; i < CONTEXTS; i++) {
		ring_add(&self->ring, IORING_OP_WRITE, self->ctx[i].event,
			 &start_stop, START_LEN, i)->flags = IOSQE_IO_LINK;
		ring_add(&self->ring, IORING_OP_READ, self->ctx[i].event,
			 &event[i], sizeof(event[i]), READ_OF(i));
	}
	ASSERT_EQ(2 * CONTEXTS, ring_enter(&self->ring, 0));
	for (i = 0; i < 2 * CONTEXTS; i++) {
		ASSERT_TRUE(ring_next(&self->ring, &cqe));
		if (cqe.user_data < READ_OF(0)) {
			EXPECT_EQ(START_LEN, cqe.res);
			writes++;
		} else {
			EXPECT_EQ(sizeof(*event), cqe.res);
			reads++;
		}
	}
	EXPECT_EQ(CONTEXTS, writes);
	EXPECT_EQ(CONTEXTS, reads);
	for (i = 0; i < CONTEXTS; i++) {
		EXPECT_EQ(SPU_EVENT_STOP, event[i].event);
		EXPECT_EQ(SPU_STATUS_STOP(0x1337), event[i].status);
	}
}

/* One run, after which the context is loaded */
static int run_once(const struct async *ctx)
{
	struct spu_event event;

	if (async_start(ctx, SPU_STOP_STOP_1337))
		return -1;
	return async_next(ctx, &event) == sizeof(event) ? 0 : -1;
}

/*
 * A read takes the pending events, and does not wait for a full buffer. No
 * thread waits for a context that is loaded.
 */
TEST_F(uring, reads_and_writes_are_short)
{
	const struct control twice[2] = { start_stop, start_stop };
	struct spu_event event[5];
	struct io_uring_cqe cqe;
	int i;

	for (i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, run_once(&self->ctx[i]));
		ring_add(&self->ring, IORING_OP_READ, self->ctx[i].event,
			 event, sizeof(event), READ_OF(i));
		ASSERT_EQ(1, ring_enter(&self->ring, 0));
		/* the second one is refused */
		ring_add(&self->ring, IORING_OP_WRITE, self->ctx[i].event,
			 twice, sizeof(twice), i);
		ASSERT_EQ(1, ring_enter(&self->ring, 0));
		ASSERT_TRUE(ring_next(&self->ring, &cqe));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(START_LEN, cqe.res);
		ASSERT_TRUE(ring_next(&self->ring, &cqe));
		EXPECT_EQ(READ_OF(i), cqe.user_data);
		EXPECT_EQ(sizeof(*event), cqe.res);
		EXPECT_EQ(0, threads_named(RING_THREAD));
	}
}

/* The same for a gang, and the next read waits for the next event. */
TEST_F(uring, reads_from_a_gang_without_a_thread)
{
	char *path = strdup(spu_path(NULL));
	int gang = sys_spu_create(path, SPU_CREATE_GANG | SPU_CREATE_ASYNC, 0755, -1);
	int event = openat(gang, "event", O_RDONLY), i;
	struct spu_gang_event events[2];
	struct io_uring_cqe cqe;
	struct async ctx[2];

	ASSERT_LE(0, event);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, async_create_in(&ctx[i], path, 0, -1));
		ASSERT_EQ(0, spu_load(ctx[i].fd, spu_stop));
		ASSERT_EQ(0, async_join(&ctx[i], i));
	}
	for (i = 0; i < 2; i++) {
		ring_add(&self->ring, IORING_OP_READ, event, events,
			 sizeof(events), READ_OF(i));
		ASSERT_EQ(1, ring_enter(&self->ring, 0));
		EXPECT_EQ(0, threads_named(RING_THREAD));
		ASSERT_EQ(0, async_start(&ctx[i], SPU_STOP_STOP_1337));
		ASSERT_TRUE(ring_next(&self->ring, &cqe));
		EXPECT_EQ(READ_OF(i), cqe.user_data);
		ASSERT_EQ(sizeof(*events), cqe.res);
		EXPECT_EQ(i, events[0].cookie);
		EXPECT_EQ(SPU_EVENT_STOP, events[0].event.event);
		EXPECT_EQ(0, threads_named(RING_THREAD));
	}
	for (i = 0; i < 2; i++)
		async_close(&ctx[i]);
	close(event);
	close(gang);
	free(path);
}

TEST_F(uring, polls_many_for_run_after_run)
{
	struct spu_event event;
	struct io_uring_cqe cqe;
	int seen[CONTEXTS] = { }, i, round;

	for (i = 0; i < CONTEXTS; i++) {
		struct io_uring_sqe *sqe;

		sqe = ring_add(&self->ring, IORING_OP_POLL_ADD,
			       self->ctx[i].event, NULL, IORING_POLL_ADD_MULTI, i);
		sqe->off = 0;
		sqe->poll32_events = (__u32)POLLIN << 16;
	}
	ASSERT_EQ(CONTEXTS, ring_enter(&self->ring, 0));
	for (round = 1; round <= 3; round++) {
		for (i = 0; i < CONTEXTS; i++)
			ASSERT_EQ(0, async_start(&self->ctx[i],
						 SPU_STOP_STOP_1337));
		for (i = 0; i < CONTEXTS; i++) {
			ASSERT_TRUE(ring_next(&self->ring, &cqe));
			ASSERT_GT(CONTEXTS, cqe.user_data);
			EXPECT_EQ(POLLIN, cqe.res);
			EXPECT_TRUE(cqe.flags & IORING_CQE_F_MORE);
			seen[cqe.user_data]++;
			ASSERT_EQ(sizeof(event),
				  read(self->ctx[cqe.user_data].event, &event,
				       sizeof(event)));
			EXPECT_EQ(0, threads_named(RING_THREAD));
		}
		for (i = 0; i < CONTEXTS; i++)
			EXPECT_EQ(round, seen[i]);
	}
}

static ssize_t write_nowait(int fd, const void *buf, size_t len)
{
	struct iovec iov = { (void *)buf, len };

	return pwritev2(fd, &iov, 1, -1, RWF_NOWAIT);
}

TEST_F(uring, does_not_wait_for_the_mutex)
{
	const struct control stop = { SPU_CONTROL_STOP_SPU };
	struct async *ctx = &self->ctx[0];
	struct busy busy = { .fd = ctx->fd };
	struct io_uring_cqe cqe;
	struct spu_event event;
	int round, refused = 0;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "nobody has it while this thread runs");
	ASSERT_EQ(0, spu_load(ctx->fd, spu_echo));
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_busy, &busy));

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, async_start(ctx, 0));
		/* Waiting would not help a start now. A stop is done soon. */
		EXPECT_ERROR(EBUSY, write_nowait(ctx->event, &start_stop, START_LEN));
		ring_add(&self->ring, IORING_OP_WRITE, ctx->event, &stop,
			 STOP_LEN, 1);
		ASSERT_EQ(1, ring_enter(&self->ring, 0));
		ASSERT_TRUE(ring_next(&self->ring, &cqe));
		EXPECT_EQ(STOP_LEN, cqe.res);
		EXPECT_EQ(STOP_LEN, write_nowait(ctx->event, &stop, STOP_LEN));
		EXPECT_EQ(0, threads_named(RING_THREAD));
		ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
	}

	/* Stopped, it can be started, but not always now. */
	ASSERT_EQ(0, spu_load(ctx->fd, spu_stop));
	ASSERT_TRUE(wait_until(({
		ssize_t done = write_nowait(ctx->event, &start_stop, START_LEN);

		if (done < 0) {
			ASSERT_EQ(EAGAIN, errno);
			/* with no run to stop */
			EXPECT_EQ(STOP_LEN, write_nowait(ctx->event, &stop,
							 STOP_LEN));
			EXPECT_EQ(CAN_START, async_poll(ctx));
			refused++;
		} else {
			ASSERT_EQ(START_LEN, done);
			ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
			EXPECT_EQ(SPU_STATUS_STOP(0x1337), event.status);
		}
		refused;
	})));
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, run_once(ctx));
	EXPECT_EQ(START_LEN, write_nowait(ctx->event, &start_stop, START_LEN));
	ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), event.status);
}

/* Loading a context takes time. */
TEST_F(uring, does_not_wait_for_a_context_to_be_loaded)
{
	struct async *ctx = &self->ctx[0];
	int regs = openat(ctx->fd, "regs", O_RDONLY);
	struct io_uring_cqe cqe;
	struct spu_event event;
	__u32 reg;

	EXPECT_EQ(-1, loaded_on(ctx->fd));
	EXPECT_ERROR(EAGAIN, write_nowait(ctx->event, &start_stop, START_LEN));
	ASSERT_EQ(0, run_once(ctx));
	EXPECT_LE(0, loaded_on(ctx->fd));
	EXPECT_EQ(START_LEN, write_nowait(ctx->event, &start_stop, START_LEN));
	ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);

	/* that saves it, and io_uring has a thread of its own load it again */
	ASSERT_EQ(sizeof(reg), pread(regs, &reg, sizeof(reg), 0));
	EXPECT_ERROR(EAGAIN, write_nowait(ctx->event, &start_stop, START_LEN));
	EXPECT_EQ(CAN_START, async_poll(ctx));
	EXPECT_EQ(0, threads_named(RING_THREAD));
	ring_add(&self->ring, IORING_OP_WRITE, ctx->event, &start_stop, START_LEN, 1);
	ASSERT_EQ(1, ring_enter(&self->ring, 0));
	ASSERT_TRUE(ring_next(&self->ring, &cqe));
	EXPECT_EQ(START_LEN, cqe.res);
	EXPECT_EQ(1, threads_named(RING_THREAD));
	ASSERT_EVENT(ctx, SPU_EVENT_STOP, &event);
	EXPECT_EQ(SPU_STATUS_STOP(0x1337), event.status);
	close(regs);
}

TEST_HARNESS_MAIN
