/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asynchronous contexts: create one, write to and read from its event file.
 */
#ifndef __ASYNC_TEST_H
#define __ASYNC_TEST_H

#include <asm/spufs.h>

#include "spufs_test.h"

/* A context and its event file, which is open O_NONBLOCK */
struct async {
	int fd, event;
};

/* A record for write(2), with the length that its op needs */
struct control {
	__u32 op, npc;
};

#define START_LEN	8
#define STOP_LEN	4

static inline int async_create(struct async *ctx, unsigned int flags)
{
	ctx->event = -1;
	ctx->fd = spu_create(SPU_CREATE_ASYNC | flags);
	if (ctx->fd < 0)
		return -1;
	ctx->event = openat(ctx->fd, "event", O_RDWR | O_NONBLOCK);
	return ctx->event < 0 ? -1 : 0;
}

static inline void async_close(struct async *ctx)
{
	close(ctx->event);
	close(ctx->fd);
}

/* 0, or -1 and errno */
static inline int async_start(const struct async *ctx, __u32 npc)
{
	const struct control start = { SPU_CONTROL_START_SPU, npc };

	return write(ctx->event, &start, START_LEN) == START_LEN ? 0 : -1;
}

static inline int async_stop(const struct async *ctx)
{
	const struct control stop = { SPU_CONTROL_STOP_SPU };

	return write(ctx->event, &stop, STOP_LEN) == STOP_LEN ? 0 : -1;
}

/* The record by which a context joins the event file of its gang */
struct set_cookie {
	__u32 op, cookie[2];
};

static inline struct set_cookie set_cookie(__u64 cookie)
{
	struct set_cookie set = { SPU_CONTROL_SET_COOKIE };

	memcpy(set.cookie, &cookie, sizeof(cookie));
	return set;
}

static inline int async_join(const struct async *ctx, __u64 cookie)
{
	const struct set_cookie set = set_cookie(cookie);

	return write(ctx->event, &set, sizeof(set)) == sizeof(set) ? 0 : -1;
}

/* A context of a gang; with an affinity flag, it is to be near @neighbour */
static inline int async_create_in(struct async *ctx, const char *gang,
				  unsigned int flags, int neighbour)
{
	ctx->fd = sys_spu_create(spu_path(gang), SPU_CREATE_ASYNC | flags, 0755,
				 neighbour);
	ctx->event = openat(ctx->fd, "event", O_RDWR | O_NONBLOCK);
	return ctx->event < 0 ? -1 : 0;
}

/* The result of poll(2) for the event file now, with all events requested */
static inline int async_poll(const struct async *ctx)
{
	struct pollfd pollfd = {
		.fd = ctx->event,
		.events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLPRI,
	};

	return poll(&pollfd, 1, 0) < 0 ? -1 : pollfd.revents;
}

#define CAN_READ	(POLLIN | POLLRDNORM)
#define CAN_START	(POLLOUT | POLLWRNORM)

/*
 * The next event, waited for by poll(2): its length, 0 if the context is gone,
 * -1 with ETIME if none came.
 */
static inline ssize_t async_next(const struct async *ctx, struct spu_event *event)
{
	struct pollfd pollfd = { .fd = ctx->event, .events = POLLIN };
	int ready = poll(&pollfd, 1, TIMEOUT_MS);

	if (ready > 0)
		return read(ctx->event, event, sizeof(*event));
	if (!ready)
		errno = ETIME;
	return -1;
}

/* A descriptor here for @fd of process @pid, as SCM_RIGHTS would pass it */
static inline int take_fd(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), taken;

	taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return taken;
}

/* Of /proc/self/task, the next thread whose name begins so; 0 after the last */
static inline pid_t next_thread(DIR *dir, const char *begins)
{
	struct dirent *entry;
	char path[300], name[16];
	int fd, len;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		len = fd < 0 ? 0 : read(fd, name, sizeof(name));
		close(fd);
		if (len > (int)strlen(begins) && !strncmp(name, begins, strlen(begins)))
			return atoi(entry->d_name);
	}
	return 0;
}

/* The number of threads of this process whose names begin so */
static inline int threads_named(const char *begins)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	while (next_thread(dir, begins))
		count++;
	closedir(dir);
	return count;
}

/* The threads that the kernel made for this process's page faults */
#define WORKER	"spufs-worker"

/* The name of an event type, for messages */
static inline const char *async_name(__u32 event)
{
	switch (event) {
	case SPU_EVENT_STOP:
		return "STOP";
	case SPU_EVENT_DMA_ALIGNMENT:
		return "DMA_ALIGNMENT";
	case SPU_EVENT_SPE_ERROR:
		return "SPE_ERROR";
	case SPU_EVENT_DATA_STORAGE:
		return "DATA_STORAGE";
	case SPU_EVENT_INVALID_DMA:
		return "INVALID_DMA";
	}
	return "unknown";
}

/* The queue is empty, and says so without waiting. */
#define EXPECT_NO_EVENT(ctx) do {					\
	struct spu_event __none;					\
									\
	EXPECT_ERROR(EAGAIN, read((ctx)->event, &__none, sizeof(__none))); \
} while (0)

/* The next event is of @type; leaves it in @e */
#define ASSERT_EVENT(ctx, type, e) do {					\
	struct spu_event *__e = (e);					\
									\
	ASSERT_EQ(sizeof(*__e), async_next(ctx, __e));			\
	ASSERT_EQ(type, __e->event) {					\
		TH_LOG("%s: status %08x, npc %05x",			\
		       async_name(__e->event), __e->status, __e->npc);	\
	}								\
} while (0)

/* The next event is a STOP with this @status and @npc, and is the last one */
#define EXPECT_STOP(ctx, want_status, want_npc) do {			\
	const struct async *__ctx = (ctx);				\
	struct spu_event __stop;					\
									\
	ASSERT_EVENT(__ctx, SPU_EVENT_STOP, &__stop);			\
	EXPECT_EQ(want_status, __stop.status);				\
	EXPECT_EQ(want_npc, __stop.npc);				\
	EXPECT_NO_EVENT(__ctx);						\
} while (0)

/* A reason to SKIP, or NULL. An old kernel refuses the flag. */
static inline const char *no_async(void)
{
	const char *reason = no_spufs();
	int fd;

	if (reason)
		return reason;
	fd = spu_create(SPU_CREATE_ASYNC);
	if (fd < 0)
		return errno == EINVAL ? "kernel without SPU_CREATE_ASYNC" : NULL;
	close(fd);
	return NULL;
}

#endif /* __ASYNC_TEST_H */
