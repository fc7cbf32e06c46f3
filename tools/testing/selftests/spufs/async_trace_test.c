// SPDX-License-Identifier: GPL-2.0
/*
 * The way from a stop to its reader, as the kernel's tracepoints show it: what
 * happens, and what does not.
 */
#include <pthread.h>
#include <stdlib.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/echo.h_shipped"

#define TRACING		"/sys/kernel/tracing/"

static int write_text(const char *name, const char *text)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret == (int)strlen(text) ? 0 : -1;
}

static const char * const enables[] = {
	"events/spufs/enable",
	"events/irq/irq_handler_entry/enable",
	"events/sched/sched_waking/enable",
	"events/sched/sched_wakeup/enable",
};

struct trace {
	char text[256 * 1024];
	char *line[2000];
	int lines;
};

static struct trace trace;

/* Split the trace, in the order of its events, into lines. */
static int trace_read(void)
{
	int fd = open(TRACING "trace", O_RDONLY);
	ssize_t len, all = 0;
	char *line, *next;

	while ((len = read(fd, trace.text + all, sizeof(trace.text) - 1 - all)) > 0)
		all += len;
	close(fd);
	trace.text[all] = 0;
	trace.lines = 0;
	for (line = trace.text; *line && trace.lines < 2000; line = next) {
		next = strchrnul(line, '\n');
		if (*next)
			*next++ = 0;
		if (*line != '#')
			trace.line[trace.lines++] = line;
	}
	return trace.lines;
}

/* The first line from @from that has both words; lines if there is none */
static int trace_find(int from, const char *one, const char *two)
{
	while (from < trace.lines && (!strstr(trace.line[from], one) ||
				      !strstr(trace.line[from], two)))
		from++;
	return from;
}

static int trace_count(int from, int to, const char *one, const char *two)
{
	int count = 0;

	for (; from < to; from++)
		count += strstr(trace.line[from], one) &&
			 strstr(trace.line[from], two);
	return count;
}

/* Is the line from a hard interrupt? "comm-pid [cpu] flags time: event" */
static bool in_hardirq(const char *line)
{
	char flags[16] = "";

	line = strchr(line, ']');
	return line && sscanf(line, "] %15s", flags) == 1 &&
	       strpbrk(flags, "hH");
}

/* How many of @who were woken by interrupts themselves? */
static int trace_woken(int from, int to, const char *who)
{
	int count = 0;

	for (; from < to; from++)
		count += strstr(trace.line[from], "sched_waking:") &&
			 strstr(trace.line[from], who) &&
			 in_hardirq(trace.line[from]);
	return count;
}

FIXTURE(trace)
{
	struct async ctx;
	int blocking;
};

FIXTURE_SETUP(trace)
{
	int i;

	if (no_async())
		SKIP(return, "%s", no_async());
	if (access(TRACING "trace", R_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	for (i = 0; i < ARRAY_SIZE(enables); i++)
		if (write_text(enables[i], "1"))
			SKIP(return, "no %s: %s", enables[i], strerror(errno));
	ASSERT_EQ(0, async_create(&self->ctx, 0));
	self->blocking = openat(self->ctx.fd, "event", O_RDWR);
	ASSERT_LE(0, self->blocking);
	ASSERT_EQ(0, spu_load(self->ctx.fd, spu_echo));
}

FIXTURE_TEARDOWN(trace)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(enables); i++)
		write_text(enables[i], "0");
	close(self->blocking);
	async_close(&self->ctx);
}

struct reader {
	int event;
	pid_t tid;
	struct spu_event got;
	ssize_t len;
};

static void *read_one(void *arg)
{
	struct reader *reader = arg;

	reader->tid = gettid();
	reader->len = read(reader->event, &reader->got, sizeof(reader->got));
	return NULL;
}

/* One run, with a reader asleep in read; the trace has the rest. */
static void run(struct __test_metadata *_metadata, struct async *ctx,
		struct reader *reader)
{
	pthread_t thread;

