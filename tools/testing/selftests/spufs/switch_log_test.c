// SPDX-License-Identifier: GPL-2.0
/*
 * The file switch_log: a line for each time that a context gets an SPE, gives
 * it up, or leaves spu_run.
 */
#include "../kselftest_harness.h"
#include "spufs_alarm.h"
#include "spufs_test.h"

#include "spu/stop.h_shipped"

#define GUARD				0x5a

/* The setup's: got an SPE once, left spu_run three times */
#define LINES				4

/* They have 27 to 40 characters: room for two, not for three */
#define HALF				80

#define POLLS				1000
#define ALARMS				20

FIXTURE(log)
{
	int fd, log;
};

FIXTURE_SETUP(log)
{
	__u32 npc, event;
	int i;

	if (no_spufs())
		SKIP(return, "%s", no_spufs());
	self->fd = spu_create(0);
	ASSERT_LE(0, self->fd);
	self->log = openat(self->fd, "switch_log", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->log);
	ASSERT_EQ(0, spu_load(self->fd, spu_stop));
	for (i = 0; i < 3; i++) {
		npc = SPU_STOP_STOP_1337;
		ASSERT_LT(0, sys_spu_run(self->fd, &npc, &event));
	}
}

FIXTURE_TEARDOWN(log)
{
	close(self->log);
	close(self->fd);
}

/* The length of the first line in @text, with its newline; 0: there is none */
static ssize_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? end + 1 - text : 0;
}

static int count_lines(const char *text, size_t len)
{
	int count = 0;

	while (len--)
		count += text[len] == '\n';
	return count;
}

TEST_F(log, gives_as_many_lines_as_the_buffer_takes)
{
	char some[256], rest[1024];
	ssize_t len, left;

	memset(some, GUARD, sizeof(some));
	len = read(self->log, some, HALF);
	ASSERT_LT(0, len);
	EXPECT_GE(HALF, len);
	EXPECT_EQ('\n', some[len - 1]);
	EXPECT_EQ(GUARD, some[len]);
	EXPECT_EQ(GUARD, some[HALF]);

	/* the others are still there, and the next would not have fit */
	left = read(self->log, rest, sizeof(rest));
	ASSERT_LT(0, left);
	EXPECT_EQ('\n', rest[left - 1]);
	EXPECT_LT(HALF - len, line_length(rest, left));
	EXPECT_EQ(LINES, count_lines(some, len) + count_lines(rest, left));
}

TEST_F(log, keeps_the_line_that_could_not_be_copied)
{
	char lines[1024];
	ssize_t len;

	EXPECT_ERROR(EFAULT, syscall(SYS_read, self->log, 1, sizeof(lines)));
	len = read(self->log, lines, sizeof(lines));
	ASSERT_LT(0, len);
	EXPECT_EQ(LINES, count_lines(lines, len));
}

/*
 * From now on another thread holds the mutex most of the time, and this one
 * sometimes gets a signal while it waits.
 */
static int disturb(pthread_t *thread, void *(*how)(void *), struct busy *busy)
{
	alarm_every(500, 0, count_alarm);
	return create_without_alarms(thread, how, busy);
}

static int leave_alone(pthread_t thread, struct busy *busy)
{
	__atomic_store_n(&busy->stop, true, __ATOMIC_RELAXED);
	alarm_never();
	return pthread_join(thread, NULL);
}

/* poll does not wait for the mutex, and reports no error */
TEST_F(log, is_polled_while_the_mutex_is_held)
{
	struct pollfd pollfd = { .fd = self->log, .events = POLLIN | POLLOUT };
	struct busy busy = { .fd = self->fd };
	pthread_t thread;
	int i;

	ASSERT_EQ(0, disturb(&thread, keep_busy, &busy));
	for (i = 0; i < POLLS; i++) {
		ASSERT_EQ(1, poll(&pollfd, 1, 0));
		ASSERT_EQ(POLLIN, pollfd.revents);
	}
	ASSERT_EQ(0, leave_alone(thread, &busy));
}

/* There is one log, for one reader. */
TEST_F(log, is_free_again_when_it_was_closed)
{
	struct busy busy = { .fd = self->fd, .npc = SPU_STOP_STOP_1337 };
	pthread_t thread;
	int log;

	close(self->log);
	ASSERT_EQ(0, disturb(&thread, keep_switching, &busy));
	while (alarms < ALARMS) {
		do {
			log = openat(self->fd, "switch_log", O_RDONLY);
		} while (log < 0 && errno == EINTR);
		ASSERT_LE(0, log);
		close(log);
	}
	ASSERT_EQ(0, leave_alone(thread, &busy));
}

TEST_HARNESS_MAIN
