// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous SPU contexts when memory is short and user memory faults: every
 * allocation and every copy that a system call makes fails in turn. Each call
 * must return a suitable error, or none; nothing may be lost or left behind,
 * and the call must succeed when it is repeated.
 *
 * Needs a kernel with CONFIG_FAULT_INJECTION, _DEBUG_FS and _USERCOPY,
 * CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC, see
 * Documentation/fault-injection/fault-injection.rst.
 */
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../kselftest_harness.h"
#include "async_test.h"

#include "spu/spin.h_shipped"
#include "spu/stop.h_shipped"

#define DEBUGFS	"/sys/kernel/debug/"

/* More than there are in any of the calls */
#define MANY	1000

#define COOKIE	0xc001d00dULL

static int nth_fd = -1;

/* Make the @nth call from now on fail, of those that can be made to fail. */
static int fail_nth(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);
	int tries;

	/* turning it off is such a call, too */
	for (tries = 0; tries < 3; tries++)
		if (pwrite(nth_fd, text, len, 0) == len)
			return 0;
	return -1;
}

/* Turn it off. Has it failed a call? */
static bool has_failed(void)
{
	char text[16] = "";
	ssize_t len = pread(nth_fd, text, sizeof(text) - 1, 0);

	fail_nth(0);
	/* -1: the first that it found was this read */
	return len > 0 && !atoi(text);
}

static int set(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY), ret = -1;

	if (fd >= 0) {
		ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
		close(fd);
	}
	return ret;
}

/* Let allocations that may wait fail, too; without a trace for each. */
static const char *no_injection(void)
{
	static const char * const kinds[] = {
		"failslab", "fail_page_alloc", "fail_usercopy"
	};
	char path[128];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s/verbose", kinds[i]);
		if (set(path, "0"))
			return "kernel without fault injection";
	}
	if (set(DEBUGFS "failslab/ignore-gfp-wait", "N") ||
	    set(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") ||
	    set(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N") ||
	    set(DEBUGFS "fail_page_alloc/min-order", "0"))
		return "fault injection cannot be set up";
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	return nth_fd < 0 ? "no /proc/thread-self/fail-nth" : NULL;
}

/* The state before and after a call */
struct scene {
	struct async ctx;
	int gang, gang_event, extra;
	bool joined;
	void *map;
};

/* A record from the event file of a context, or from that of its gang */
static ssize_t read_record(const struct scene *s, struct spu_gang_event *event)
{
	return s->joined ? read(s->gang_event, event, sizeof(*event)) :
			   read(s->ctx.event, &event->event, sizeof(event->event));
}

enum before {
	NOTHING,	/* there is no context */
	CREATED,	/* there is one, but no event file open */
	OPEN,		/* it is open, and the context idle */
	RUNNING,	/* it spins */
	STOPPED,	/* its STOP has not been read */
	FAULTED,	/* its run ended with an error, and all was read */
	IN_GANG,	/* it is idle, in a gang with an event file */
	GANG_STOPPED,	/* its STOP is unread in the file of its gang */
};

static int create_in_gang(struct scene *s)
{
	char path[64], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->gang);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -1;
	link[len] = 0;
	return s->ctx.fd = sys_spu_create(spu_path(link), SPU_CREATE_ASYNC,
					  0755, -1);
}

static int call_join(struct scene *s)
{
	s->joined = !async_join(&s->ctx, COOKIE);
	return s->joined ? 0 : -1;
}

static int prepare(struct scene *s, enum before before)
{
	const bool gang = before >= IN_GANG;
	struct pollfd pollfd = { .events = POLLIN };
	__u32 npc = SPU_STOP_STOP_1337;
	struct spu_event event;

	memset(s, 0, sizeof(*s));
	s->extra = -1;
	s->gang_event = -1;
	s->ctx.fd = -1;
	s->ctx.event = -1;
	s->map = MAP_FAILED;
	s->gang = spu_create(SPU_CREATE_GANG | (gang ? SPU_CREATE_ASYNC : 0));
	if (s->gang < 0 || before == NOTHING)
		return s->gang < 0 ? -1 : 0;
	if (gang) {
		s->gang_event = openat(s->gang, "event", O_RDONLY | O_NONBLOCK);
		if (s->gang_event < 0)
			return -1;
		create_in_gang(s);
	} else {
		s->ctx.fd = spu_create(SPU_CREATE_ASYNC);
	}
	if (s->ctx.fd < 0 || spu_load(s->ctx.fd, spu_spin))
		return -1;
	if (before == CREATED)
		return 0;
	s->ctx.event = openat(s->ctx.fd, "event", O_RDWR | O_NONBLOCK);
	if (s->ctx.event < 0 || before == OPEN || before == IN_GANG)
		return s->ctx.event < 0 ? -1 : 0;
	if (before == RUNNING)
		return async_start(&s->ctx, 0);
	if (before == GANG_STOPPED && call_join(s))
		return -1;
	if (before == FAULTED)
		npc = SPU_STOP_ILLEGAL;
	if (spu_load(s->ctx.fd, spu_stop) || async_start(&s->ctx, npc))
		return -1;
	pollfd.fd = s->joined ? s->gang_event : s->ctx.event;
	if (poll(&pollfd, 1, TIMEOUT_MS) != 1)
		return -1;
	if (before == FAULTED)
		do {
			if (async_next(&s->ctx, &event) != sizeof(event))
				return -1;
		} while (event.event != SPU_EVENT_STOP);
	return 0;
}