	reader->tid = 0;
	ASSERT_EQ(0, write_text("trace", "\n"));
	ASSERT_EQ(0, async_start(ctx, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_one, reader));
	ASSERT_TRUE(wait_until(thread_sleeps(reader->tid)));
	ASSERT_EQ(0, spu_tell(ctx->fd, 1));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(sizeof(reader->got), reader->len);
	EXPECT_EQ(SPU_EVENT_STOP, reader->got.event);
	ASSERT_LT(0, trace_read());
}

#define SHOW(from, to) do {						\
	int __i;							\
									\
	for (__i = (from); __i < (to); __i++)				\
		TH_LOG("%s", trace.line[__i]);				\
} while (0)

TEST_F(trace, one_wakeup_from_the_interrupt_to_the_reader)
{
	struct reader reader = { .event = self->blocking };
	int interrupt, post, read_at, round;
	char pid[32];

	for (round = 0; round < 3; round++) {
		run(_metadata, &self->ctx, &reader);
		post = trace_find(0, "spufs_async_post:", "event=stop");
		read_at = trace_find(post, "spufs_async_read:", "event=stop");
		ASSERT_GT(trace.lines, read_at);
		EXPECT_TRUE(in_hardirq(trace.line[post]));
		/* the last one of an SPE before it; class 2 is its third */
		for (interrupt = post; interrupt > 0; interrupt--)
			if (strstr(trace.line[interrupt], "irq_handler_entry:") &&
			    strstr(trace.line[interrupt], "name=spe"))
				break;
		EXPECT_TRUE(!!strstr(trace.line[interrupt], ".2"));
		snprintf(pid, sizeof(pid), "pid=%d ", reader.tid);
		EXPECT_EQ(1, trace_count(interrupt, read_at, "sched_waking:", pid));
		EXPECT_EQ(1, trace_count(interrupt, read_at, "sched_wakeup:", pid));
		/* by the interrupt, which wakes no one else; a timer may */
		EXPECT_EQ(1, trace_woken(interrupt, read_at, pid));
		EXPECT_EQ(1, trace_woken(interrupt, read_at, "")) {
			SHOW(interrupt, read_at + 1);
		}
	}
}

TEST_F(trace, restart_of_a_loaded_context_is_no_context_switch)
{
	struct reader reader = { .event = self->blocking };
	int start, post, round;

	for (round = 0; round < 4; round++) {
		run(_metadata, &self->ctx, &reader);
		start = trace_find(0, "spufs_async_start:", "npc=0x00000");
		post = trace_find(start, "spufs_async_post:", "event=stop");
		ASSERT_GT(trace.lines, post);
		/* the first time it has to be loaded, as the trace shows */
		EXPECT_EQ(!round, trace_count(start, start + 1, "spu=-1", ""));
		EXPECT_EQ(!round, trace_count(start, post, "spu_bind_context", ""));
		EXPECT_EQ(0, trace_count(0, trace.lines, "spu_unbind_context", "")) {
			SHOW(start, post + 1);
		}
	}
}

TEST_F(trace, stop_requests_are_seen)
{
	struct spu_event event;
	struct stat status;
	char name[32];

	/* the number of the context that a user sees */
	ASSERT_EQ(0, fstat(self->ctx.fd, &status));
	snprintf(name, sizeof(name), "ctx=%llu", (unsigned long long)status.st_ino);
	ASSERT_EQ(0, write_text("trace", "\n"));
	ASSERT_EQ(0, async_start(&self->ctx, 0));
	ASSERT_EQ(0, async_stop(&self->ctx));
	ASSERT_EVENT(&self->ctx, SPU_EVENT_STOP, &event);
	ASSERT_LT(0, trace_read());
	EXPECT_EQ(1, trace_count(0, trace.lines, "spufs_async_start:", name));
	EXPECT_EQ(1, trace_count(0, trace.lines, "spufs_async_stop:", name));
	EXPECT_EQ(1, trace_count(0, trace.lines, "spufs_async_post:", name));
	EXPECT_EQ(1, trace_count(0, trace.lines, "spufs_async_read:", name));
}

TEST_HARNESS_MAIN