/*
 * One more run, and the end of everything. NULL, or a description of the
 * failure. @before is the state of the context if the call has changed
 * nothing.
 */
static const char *finish(struct scene *s)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct spu_gang_event record;
	struct spu_event *event = &record.event;
	bool created = s->ctx.fd >= 0;

	if (created && s->ctx.event < 0)
		s->ctx.event = openat(s->ctx.fd, "event", O_RDWR | O_NONBLOCK);
	if (created && s->ctx.event < 0)
		return "the event file cannot be opened";
	if (created) {
		/* stop any run, read all events */
		if (async_stop(&s->ctx))
			return "STOP fails afterwards";
		while (read_record(s, &record) > 0)
			;
		if (errno != EAGAIN)
			return "read fails afterwards";
		if (spu_load(s->ctx.fd, spu_stop) ||
		    async_start(&s->ctx, SPU_STOP_STOP_1337))
			return "START fails afterwards";
		pollfd.fd = s->joined ? s->gang_event : s->ctx.event;
		if (poll(&pollfd, 1, TIMEOUT_MS) != 1 ||
		    read_record(s, &record) <= 0 ||
		    event->event != SPU_EVENT_STOP ||
		    event->status != SPU_STATUS_STOP(0x1337))
			return "no STOP, or another one, afterwards";
		if (read_record(s, &record) != -1 || errno != EAGAIN)
			return "one event too many afterwards";
	}
	if (s->map != MAP_FAILED)
		munmap(s->map, LS_SIZE);
	if (s->extra >= 0)
		close(s->extra);
	if (s->ctx.event >= 0)
		close(s->ctx.event);
	if (s->ctx.fd >= 0)
		close(s->ctx.fd);
	if (s->gang_event >= 0)
		close(s->gang_event);
	close(s->gang);
	return NULL;
}

/* The calls: 0 or more, or -1 and errno */
static int call_create(struct scene *s)
{
	return s->ctx.fd = spu_create(SPU_CREATE_ASYNC);
}

static int call_create_in_gang(struct scene *s)
{
	return create_in_gang(s);
}

static int call_create_gang(struct scene *s)
{
	return s->extra = spu_create(SPU_CREATE_GANG | SPU_CREATE_ASYNC);
}

static int call_open(struct scene *s)
{
	return s->ctx.event = openat(s->ctx.fd, "event", O_RDWR | O_NONBLOCK);
}

static int call_start(struct scene *s)
{
	return async_start(&s->ctx, 0);
}

static int call_step(struct scene *s)
{
	const struct control step = { SPU_CONTROL_STEP_SPU, 0 };

	return write(s->ctx.event, &step, START_LEN) == START_LEN ? 0 : -1;
}

static int call_stop(struct scene *s)
{
	return async_stop(&s->ctx);
}

/* Both, or START alone: then add the other one. */
static int call_start_stop(struct scene *s)
{
	const __u32 records[] = { SPU_CONTROL_START_SPU, 0, SPU_CONTROL_STOP_SPU };
	ssize_t done = write(s->ctx.event, records, sizeof(records));

	return done == sizeof(records) || done == START_LEN ? 0 : -1;
}

/* 0 only with an event, which must be the one that was pending */
static int call_read(struct scene *s)
{
	struct spu_event event[2];
	ssize_t done = read(s->ctx.event, event, sizeof(event));

	if (done < 0)
		return -1;
	errno = EPROTO;
	return done == sizeof(*event) && event->event == SPU_EVENT_STOP &&
	       event->status == SPU_STATUS_STOP(0x1337) ? 0 : -1;
}

static int call_open_gang(struct scene *s)
{
	return s->extra = openat(s->gang, "event", O_RDONLY | O_NONBLOCK);
}

static int call_gang_read(struct scene *s)
{
	struct spu_gang_event event;

	if (read_record(s, &event) < 0)
		return -1;
	errno = EPROTO;
	return event.event.event == SPU_EVENT_STOP && !event.flags &&
	       event.event.status == SPU_STATUS_STOP(0x1337) &&
	       event.cookie == COOKIE ? 0 : -1;
}

static int call_gang_poll(struct scene *s)
{
	struct pollfd pollfd = { .fd = s->gang_event, .events = POLLIN };

	if (poll(&pollfd, 1, 0) < 0)
		return -1;
	errno = EPROTO;
	return pollfd.revents == POLLIN ? 0 : -1;
}

static int call_fault(struct scene *s)
{
	struct spu_fault fault = { };
	int fd = openat(s->ctx.fd, "fault", O_RDONLY), error;
	ssize_t done;

	if (fd < 0)
		return -1;
	done = read(fd, &fault, sizeof(fault));
	error = errno;
	close(fd);
	errno = done < 0 ? error : EPROTO;
	return done == sizeof(fault) && fault.event == SPU_EVENT_SPE_ERROR ? 0 : -1;
}

static int call_poll(struct scene *s)
{
	struct pollfd pollfd = { .fd = s->ctx.event, .events = POLLIN };

	if (poll(&pollfd, 1, 0) < 0)
		return -1;
	errno = EPROTO;
	return pollfd.revents == POLLIN ? 0 : -1;
}

static int call_epoll(struct scene *s)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ret;

	s->extra = epoll_create1(0);
	if (s->extra < 0)
		return -1;
	ret = epoll_ctl(s->extra, EPOLL_CTL_ADD, s->ctx.event, &event);
	if (!ret)
		return 0;
	ret = errno;
	close(s->extra);
	s->extra = -1;
	errno = ret;
	return -1;
}

static int call_fasync(struct scene *s)
{
	return fcntl(s->ctx.event, F_SETFL, O_NONBLOCK | O_ASYNC);
}

static int call_fionread(struct scene *s)
{
	int bytes = -1;

	if (ioctl(s->ctx.event, FIONREAD, &bytes))
		return -1;
	errno = EPROTO;
	return bytes == sizeof(struct spu_event) ? 0 : -1;
}

static int call_fdinfo(struct scene *s)
{
	char path[64], text[512];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->ctx.event);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	ret = read(fd, text, sizeof(text)) > 0 ? 0 : -1;
	close(fd);
	return ret;
}

static int call_regs(struct scene *s)
{
	__u32 regs[4];
	int fd = openat(s->ctx.fd, "regs", O_RDONLY), ret, error;

	if (fd < 0)
		return -1;
	ret = read(fd, regs, sizeof(regs)) == sizeof(regs) ? 0 : -1;
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

static int call_map(struct scene *s)
{
	int fd = openat(s->ctx.fd, "mem", O_RDWR);

	if (fd < 0)
		return -1;
	s->map = mmap(NULL, LS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return s->map == MAP_FAILED ? -1 : 0;
}

/* Close never fails, whatever fails in it. */
static int call_close(struct scene *s)
{
	close(s->ctx.fd);
	s->ctx.fd = -1;
	close(s->ctx.event);
	s->ctx.event = -1;
	return 0;
}

FIXTURE(call)
{
	int contexts;
};

FIXTURE_VARIANT(call)
{
	enum before before;
	int (*call)(struct scene *s);
};

#define CALL(name, state)						\
FIXTURE_VARIANT_ADD(call, name)						\
{									\
	.before = state, .call = call_##name,				\
}

CALL(create, NOTHING);
CALL(create_in_gang, NOTHING);
CALL(create_gang, NOTHING);
CALL(open, CREATED);
CALL(start, OPEN);
CALL(step, OPEN);
CALL(stop, RUNNING);
CALL(start_stop, OPEN);
CALL(read, STOPPED);
CALL(join, IN_GANG);
CALL(open_gang, IN_GANG);
CALL(gang_read, GANG_STOPPED);
CALL(gang_poll, GANG_STOPPED);
CALL(fault, FAULTED);
CALL(poll, STOPPED);
CALL(epoll, STOPPED);
CALL(fasync, OPEN);
CALL(fionread, STOPPED);
CALL(fdinfo, RUNNING);
CALL(regs, RUNNING);
CALL(map, RUNNING);
CALL(close, RUNNING);

FIXTURE_SETUP(call)
{
	if (no_async())
		SKIP(return, "%s", no_async());
	if (no_injection())
		SKIP(return, "%s", no_injection());
	self->contexts = spu_contexts();
}

FIXTURE_TEARDOWN(call)
{
	close(nth_fd);
}

TEST_F_TIMEOUT(call, fails_cleanly_wherever_it_fails, 300)
{
	const char *wrong;
	struct scene s;
	int nth, ret, error, errors = 0;
	bool failed = true;

	for (nth = 1; failed && nth < MANY; nth++) {
		ASSERT_EQ(0, prepare(&s, variant->before));
		ASSERT_EQ(0, fail_nth(nth));
		ret = variant->call(&s);
		error = errno;
		failed = has_failed();

		if (ret < 0) {
			errors++;
			EXPECT_TRUE(failed);
			/* ENOSPC: the error of spufs if it gets no inode */
			EXPECT_TRUE(error == ENOMEM || error == EFAULT ||
				    error == ENOSPC) {
				TH_LOG("the %dth: %s", nth, strerror(error));
			}
			/* Nothing fails now. */
			EXPECT_LE(0, variant->call(&s)) {
				TH_LOG("the %dth, again: %s", nth, strerror(errno));
			}
		}
		wrong = finish(&s);
		EXPECT_TRUE(!wrong) {
			TH_LOG("the %dth: %s", nth, wrong);
			break;
		}
	}
	EXPECT_FALSE(failed);
	EXPECT_TRUE(wait_until(spu_contexts() == self->contexts)) {
		TH_LOG("%d contexts, %d before", spu_contexts(), self->contexts);
	}
	TH_LOG("%d calls in it can fail, %d give an error", nth - 2, errors);
}

TEST_HARNESS_MAIN
